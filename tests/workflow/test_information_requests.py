"""Information asked of others: the letter, what it counts for, and what is wrong with one that is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from factories import ANNA, case_at, codes, desk, take
from letter_reading import fragments, newest, plain, read
from sqlmodel import Session

from signals.errors import Invalid, Refused
from workflow import dossier
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.letter_texts import DUTCH, LANGUAGES, texts
from workflow.models import Case, LetterKind
from workflow.phases import Phase

ASKED: Mapping[str, Any] = {
    "ontvanger": "werkgever",
    "naam": "Kassen Zuid BV",
    "straat": "Kasweg 12",
    "postcode": "6601ab",
    "plaats": "Wijchen",
    "vragen": "Werkt Ewa Kowalska bij u?\nWelk adres gaf zij op?",
    "uiterlijk": "2026-03-20",
}


def ask(session: Session, case: Case, at_desk: Desk | None = None, **more: Any) -> Any:
    return dossier.add(session, case, "inlichtingenverzoeken", at_desk or desk(ANNA), {**ASKED, **more})


@pytest.mark.parametrize("language", [DUTCH, *LANGUAGES])
def test_a_request_for_information_is_whole_in_every_language(session: Session, language: str) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    ask(session, case, **({} if language == DUTCH else {"taal": language}))
    told = plain(read(newest(session, case)))
    for each in {DUTCH, language}:
        assert [text for text in fragments("inlichtingenverzoek", each) if text.lstrip("-") not in told] == []
        assert plain(texts(each)["inlichtingenverzoek"]["grond_vrijwillig"]) in told
    for line in ("Kassen Zuid BV Kasweg 12 6601 AB Wijchen", "geboren 12 april 1988", "Welk adres gaf zij op?"):
        assert plain(line) in told
    assert plain("vóór of op vrijdag 20 maart 2026") in told
    assert "999990019" not in told


@pytest.mark.parametrize(
    ("who", "article"), [("aangewezen_instelling", "artikel 2.50"), ("overheid", "artikel 2.35, lid 3")]
)
def test_only_who_must_answer_is_told_so(session: Session, who: str, article: str) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    ask(session, case, ontvanger=who)
    told = plain(read(newest(session, case)))
    assert plain(article) in told and plain("niet verplicht") not in told


def test_a_request_is_an_investigation_act_that_does_not_write_to_the_person(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    assert not CaseFile(session, case).investigated
    versie, request = case.versie, ask(session, case)
    assert (request.brief_nummer, case.versie) == (1, versie)
    file = CaseFile(session, case)
    assert file.investigated and not file.wrote_to_person
    assert (file.letters[0].geadresseerde, file.letters[0].adres) == ("Kassen Zuid BV", "Kasweg 12, 6601 AB Wijchen")
    take(session, case, "sluit_zonder_mutatie", desk(ANNA), resultaat="niet_vastgesteld", reden="x")
    assert [one.soort for one in CaseFile(session, case).letters] == [LetterKind.INLICHTINGENVERZOEK]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"postcode": "12"}, "postcode_ongeldig"),
        ({"uiterlijk": "2026-03-02"}, "uiterlijk_te_vroeg"),
        ({"verzenddatum": "2026-03-01"}, "verzenddatum_te_vroeg"),
        ({"ontvanger": "buurman"}, "keuze_onbekend"),
        ({"vragen": ""}, "verplicht_leeg"),
    ],
)
def test_a_request_that_is_wrong_is_told_where(session: Session, more: dict[str, str], code: str) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid) as error:
        ask(session, case, **more)
    assert codes(error) == {code}
    assert not CaseFile(session, case).letters


def test_a_request_needs_a_contact_person(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    case.behandelaar = None
    with pytest.raises(Refused) as error:
        ask(session, case)
    assert codes(error) == {"niet_toegewezen"}
