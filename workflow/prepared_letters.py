"""Letters that are made on one moment and posted on another: posting takes the step, with exactly those bytes."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from signals.dates import dutch_date
from signals.errors import Invalid, NotFound, Reason, Refused
from workflow import moves
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent, PreparedLetter
from workflow.phases import Role
from workflow.questions import POSTED
from workflow.transitions import BY_NAME, DECIDER

REPLACED, POST, REMOVED = "vervangen", "verstuurd", "weggehaald"
_LATER = defer(PreparedLetter.pdf)  # type: ignore[arg-type]  # it is a column


def prepare(
    session: Session, case: Case, stap: str, desk: Desk, *, versie: int, gegevens: Mapping[str, Any]
) -> PreparedLetter:
    """Make the letter of a step and keep it for the post of today; the case stays as it is.

    Raises what the step itself would. One that waited for the same step gives way.
    """
    if gegevens.get(POSTED.naam, desk.today.isoformat()) != desk.today.isoformat():
        uitleg = "Een brief voor de post van vandaag draagt de datum van vandaag. Laat de verzenddatum leeg."
        raise Invalid(Reason("verzenddatum_niet_vandaag", uitleg, POSTED.naam))
    number, made = moves.rehearse(session, case, stap, desk, versie=versie, gegevens=gegevens)
    for earlier in waiting_of(session, case):
        if earlier.stap == stap:
            _finish(session, earlier, desk, REPLACED)
    assert case.id is not None
    row = PreparedLetter(
        gemeentecode=case.gemeentecode,
        zaak_id=case.id,
        vastgelegd_op=desk.today,
        tijdstip=desk.now,
        door=desk.actor.naam,
        stap=stap,
        gegevens=dict(gegevens),
        versie=versie,
        brief_nummer=number,
        briefdatum=desk.today,
        sha256=hashlib.sha256(made).hexdigest(),
        pdf=made,
    )
    session.add(row)
    session.flush()
    return row


def waiting(session: Session, chosen: Collection[int] | None = None) -> Sequence[PreparedLetter]:
    """The letters that wait for the post, oldest first; of the municipalities that the session sees.

    chosen: only those with these numbers. The bytes of each are read when somebody asks for them.
    """
    open_ones = select(PreparedLetter).where(col(PreparedLetter.afgehandeld_op).is_(None))
    if chosen is not None:
        open_ones = open_ones.where(col(PreparedLetter.id).in_(chosen))
    return session.exec(open_ones.options(_LATER).order_by(col(PreparedLetter.id))).all()


def of_case(session: Session, case: Case) -> Sequence[PreparedLetter]:
    """Every letter of a case that was made for the post, also what became nothing of; without their bytes."""
    mine = select(PreparedLetter).where(PreparedLetter.zaak_id == case.id).order_by(col(PreparedLetter.id))
    return session.exec(mine.options(_LATER)).all()


def waiting_of(session: Session, case: Case) -> list[PreparedLetter]:
    """Those of a case that wait, oldest first; without their bytes."""
    return [one for one in of_case(session, case) if one.afgehandeld_op is None]


def count_waiting(session: Session, at_most: int) -> int:
    """How many wait, counted no further than `at_most`, without their bytes."""
    some = select(PreparedLetter.id).where(col(PreparedLetter.afgehandeld_op).is_(None)).limit(at_most).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def waits(session: Session, nummer: int) -> PreparedLetter | None:
    """The letter with this number if it waits."""
    row = session.get(PreparedLetter, nummer)
    return row if row is not None and row.afgehandeld_op is None else None


def posted(session: Session, chosen: Collection[int]) -> int:
    """How many of these were posted."""
    gone = select(func.count()).where(col(PreparedLetter.id).in_(chosen), PreparedLetter.afhandeling == POST)
    return session.exec(gone).one()


def find(session: Session, nummer: int) -> PreparedLetter:
    """One that waits; NotFound for another."""
    row = waits(session, nummer)
    if row is None:
        raise NotFound(_GONE)
    return row


_GONE = Reason("brief_niet_klaar", "Deze brief ligt niet (meer) klaar voor de post.")


def _hold(session: Session, row: PreparedLetter) -> Case:
    """Its case: nobody else posts or removes a letter of it meanwhile. NotFound when somebody was first."""
    case = session.get_one(Case, row.zaak_id)
    CaseFile(session, case).lock()
    session.refresh(row, ["afgehandeld_op"])
    if row.afgehandeld_op is not None:
        raise NotFound(_GONE)
    return case


def post(session: Session, row: PreparedLetter, desk: Desk) -> CaseEvent:
    """Take the step of the letter, today, with its bytes. Refused when it no longer fits, NotFound when it went."""
    case = _hold(session, row)
    if reason := obstacle(row, case, desk):
        raise Refused(reason)
    with session.begin_nested():
        made = replace(desk, gemaakt=row.pdf)
        event = moves.take(session, case, row.stap, made, versie=row.versie, gegevens=row.gegevens)
        if event.gegevens["brief"] != row.brief_nummer:
            raise Refused(_MOVED_ON)
        _finish(session, row, desk, POST)
    return event


_MOVED_ON = Reason("zaak_veranderd", "De zaak is intussen veranderd; maak de brief opnieuw op.")


def obstacle(row: PreparedLetter, case: Case, desk: Desk) -> Reason | None:
    """Why this person cannot post this letter today, as far as is known before its step is taken."""
    if not BY_NAME[row.stap].by & desk.actor.roles_in(case.gemeentecode):
        return Reason("rol_ontbreekt", f"Deze brief verstuurt een {' of '.join(sorted(BY_NAME[row.stap].by))}.")
    if BY_NAME[row.stap].by == DECIDER and row.door != desk.actor.naam:
        return Reason("alleen_maker", "Een brief van een beslisser verstuurt alleen wie hem maakte.")
    if case.versie != row.versie:
        return _MOVED_ON
    if row.briefdatum != desk.today:
        uitleg = f"De brief draagt de datum {dutch_date(row.briefdatum)}, en dat is niet vandaag. Maak hem opnieuw op."
        return Reason("briefdatum_niet_vandaag", uitleg)
    return None


def remove(session: Session, row: PreparedLetter, desk: Desk) -> None:
    """Take a letter out of the post; Refused for who may not take its step, NotFound when it was posted meanwhile."""
    _hold(session, row)
    if not (BY_NAME[row.stap].by | {Role.TEAMLEIDER}) & desk.actor.roles_in(row.gemeentecode):
        raise Refused(Reason("rol_ontbreekt", "Deze brief weghalen is voor wie de stap mag zetten, of de teamleider."))
    _finish(session, row, desk, REMOVED)


def _finish(session: Session, row: PreparedLetter, desk: Desk, how: str) -> None:
    row.afgehandeld_op, row.afhandeling = desk.today, how
    session.add(row)
    session.flush()
