"""Cases that a load opened and in which nothing happened yet: their first event and their link are no rows.

A load opens a million cases, each with the same event and a link to the signal that opened it; as rows they would be a
quarter of all it writes. Of an unsettled case, which has a `lading_id`, both follow from the case and that load, and it
has no row at all in either table. Any other case has its rows.

What the event says beside the case and the load is OPENING, whatever release loaded it. A release in which OPENING says
something else (a new PROCEDURE_VERSION) therefore brings a migration that settles every case first, by the statements
with which migration 0004 goes back.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, insert, literal, null, select, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from signals.base import table
from signals.bulk import run, slices
from signals.models import Load, Signal
from workflow.models import Case, CaseEvent, CaseSignal
from workflow.phases import OPENING_BASIS, PROCEDURE_VERSION, Phase, Role

OPENING: Mapping[str, Any] = {
    "volgnummer": 1,
    "stap": "ontvang_signaal",
    "naar": Phase.ONTVANGEN,
    "rol": Role.SYSTEEM.value,
    "grondslag": OPENING_BASIS,
    "procedure": PROCEDURE_VERSION,
    "gegevens": {},
    "aangehouden": False,
    "afgeleid": False,
}
"""The columns of the first event that are the same in every case that a load opens."""

LINK: Mapping[str, Any] = {"actueel": True, "aangesloten": False, "intrekking_telt": False}
"""The columns of its link that are the same in every case that a load opens."""

_signal = table(Signal)
_load = table(Load)
_case = table(Case)

is_unsettled: ColumnElement[bool] = _case.c.lading_id.is_not(None)
"""The condition on the table of cases."""

_EVENT_OF_CASE: Mapping[str, ColumnElement[Any]] = {
    "zaak_id": _case.c.id,
    "gemeentecode": _case.c.gemeentecode,
    "vastgelegd_op": _case.c.geopend_op,
    **{name: literal(value, table(CaseEvent).c[name].type) for name, value in OPENING.items()},
}
_LINK_OF_CASE: Mapping[str, ColumnElement[Any]] = {
    "zaak_id": _case.c.id,
    "gemeentecode": _case.c.gemeentecode,
    "signal_id": _case.c.eerste_signaal_id,
    "vanaf": _case.c.geopend_op,
    **{name: literal(value, table(CaseSignal).c[name].type) for name, value in LINK.items()},
}


def events_of(session: Session, cases: Sequence[Case]) -> Mapping[int | None, Sequence[CaseEvent]]:
    """By the id of each case every step in it, oldest first; the event of an unsettled case is not stored."""
    loading = {case.lading_id for case in cases if case.lading_id is not None}
    loads = session.exec(select_rows(Load).where(col(Load.id).in_(loading))).all() if loading else ()
    by_id = {load.id: load for load in loads}
    events: dict[int | None, list[CaseEvent]] = defaultdict(list)
    for case in cases:
        if case.lading_id is not None:
            events[case.id].append(_event(case, by_id[case.lading_id]))
    if settled := [case.id for case in cases if case.lading_id is None]:
        rows = select_rows(CaseEvent).where(col(CaseEvent.zaak_id).in_(settled))
        for event in session.exec(rows.order_by(col(CaseEvent.zaak_id), col(CaseEvent.volgnummer))):
            events[event.zaak_id].append(event)
    return events


def _event(of: Case, load: Load) -> CaseEvent:
    assert of.id is not None and load.geladen_op is not None
    return CaseEvent(
        **OPENING,
        zaak_id=of.id,
        gemeentecode=of.gemeentecode,
        vastgelegd_op=of.geopend_op,
        tijdstip=load.geladen_op,
        door=load.door,
    )


def links_of(session: Session, case: Case) -> Sequence[CaseSignal]:
    """The links of a case in the order in which they were made; that of an unsettled case is not stored."""
    if case.lading_id is None:
        rows = select_rows(CaseSignal).where(col(CaseSignal.zaak_id) == case.id)
        return session.exec(rows.order_by(col(CaseSignal.id))).all()
    assert case.id is not None and case.eerste_signaal_id is not None
    own: Mapping[str, Any] = {"zaak_id": case.id, "signal_id": case.eerste_signaal_id, "vanaf": case.geopend_op}
    return [CaseSignal(gemeentecode=case.gemeentecode, **own, **LINK)]


def first_event(*names: str) -> list[ColumnElement[Any]]:
    """These columns of CaseEvent as an unsettled case has them, to select from cases; not `tijdstip` and `door`."""
    return [_EVENT_OF_CASE.get(name, null()).label(name) for name in names]


def first_link(*names: str) -> list[ColumnElement[Any]]:
    """These columns of CaseSignal as an unsettled case has them, to select from cases."""
    return [_LINK_OF_CASE[name].label(name) for name in names]


def settle(session: Session, cases: Collection[int]) -> None:
    """Makes rows of the event and the link of those of these cases (ids) that are unsettled.

    The statement that empties the column settles a race: whoever comes second finds the rows of the first.
    """
    loaded = _case.join(_signal, _signal.c.id == _case.c.eerste_signaal_id).join(_load, _load.c.id == _signal.c.load_id)
    event = {**_EVENT_OF_CASE, "tijdstip": _load.c.geladen_op, "door": _load.c.door}
    for piece in slices(cases):
        emptied = update(_case).where(_case.c.id.in_(piece), is_unsettled).values(lading_id=None)
        mine = run(session, emptied.returning(_case.c.id)).scalars().all()
        if not mine:
            continue
        for into, columns, source in ((CaseEvent, event, loaded), (CaseSignal, _LINK_OF_CASE, _case)):
            chosen = select(*columns.values()).select_from(source).where(_case.c.id.in_(mine)).order_by(_case.c.id)
            run(session, insert(table(into)).from_select(list(columns), chosen, include_defaults=False))


def settle_one(session: Session, case: Case) -> None:
    """The same of a case that the session holds."""
    if case.lading_id is not None and case.id is not None:
        settle(session, [case.id])
        set_committed_value(case, "lading_id", None)
