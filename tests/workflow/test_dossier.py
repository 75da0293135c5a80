"""What goes into the dossier beside the steps: who adds it, and what hangs on it."""

from datetime import date, timedelta

import pytest
from factories import (
    ANNA,
    BRAM,
    TESS,
    case_at,
    codes,
    desk,
    term,
)
from sqlmodel import Session, select

from signals.errors import Forbidden, Invalid
from workflow import dossier, parcels
from workflow.case_file import CaseFile
from workflow.models import Bijvangst, Case, CaseTask, CaseTerm
from workflow.phases import Herkomst, Phase

DAY = timedelta(days=1)


def test_entry_needs_consent_a_pass_and_a_purpose(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    visit = {
        "begin": "2026-03-09T10:00",
        "einde": "2026-03-09T09:00",
        "bezoekers": ["1234"],
        "opengedaan": True,
        "gelegitimeerd": False,
        "doelGemeld": True,
        "toestemming": "geweigerd",
        "binnengetreden": True,
    }
    with pytest.raises(Invalid) as error:
        dossier.add(session, case, "huisbezoeken", desk(BRAM, date(2026, 3, 12)), visit)
    assert codes(error) == {"einde_voor_begin", "geen_toestemming", "niet_gelegitimeerd"}


def test_a_role_without_the_right_cannot_add_to_the_dossier(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Forbidden):
        dossier.add(session, case, "walaa-vastleggingen", desk(BRAM), {})


def test_a_callback_request_runs_two_working_days_and_ends_when_called_back(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    friday = desk(ANNA, date(2026, 3, 6))
    row = dossier.add(session, case, "terugbelverzoeken", friday, {"telefoonnummer": "0612345678"})
    assert term(session, case, "terugbelverzoek").einde == date(2026, 3, 10)
    dossier.call_back_done(session, case, row.id, desk(ANNA, date(2026, 3, 9)))  # type: ignore[attr-defined]
    assert term(session, case, "terugbelverzoek").status == "gehaald"


def test_a_further_person_in_the_rni_gets_a_child_case_without_clocks(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "broer op hetzelfde adres", "bsn": "999990032", "geslachtsnaam": "Kowalski"}
    with pytest.raises(Invalid):
        dossier.add(session, case, "bijvangst", desk(BRAM), found | {"bsn": "999990033"})
    row = dossier.add(session, case, "bijvangst", desk(BRAM), found)
    assert isinstance(row, Bijvangst)
    child = session.get(Case, row.kindzaak_id)
    assert child is not None
    assert (child.herkomst, child.ouder_id, child.adressleutel) == (Herkomst.BIJVANGST, case.id, case.adressleutel)
    assert session.exec(select(CaseTerm).where(CaseTerm.zaak_id == child.id)).first() is None


def test_a_task_is_done_once(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    task = session.exec(select(CaseTask).where(CaseTask.soort == "rvig_verzoek")).one()
    assert task.id is not None
    dossier.finish_task(session, case, task.id, desk(ANNA))
    dossier.finish_task(session, case, task.id, desk(TESS))
    assert task.afgehandeld_door == "anna"


def test_a_rectification_says_what_was_asked_and_decided_and_goes_along_with_a_hand_over(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    at = desk(ANNA)
    given = {
        "gevraagdOp": str(at.today),
        "betreft": "Het verslag noemt de verkeerde verdieping.",
        "uitkomst": "verbeterd",
        "toelichting": "Het was de derde verdieping.",
        "meegedeeldOp": str(at.today),
    }
    tomorrow, before = str(at.today + timedelta(days=1)), str(at.today - timedelta(days=1))
    for wrong in ({"gevraagdOp": tomorrow}, {"meegedeeldOp": tomorrow}, {"meegedeeldOp": before}):
        with pytest.raises(Invalid) as refused:
            dossier.add(session, case, "rectificaties", at, given | wrong)
        assert refused.value.reasons[0].veld in given
    dossier.add(session, case, "rectificaties", at, given)
    (kept,) = CaseFile(session, case).rectifications
    assert (kept.uitkomst, kept.toelichting) == ("verbeterd", "Het was de derde verdieping.")
    (part,) = [one for one in parcels.offered(CaseFile(session, case), None) if one.soort == "rectificatie"]
    assert part.usual, "whom a thing was told, hears that it was mended (AVG 19)"
