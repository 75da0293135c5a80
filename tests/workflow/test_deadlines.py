"""The terms against a table worked out by hand and against a second, slow way of counting."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.errors import Invalid
from workflow.deadlines import TERMS, Rule, Term, Unit, deadline

GOLDEN = list(csv.DictReader(Path(__file__).with_name("deadlines.golden.csv").read_text(encoding="utf-8").splitlines()))

# The second calendar, written down and not computed: Easter Sundays, King's Days on the 26th, decree days.
EASTERS = (
    "2024-03-31 2025-04-20 2026-04-05 2027-03-28 2028-04-16 2029-04-01 2030-04-21 2031-04-13 2032-03-28 2033-04-17"
)
DECREES = "2024-05-10 2024-12-27 2025-05-30 2026-01-02 2026-05-15 2027-05-07 2028-04-28 2028-05-26"
OFF = {date.fromisoformat(day) for day in DECREES.split()}
for sunday in map(date.fromisoformat, EASTERS.split()):
    OFF |= {sunday + timedelta(days=step) for step in (-2, 1, 39, 50)}
    OFF |= {date(sunday.year, month, day) for month, day in ((1, 1), (5, 5), (12, 25), (12, 26))}
    OFF.add(date(sunday.year, 4, 26 if sunday.year in (2025, 2031) else 27))

# Days are (count, "d"), months (count, "m"), working days (count, "w"); then whether it shifts; then whether it waits.
SLOW = {
    "laa_eerste_antwoord": (28, "d", True, False),
    "laa_resultaat": (6, "m", False, False),
    "tmv_reactie": (5, "w", False, False),
    "richtlijn_onderzoek": (70, "d", True, True),
    "aanschrijving": (14, "d", True, False),
    "inlichtingen_huisbezoek": (28, "d", True, True),
    "zienswijze": (14, "d", True, False),
    "afronding": (28, "d", True, True),
    "bezwaar": (42, "d", True, False),
    "beslissing_op_bezwaar": (42, "d", True, False),
    "beslissing_op_bezwaar_commissie": (84, "d", True, False),
    "pl_overzicht": (28, "d", True, False),
    "terugbelverzoek": (2, "w", False, False),
}


def ordinary(day: date) -> bool:
    return day.isoweekday() < 6 and day not in OFF


def slow(name: str, start: date, held: int) -> date:
    count, unit, shifts, waits = SLOW[name]
    day = start
    if unit == "m":
        seen = 0
        while True:
            day += timedelta(days=1)
            seen += day.day == 1
            last = (day + timedelta(days=1)).day == 1
            if seen == count and (day.day == start.day or last):
                return day
    left = count + (held if waits else 0)
    while left:
        day += timedelta(days=1)
        if unit == "d" or ordinary(day):
            left -= 1
    while shifts and not ordinary(day):
        day += timedelta(days=1)
    return day


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['term']}-{row['vanaf']}-{row['einde']}")
def test_a_term_ends_where_the_hand_made_table_says(row: dict[str, str]) -> None:
    length = int(row["lengte"]) if row["lengte"] else None
    found = deadline(row["term"], row["vanaf"], length=length, held_days=int(row["aangehouden"] or 0))
    assert found.einde == date.fromisoformat(row["einde"]), row["reasoning"]


def test_the_hand_made_table_holds_every_term() -> None:
    assert {row["term"] for row in GOLDEN} == set(Term) == set(SLOW)
    assert set(TERMS) == set(Term)


@given(st.sampled_from(Term), st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.integers(0, 40))
def test_a_term_ends_where_slow_counting_ends(term: Term, start: date, held: int) -> None:
    found = deadline(term, start, held_days=held)
    assert found.einde == slow(term, start, held)
    assert (found.term, found.vanaf) == (term, start)


@given(st.sampled_from(Term), st.dates(date(2014, 1, 1), date(2199, 12, 31)), st.integers(0, 400))
def test_every_date_explains_itself(term: Term, start: date, held: int) -> None:
    found = deadline(term, start, held_days=held)
    text = " ".join(found.uitleg)
    assert str(found.einde.day) in text and str(found.einde.year) in text
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in found.uitleg)


def test_the_explanation_names_every_day_that_moved_the_end() -> None:
    assert deadline("bezwaar", "2027-03-24").uitleg == (
        "De termijn begint met de verzending van het besluit op woensdag 24 maart 2027. Die dag telt niet mee.",
        "De termijn is 6 weken (Awb artikelen 6:7 en 6:8). Dat komt uit op woensdag 5 mei 2027.",
        "Woensdag 5 mei 2027 kan niet de laatste dag zijn: Bevrijdingsdag.",
        "Donderdag 6 mei 2027 kan niet de laatste dag zijn: Hemelvaartsdag.",
        "Vrijdag 7 mei 2027 kan niet de laatste dag zijn: gelijkgesteld bij koninklijk besluit.",
        "Zaterdag 8 mei 2027 kan niet de laatste dag zijn: dat is geen werkdag.",
        "Zondag 9 mei 2027 kan niet de laatste dag zijn: dat is geen werkdag.",
        "De termijn loopt door tot en met de eerste gewone dag (Algemene termijnenwet artikel 1): maandag 10 mei 2027.",
    )


def test_the_explanation_says_why_six_months_stay_where_they_are() -> None:
    assert deadline("laa_resultaat", "2026-08-31").uitleg[1:] == (
        "De termijn is 6 maanden (Besluit BRP artikel 28g). Dat komt uit op zondag 28 februari 2027.",
        "Die maand heeft geen dag 31; daarom geldt de laatste dag van de maand.",
        "Deze dag schuift niet door, ook al is dat geen werkdag: de termijn is langer dan drie maanden "
        "(Algemene termijnenwet artikel 4).",
    )


def test_the_explanation_names_the_days_that_are_not_counted() -> None:
    assert deadline("tmv_reactie", "2026-04-30").uitleg[1:] == (
        "De termijn is 5 werkdagen (Besluit BRP artikel 28). Alleen werkdagen tellen.",
        "Zaterdag 2 mei 2026 telt niet mee: dat is geen werkdag.",
        "Zondag 3 mei 2026 telt niet mee: dat is geen werkdag.",
        "Dinsdag 5 mei 2026 telt niet mee: Bevrijdingsdag.",
        "De laatste dag is vrijdag 8 mei 2026.",
    )


def test_the_explanation_says_what_a_hold_does() -> None:
    moved = deadline("afronding", "2026-03-02", held_days=1).uitleg
    assert "De zaak was 1 dag aangehouden. Daardoor wordt het dinsdag 31 maart 2026." in moved
    unmoved = deadline("bezwaar", "2026-03-02", held_days=1).uitleg
    assert "Aanhouden van de zaak verschuift deze termijn niet." in unmoved
    assert not any("anhouden" in sentence for sentence in deadline("bezwaar", "2026-03-02").uitleg)


def test_a_hold_moves_three_terms_and_no_other() -> None:
    assert {term for term, row in TERMS.items() if row.held} == {
        Term.RICHTLIJN_ONDERZOEK,
        Term.INLICHTINGEN_HUISBEZOEK,
        Term.AFRONDING,
    }


def test_only_terms_outside_the_law_have_a_length_per_municipality() -> None:
    settable = {term for term, row in TERMS.items() if row.setting}
    assert settable == {term for term, row in TERMS.items() if row.rule in (Rule.WORKING_DAY, Rule.GUIDELINE)}
    assert all(TERMS[term].unit is Unit.DAGEN for term in settable)
    assert all(TERMS[term].setting == f"termijn_{term}_dagen" for term in settable)


def test_a_year_without_its_decree_is_told() -> None:
    assert "voor 2045" in deadline("aanschrijving", "2045-03-01").uitleg[-1]
    assert not any("Let op" in sentence for sentence in deadline("aanschrijving", "2027-03-01").uitleg)
    assert not any("Let op" in sentence for sentence in deadline("laa_resultaat", "2045-03-01").uitleg)


@pytest.mark.parametrize(
    ("term", "vanaf", "length", "held", "code"),
    [
        ("beroep", "2026-03-02", None, 0, "termijn_onbekend"),
        ("", "2026-03-02", None, 0, "termijn_onbekend"),
        ("BEZWAAR", "2026-03-02", None, 0, "termijn_onbekend"),
        ("bezwaar", "2026-02-30", None, 0, "datum_ongeldig"),
        ("bezwaar", "02-03-2026", None, 0, "datum_ongeldig"),
        ("bezwaar", "20260302", None, 0, "datum_ongeldig"),
        ("bezwaar", "2026-W10-1", None, 0, "datum_ongeldig"),
        ("bezwaar", "", None, 0, "datum_ongeldig"),
        ("bezwaar", "2013-12-31", None, 0, "datum_buiten_kalender"),
        ("laa_resultaat", "9999-12-31", None, 0, "datum_buiten_kalender"),
        ("bezwaar", "2026-03-02", 8, 0, "lengte_staat_vast"),
        ("laa_resultaat", "2026-03-02", 7, 0, "lengte_staat_vast"),
        ("beslissing_op_bezwaar", "2026-03-02", 18, 0, "lengte_staat_vast"),
        ("aanschrijving", "2026-03-02", 0, 0, "lengte_ongeldig"),
        ("aanschrijving", "2026-03-02", 366, 0, "lengte_ongeldig"),
        ("afronding", "2026-03-02", None, -1, "aanhouding_ongeldig"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_a_sentence(
    term: str, vanaf: str, length: int | None, held: int, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        deadline(term, vanaf, length=length, held_days=held)
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert refused.value.uitleg.endswith(".")


def test_a_moment_is_not_a_day() -> None:
    with pytest.raises(TypeError):
        deadline(Term.BEZWAAR, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
