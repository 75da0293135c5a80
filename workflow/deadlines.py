"""When a term ends, and the Dutch sentences that say why: the one place where the terms of the procedure are counted.

The day of the event is never counted (Awb 6:8 for bezwaar; chosen for the other terms, where no rule says otherwise).
Article 2 of the Algemene termijnenwet (a term of at least three days holds at least two ordinary days) never bites
here: the shortest statutory term in days, weeks or months is four weeks, and terms in working days hold only ordinary
days by nature.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from signals.dates import add_months, dutch_date
from signals.errors import Invalid, Reason
from workflow.holidays import FIRST_YEAR, LAST_YEAR, day_off, decree_years_covered


class Term(StrEnum):
    """The terms by the names under which they are stored, shown and sent."""

    LAA_EERSTE_ANTWOORD = "laa_eerste_antwoord"
    LAA_RESULTAAT = "laa_resultaat"
    TMV_REACTIE = "tmv_reactie"
    RICHTLIJN_ONDERZOEK = "richtlijn_onderzoek"
    AANSCHRIJVING = "aanschrijving"
    INLICHTINGEN_HUISBEZOEK = "inlichtingen_huisbezoek"
    ZIENSWIJZE = "zienswijze"
    AFRONDING = "afronding"
    BEZWAAR = "bezwaar"
    BESLISSING_OP_BEZWAAR = "beslissing_op_bezwaar"
    BESLISSING_OP_BEZWAAR_COMMISSIE = "beslissing_op_bezwaar_commissie"
    PL_OVERZICHT = "pl_overzicht"
    TERUGBELVERZOEK = "terugbelverzoek"


class Unit(StrEnum):
    """In what a term is counted."""

    DAGEN = "dagen"
    WEKEN = "weken"
    MAANDEN = "maanden"
    WERKDAGEN = "werkdagen"


class Rule(StrEnum):
    """What happens when the last day is no ordinary day."""

    ROLLS = "rolls"  # statutory: Algemene termijnenwet article 1
    NO_ROLL = "no_roll"  # statutory, but too long for that act: article 4
    WORKING_DAY = "working_day"  # set by the college, which chooses a working day
    GUIDELINE = "guideline"  # no legal term; shown on the next working day
    WORKING_DAYS = "working_days"  # only working days are counted, so it ends on one


@dataclass(frozen=True)
class TermRule:
    """One row of the table of terms: what people call it, the event it counts from, its length and where that stands.

    `legal` holds the other lengths that the law allows. `setting` is the dated setting that holds the length of a
    municipality. `held` says whether a hold moves the term. `letter` marks a term that runs for the person: that it
    passes is no lateness of the municipality, it makes the next step possible.
    """

    label: str
    event: str
    length: int
    unit: Unit
    rule: Rule
    basis: str
    legal: tuple[int, ...] = ()
    setting: str | None = None
    held: bool = False
    letter: bool = False


TERMS: Mapping[Term, TermRule] = MappingProxyType(
    {
        Term.LAA_EERSTE_ANTWOORD: TermRule(
            "eerste antwoord LAA",
            "de ontvangst van het signaal in WALAA",
            4,
            Unit.WEKEN,
            Rule.ROLLS,
            "Besluit BRP artikel 28g",
        ),
        Term.LAA_RESULTAAT: TermRule(
            "resultaat LAA",
            "de ontvangst van het signaal in WALAA",
            6,
            Unit.MAANDEN,
            Rule.NO_ROLL,
            "Besluit BRP artikel 28g",
        ),
        Term.TMV_REACTIE: TermRule(
            "reactie op de terugmelding",
            "de ontvangst van het signaal",
            5,
            Unit.WERKDAGEN,
            Rule.WORKING_DAYS,
            "Besluit BRP artikel 28",
        ),
        Term.RICHTLIJN_ONDERZOEK: TermRule(
            "richtlijn voor het onderzoek",
            "de start van het onderzoek",
            70,
            Unit.DAGEN,
            Rule.GUIDELINE,
            "Circulaire adresonderzoek, hoofdstuk 6",
            setting="termijn_richtlijn_onderzoek_dagen",
            held=True,
        ),
        Term.AANSCHRIJVING: TermRule(
            "reactie op de aanschrijving",
            "de verzending van de aanschrijving",
            14,
            Unit.DAGEN,
            Rule.WORKING_DAY,
            "Wet BRP artikel 2.47; Circulaire adresonderzoek 4.3",
            setting="termijn_aanschrijving_dagen",
            letter=True,
        ),
        Term.INLICHTINGEN_HUISBEZOEK: TermRule(
            "inlichtingen en huisbezoek",
            "het begin van de inlichtingen of het huisbezoek",
            28,
            Unit.DAGEN,
            Rule.GUIDELINE,
            "Circulaire adresonderzoek 4.4, 4.5 en hoofdstuk 6",
            setting="termijn_inlichtingen_huisbezoek_dagen",
            held=True,
        ),
        Term.ZIENSWIJZE: TermRule(
            "zienswijze",
            "de verzending van het voornemen",
            14,
            Unit.DAGEN,
            Rule.WORKING_DAY,
            "Awb artikel 4:8; Circulaire adresonderzoek 4.6",
            setting="termijn_zienswijze_dagen",
            letter=True,
        ),
        Term.AFRONDING: TermRule(
            "afronding na het voornemen",
            "de verzending van het voornemen",
            28,
            Unit.DAGEN,
            Rule.GUIDELINE,
            "Circulaire adresonderzoek 4.6 en hoofdstuk 6",
            setting="termijn_afronding_dagen",
            held=True,
        ),
        Term.BEZWAAR: TermRule(
            "bezwaar",
            "de verzending van het besluit",
            6,
            Unit.WEKEN,
            Rule.ROLLS,
            "Awb artikelen 6:7 en 6:8",
            letter=True,
        ),
        # Deferring adds at most six weeks (lid 3), counted on from the first term as if it had not rolled: the
        # earlier of the two possible days, so never too late.
        Term.BESLISSING_OP_BEZWAAR: TermRule(
            "beslissing op bezwaar",
            "de laatste dag van de bezwaartermijn",
            6,
            Unit.WEKEN,
            Rule.ROLLS,
            "Awb artikel 7:10",
            legal=(12,),
        ),
        Term.BESLISSING_OP_BEZWAAR_COMMISSIE: TermRule(
            "beslissing op bezwaar met een commissie",
            "de laatste dag van de bezwaartermijn",
            12,
            Unit.WEKEN,
            Rule.ROLLS,
            "Awb artikelen 7:10 en 7:13",
            legal=(18,),
        ),
        Term.PL_OVERZICHT: TermRule(
            "overzicht van de persoonslijst",
            "de inschrijving in de BRP",
            4,
            Unit.WEKEN,
            Rule.ROLLS,
            "Wet BRP artikel 2.54",
        ),
        Term.TERUGBELVERZOEK: TermRule(
            "terugbelverzoek",
            "het terugbelverzoek",
            2,
            Unit.WERKDAGEN,
            Rule.WORKING_DAYS,
            "werkafspraak, geen wettelijke termijn",
        ),
    }
)

# The longest term in each unit to which the Algemene termijnenwet applies (article 4).
_LONGEST_ROLLING = MappingProxyType({Unit.DAGEN: 90, Unit.WEKEN: 12, Unit.MAANDEN: 3})
_LONGEST_IN_WORDS = MappingProxyType(
    {Unit.DAGEN: "negentig dagen", Unit.WEKEN: "twaalf weken", Unit.MAANDEN: "drie maanden"}
)
# No length that anybody sets is longer than this; it also keeps every end inside the calendar.
LONGEST_DAYS = 365
_LONGEST_HOLD = 3660

_SINGULAR = MappingProxyType({Unit.DAGEN: "dag", Unit.WEKEN: "week", Unit.MAANDEN: "maand", Unit.WERKDAGEN: "werkdag"})
_WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Deadline:
    """The last day of a term, counted from the day of its event, with the sentences that explain it."""

    term: Term
    vanaf: date
    einde: date
    uitleg: tuple[str, ...]


def in_words(day: date) -> str:
    """`maandag 2 maart 2026`."""
    return f"{_WEEKDAYS[day.weekday()]} {dutch_date(day)}"


def term_named(name: str) -> Term:
    """The term with this stored name; Invalid with the names that exist."""
    try:
        return Term(name)
    except ValueError:
        known = ", ".join(Term)
        raise Invalid(
            Reason("termijn_onbekend", f"De termijn '{name}' bestaat niet. Kies een van: {known}.", "term")
        ) from None


def day_given(text: str) -> date:
    """A day written as jjjj-mm-dd; Invalid with how to write it."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(
        Reason(
            "datum_ongeldig",
            f"'{text}' is geen bestaande datum. Schrijf hem als jjjj-mm-dd, zoals 2026-03-02; op een pagina mag ook "
            "02-03-2026.",
            "vanaf",
        )
    )


