"""A dossier goes whole: the case, all its rows, the signals that are in no other dossier, and the files of both.

The tables are found, not listed: whatever has a `zaak_id` goes with its case, so that a new kind of entry cannot be
forgotten. What points at a case from elsewhere points at nothing afterwards.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, insert, or_, select, update
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from exports.models import FeedbackDelivery, FeedbackRow
from service.files.storage import DOCUMENTS
from service.models import IdempotencyKey
from signals.base import table
from signals.bulk import run
from signals.models import FACTS, FACTS_GONE, Load, Mutatiesoort, Opbrengst, OpbrengstLoad, Signal, SignalChange
from workflow import retention
from workflow.models import Address, Bijvangst, Case, CaseSignal, CaseTask, Document, Letter, LetterFile, Visit
from workflow.phases import Herkomst
from workflow.retention_models import FileToErase
from workflow.visit_models import PlannedVisit, SocialConcern, UnplacedReport, VisitReport

_case, _signal, _link = table(Case), table(Signal), table(CaseSignal)
_TOLD = "signaal_gewijzigd"
"""The task that tells of a W holds what was and what came."""


@dataclass
class Gone:
    """What went: rows of the database, the numbers of signals, files (paths within the data directory)."""

    rijen: int = 0
    signalen: list[str] = field(default_factory=list)
    bestanden: list[str] = field(default_factory=list)


def tables_of_a_case() -> Sequence[Table]:
    """Every table with the case of a row in it, in the order in which their rows can go."""
    return [each for each in reversed(SQLModel.metadata.sorted_tables) if "zaak_id" in each.columns]


def destroy(session: Session, case: Case, lijst_id: int | None, now: datetime) -> Gone:
    """All of a case, in the transaction of the session; its files wait in `te_wissen_bestand` until it commits.

    session: one that sees every row. The caller holds the case and knows that it may go.
    """
    assert case.id is not None
    number, bsn, of = case.zaaknummer, case.bsn, case.id
    gone = Gone(bestanden=_files(session, of))
    signals, visits = _signals(session, case), _visits(session, case)
    _count_case(session, case)
    session.flush()
    session.expunge(case)

    for pointer in (_case.c.ouder_id, _case.c.voorganger_id):
        run(session, update(_case).where(pointer == of).values({pointer.name: None}))
    pointed = table(Bijvangst)
    run(session, update(pointed).where(pointed.c.kindzaak_id == of).values(kindzaak_id=None))
    letters = select(table(Letter).c.id).where(table(Letter).c.zaak_id == of)
    gone.rijen += _delete(session, table(LetterFile), table(LetterFile).c.brief_id.in_(letters))
    for each in tables_of_a_case():
        gone.rijen += _delete(session, each, each.c.zaak_id == of)
    gone.rijen += _delete(session, _case, _case.c.id == of)
    for signal_id in signals:
        gone.rijen += _destroy_signal(session, signal_id, bsn, gone)
    gone.rijen += _destroy_visits(session, visits)
    gone.rijen += forget_answers(session, [number, *gone.signalen])
    put_aside(session, gone.bestanden, lijst_id, now)
    session.expire_all()
    return gone


def _delete(session: Session, of: Table, where: ColumnElement[bool]) -> int:
    return int(run(session, delete(of).where(where)).rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def _files(session: Session, zaak_id: int) -> list[str]:
    """Documents whose bytes no other dossier has: a hand-over gives the same file to the next one."""
    document, other = table(Document), table(Document).alias("elders")
    shared = exists().where(other.c.bestand == document.c.bestand, other.c.zaak_id != zaak_id)
    mine = select(document.c.bestand).where(document.c.zaak_id == zaak_id, document.c.bestand.is_not(None), ~shared)
    return [f"{DOCUMENTS}/{name}" for name in run(session, mine.distinct()).scalars()]


def put_aside(session: Session, paths: Collection[str], lijst_id: int | None, now: datetime) -> None:
    """Files that go once this transaction is committed."""
    if paths:
        rows = [{"lijst_id": lijst_id, "pad": path, "sinds": now} for path in paths]
        run(session, insert(table(FileToErase)), rows)


def _signals(session: Session, case: Case) -> list[int]:
    """The ids of every signal that the case has to do with."""
    linked = run(session, select(_link.c.signal_id).where(_link.c.zaak_id == case.id)).scalars()
    address = table(Address)
    gave = run(session, select(address.c.signal_id).where(address.c.zaak_id == case.id)).scalars()
    return sorted({one for one in (*linked, *gave, case.eerste_signaal_id, case.adres_signaal_id) if one is not None})


def _count_case(session: Session, case: Case) -> None:
    """The load that opened the case keeps count of what went of it."""
    joined = select(_link.c.id).where(
        _link.c.zaak_id == case.id, _link.c.signal_id == case.eerste_signaal_id, _link.c.aangesloten
    )
    if case.herkomst != Herkomst.SIGNAAL or run(session, joined).first() is not None:
        return
    load = table(Load)
    mine = select(_signal.c.load_id).where(_signal.c.id == case.eerste_signaal_id).scalar_subquery()
    run(session, update(load).where(load.c.id == mine).values(zaken_vernietigd=load.c.zaken_vernietigd + 1))


def _destroy_signal(session: Session, signal_id: int, bsn: str | None, gone: Gone) -> int:
    """A signal goes with all that was told and reported of it, unless another dossier has it too; gives the rows."""
    address = table(Address)
    kept = (
        exists().where(_link.c.signal_id == signal_id),
        exists().where(_case.c.eerste_signaal_id == signal_id),
        exists().where(address.c.signal_id == signal_id),
        exists().where(_case.c.bsn == bsn, _case.c.adres_signaal_id == signal_id) if bsn else None,
    )
    found = select(_signal.c.signaalnummer, _signal.c.load_id).where(_signal.c.id == signal_id)
    row = run(session, found.where(*(~each for each in kept if each is not None))).first()
    if row is None:
        return 0
    load, told, reported, changed = table(Load), table(FeedbackRow), table(Opbrengst), table(SignalChange)
    _raise(session, table(FeedbackDelivery), "regels_vernietigd", told.c.terugkoppeling_id, told.c.signal_id, signal_id)
    _raise(session, table(OpbrengstLoad), "opbrengsten_vernietigd", reported.c.load_id, reported.c.signal_id, signal_id)
    _raise(session, load, "wijzigingen_vernietigd", changed.c.load_id, changed.c.signal_id, signal_id)
    one_more = {"signalen_vernietigd": load.c.signalen_vernietigd + 1}
    run(session, update(load).where(load.c.id == row.load_id).values(one_more))
    rows = sum(_delete(session, each, each.c.signal_id == signal_id) for each in (told, reported, changed))
    gone.signalen.append(row.signaalnummer)
    return rows + _delete(session, _signal, _signal.c.id == signal_id)


def _raise(
    session: Session, of: Table, name: str, key: ColumnElement[int], mine: ColumnElement[int], signal_id: int
) -> None:
    """Every parent keeps count of its rows about this signal."""
    counted = run(session, select(key, func.count()).where(mine == signal_id).group_by(key)).all()
    for parent, count in counted:
        run(session, update(of).where(of.c.id == parent).values({name: of.c[name] + count}))


def _visits(session: Session, case: Case) -> list[int]:
    """The planned visits at the addresses of the case, and those that were held for it."""
    planned, held = table(PlannedVisit), table(Visit)
    here = and_(
        planned.c.gemeentecode == case.gemeentecode,
        planned.c.adressleutel.in_(sorted(retention.addresses_of(session, case))),
    )
    walked = planned.c.id.in_(select(held.c.bezoek_id).where(held.c.zaak_id == case.id))
    return list(run(session, select(planned.c.id).where(or_(here, walked))).scalars())


def _destroy_visits(session: Session, visits: Sequence[int]) -> int:
    """A planned visit goes with the last dossier it was for, with its report and with what was told to others."""
    rows = 0
    for visit in session.exec(select_rows(PlannedVisit).where(col(PlannedVisit.id).in_(visits))).all():
        held, rest, report = table(Visit), table(UnplacedReport), table(VisitReport)
        reports = select(report.c.id).where(report.c.bezoek_id == visit.id)
        used = (
            exists().where(held.c.bezoek_id == visit.id),
            exists().where(rest.c.verslag_id.in_(reports)),
            exists(select(col(Case.id)).where(retention.there_then(visit.gemeentecode, visit.adressleutel, visit.dag))),
        )
        if run(session, select(or_(*used))).scalar():
            continue
        number = visit.id
        session.expunge(visit)
        told = table(SocialConcern)
        for each, mine in (
            (told, told.c.bezoek_id),
            (report, report.c.bezoek_id),
            (table(PlannedVisit), table(PlannedVisit).c.id),
        ):
            rows += _delete(session, each, mine == number)
    return rows


def destroy_left_visits(session: Session, gemeentecode: str, before: date) -> int:
    """Visits planned before a day to an address where nobody was looked for then; gives the rows.

    The case for which they were planned moved, or its load was undone.
    """
    old = select(table(PlannedVisit).c.id).where(
        table(PlannedVisit).c.gemeentecode == gemeentecode, table(PlannedVisit).c.dag < before
    )
    return _destroy_visits(session, list(run(session, old).scalars()))


def forget_answers(session: Session, numbers: Collection[str]) -> int:
    """Kept answers of the API in which one of these numbers stands; gives how many."""
    kept = table(IdempotencyKey)
    return sum(_delete(session, kept, kept.c.antwoord.contains(number, autoescape=True)) for number in numbers)


def destroy_facts(session: Session, case: Case, today: date) -> Gone:
    """What UWV told of benefit and work goes from the signals of a case; the case and the rest of them stay."""
    assert case.id is not None
    gone = Gone()
    mine = (
        select_rows(Signal)
        .join(CaseSignal, col(CaseSignal.signal_id) == col(Signal.id))
        .where(CaseSignal.zaak_id == case.id, col(CaseSignal.actueel), col(Signal.feiten_vernietigd_op).is_(None))
        .where(~retention.needed_elsewhere(case.id))
    )
    for signal in session.exec(mine).all():
        signal.uitkeringssoort = signal.werkgever = signal.loonheffingennummer = signal.toelichting = ""
        signal.datum_vanaf, signal.datum_tot, signal.feiten_vernietigd_op = FACTS_GONE, None, today
        session.add(signal)
        gone.signalen.append(signal.signaalnummer)
        gone.rijen += 1 + _forget_changes(session, signal)
    session.flush()
    forget_answers(session, [case.zaaknummer])
    return gone


def _forget_changes(session: Session, signal: Signal) -> int:
    """What a W once changed of these facts, and the tasks that told of it, in whatever dossier."""
    changed = session.exec(
        select_rows(SignalChange).where(
            SignalChange.signal_id == signal.id, col(SignalChange.soort) == Mutatiesoort.GEWIJZIGD
        )
    ).all()
    for change in changed:
        change.oud, change.nieuw = _without_facts(change.oud), _without_facts(change.nieuw)
        session.add(change)
    keys = [f"{_TOLD}:{change.id}" for change in changed]
    for task in session.exec(select_rows(CaseTask).where(col(CaseTask.sleutel).in_(keys))):
        task.gegevens = {name: _without_facts(each) for name, each in task.gegevens.items()}
        session.add(task)
    return len(changed)


def _without_facts(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in FACTS}
