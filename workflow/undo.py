"""A load taken back: when that is still possible, which rows it made, and their removal, by statements on tables.

A load may go only while nothing was built on it: all its accepted rows are new signals that each opened a case, and
nobody did anything yet in one of those cases. What it made in other cases (who else investigates this person) goes
with it.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, delete, exists, func, literal, or_, select
from sqlmodel import Session, SQLModel

from signals.base import table
from signals.bulk import run
from signals.errors import Reason, Refused
from signals.models import Delivery, Load, LoadStatus, Signal, SignalChange
from workflow.intake import ALSO_ELSEWHERE
from workflow.models import Address, Case, CaseEvent, CaseSignal, CaseTask, CaseTerm
from workflow.phases import Herkomst, Phase, Role

_load = table(Load)
_signal = table(Signal)
_change = table(SignalChange)
_case = table(Case)
_link = table(CaseSignal)
_event = table(CaseEvent)
_task = table(CaseTask)
_delivery = table(Delivery)

_OPENED_WITH = frozenset({_case, _link, _event, _task, table(Address), table(CaseTerm)})
"""What a load writes itself; a row in any other table that points at a case was made by somebody."""


def take_back(session: Session, load: Load, *, told: int) -> None:
    """Deletes all that the load made but its own row and its rejected rows, and notes that it was undone.

    told: how many of its signals stand in a feedback delivery. Raises Refused with every reason why not.
    """
    session.flush()
    held = select(_case.c.id).where(_case.c.id.in_(_cases(load))).with_for_update().subquery()
    run(session, select(func.count()).select_from(held))  # nobody takes a step in them from here on
    if reasons := tuple(obstacles(session, load, told=told)):
        raise Refused(reasons)
    gone = {
        made: run(session, delete(made).where(own)).rowcount  # type: ignore[attr-defined]  # a DELETE's result has it
        for made, own in own_rows(load).items()
    }
    if (gone[_signal], gone[_case]) != (load.geaccepteerd, load.zaken):
        raise AssertionError(f"{gone[_signal]} signalen en {gone[_case]} zaken weg van {load.ladingnummer}")
    load.status = LoadStatus.ONGEDAAN
    session.add(load)
    session.flush()
    session.expire_all()  # the statements went round what the session holds
    session.refresh(load)


def own_rows(load: Load) -> Mapping[Table, ColumnElement[bool]]:
    """Which rows of which table the load made, in the order in which they can be deleted."""
    of_cases = {made: made.c.zaak_id.in_(_cases(load)) for made in _OPENED_WITH - {_case, _link, _task}}
    return {
        _task: or_(_task.c.zaak_id.in_(_cases(load)), _task.c.id.in_(_told_elsewhere(load))),
        **of_cases,
        _case: _case.c.id.in_(_cases(load)),
        _link: _link.c.signal_id.in_(_signals(load)),
        _signal: _signal.c.load_id == load.id,
        _delivery: and_(
            _delivery.c.leveringsnummer == load.leveringsnummer,
            ~select(_load.c.id)
            .where(_load.c.leveringsnummer == load.leveringsnummer)
            .where(_load.c.id != load.id, _load.c.status == LoadStatus.GELADEN)
            .exists(),
        ),
    }


def obstacles(session: Session, load: Load, *, told: int) -> Iterator[Reason]:
    """Every reason why the load cannot be undone; none when it can. Counts only: the liaison reads them too."""
    if load.status != LoadStatus.GELADEN:
        uitleg = f"Lading {load.ladingnummer} is {load.status.value}; alleen een geladen lading is ongedaan te maken."
        yield Reason("staat_past_niet", uitleg)
        return
    if load.signalen_vernietigd or load.zaken_vernietigd:
        uitleg = f"Van de signalen zijn er {load.signalen_vernietigd} vernietigd, omdat de bewaartermijn voorbij was."
        yield Reason("al_vernietigd", uitleg)
    if load.gewijzigd or load.ingetrokken:
        rows = f"{load.gewijzigd} wijzigingen en {load.ingetrokken} intrekkingen"
        yield Reason("niet_alleen_nieuw", f"De lading bevat {rows}. Alleen een lading met enkel nieuwe signalen kan.")
    mine, cases = _signal.c.load_id == load.id, _cases(load)
    of_this = _link.join(_signal, _signal.c.id == _link.c.signal_id)
    if count := _count(session, _link.c.signal_id, of_this, mine, _link.c.aangesloten):
        yield Reason("signaal_aangesloten", f"Bij een zaak die er al was, zijn {count} van de signalen gevoegd.")
    others = _link.c.zaak_id.in_(cases) & (_signal.c.load_id != load.id)
    if count := _count(session, _link.c.zaak_id, of_this, others):
        yield Reason("later_aangesloten", f"Bij {count} van de zaken is later een ander signaal gevoegd.")
    changed = _change.join(_signal, _signal.c.id == _change.c.signal_id)
    if count := _count(session, _change.c.signal_id, changed, mine, _change.c.load_id != load.id):
        yield Reason("later_gewijzigd", f"Een latere lading wijzigde {count} van de signalen of trok ze in.")
    steps = _event.join(_case, _case.c.id == _event.c.zaak_id)
    taken = or_(_event.c.volgnummer > 1, _case.c.fase != Phase.ONTVANGEN)
    if count := _count(session, _event.c.zaak_id, steps, _event.c.zaak_id.in_(cases), taken):
        yield Reason("zaak_begonnen", f"In {count} van de zaken is al een stap gezet.")
    if count := _with_entry(session, load):
        yield Reason("dossier_gevuld", f"In {count} van de zaken staat al iets in het dossier.")
    if told:
        yield Reason("al_teruggekoppeld", f"Over {told} van de signalen is al teruggekoppeld aan UWV.")


def _cases(load: Load) -> Select[int]:
    """The ids of the cases that the load's signals opened."""
    joined = exists().where(
        _link.c.signal_id == _case.c.eerste_signaal_id, _link.c.zaak_id == _case.c.id, _link.c.aangesloten
    )
    return select(_case.c.id).where(
        _case.c.eerste_signaal_id.in_(_signals(load)), _case.c.herkomst == Herkomst.SIGNAAL, ~joined
    )


