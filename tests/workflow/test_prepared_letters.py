"""Letters made on one moment and posted on another: the step is taken when they go, with exactly their bytes."""

import hashlib
import io
from datetime import date, timedelta
from typing import Any

import pytest
from factories import ANNA, CARLA, KEES, NIJMEGEN, RECEIVED, TESS, add_source, case_at, codes, desk, person, take
from pypdf import PdfReader
from sqlmodel import Session

from signals.errors import Invalid, NotFound, Refused
from workflow import dossier, letters, posting_list, prepared_letters
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, PreparedLetter
from workflow.phases import Phase, Role

DAY = RECEIVED + timedelta(days=3)
LATER = RECEIVED + timedelta(days=40)
NOOR = person("noor", Role.BEHANDELAAR, code=NIJMEGEN)
ASKED = {
    "ontvanger": "werkgever",
    "naam": "Kassen Zuid BV",
    "straat": "Kasweg 12",
    "postcode": "6601AB",
    "plaats": "Wijchen",
    "vragen": "Werkt zij bij u?",
    "uiterlijk": "2026-03-20",
}


def prepared(session: Session, case: Case, at_desk: Desk | None = None, **gegevens: Any) -> PreparedLetter:
    chosen = at_desk or desk(ANNA, DAY)
    return prepared_letters.prepare(
        session, case, "verstuur_aanschrijving", chosen, versie=case.versie, gegevens=gegevens
    )


def decided(session: Session) -> tuple[Case, PreparedLetter]:
    case = case_at(session, Phase.VOORNEMEN)
    given = {"motivering": "Woont er aantoonbaar."}
    made = prepared_letters.prepare(
        session, case, "neem_besluit", desk(CARLA, LATER), versie=case.versie, gegevens=given
    )
    return case, made


