"""What a municipality yielded, in one statement: the same numbers as the figures, and no amount of a few people."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlmodel import Session, select

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.selection import Selection
from exports.yields import Report, Yields, YieldSum, reports_since, yields_of
from signals.base import table
from signals.models import Opbrengst, OpbrengstLoad
from tests.exports.builder import AMSTERDAM, MAASTRICHT, Builder
from workflow.models import Case, CaseSignal
from workflow.phases import Outcome

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


def closed(build: Builder, code: str, number: int) -> list[Case]:
    cases = [build.case(gemeente=code) for _ in range(number)]
    for case in cases:
        build.close(case, Outcome.OVERLEDEN, DAY)
    return cases


def tell(session: Session) -> None:
    made = feedback.make(session, door="coen", now=NOW, production=False)
    assert made is not None
    feedback.sent(session, made.nummer, "coen", NOW)
    feedback.received(session, made.nummer, "U-1", "ulla", NOW)


def report(session: Session, rows: Sequence[tuple[Case, str, str | None, date]], when: datetime = NOW) -> None:
    number = len(session.exec(select(OpbrengstLoad.id)).all()) + 1
    load = OpbrengstLoad(
        ladingnummer=f"OB-2026-{number:06d}",
        bestandsnaam="o.csv",
        sha256=str(number),
        inhoud=b"",
        geladen_op=when,
        door="ulla",
    )
    session.add(load)
    session.flush()
    for case, soort, amount, peildatum in rows:
        values: dict[str, Any] = {"signal_id": case.eerste_signaal_id, "load_id": load.id, "vastgelegd_op": when.date()}
        bedrag = None if amount is None else Decimal(amount)
        session.add(Opbrengst(**values, soort=soort, bedrag=bedrag, peildatum=peildatum))
    session.flush()


def as_figures(session: Session, code: str) -> tuple[dict[str, int], int]:
    counted = figures(session, Selection(gemeenten=(code,)), NOW.date())["cijfers"]
    kinds = {soort: (one["signalen"], round(one["bedrag"] * 100)) for soort, one in counted["opbrengst"].items()}
    return kinds, counted["opbrengst_nog_niet_gemeld"]


def as_summed(of: Yields) -> tuple[dict[str, tuple[int, int]], int]:
    return {one.soort: (one.signalen, one.cent or 0) for one in of.sums}, of.waiting


def test_a_municipality_is_told_what_the_figures_count(session: Session, build: Builder) -> None:
    here, there = closed(build, AMSTERDAM, 8), closed(build, MAASTRICHT, 2)
    tell(session)
    earlier, later = date(2026, 3, 5), date(2026, 3, 8)
    rows = [(case, "terugvordering", f"{100 + place}.55", later) for place, case in enumerate(here[:5])]
    rows += [(here[0], "terugvordering", "9999.00", earlier), (here[1], "boete", "70.00", earlier)]
    rows += [(here[5], "geen_gevolg", None, later), (there[0], "verlaging", "12.00", earlier)]
    report(session, rows)
    found = yields_of(session, {AMSTERDAM, MAASTRICHT})
    assert found[AMSTERDAM].sums == [
        YieldSum("boete", 1, 7000, earlier),
        YieldSum("geen_gevolg", 1, None, later),
        YieldSum("terugvordering", 5, 51275, later),
    ]
    assert [(one.bedrag, one.few) for one in found[AMSTERDAM].sums] == [(None, True), (None, False), (512.75, False)]
    assert (found[AMSTERDAM].waiting, found[AMSTERDAM].peildatum, found[AMSTERDAM].some_few) == (2, later, True)
    for code in (AMSTERDAM, MAASTRICHT):
        assert as_summed(found[code]) == as_figures(session, code)
    assert yields_of(session, {MAASTRICHT}) == {MAASTRICHT: found[MAASTRICHT]}


def test_what_was_taken_back_or_never_left_waits_for_no_report(session: Session, build: Builder) -> None:
    one, other, third = closed(build, AMSTERDAM, 3)
    tell(session)
    assert yields_of(session, {AMSTERDAM})[AMSTERDAM] == Yields([], 3)
    build.reopen(one, DAY + timedelta(days=1))
    made = feedback.make(session, door="coen", now=NOW, production=False)
    assert made is not None
    assert yields_of(session, {AMSTERDAM})[AMSTERDAM].waiting == 3, "the correction has not left"
    feedback.sent(session, made.nummer, "coen", NOW)
    assert yields_of(session, {AMSTERDAM})[AMSTERDAM].waiting == 2
    assert as_figures(session, AMSTERDAM)[1] == 2
    feedback.refused(session, made.nummer, "fout", None, "ulla", NOW)
    assert yields_of(session, {AMSTERDAM})[AMSTERDAM].waiting == as_figures(session, AMSTERDAM)[1] == 3
    report(session, [(other, "boete", "1.00", DAY), (third, "geen_gevolg", None, DAY)])
    assert yields_of(session, {AMSTERDAM})[AMSTERDAM].waiting == 1


def test_a_municipality_of_which_there_is_nothing_is_not_there(session: Session, build: Builder) -> None:
    closed(build, AMSTERDAM, 1)
    assert yields_of(session, {AMSTERDAM, MAASTRICHT}) == {}


def test_two_that_merged_are_counted_together() -> None:
    early, late = date(2026, 3, 1), date(2026, 3, 2)
    one = Yields([YieldSum("boete", 2, 500, early), YieldSum("geen_gevolg", 1, None, early)], 3)
    other = Yields([YieldSum("boete", 3, 700, late), YieldSum("nabetaling", 1, 100, early)], 1)
    together = one.with_those_of(other)
    assert together.waiting == 4
    assert together.sums == [
        YieldSum("boete", 5, 1200, late),
        YieldSum("geen_gevolg", 1, None, early),
        YieldSum("nabetaling", 1, 100, early),
    ]
    assert together.sums[0].bedrag == 12.0


def test_each_file_says_of_how_many_signals_here_it_was(session: Session, build: Builder) -> None:
    here, there = closed(build, AMSTERDAM, 2), closed(build, MAASTRICHT, 1)
    hour = timedelta(hours=1)
    report(session, [(here[0], "boete", "1.00", DAY)], NOW)
    report(session, [(there[0], "boete", "1.00", DAY)], NOW + hour)
    report(session, [(one, kind, "2.00", DAY) for one in here for kind in ("verlaging", "nabetaling")], NOW + 2 * hour)
    assert reports_since(session, {AMSTERDAM}, NOW - hour, 3) == [
        Report(2, NOW + 2 * hour, "ulla"),
        Report(1, NOW, "ulla"),
    ]
    assert reports_since(session, {AMSTERDAM}, NOW - hour, 1) == [Report(2, NOW + 2 * hour, "ulla")]
    assert reports_since(session, {AMSTERDAM}, NOW, 3) == [Report(2, NOW + 2 * hour, "ulla")]


MANY = 20_000


@pytest.mark.parametrize("asked", ["yields_of", "reports_since"])
def test_with_many_cases_it_goes_from_what_was_reported_to_the_case_and_not_the_other_way(
    session: Session, build: Builder, asked: str
) -> None:
    some = closed(build, AMSTERDAM, 12)
    tell(session)
    report(session, [(case, "boete", "1.00", DAY) for case in some[:6]])
    links = [
        {
            "signal_id": 10**6 + number,
            "zaak_id": 10**6 + number,
            "gemeentecode": AMSTERDAM,
            "vanaf": DAY,
            "actueel": True,
            "aangesloten": False,
            "intrekking_telt": False,
        }
        for number in range(MANY)
    ]
    session.execute(insert(table(CaseSignal)), links)
    connection = session.connection()
    connection.exec_driver_sql("ANALYZE")
    seen: list[tuple[str, Any]] = []

    def note(_: object, cursor: object, statement: str, parameters: Any, *rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    if asked == "yields_of":
        assert yields_of(session, {AMSTERDAM})[AMSTERDAM].waiting == 6
    else:
        assert len(reports_since(session, {AMSTERDAM}, NOW - timedelta(days=1), 3)) == 1
    event.remove(connection, "before_cursor_execute", note)
    ((statement, parameters),) = seen
    if connection.dialect.name == "sqlite":  # PostgreSQL weighs it by statistics of its own, of a register in use
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        of_links = [line for line in plan if "zaak_signaal" in line]
        assert of_links and all("SEARCH" in line and "signal_id=?" in line for line in of_links), plan