def _signals(load: Load) -> Select[int]:
    return select(_signal.c.id).where(_signal.c.load_id == load.id)


def _told_elsewhere(load: Load) -> Select[int]:
    """The tasks in other cases that tell of one of these: made by this load, or by a later one that met it."""
    other = _case.alias("elders")
    return (
        select(_task.c.id)
        .join(other, other.c.id == _task.c.zaak_id)
        .join(_case, and_(_case.c.bsn == other.c.bsn, _case.c.gemeentecode != other.c.gemeentecode))
        .where(_case.c.id.in_(_cases(load)), _task.c.soort == ALSO_ELSEWHERE)
        .where(_task.c.sleutel == literal(f"{ALSO_ELSEWHERE}:") + _case.c.gemeentecode)
        .where(_task.c.tijdstip >= load.geladen_op)
    )


def _with_entry(session: Session, load: Load) -> int:
    """How many of the cases have a row that a person made, in whatever table; a task that was seen to counts too."""
    cases = _cases(load)
    made = [
        select(column.label("zaak_id")).where(column.in_(cases))
        for each in SQLModel.metadata.sorted_tables
        for column in each.columns
        if each not in _OPENED_WITH and any(key.column.table is _case for key in column.foreign_keys)
    ]
    by_hand = and_(_task.c.afgehandeld_op.is_not(None), _task.c.afgehandeld_door != Role.SYSTEEM.value)
    made.append(select(_task.c.zaak_id).where(_task.c.zaak_id.in_(cases), by_hand))
    found: set[int] = set()
    for each in made:
        found |= set(run(session, each.distinct()).scalars())
    return len(found)


def _count(session: Session, what: ColumnElement[int], source: FromClause, *where: ColumnElement[bool]) -> int:
    counted = select(func.count(what.distinct())).select_from(source).where(*where)
    return int(run(session, counted).scalar_one())
