"""The terms of a case: what moves them, and what does not."""

from datetime import date, timedelta

import pytest
from factories import (
    ANNA,
    RECEIVED,
    case_at,
    desk,
    new_case,
    refused,
    take,
    term,
)
from sqlmodel import Session

from signals.errors import Invalid, Refused
from signals.models import Grondslag
from workflow import case_terms, dossier
from workflow.case_file import CaseFile
from workflow.phases import Phase

DAY = timedelta(days=1)


def test_a_letter_term_moves_by_an_extension_alone(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    on = desk(ANNA, date(2026, 3, 10))
    with pytest.raises(Invalid):
        take(session, case, "verleng_termijn", on, einde="2026-03-19", reden="vakantie")
    take(session, case, "verleng_termijn", on, einde="2026-04-04", reden="vakantie")  # a Saturday before Easter
    moved = term(session, case, "aanschrijving")
    assert moved.einde == date(2026, 4, 7)
    assert "vakantie" in " ".join(moved.uitleg)
    assert [letter.soort for letter in CaseFile(session, case).letters] == ["aanschrijving", "verlenging"]


def test_a_hold_moves_three_terms_and_no_other(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    before = {one.term: one.einde for one in case_terms.views(CaseFile(session, case), RECEIVED)}
    take(session, case, "houd_aan", desk(ANNA, date(2026, 3, 24)), reden="wacht op de IND")
    assert refused(session, case, "houd_aan", desk(ANNA, date(2026, 3, 24)), reden="x") == {"al_aangehouden"}
    assert term(session, case, "afronding").status == "opgeschort"
    assert term(session, case, "zienswijze").status == "loopt"
    take(session, case, "hervat", desk(ANNA, date(2026, 4, 3)))
    after = {one.term: one.einde for one in case_terms.views(CaseFile(session, case), RECEIVED)}
    assert {name for name in after if after[name] != before[name]} == {"richtlijn_onderzoek", "afronding"}
    assert after["afronding"] == date(2026, 4, 29)  # 19 April + 10 days
    assert after["richtlijn_onderzoek"] == date(2026, 5, 26)  # 14 May + 10 = Whit Sunday, Monday off


def test_walaa_turns_the_clock_green_on_its_own_date(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    on = desk(ANNA, date(2026, 4, 2))
    with pytest.raises(Refused):
        dossier.add(
            session, case, "walaa-vastleggingen", on, {"antwoord": "afgerond_met_brp_mutatie", "datum": "2026-04-01"}
        )
    assert term(session, case, "laa_eerste_antwoord", date(2026, 4, 1)).status == "verstreken"
    dossier.add(session, case, "walaa-vastleggingen", on, {"antwoord": "onderzoek_in_de_brp", "datum": "2026-03-31"})
    assert term(session, case, "laa_eerste_antwoord", date(2026, 4, 2)).status == "te_laat"
    assert term(session, case, "laa_resultaat", date(2026, 4, 2)).status == "loopt"


def test_a_terugmelding_has_five_working_days(session: Session) -> None:
    case = new_case(session, grondslag=Grondslag.TMV_2_34)
    assert [one.term for one in case_terms.views(CaseFile(session, case), RECEIVED)] == ["tmv_reactie"]
    take(session, case, "wijs_toe", desk(ANNA))
    take(session, case, "niet_oppakken", desk(ANNA, RECEIVED + DAY), reden="dubbel")
    assert term(session, case, "tmv_reactie").status == "gehaald"