def test_making_a_letter_leaves_the_case_as_it_is(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    before = case.model_dump()
    row = prepared(session, case, taal="pl")
    session.refresh(case)
    assert case.model_dump() == before
    assert not CaseFile(session, case).letters
    assert row.sha256 == hashlib.sha256(row.pdf).hexdigest()
    assert prepared_letters.waiting(session) == [row]


def test_posting_takes_the_step_with_exactly_its_bytes_also_by_a_colleague(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    row = prepared(session, case, taal="pl")
    event = prepared_letters.post(session, row, desk(NOOR, DAY, hour=16))
    assert (event.stap, event.door, event.gegevens["verzenddatum"]) == ("verstuur_aanschrijving", "noor", "2026-03-05")
    assert case.fase == Phase.AANSCHRIJVING
    sent = letters.sent(session, case, row.brief_nummer)
    assert (sent.pdf, sent.sha256) == (row.pdf, row.sha256)
    assert "VOORBEELD" not in PdfReader(io.BytesIO(sent.pdf)).pages[0].extract_text()
    assert (row.afhandeling, prepared_letters.waiting(session)) == ("verstuurd", [])
    with pytest.raises(NotFound):
        prepared_letters.find(session, row.id or 0)


def refused(session: Session, row: PreparedLetter, at_desk: Desk) -> set[str]:
    with pytest.raises(Refused) as error:
        prepared_letters.post(session, row, at_desk)
    return codes(error)


def test_a_letter_does_not_go_when_the_case_moved_on(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    row = prepared(session, case)
    take(session, case, "houd_aan", desk(ANNA, DAY), reden="wacht")
    assert refused(session, row, desk(ANNA, DAY)) == {"zaak_veranderd"}
    assert prepared_letters.waiting(session) == [row]


def test_a_letter_does_not_go_when_another_took_its_number(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    row = prepared(session, case)
    dossier.add(session, case, "inlichtingenverzoeken", desk(ANNA, DAY), ASKED)
    assert refused(session, row, desk(ANNA, DAY)) == {"zaak_veranderd"}
    session.refresh(case)
    assert case.fase == Phase.VOORONDERZOEK
    assert len(CaseFile(session, case).letters) == 1


def test_a_letter_goes_on_its_own_date_only(session: Session) -> None:
    row = prepared(session, case_at(session, Phase.VOORONDERZOEK))
    assert refused(session, row, desk(ANNA, DAY + timedelta(days=1))) == {"briefdatum_niet_vandaag"}


def test_a_letter_for_the_post_bears_the_date_of_today(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid) as error:
        prepared(session, case, verzenddatum=date(2026, 3, 4).isoformat())
    assert codes(error) == {"verzenddatum_niet_vandaag"}
    assert prepared(session, case, verzenddatum=DAY.isoformat()).briefdatum == DAY


def test_the_letter_of_a_beslisser_goes_by_its_maker_only(session: Session) -> None:
    case, row = decided(session)
    assert refused(session, row, desk(KEES, LATER)) == {"alleen_maker"}
    prepared_letters.post(session, row, desk(CARLA, LATER))
    assert case.fase == Phase.BESLUIT


def test_posting_asks_the_gate_again(session: Session) -> None:
    row = prepared(session, case_at(session, Phase.VOORONDERZOEK))
    assert refused(session, row, desk(TESS, DAY)) == {"rol_ontbreekt"}


def test_making_is_refused_as_the_step_would_be(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    with pytest.raises(Refused) as error:
        prepared_letters.prepare(
            session, case, "neem_besluit", desk(ANNA, LATER), versie=case.versie, gegevens={"motivering": "x"}
        )
    assert "rol_ontbreekt" in codes(error)
    assert prepared_letters.waiting(session) == []


def test_a_step_that_sends_nothing_has_no_letter_for_the_post(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    for stap, given in (
        ("houd_aan", {"reden": "x"}),
        ("registreer_retour", {"brief": "1", "datum": RECEIVED + timedelta(days=9)}),
    ):
        with pytest.raises(Refused) as error:
            prepared_letters.prepare(session, case, stap, desk(ANNA, LATER), versie=case.versie, gegevens=given)
        assert codes(error) == {"geen_brief"}


def test_made_again_it_replaces_what_waited_for_the_same_step(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    first, second = prepared(session, case), prepared(session, case, taal="bg")
    assert (first.afhandeling, prepared_letters.waiting(session)) == ("vervangen", [second])


def test_a_letter_is_taken_out_of_the_post_by_who_may_send_it_or_the_teamleider(session: Session) -> None:
    _, row = decided(session)
    with pytest.raises(Refused):
        prepared_letters.remove(session, row, desk(ANNA, LATER))
    prepared_letters.remove(session, row, desk(TESS, LATER))
    assert (row.afhandeling, prepared_letters.waiting(session)) == ("weggehaald", [])


def test_the_bundle_is_a_posting_list_and_every_letter(session: Session) -> None:
    rows = [prepared(session, case_at(session, Phase.VOORONDERZOEK, bsn=bsn)) for bsn in ("999990019", "999990020")]
    pages = PdfReader(io.BytesIO(posting_list.bundle(session, rows, DAY))).pages
    made = [PdfReader(io.BytesIO(row.pdf)).pages for row in rows]
    assert len(pages) == 1 + sum(map(len, made))
    told = " ".join(pages[0].extract_text().split())
    assert "Postlijst van 5 maart 2026" in told
    for row in rows:
        case = session.get_one(Case, row.zaak_id)
        assert f"{case.zaaknummer}/1 Ewa Kowalska" in told
    assert [page.extract_text() for page in pages[1:]] == [page.extract_text() for one in made for page in one]


def test_a_source_added_meanwhile_does_not_stop_a_letter(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    row = prepared(session, case)
    add_source(session, case, desk(ANNA, DAY), "kvk")
    prepared_letters.post(session, row, desk(ANNA, DAY))
    assert case.fase == Phase.AANSCHRIJVING
