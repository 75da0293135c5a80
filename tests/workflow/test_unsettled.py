"""A case that a load opened says the same before and after its event and link become rows, and gets them once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from service.access import Access
from service.db import session_scope
from signals.base import table
from signals.models import Load, Signal
from tests.factories import ANNA, DIRK, NIJMEGEN, TESS, VENLO, case_at, desk, new_case, take
from tests.importers.deliveries import row, take_in, write_csv
from workflow import case_terms, dossier, unsettled
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent, CaseSignal
from workflow.phases import Phase

SYSTEM = Access.system()
ANOTHER = "999990020"


@pytest.fixture
def deliver(session: Session, tmp_path: Path) -> Callable[..., Load]:
    """Takes in the rows as one file."""

    def taken(*rows: dict[str, str]) -> Load:
        return take_in(session, write_csv(tmp_path / f"{len(list(tmp_path.iterdir()))}.csv", rows))

    return taken


def opening(session: Session, case: Case) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events and the links of a case as everybody reads them, whether they are rows or not."""
    file = CaseFile(session, case)
    return (
        [one.model_dump(exclude={"id"}) for one in file.events],
        [one.model_dump(exclude={"id"}) for one in file.signals],
    )


def rows_of(session: Session, case: Case) -> tuple[int, int]:
    """How many events and links of the case are rows."""
    session.flush()
    events = select(func.count()).select_from(CaseEvent).where(CaseEvent.zaak_id == case.id)
    links = select(func.count()).select_from(CaseSignal).where(CaseSignal.zaak_id == case.id)
    return session.exec(events).one(), session.exec(links).one()


def test_a_case_says_the_same_when_its_opening_becomes_rows(session: Session, deliver: Callable[..., Load]) -> None:
    deliver(row())
    case = session.exec(select(Case)).one()
    before = opening(session, case)
    assert rows_of(session, case) == (0, 0)
    assert case.id is not None
    unsettled.settle(session, [case.id])
    session.expire_all()
    assert (case.lading_id, rows_of(session, case)) == (None, (1, 1))
    assert opening(session, case) == before


def test_looking_at_a_case_stores_nothing(session: Session) -> None:
    case = new_case(session)
    file = CaseFile(session, case)
    assert file.events and file.signals and file.terms and not session.new
    assert rows_of(session, case) == (0, 0)


def test_two_who_settle_a_case_at_once_write_its_opening_once(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        seen = [new_case(session, bsn=f"99999{number:04d}").model_dump() for number in range(5)]
    start = Barrier(2)

    def settle(_: int) -> list[tuple[int, int]]:
        start.wait()
        found = []
        for one in seen:  # as they stood before either of the two began
            with session_scope(engine, SYSTEM) as session:
                session.connection()  # as always: whoever has a case has begun a transaction
                file = CaseFile(session, Case(**one))
                case_terms.settle(file)
                found.append((len(file.events), len(file.signals)))
        return found

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(settle, range(2))) == [[(1, 1)] * 5] * 2
    with session_scope(engine, SYSTEM, write=False) as session:
        assert [rows_of(session, case) for case in session.exec(select(Case))] == [(1, 1)] * 5


def step(session: Session, case: Case, deliver: Callable[..., Load]) -> None:
    take(session, case, "wijs_toe", desk(TESS), behandelaar="anna")


def entry(session: Session, case: Case, deliver: Callable[..., Load]) -> None:
    dossier.add(session, case, "leerpunten", desk(ANNA), {"soort": "samenwerking"})


def joined(session: Session, case: Case, deliver: Callable[..., Load]) -> None:
    deliver(row(signaalnummer="U-1", gemeentecode=NIJMEGEN))


def withdrawn(session: Session, case: Case, deliver: Callable[..., Load]) -> None:
    number = session.exec(select(Signal.signaalnummer).where(Signal.id == case.eerste_signaal_id)).one()
    deliver(row(signaalnummer=number, gemeentecode=NIJMEGEN, mutatiesoort="V"))


def received(session: Session, case: Case, deliver: Callable[..., Load]) -> None:
    """Venlo hands over its case of the same person, which joins this one."""
    other = case_at(session, Phase.VOORONDERZOEK, gemeentecode=VENLO)
    take(session, other, "draag_over", desk(DIRK), gemeentecode=NIJMEGEN)


@pytest.mark.parametrize(
    ("change", "rows"),
    [(step, (2, 1)), (entry, (1, 1)), (joined, (1, 2)), (withdrawn, (2, 1)), (received, (1, 2))],
)
def test_whatever_happens_in_a_case_its_opening_stands_first_and_once(
    session: Session, deliver: Callable[..., Load], change: Any, rows: tuple[int, int]
) -> None:
    deliver(row(signaalnummer="T-0", gemeentecode=NIJMEGEN))
    case = session.exec(select(Case)).one()
    ((event,), (link,)) = opening(session, case)
    change(session, case, deliver)
    session.flush()
    session.expire_all()
    assert (case.lading_id, rows_of(session, case)) == (None, rows)
    events, links = opening(session, case)
    assert events[0] == event
    assert links[0] == link | {"intrekking_telt": change is withdrawn}


def test_a_change_of_the_signal_leaves_its_case_as_it_is(session: Session, deliver: Callable[..., Load]) -> None:
    deliver(row(), row(signaalnummer="T-2", bsn=ANOTHER))
    deliver(row(mutatiesoort="W", huisnummer="14"))
    assert all(rows_of(session, case) == (0, 0) for case in session.exec(select(Case)))


def test_only_the_cases_that_are_named_are_settled(session: Session) -> None:
    one, other = new_case(session), new_case(session, bsn=ANOTHER)
    assert one.id is not None
    unsettled.settle(session, [one.id])
    unsettled.settle(session, [one.id])
    assert (rows_of(session, one), rows_of(session, other)) == ((1, 1), (0, 0))


def test_steps_of_cases_of_both_kinds_are_found_together(session: Session) -> None:
    touched, untouched = case_at(session, Phase.VOORONDERZOEK), new_case(session, bsn=ANOTHER)
    events = unsettled.events_of(session, [untouched, touched])
    assert [one.stap for one in events[untouched.id]] == ["ontvang_signaal"]
    assert [one.volgnummer for one in events[touched.id]] == list(range(1, touched.versie + 1))


def test_no_column_of_an_opening_is_forgotten() -> None:
    """A column that is added later must be thought of: here, and in a migration that settles."""
    of_load = {"tijdstip", "door"}
    given = {CaseEvent: {*unsettled.OPENING, "zaak_id", "gemeentecode", "vastgelegd_op", *of_load}}
    given[CaseSignal] = {*unsettled.LINK, "zaak_id", "gemeentecode", "signal_id", "vanaf"}
    for kind, names in given.items():
        needed = {each.name for each in table(kind).columns if not each.nullable and each.name != "id"}
        assert needed == names