def deadline(term: Term | str, vanaf: date | str, *, length: int | None = None, held_days: int = 0) -> Deadline:
    """When `term` ends for an event on `vanaf`.

    `length` is in the unit of the term: that of a municipality where a setting exists, or one the law allows (12 weeks
    for a deferred beslissing op bezwaar, 18 with a committee). `held_days` is how long the case stood on hold within
    the term; where a hold moves nothing the explanation says so. Invalid for an unknown term, an impossible date or
    a length that is not allowed.
    """
    term = term_named(term)
    start = _start_of(vanaf)
    row = TERMS[term]
    count = _length_of(term, row, length)
    if not 0 <= held_days <= _LONGEST_HOLD:
        raise Invalid(
            Reason("aanhouding_ongeldig", "Het aantal dagen aanhouding kan niet negatief of langer dan tien jaar zijn.")
        )
    sentences = [f"De termijn begint met {row.event} op {in_words(start)}. Die dag telt niet mee."]
    if row.rule is Rule.WORKING_DAYS:
        end = _count_working_days(start, count, row, sentences)
        seen = start
    else:
        seen = end = _count(start, count, row, sentences)
    if held_days and row.held:
        seen = end = end + held_days * _DAY
        days = "1 dag" if held_days == 1 else f"{held_days} dagen"
        sentences.append(f"De zaak was {days} aangehouden. Daardoor wordt het {in_words(end)}.")
    elif held_days:
        sentences.append("Aanhouden van de zaak verschuift deze termijn niet.")
    if row.rule is not Rule.WORKING_DAYS:
        end = _settle(end, count, row, sentences)
    if row.rule is not Rule.NO_ROLL:
        sentences.extend(_warning(seen, end))
    return Deadline(term, start, end, tuple(sentences))


