"""The texts of the letters: complete in every language, and only to be replaced by what says the same by law."""

import re
from datetime import date

import pytest

from workflow.dossier import SOURCES
from workflow.letter_texts import (
    DUTCH,
    LANGUAGES,
    LETTERS,
    ONLY_WHEN,
    OWN_WORDS,
    TEXTS,
    Due,
    filled,
    in_words,
    own_text_faults,
    placeholders,
    texts,
)

ONLY_TRANSLATED = {"eigen_woorden"}
TELLS_OF_TRANSLATION = ("algemeen", "vertaling")


def articles(text: str) -> list[str]:
    return sorted(re.findall(r"\b\d{1,2}[.:]\d{1,3}\b", text))


def numerals(text: str) -> list[str]:
    """Weeks, amounts and years: in another order perhaps, but none more, less or other."""
    return sorted(re.findall(r"\d+", text))


def shape(text: str) -> list[str]:
    """Headings, items and what stands alone on a line, in their order."""
    return re.findall(r"^(# |- |\{[a-z_]+\}$)", text, re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_has_every_block_in_every_language(language: str) -> None:
    assert set(texts(language)) == set(texts(DUTCH))
    for table, ours in texts(DUTCH).items():
        assert set(texts(language)[table]) - ONLY_TRANSLATED == set(ours), table
        assert all(texts(language)[table].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_articles_numerals_and_shape_agree_in_every_language(language: str) -> None:
    for table in TEXTS:
        for block, dutch in texts(DUTCH)[table].items():
            theirs = texts(language)[table][block]
            if (table, block) != TELLS_OF_TRANSLATION:
                assert placeholders(theirs) == placeholders(dutch), (table, block)
            assert articles(theirs) == articles(dutch), (table, block)
            assert numerals(theirs) == numerals(dutch), (table, block)
            assert shape(theirs) == shape(dutch), (table, block)


def test_a_block_that_is_printed_on_occasion_is_a_block() -> None:
    for table, blocks in ONLY_WHEN.items():
        assert blocks <= set(texts(DUTCH)[table])


def test_every_source_has_a_word_in_every_language() -> None:
    for language in (DUTCH, *LANGUAGES):
        assert set(texts(language)["bronnen"]) == {*SOURCES, "huisbezoek"}


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("nl", "vóór of op dinsdag 14 april 2026"),
        ("en", "on or before Tuesday 14 April 2026"),
        ("de", "spätestens am Dienstag, dem 14. April 2026"),
        ("pl", "najpóźniej 14 kwietnia 2026 r. (wtorek)"),
        ("ro", "cel târziu marți, 14 aprilie 2026"),
        ("bg", "най-късно на 14 април 2026 г. (вторник)"),
        ("es", "a más tardar el martes 14 de abril de 2026"),
        ("uk", "не пізніше 14 квітня 2026 року (вівторок)"),
    ],
)
def test_a_last_day_is_a_written_date_in_every_language(language: str, written: str) -> None:
    assert in_words(Due(date(2026, 4, 14)), language) == written


def test_our_own_texts_pass_what_is_asked_of_a_municipality_s() -> None:
    for language in (DUTCH, *LANGUAGES):
        own = {table: {k: v for k, v in texts(language)[table].items() if k not in ONLY_TRANSLATED} for table in TEXTS}
        assert [fault for fault in own_text_faults(language, own) if "vertaaltaal" not in fault] == []


PLICHT = "# Uw plicht\n\nSchrijf u in (artikel 2.38 van de Wet BRP)."


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"aanschrijving": {"plicht": "Schrijf u in."}}, "noem artikel 2.38"),
        ({"aanschrijving": {"plicht": " "}}, "wettelijk nodig"),
        ({"aanschrijving": {"doen": "Doe dit snel in {gemeente}."}}, "hier ontbreekt {uiterlijk}"),
        ({"aanschrijving": {"plicht": PLICHT + " {motivering}"}}, "{motivering} kan hier niet"),
        ({"aanschrijving": {"plicht": PLICHT + " {"}}, "losse accolades"),
        ({"aanschrijving": {"plicht": 5}}, "geef een tekst"),
        ({"aanschrijving": {"slot": "Dag"}}, "dit blok bestaat niet"),
        ({"aanschrijving": "tekst"}, "per blok"),
        ({"boetebesluit": {"titel": "Boete"}}, "deze brief bestaat niet"),
        ({"besluit": {"motivering": "Omdat {motivering}."}}, "alleen op een regel"),
        ({"bezwaar": {"bezwaar": "Maak bezwaar bij {gemeente}."}}, "hier ontbreekt {bezwaar_tot}"),
        ({"algemeen": {"contact": "Bel {telefoon}."}}, "hier ontbreekt {contactpersoon}, {email}, {kenmerk}"),
    ],
)
def test_an_own_text_that_leaves_out_what_the_law_asks_is_refused(own: dict[str, object], told: str) -> None:
    (fault,) = own_text_faults(DUTCH, own)
    assert told in fault


def test_an_own_text_that_says_it_in_other_words_is_taken_and_a_warning_of_a_fine_may_go() -> None:
    assert list(own_text_faults(DUTCH, {"aanschrijving": {"plicht": PLICHT, "boete": ""}})) == []


def test_words_of_the_handler_stand_alone_on_a_line() -> None:
    for table in LETTERS:
        for block in texts(DUTCH)[table].values():
            lines = block.splitlines()
            assert all(f"{{{name}}}" in lines for name in placeholders(block) & OWN_WORDS)


def test_a_sentence_that_ends_with_a_point_of_its_own_gets_no_second() -> None:
    known = {"datum": "22 marca 2026 r.", "naam": "Ewa"}
    assert filled("Od {datum}. Dla {naam}.", known) == "Od 22 marca 2026 r. Dla Ewa."
