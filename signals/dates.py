"""Dates as the BRP writes them: eight digits, the last of which may be unknown (00), and how people read them."""

import calendar
import re
from datetime import date

MONTHS = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
_COMPACT = re.compile(r"[0-9]{8}")
_DUTCH = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def eight_digits(text: str) -> str | None:
    """`JJJJMMDD`, `DD-MM-JJJJ` or `JJJJ-MM-DD` as eight digits, not yet held against the calendar; else None."""
    if _COMPACT.fullmatch(text):
        return text
    if match := _DUTCH.fullmatch(text):
        return "".join(reversed(match.groups()))
    if match := _ISO.fullmatch(text):
        return "".join(match.groups())
    return None


def as_date(digits: str) -> date | None:
    """The day that eight digits name, or None when a part is unknown or no such day exists."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def complete_date(text: str) -> str | None:
    """A day that exists, in any of the three notations, as eight digits; else None."""
    digits = eight_digits(text)
    return digits if digits and as_date(digits) else None


def birth_date(text: str) -> str | None:
    """A birth date as eight digits with `00` for what is unknown (03.10); else None.

    Only from the right: a day without its month, or a month without its year, is no date.
    """
    if not _COMPACT.fullmatch(text):
        return complete_date(text)
    year, month, day = text[:4], text[4:6], text[6:]
    if day != "00":
        return text if as_date(text) else None
    if month == "00":
        return text
    return text if year != "0000" and 1 <= int(month) <= 12 else None


def is_future(digits: str, today: date) -> bool:
    """True when eight digits can only lie after `today`, whatever their unknown parts are."""
    length = 8 if digits[6:] != "00" else 6 if digits[4:6] != "00" else 4
    return digits[:length] > f"{today:%Y%m%d}"[:length]


def birth_date_text(digits: str) -> str:
    """What people read: `12 april 1988`, `april 1988`, `1988` or `onbekend`."""
    known = as_date(digits)
    if known:
        return dutch_date(known)
    if digits[:4] in ("", "0000"):
        return "onbekend"
    return f"{MONTHS[int(digits[4:6]) - 1]} {digits[:4]}" if digits[4:6] != "00" else digits[:4]


def dutch_date(day: date) -> str:
    """`2 maart 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def add_months(day: date, months: int) -> date:
    """The same day number so many months on, or the last day of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def shorter_than_four_months(begin: date, end: date) -> bool:
    """True when `end` (exclusive) comes before four months are full: the stay criterion (Wet BRP 2.4 lid 1)."""
    return end < add_months(begin, 4)
