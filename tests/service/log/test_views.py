"""The log can be looked through by day, action and user, and however long it is only a little of it is read."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.log import views
from service.log.views import Asked
from service.models import AuditEntry
from signals.base import table
from tests.service.conftest import AMSTERDAM, NOW, ROTTERDAM, VENLO, owning

TODAY = NOW.date()


def entry(moment: datetime, **other: Any) -> dict[str, Any]:
    row = {"actor": "anna", "actie": "zaak_geopend", "object": "Z-2026-0000001", "gemeentecode": ROTTERDAM}
    return {**row, "tijdstip": moment, "resultaat": "gelukt", "herkomst": "test", **other}


def write(engine: Engine, rows: list[dict[str, Any]]) -> None:
    with session_scope(engine, Access.system()) as session:
        session.execute(insert(table(AuditEntry)), rows)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with session_scope(engine, Access.system(), write=False) as opened:
        yield opened


def asked(**other: Any) -> Asked:
    return Asked(AMSTERDAM, **other)


def test_days_are_counted_in_the_clocks_zone_and_empty_ones_are_passed_over(engine: Engine, session: Session) -> None:
    midnight = datetime(2026, 7, 2, 0, 30, tzinfo=AMSTERDAM)  # the first of July in UTC
    write(engine, [entry(midnight), entry(midnight + timedelta(hours=5)), entry(midnight - timedelta(days=100))])
    found, onward = views.days(session, asked(), date(2026, 10, 1))
    assert [(one.waarde, one.aantal) for one in found] == [(date(2026, 7, 2), 2), (date(2026, 3, 24), 1)]
    assert onward is None


def test_days_go_on_where_the_page_ended(engine: Engine, session: Session) -> None:
    days = [NOW - timedelta(days=number) for number in range(1, views.DAYS + 4)]
    write(engine, [entry(each) for each in days])
    first, onward = views.days(session, asked(), TODAY)
    assert len(first) == views.DAYS and onward == first[-1].waarde
    rest, end = views.days(session, asked(), onward)
    assert [one.waarde for one in first + rest] == [each.date() for each in days] and end is None


def test_no_more_is_counted_than_is_said(engine: Engine, session: Session) -> None:
    write(engine, [entry(NOW - timedelta(days=3), actie="brief_geopend") for _ in range(views.MOST_COUNTED + 1)])
    (day,), _ = views.days(session, asked(), TODAY - timedelta(days=1))
    assert (day.aantal, day.meer) == (views.MOST_COUNTED, True)
    found, _ = views.counts(session, asked(), "actie")
    (brief,) = [one for one in found if one.waarde == "brief_geopend"]
    assert (brief.aantal, brief.meer) == (views.MOST_COUNTED, True)
    (of_day,) = views.counts(session, asked(dag=TODAY - timedelta(days=3)), "actie")[0]
    assert (of_day.aantal, of_day.meer) == (views.MOST_COUNTED + 1, False)


def test_the_newest_of_a_day_are_told_apart_and_it_says_that_there_are_more(
    engine: Engine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "NEWEST", 3)
    at = datetime(2026, 5, 1, 9, tzinfo=AMSTERDAM)
    write(engine, [entry(at + timedelta(minutes=number), actor=naam) for number, naam in enumerate(("bram", *"xyyx"))])
    found, _ = views.counts(session, asked(dag=at.date()), "actor")
    assert [(one.waarde, one.aantal, one.meer) for one in found] == [("y", 2, True), ("x", 1, True)]


def test_names_go_on_where_the_page_ended(engine: Engine, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    names = sorted({f"naam{number:03d}" for number in range(views.PAGE + 5)})
    write(engine, [entry(NOW, actor=naam, actie=f"daad_{naam}") for naam in names])
    told: list[str] = []
    after = "naam"
    while True:
        found, after = views.counts(session, asked(), "actor", after)
        told += [one.waarde for one in found]
        if not after:
            break
    assert [naam for naam in told if naam.startswith("naam")] == names
    assert {f"daad_{naam}" for naam in names} <= set(views.actions(session))


BOTH = frozenset({ROTTERDAM, VENLO})


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"dag": TODAY},
        {"codes": frozenset({ROTTERDAM})},
        {"codes": BOTH},
        {"actie": "x"},
        {"object": "Z-7", "codes": BOTH},
    ],
)
def test_every_line_is_shown_once_whatever_is_asked(engine: Engine, session: Session, other: dict[str, Any]) -> None:
    spread = other.get("codes") == BOTH
    rows = [
        entry(
            NOW + timedelta(seconds=number % 7), actie="x", object="Z-7",
            gemeentecode=VENLO if spread and number % 3 else ROTTERDAM,
        )
        for number in range(2 * views.PAGE + 9)
    ]  # fmt: skip
    write(engine, rows)
    shown: list[AuditEntry] = []
    before = None
    while True:
        found, before = views.lines(session, asked(actor="anna", **other), before)
        shown += found
        if before is None:
            break
    assert len({one.id for one in shown}) == len(shown) == len(rows)
    if other.keys() & {"dag", "codes"} and "object" not in other:
        assert [one.tijdstip for one in shown] == sorted((one.tijdstip for one in shown), reverse=True)


def test_a_teamleider_gets_nothing_of_another_municipality(engine: Engine, session: Session) -> None:
    write(engine, [entry(NOW, gemeentecode=code, actor="zoe") for code in (ROTTERDAM, VENLO, VENLO, None)])
    own = asked(codes=frozenset({ROTTERDAM}))
    assert {one.gemeentecode for one in views.lines(session, own)[0]} == {ROTTERDAM}
    assert [one.aantal for one in views.days(session, own)[0]] == [1]
    assert [one.aantal for one in views.counts(session, own, "actor")[0]] == [1]
    both = asked(codes=frozenset({ROTTERDAM, VENLO}))
    assert [one.aantal for one in views.days(session, both)[0]] == [3]
    none = asked(codes=frozenset())
    assert (
        views.lines(session, none)[0] == [] == views.days(session, none)[0] == views.counts(session, none, "actie")[0]
    )


MANY = 40_000


def test_a_long_log_is_read_by_its_indexes(engine: Engine) -> None:
    codes = (ROTTERDAM, VENLO, "0268", "0363")
    rows = [
        entry(
            NOW - timedelta(minutes=number * 4), actie=f"daad_{number % 40}", actor=f"naam{number % 90}",
            gemeentecode=codes[number % 4],
        )
        for number in range(MANY)
    ]  # fmt: skip
    write(engine, rows)
    with owning(engine) as connection:
        connection.execute(text("ANALYZE audit"))
    mine, day = frozenset({ROTTERDAM}), TODAY - timedelta(days=60)
    with session_scope(engine, Access.system(), write=False) as session:
        with Statements(session) as seen:
            views.days(session, asked())
            views.days(session, asked(codes=mine), day)
            views.counts(session, asked(), "actie")
            views.counts(session, asked(), "actor", "naam5")
            views.counts(session, asked(dag=day), "actor")
            views.counts(session, asked(codes=mine, dag=day), "actie")
            views.actions(session)
            for other in ({"dag": day}, {"actie": "daad_7"}, {"codes": mine}, {"codes": mine, "dag": day}):
                lines, _ = views.lines(session, asked(**other))
                assert lines
                views.lines(session, asked(**other), lines[50].id)
        plans = {statement: _plan(session, statement, parameters) for statement, parameters in seen}
    whole = [f"{statement}\n{plan}" for statement, plan in plans.items() if _reads_all(plan)]
    assert len(plans) > 10
    assert not whole, "\n\n".join(whole)


@pytest.mark.parametrize("codes", [{ROTTERDAM}, {ROTTERDAM, VENLO}], ids=["one", "two"])
@pytest.mark.parametrize("column", ["actor", "actie", "object"])
def test_what_never_happened_in_a_municipality_is_not_looked_for_in_all_its_lines(
    engine: Engine, column: str, codes: set[str]
) -> None:
    """Of another municipality there are many lines of it, of this one many of others: neither is walked."""
    everywhere = [ROTTERDAM] * 9 + [VENLO] * 9 + ["0363"] * 2
    rows = [
        entry(
            NOW - timedelta(minutes=number), gemeentecode=everywhere[number % 20], actie=f"daad_{number % 40}",
            actor=f"naam{number % 90}", object=f"Z-2026-{number % 9000:07d}",
        )
        for number in range(MANY)
    ]  # fmt: skip
    write(engine, rows + [entry(NOW, **{column: "elders"}, gemeentecode="0363") for _ in range(500)])
    if engine.dialect.name == "postgresql":  # it does so by itself; SQLite never does
        with owning(engine) as connection:
            connection.execute(text("ANALYZE audit"))
    with session_scope(engine, Access.system(), write=False) as session:
        for value in ("niemand", "elders"):
            with Statements(session) as seen:
                assert views.lines(session, asked(codes=frozenset(codes), **{column: value})) == ([], None)
            for statement, parameters in seen:
                plan = _plan(session, statement, parameters)
                found = f"{column}=?" in plan or re.search(rf"Index Cond: .*\b{column}\b", plan)
                assert found and not re.search(rf"Filter: .*\b{column}\b", plan) and not _reads_all(plan), plan
            assert seen


class Statements:
    """What the database is asked, with what goes with it."""

    def __init__(self, session: Session) -> None:
        self._connection, self._seen = session.connection(), list[tuple[str, Any]]()

    def __enter__(self) -> list[tuple[str, Any]]:
        event.listen(self._connection, "before_cursor_execute", self._note)
        return self._seen

    def __exit__(self, *_: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        self._seen.append((statement, parameters))


def _plan(session: Session, statement: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if session.get_bind().dialect.name == "sqlite" else "EXPLAIN"
    rows = session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
    return "\n".join(" ".join(map(str, row)) for row in rows)


def _reads_all(plan: str) -> bool:
    """Through the table from end to end; through an index from its end, as far as the limit, is another thing."""
    return "Seq Scan on audit" in plan or any(
        "SCAN audit" in line and "USING" not in line for line in plan.splitlines()
    )
