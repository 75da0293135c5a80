"""The words on the screen for stored codes, and how days, moments and lateness are read aloud."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from signals.dates import MONTHS, dutch_date
from workflow.deadlines import TERMS, Term
from workflow.fields import Field
from workflow.holidays import add_working_days
from workflow.transitions import BY_NAME
from workflow.words import WORDS
from workflow.words import euros as euros
from workflow.words import heading as heading  # pages say `labels.heading`, and the like
from workflow.words import number as number
from workflow.words import words as words

SOON_WORKING_DAYS = 5
WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_TYPED = frozenset({"tekst", "lange_tekst"})


def step_label(stap: str) -> str:
    """What a step is called on its button and in the history."""
    return BY_NAME[stap].label if stap in BY_NAME else heading(words(stap))


def term_label(term: str) -> str:
    """What people call a term."""
    return heading(TERMS[Term(term)].label)


def day(value: date | str | None) -> str:
    """`2 maart 2026`; also from an ISO text; nothing for nothing."""
    if not value:
        return ""
    return dutch_date(date.fromisoformat(value) if isinstance(value, str) else value)


def short_day(value: date | None) -> str:
    """`2 mrt 2026`, for tables."""
    if value is None:
        return ""
    month = {3: "mrt"}.get(value.month, MONTHS[value.month - 1][:3])
    return f"{value.day} {month} {value.year}"


def weekday(value: date) -> str:
    """`maandag 2 maart 2026`."""
    return f"{WEEKDAYS[value.weekday()]} {dutch_date(value)}"


def clock(value: time) -> str:
    """`18.00`."""
    return f"{value:%H.%M}"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """`2 maart 2026, 10.03 uur` in the clock's zone."""
    if value is None:
        return ""
    local = value.astimezone(zone)
    return f"{dutch_date(local.date())}, {local:%H.%M} uur"


def days_left(einde: date, today: date) -> str:
    """`vandaag`, `morgen`, `nog 12 dagen`, for a day that has not passed."""
    left = (einde - today).days
    return {0: "vandaag", 1: "morgen"}.get(left, f"nog {left} dagen")


def urgency(term: str, einde: date, today: date) -> tuple[str, str]:
    """How a running term looks: (style, words). Style is laat, spoed, voorbij or rustig; words say the same.

    A term that runs for the person (of a letter) is never late: when it is voorbij, the next step can be taken.
    """
    if einde < today:
        if TERMS[Term(term)].letter:
            return "voorbij", "voorbij"
        late = (today - einde).days
        return "laat", "1 dag te laat" if late == 1 else f"{late} dagen te laat"
    if not TERMS[Term(term)].letter and einde <= add_working_days(today, SOON_WORKING_DAYS):
        return "spoed", days_left(einde, today)
    return "rustig", days_left(einde, today)


def value_text(value: Any, zone: ZoneInfo, soort: str = "") -> str:
    """A stored value of an event or a dossier entry as people read it; what people typed stays as they typed it.

    soort: of the field it was filled in with; empty for what a step remembered besides.
    """
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value_text(each, zone, soort) for each in value)
    text = str(value)
    if soort == "stukken":
        return text.partition(" ")[2]
    if soort in _TYPED:
        return text
    try:
        if _ISO_DAY.fullmatch(text):
            return day(text)
        if _ISO_MOMENT.match(text):
            return moment(datetime.fromisoformat(text), zone)
    except ValueError:  # it only looks like a date
        return text
    return words(text) if (re.fullmatch(r"[a-zA-Z0-9_]+", text) and "_" in text) or text in WORDS else text


def term_state(term: str, status: str) -> str:
    """The status of a term; that of a letter does not lapse by anybody's fault."""
    return "voorbij" if status == "verstreken" and TERMS[Term(term)].letter else status


def told(gegevens: Mapping[str, Any], fields: Sequence[Field], zone: ZoneInfo) -> list[tuple[str, str]]:
    """What was filled in, as (label, text), in the order of the form; then what the step remembered besides."""
    labels = {field.naam: field.label for field in fields}
    order = [naam for naam in labels if naam in gegevens] + [naam for naam in gegevens if naam not in labels]
    kinds = {field.naam: field.soort for field in fields}
    shown = [
        (labels.get(naam) or spaced(naam), value_text(gegevens[naam], zone, kinds.get(naam, ""))) for naam in order
    ]
    return [(label, text) for label, text in shown if text]


def spaced(camel: str) -> str:
    """`datumVoornemen` -> `Datum voornemen`."""
    return heading(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", camel).lower().replace("_", " "))
