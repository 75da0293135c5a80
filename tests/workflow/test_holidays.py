"""The calendar against days that were looked up, not computed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from workflow.holidays import (
    EQUATED,
    add_working_days,
    day_off,
    decree_days,
    decree_years_covered,
    easter,
    next_working_day,
)


@pytest.mark.parametrize(
    "sunday",
    [
        date(2014, 4, 20),
        date(2015, 4, 5),
        date(2016, 3, 27),
        date(2019, 4, 21),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2028, 4, 16),
        date(2029, 4, 1),
        date(2030, 4, 21),
        date(2031, 4, 13),
        date(2032, 3, 28),
        date(2035, 3, 25),
        date(2038, 4, 25),
        date(2049, 4, 18),
        date(2076, 4, 19),
    ],
)
def test_easter_falls_on_the_days_of_the_almanac(sunday: date) -> None:
    assert easter(sunday.year) == sunday


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-01-01", "Nieuwjaarsdag"),
        ("2026-01-02", EQUATED),
        ("2026-01-03", "zaterdag"),
        ("2026-01-04", "zondag"),
        ("2026-04-03", "Goede Vrijdag"),
        ("2026-04-05", "zondag"),
        ("2026-04-06", "Tweede paasdag"),
        ("2025-04-26", "Koningsdag"),
        ("2025-04-27", "zondag"),
        ("2025-04-28", None),
        ("2026-04-26", "zondag"),
        ("2026-04-27", "Koningsdag"),
        ("2031-04-26", "Koningsdag"),
        ("2026-05-05", "Bevrijdingsdag"),
        ("2027-05-05", "Bevrijdingsdag"),
        ("2026-05-04", None),
        ("2026-05-14", "Hemelvaartsdag"),
        ("2026-05-15", EQUATED),
        ("2026-05-25", "Tweede pinksterdag"),
        ("2026-12-24", None),
        ("2026-12-25", "Eerste kerstdag"),
        ("2026-12-26", "Tweede kerstdag"),
        ("2026-12-31", None),
        ("2026-05-01", None),
    ],
)
def test_every_day_has_its_reason(day: str, why: str | None) -> None:
    assert day_off(date.fromisoformat(day)) == why


def test_decree_days_stand_in_the_data_with_their_source_and_status() -> None:
    expected = ["2025-05-30", "2026-01-02", "2026-05-15", "2027-05-07", "2028-04-28", "2028-05-26"]
    assert {date.fromisoformat(day) for day in expected} <= set(decree_days())
    assert all(row.besluit and row.bron for row in decree_days().values())
    assert {row.status for row in decree_days().values()} <= {"nog te controleren", "gecontroleerd"}
    assert decree_days()[date(2026, 5, 15)].bron == "BWBR0051300"
    assert all(day.weekday() < 5 for day in decree_days()), "a weekend day needs no decree"


def test_decree_days_of_this_and_the_coming_two_years_are_there() -> None:
    year = datetime.now(UTC).year
    missing = {year, year + 1, year + 2} - decree_years_covered()
    assert not missing, f"add the decree days of {sorted(missing)} to workflow/besluiten_vrije_dagen.csv"


def test_friday_after_ascension_is_there_in_every_year_covered() -> None:
    for year in decree_years_covered():
        assert easter(year) + timedelta(days=40) in decree_days()


def test_next_working_day_walks_past_the_longest_row_of_days_off() -> None:
    assert next_working_day(date(2027, 5, 5)) == date(2027, 5, 10)
    assert next_working_day(date(2026, 3, 2)) == date(2026, 3, 2)


def test_working_days_are_counted_after_the_day_itself() -> None:
    assert add_working_days(date(2026, 5, 11), 5) == date(2026, 5, 20)
    assert add_working_days(date(2026, 3, 7), 1) == date(2026, 3, 9)
    assert add_working_days(date(2026, 3, 7), 0) == date(2026, 3, 7)