def _start_of(vanaf: date | str) -> date:
    start = day_given(vanaf) if isinstance(vanaf, str) else vanaf
    if isinstance(start, datetime):
        raise TypeError("a deadline counts from a day in the clock's time zone, not from a moment")
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise Invalid(
            Reason(
                "datum_buiten_kalender",
                f"Voor {start.isoformat()} zijn de feestdagen niet bekend. "
                f"Geef een datum van {FIRST_YEAR} tot en met {LAST_YEAR}.",
                "vanaf",
            )
        )
    return start


def _length_of(term: Term, row: TermRule, length: int | None) -> int:
    if length is None or length == row.length or length in row.legal:
        return row.length if length is None else length
    if row.setting is None:
        allowed = " of ".join(_amount(each, row.unit) for each in (row.length, *row.legal))
        raise Invalid(
            Reason(
                "lengte_staat_vast", f"De termijn {term} staat vast: {allowed}. Een andere lengte kan niet.", "length"
            )
        )
    if not 1 <= length <= LONGEST_DAYS:
        raise Invalid(
            Reason(
                "lengte_ongeldig",
                f"De termijn {term} duurt 1 tot en met {LONGEST_DAYS} dagen, niet {length}.",
                "length",
            )
        )
    return length


def _amount(count: int, unit: Unit) -> str:
    return f"{count} {_SINGULAR[unit] if count == 1 else unit}"


