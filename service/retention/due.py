"""What is past its term, of every kind: what a list can be made of, and why a line of a list may not go after all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.sql.expression import Exists
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from exports.models import FeedbackDelivery, FeedbackRow
from service.audit_models import AuditSeal
from service.log import chain
from service.models import AuditEntry, Shipment, ShipmentState, Work, WorkState
from signals.base import table
from signals.bulk import run
from signals.models import Load, LoadStatus, Opbrengst, OpbrengstLoad, Signal, SignalChange
from workflow import retention
from workflow.models import Case, CaseSignal
from workflow.retention import MOST, RULES, Term
from workflow.retention_models import DestructionItem, LegalHold, Regelstaat, Soort

PROJECT = ""
"""The gemeentecode of what belongs to no municipality."""
ZAAK, GEGEVENS, LADING, OPBRENGST, TERUGKOPPELING, LOGBOEK = (
    "zaak", "signaalgegevens", "lading", "opbrengst", "terugkoppeling", "logboek",
)  # fmt: skip
"""What a line of a list is about."""
_OF_CASES: Mapping[Soort, str] = {Soort.DOSSIERS: ZAAK, Soort.SIGNAALGEGEVENS: GEGEVENS}
_HELD = "Een zaak waarvan gegevens in dit bestand staan, heeft een bewaarplicht."


@dataclass(frozen=True)
class Candidate:
    """A thing that may go: what it is, its number, from which day its term ran, and its version where it has one."""

    object: str
    nummer: str
    sinds: date
    versie: int = 0


@dataclass(frozen=True)
class Due:
    """How much of one kind is past its term and on no list, of one municipality or (no code) of the project."""

    soort: Soort
    gemeentecode: str
    term: Term
    aantal: int
    meer: bool = False
    """More than were counted."""


def overview(session: Session, codes: Sequence[str], today: date, zone: ZoneInfo, *, project: bool) -> list[Due]:
    """What is due for each of these municipalities, and what of the project; kinds of which nothing is due too."""
    found = []
    for rule in RULES.values():
        for code in codes if rule.per_gemeente else [PROJECT] if project else []:
            term = retention.term(session, rule.soort, code, today)
            count = (
                _count(session, term, code, today, MOST + 1)
                if rule.per_gemeente
                else len(candidates(session, term, code, today, zone, MOST + 1))
            )
            found.append(Due(rule.soort, code, term, min(count, MOST), count > MOST))
    return found


def count_cases(session: Session, codes: Sequence[str], today: date, at_most: int) -> int:
    """Cases of these municipalities of which the dossier is past its term and on no list."""
    total = 0
    for code in codes:
        total += _count(session, retention.term(session, Soort.DOSSIERS, code, today), code, today, at_most)
    return min(total, at_most)


def _count(session: Session, term: Term, code: str, today: date, at_most: int) -> int:
    """Of dossiers or facts: how many are due and on no list, counted up to a limit."""
    what = _OF_CASES[term.rule.soort]
    chosen = retention.due(session, term, code, today).order_by(None).where(~_listed(what, col(Case.zaaknummer)))
    some = chosen.with_only_columns(col(Case.id)).limit(at_most).subquery()
    return int(run(session, select(func.count()).select_from(some)).scalar_one())


def count_all(session: Session, today: date) -> int:
    """Cases of everybody of which the dossier is past its term and on no list."""
    codes = session.exec(select_rows(Case.gemeentecode).distinct()).all()
    return count_cases(session, codes, today, MOST * len(codes))


def candidates(
    session: Session, term: Term, gemeentecode: str, today: date, zone: ZoneInfo, most: int = MOST
) -> list[Candidate]:
    """What may go by this term today and stands on no list, what waited longest first."""
    soort = term.rule.soort
    if soort in _OF_CASES:
        what = _OF_CASES[soort]
        chosen = retention.due(session, term, gemeentecode, today).where(~_listed(what, col(Case.zaaknummer)))
        cases = session.exec(chosen.limit(most)).all()  # type: ignore[call-overload]
        return [Candidate(what, case.zaaknummer, retention.closing_day(case) or today, case.versie) for case in cases]
    before = datetime.combine(term.latest(today) + timedelta(days=1), time(), zone)
    if soort is Soort.BESTANDEN:
        return sorted(_files(session, before, zone, most), key=lambda one: (one.sinds, one.nummer))[:most]
    return _chains(session, before, zone)[:most]


def _listed(what: str, nummer: Any) -> ColumnElement[bool]:
    item = table(DestructionItem)
    return exists().where(item.c.object == what, item.c.nummer == nummer, item.c.staat == Regelstaat.OP_LIJST)


def _files(session: Session, before: datetime, zone: ZoneInfo, most: int) -> list[Candidate]:
    load, told, reported = table(Load), table(FeedbackDelivery), table(OpbrengstLoad)
    sources: Sequence[tuple[str, Any, Any, ColumnElement[bool]]] = (
        (
            LADING,
            load.c.ladingnummer,
            confirmed(load),
            and_(load.c.bestand_vernietigd_op.is_(None), ~load_held(load.c.id)),
        ),
        (
            OPBRENGST,
            reported.c.ladingnummer,
            reported.c.geladen_op,
            and_(reported.c.bestand_vernietigd_op.is_(None), ~yields_held(reported.c.id)),
        ),
        (
            TERUGKOPPELING,
            told.c.nummer,
            func.coalesce(told.c.ontvangen_op, told.c.geweigerd_op),
            and_(told.c.bestanden_vernietigd_op.is_(None), ~feedback_held(told.c.id)),
        ),
    )
    found = []
    for what, nummer, moment, may in sources:
        chosen = select(nummer, moment.label("moment")).where(moment < before, may, ~_listed(what, nummer))
        chosen = chosen.where(~_busy(what, nummer, told.c.id))
        for number, received in run(session, chosen.order_by(moment).limit(most)):
            found.append(Candidate(what, number, _local(received, zone)))
    return found


def confirmed(load: Any) -> ColumnElement[datetime]:
    """When the supplier was told that a file was received: loaded, or refused or left when it was offered."""
    return func.coalesce(load.c.geladen_op, load.c.aangeboden_op, type_=load.c.aangeboden_op.type)


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _busy(what: str, nummer: Any, delivery_id: Any) -> ColumnElement[bool]:
    """Whether something is being done with it."""
    if what == TERUGKOPPELING:
        ship = table(Shipment)
        return exists().where(
            ship.c.terugkoppeling_id == delivery_id,
            ship.c.staat.in_([ShipmentState.WACHT, ShipmentState.ONDERWEG]),
        )
    work = table(Work)
    return exists().where(work.c.ladingnummer == nummer, work.c.staat.in_([WorkState.WACHT, WorkState.BEZIG]))


def _hold_on_signal(signal_id: Any) -> Exists:
    """Whether a bewaarplicht stands on a case of a signal, however it has it."""
    link, case, hold = table(CaseSignal), table(Case), table(LegalHold)
    of_case = or_(
        and_(link.c.zaak_id == hold.c.zaak_id, link.c.signal_id == signal_id),
        and_(case.c.id == hold.c.zaak_id, case.c.eerste_signaal_id == signal_id),
    )
    return exists(
        select(hold.c.id)
        .join(case, case.c.id == hold.c.zaak_id)
        .join(link, link.c.zaak_id == hold.c.zaak_id, isouter=True)
        .where(hold.c.opgeheven_op.is_(None), of_case)
    )


def load_held(load_id: Any) -> ColumnElement[bool]:
    """Whether a row of this load is about a case with a bewaarplicht."""
    signal, change = table(Signal), table(SignalChange)
    told = select(change.c.id).where(change.c.load_id == load_id, _hold_on_signal(change.c.signal_id))
    new = select(signal.c.id).where(signal.c.load_id == load_id, _hold_on_signal(signal.c.id))
    return or_(exists(told), exists(new))


def yields_held(load_id: Any) -> ColumnElement[bool]:
    """The same of a yield file."""
    row = table(Opbrengst)
    return exists(select(row.c.id).where(row.c.load_id == load_id, _hold_on_signal(row.c.signal_id)))


def feedback_held(delivery_id: Any) -> ColumnElement[bool]:
    """The same of a feedback delivery."""
    row = table(FeedbackRow)
    return exists(select(row.c.id).where(row.c.terugkoppeling_id == delivery_id, _hold_on_signal(row.c.signal_id)))


def _chains(session: Session, before: datetime, zone: ZoneInfo) -> list[Candidate]:
    """Of each chain the last place up to which every entry may go: it is cut at its beginning and nowhere else."""
    seal = table(AuditSeal)
    found = []
    for code in run(session, select(seal.c.gemeentecode).distinct().order_by(seal.c.gemeentecode)).scalars().all():
        last = last_to_go(session, code, before)
        if last is not None:
            found.append(Candidate(LOGBOEK, f"{code or 'project'}:{last[0]}", _local(last[1], zone)))
    return [one for one in found if not _stands(session, one)]


def _stands(session: Session, one: Candidate) -> bool:
    """Whether this chain is on a list, up to whatever place."""
    chain_name = one.nummer.partition(":")[0]
    listed = select_rows(DestructionItem.id).where(
        DestructionItem.object == LOGBOEK,
        DestructionItem.staat == Regelstaat.OP_LIJST,
        col(DestructionItem.nummer).startswith(f"{chain_name}:"),
    )
    return session.exec(listed).first() is not None


def last_to_go(session: Session, code: str, before: datetime) -> tuple[int, datetime] | None:
    """The place before the first entry that must stay, and the moment of its entry; None when that is the first.

    What must stay: what is of later, was sealed later, and what is about a case with a bewaarplicht.
    """
    entry, seal, case, hold = table(AuditEntry), table(AuditSeal), table(Case), table(LegalHold)
    on_hold = select(case.c.zaaknummer).join(hold, hold.c.zaak_id == case.c.id).where(hold.c.opgeheven_op.is_(None))
    held = list(run(session, on_hold.distinct()).scalars())
    about = [or_(entry.c.object == number, entry.c.object.startswith(f"{number}/")) for number in held]
    stays = or_(entry.c.id.is_(None), entry.c.tijdstip >= before, seal.c.verzegeld_op >= before, *about)
    whole = select(seal.c.volgnummer, entry.c.tijdstip).join(entry, entry.c.id == seal.c.audit_id, isouter=True)
    first = select(func.min(seal.c.volgnummer)).join(entry, entry.c.id == seal.c.audit_id, isouter=True)
    stop = run(session, first.where(seal.c.gemeentecode == code, stays)).scalar()
    mine = whole.where(seal.c.gemeentecode == code)
    if stop is not None:
        mine = mine.where(seal.c.volgnummer < stop)
    row = run(session, mine.order_by(seal.c.volgnummer.desc()).limit(1)).first()
    if row is None or row.volgnummer <= chain.start_of(session, code).volgnummer:
        return None
    return row.volgnummer, row.tijdstip


def stopped(session: Session, item: DestructionItem, today: date, zone: ZoneInfo) -> str:
    """Why what was destroyed before does not go again after a restore; empty when it may go.

    A bewaarplicht stops it at any moment, whatever it is. And nobody approves it anew, so the journal alone is not
    believed: by the term that holds here and now it must have had its time.
    """
    if item.object not in (ZAAK, GEGEVENS):
        soort = Soort.LOGBOEK if item.object == LOGBOEK else Soort.BESTANDEN
        return _no_case_obstacle(session, item, retention.term(session, soort, PROJECT, today), today, zone)
    mine = select_rows(Case).where(Case.zaaknummer == item.nummer).with_for_update()
    case = session.exec(mine.execution_options(populate_existing=True)).first()
    if case is None:
        return "De zaak is er niet meer."
    held = select_rows(LegalHold.id).where(LegalHold.zaak_id == case.id, col(LegalHold.opgeheven_op).is_(None))
    if session.exec(held).first() is not None:
        return "Er is een bewaarplicht."
    soort = Soort.DOSSIERS if item.object == ZAAK else Soort.SIGNAALGEGEVENS
    since = retention.closing_day(case)
    over = since is not None and retention.term(session, soort, case.gemeentecode, today).ends(since) <= today
    return "" if over else "De bewaartermijn is nog niet voorbij."


def obstacle(session: Session, item: DestructionItem, term: Term, today: date, zone: ZoneInfo) -> str:
    """Why a line does not go after all, in a sentence without personal data; empty when it may.

    session: one that sees every row; the thing itself is held until its transaction ends.
    """
    if item.object in (ZAAK, GEGEVENS):
        mine = select_rows(Case).where(Case.zaaknummer == item.nummer).with_for_update()
        case = session.exec(mine.execution_options(populate_existing=True)).first()
        if case is None:
            return "De zaak is er niet meer."
        found = list(retention.obstacles(session, case, term, today))
        if not found and case.versie != item.versie:
            found.append("In de zaak is een stap gezet nadat de lijst was gemaakt.")
        return " ".join(found)
    return _no_case_obstacle(session, item, term, today, zone)


def _no_case_obstacle(session: Session, item: DestructionItem, term: Term, today: date, zone: ZoneInfo) -> str:
    before = datetime.combine(term.latest(today) + timedelta(days=1), time(), zone)
    if item.object == LOGBOEK:
        name, _, place = item.nummer.partition(":")
        last = last_to_go(session, "" if name == "project" else name, before)
        if last is None:
            return "Er is niets meer dat weg mag: al vernietigd, of er is een bewaarplicht."
        return "" if last[0] >= int(place) else "Een regel hierin moet blijven: er is een bewaarplicht op de zaak."
    return _file_obstacle(session, item, before)


def _file_obstacle(session: Session, item: DestructionItem, before: datetime) -> str:
    load, told, reported = table(Load), table(FeedbackDelivery), table(OpbrengstLoad)
    of, nummer, gone, moment, held = {
        LADING: (load, load.c.ladingnummer, load.c.bestand_vernietigd_op, confirmed(load), load_held(load.c.id)),
        OPBRENGST: (
            reported,
            reported.c.ladingnummer,
            reported.c.bestand_vernietigd_op,
            reported.c.geladen_op,
            yields_held(reported.c.id),
        ),
        TERUGKOPPELING: (
            told,
            told.c.nummer,
            told.c.bestanden_vernietigd_op,
            func.coalesce(told.c.ontvangen_op, told.c.geweigerd_op, type_=told.c.ontvangen_op.type),
            feedback_held(told.c.id),
        ),
    }[item.object]
    run(session, select(of.c.id).where(nummer == item.nummer).with_for_update())
    busy = _busy(item.object, nummer, told.c.id)
    row = run(session, select(gone, moment, held, busy).where(nummer == item.nummer)).first()
    if row is None:
        return "Het bestand is er niet meer."
    already, received, on_hold, working = row
    if already is not None:
        return "Het bestand was al vernietigd."
    if on_hold:
        return _HELD
    if working:
        return "Er wordt nog iets met dit bestand gedaan."
    return "" if received is not None and received < before else "De bewaartermijn is nog niet voorbij."


UNLOADED = (LoadStatus.AANGEBODEN, LoadStatus.GECONTROLEERD)
"""A file that nobody loaded in all that time: without it, it cannot be any more."""
