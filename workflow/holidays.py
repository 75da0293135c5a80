"""Which days are no ordinary day for a legal term, and why (Algemene termijnenwet, articles 1 and 3).

General rules are computed; days equated by royal decree (article 3 lid 3) are dated data in
`besluiten_vrije_dagen.csv`, each with its source and whether it was checked against the decree.
Local holidays and closed offices do not count (they are ordinary days for the law).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

# King's Day exists since 2014; before that year this calendar would be wrong.
FIRST_YEAR = 2014
LAST_YEAR = 2199

EQUATED = "gelijkgesteld bij koninklijk besluit"

_DAY = timedelta(days=1)
_DECREES = Path(__file__).with_name("besluiten_vrije_dagen.csv")


@dataclass(frozen=True)
class DecreeDay:
    """One day equated with a holiday: the decree that says so, where to find it, and whether that was checked."""

    datum: date
    besluit: str
    bron: str
    status: str


@cache
def decree_days() -> Mapping[date, DecreeDay]:
    """The equated days by date, as the data file gives them."""
    with _DECREES.open(encoding="utf-8", newline="") as file:
        rows = [
            DecreeDay(date.fromisoformat(row["datum"]), row["besluit"], row["bron"], row["status"])
            for row in csv.DictReader(file)
        ]
    return MappingProxyType({row.datum: row for row in rows})


@cache
def decree_years_covered() -> frozenset[int]:
    """The years for which the decree is in the data.

    The Friday after Ascension is equated every year, so a year without any day is a year not entered yet.
    """
    return frozenset(day.year for day in decree_days())


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous algorithm of Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _kings_day(year: int) -> date:
    day = date(year, 4, 27)
    return day - _DAY if day.weekday() == 6 else day


@cache
def holidays_of(year: int) -> Mapping[date, str]:
    """The holidays of article 3 lid 1 and Good Friday (lid 2) by date, with their Dutch names; no decree days."""
    sunday = easter(year)
    return MappingProxyType(
        {
            date(year, 1, 1): "Nieuwjaarsdag",
            sunday - 2 * _DAY: "Goede Vrijdag",
            sunday + _DAY: "Tweede paasdag",
            _kings_day(year): "Koningsdag",
            date(year, 5, 5): "Bevrijdingsdag",
            sunday + 39 * _DAY: "Hemelvaartsdag",
            sunday + 50 * _DAY: "Tweede pinksterdag",
            date(year, 12, 25): "Eerste kerstdag",
            date(year, 12, 26): "Tweede kerstdag",
        }
    )


def day_off(day: date) -> str | None:
    """Why `day` is no ordinary day, in Dutch, or None for a working day; a holiday goes before a weekend."""
    holiday = holidays_of(day.year).get(day)
    if holiday is not None:
        return holiday
    if day in decree_days():
        return EQUATED
    if day.weekday() >= 5:
        return "zaterdag" if day.weekday() == 5 else "zondag"
    return None


def next_working_day(day: date) -> date:
    """`day` itself when it is a working day, otherwise the first one after it."""
    while day_off(day) is not None:
        day += _DAY
    return day


def add_working_days(day: date, count: int) -> date:
    """The working day on which `count` working days have passed; `day` itself is not counted."""
    for _ in range(count):
        day = next_working_day(day + _DAY)
    return day