def _origin(row: TermRule) -> str:
    if row.rule is Rule.GUIDELINE:
        return f"richtlijn: {row.basis}"
    return row.basis


def _count(start: date, count: int, row: TermRule, sentences: list[str]) -> date:
    if row.unit is Unit.MAANDEN:
        end = add_months(start, count)
    else:
        end = start + count * (7 if row.unit is Unit.WEKEN else 1) * _DAY
    sentences.append(f"De termijn is {_amount(count, row.unit)} ({_origin(row)}). Dat komt uit op {in_words(end)}.")
    if row.unit is Unit.MAANDEN and end.day != start.day:
        sentences.append(f"Die maand heeft geen dag {start.day}; daarom geldt de laatste dag van de maand.")
    return end


def _count_working_days(start: date, count: int, row: TermRule, sentences: list[str]) -> date:
    sentences.append(f"De termijn is {_amount(count, row.unit)} ({_origin(row)}). Alleen werkdagen tellen.")
    day, left = start, count
    while left:
        day += _DAY
        why = day_off(day)
        if why is None:
            left -= 1
        else:
            sentences.append(_because(day, "telt niet mee", why))
    sentences.append(f"De laatste dag is {in_words(day)}.")
    return day


def _because(day: date, what: str, why: str) -> str:
    return f"{in_words(day).capitalize()} {what}: {'dat is geen werkdag' if why in _WEEKDAYS else why}."


def _settle(end: date, count: int, row: TermRule, sentences: list[str]) -> date:
    """The last day after the rule for weekends and holidays."""
    rolls_by_law = row.rule is Rule.ROLLS and count <= _LONGEST_ROLLING[row.unit]
    if row.rule is Rule.NO_ROLL or (row.rule is Rule.ROLLS and not rolls_by_law):
        why = day_off(end)
        weekend = "" if why is None else " ook al is dat geen werkdag" + ("" if why in _WEEKDAYS else f" ({why})")
        sentences.append(
            f"Deze dag schuift niet door{',' if weekend else ''}{weekend}: de termijn is langer dan "
            f"{_LONGEST_IN_WORDS[row.unit]} (Algemene termijnenwet artikel 4)."
        )
        return end
    if day_off(end) is None:
        sentences.append("Dat is een werkdag; de laatste dag schuift niet door.")
        return end
    while (why := day_off(end)) is not None:
        sentences.append(_because(end, "kan niet de laatste dag zijn", why))
        end += _DAY
    reason = {
        Rule.ROLLS: "De termijn loopt door tot en met de eerste gewone dag (Algemene termijnenwet artikel 1)",
        Rule.WORKING_DAY: "Het college stelt deze termijn vast en kiest de eerste werkdag daarna",
        Rule.GUIDELINE: "Dit is een richtlijn; wij tonen de eerste werkdag daarna",
    }[row.rule]
    sentences.append(f"{reason}: {in_words(end)}.")
    return end


def _warning(first: date, last: date) -> list[str]:
    """A year without its decree may still get equated days, and then the date may change."""
    missing = sorted({first.year, last.year} - decree_years_covered())
    if not missing:
        return []
    years = " en ".join(map(str, missing))
    return [
        f"Let op: voor {years} staan de dagen die bij koninklijk besluit zijn gelijkgesteld niet in de gegevens. "
        "De datum kan daardoor nog veranderen."
    ]
