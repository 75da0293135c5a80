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
from sqlmodel import Session, col, select

from signals.errors import Invalid, Refused
from signals.models import Grondslag
from workflow import case_terms, dossier
from workflow.case_file import CaseFile
from workflow.models import Case, CaseTerm
from workflow.phases import Phase
from workflow.running_terms import running_terms

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


@pytest.mark.parametrize("grondslag", list(Grondslag))
def test_an_untouched_case_shows_the_terms_and_addresses_of_one_that_was_touched(
    session: Session, grondslag: Grondslag
) -> None:
    case = new_case(session, grondslag=grondslag)

    def shown() -> tuple[object, ...]:
        file = CaseFile(session, case)
        terms = [one.model_dump(exclude={"id"}) for one in file.terms]
        return terms, case_terms.views(file, RECEIVED), file.addresses

    def running() -> list[tuple[object, ...]]:
        terms = running_terms()
        of_case = select(terms.c.term, terms.c.gemeentecode, terms.c.vanaf, terms.c.einde)
        return sorted(tuple(row) for row in session.exec(of_case.where(terms.c.zaak_id == case.id)))

    untouched, ran = shown(), running()
    assert not session.exec(select(CaseTerm)).all() and ran
    dossier.add(session, case, "leerpunten", desk(ANNA), {"soort": "samenwerking"})
    session.expire_all()
    assert (case.eerste_antwoord_voor, case.resultaat_voor) == (None, None)
    assert len(session.exec(select(CaseTerm)).all()) == len(ran)
    assert (shown(), running()) == (untouched, ran)


def test_a_case_that_somebody_else_just_touched_gets_its_terms_once(session: Session) -> None:
    case = new_case(session)
    seen = CaseFile(session, case)
    assert len(seen.terms) == 2
    other = CaseFile(session, Case(**case.model_dump()))
    case_terms.settle(other)
    case_terms.settle(seen)
    assert [one.id for one in seen.terms] == list(session.exec(select(CaseTerm.id).order_by(col(CaseTerm.id))))
    assert len(seen.terms) == 2
