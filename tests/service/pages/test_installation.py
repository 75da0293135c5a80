"""What the beheerder decides for the installation, on its page."""

import html
import re
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from exports.models import LegalBasis
from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import AuditEntry
from service.settings import Settings
from signals.models import Participant
from tests import factories
from tests.service.conftest import NOW
from tests.service.pages.test_rendering import Visitor
from workflow.dated_settings import DatedSetting, setting
from workflow.phases import Phase

CONFIRMED = {"stap": "vastleggen"}
BASIS = CONFIRMED | {
    "grondslag": "LAA_2_37",
    "tekst": "Wet BRP artikel 2.37e lid 3",
    "besloten_door": "Minister, besluit 2026-1",
    "vanaf": "2026-11-02",
}


@pytest.fixture
def client(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000") as opened:
        yield opened


def test_a_basis_is_recorded_once_and_shown(client: TestClient, engine: Engine) -> None:
    bea = Visitor(client, "bea")
    assert "Geen geldige grondslag voor: LAA" in bea.get("/instellingen")
    for _ in range(2):
        assert bea.post("/instellingen/grondslagen", formulier="een", **BASIS) == (303, "")
    page = bea.get("/instellingen")
    assert page.count("Wet BRP artikel 2.37e lid 3") == 1
    assert "Geen geldige grondslag voor: LAA" not in page
    assert ">geldt<" in page
    status, page = bea.post("/instellingen/grondslagen", formulier="twee", **BASIS)
    assert status == 409
    assert "die geldt vanaf 2 november 2026" in page
    assert "Minister, besluit 2026-1" in page
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.actie == "grondslag_vastgelegd"))
    assert (entry.actor, entry.object) == ("bea", "LAA_2_37")


def test_what_was_not_filled_in_is_asked_and_what_was_stays(client: TestClient) -> None:
    bea = Visitor(client, "bea")
    status, page = bea.post("/instellingen/grondslagen", **(BASIS | {"tekst": "", "vanaf": "morgen"}))
    assert status == 400
    assert "Vul in: Wat de verstrekking toestaat." in page
    assert 'href="#veld-vanaf"' in page
    assert "Minister, besluit 2026-1" in page


def test_a_value_holds_from_its_day_in_its_municipality(client: TestClient, engine: Engine) -> None:
    bea = Visitor(client, "bea")
    value = CONFIRMED | {"naam": "bezoek_aantal", "waarde": "3", "gemeentecode": "0599", "besloten_door": "College"}
    assert bea.post("/instellingen/waarden", vanaf="01-12-2026", **value) == (303, "")
    page = bea.get("/instellingen")
    assert "Rotterdam" in page
    assert ">later<" in page
    with session_scope(engine, Access.system(), write=False) as session:
        found = [setting(session, "bezoek_aantal", code, date(2026, 12, 1)) for code in ("0599", "0983")]
    assert found == [3, 2]
    status, page = bea.post("/instellingen/waarden", vanaf="2026-12-01", **(value | {"waarde": "999"}))
    assert status == 400
    assert 'href="#veld-waarde"' in page


def test_the_first_participant_is_added_with_its_consequence_told(client: TestClient) -> None:
    bea = Visitor(client, "bea")
    assert "Alle gemeenten doen mee." in bea.get("/instellingen")
    assert "doen alleen de vastgelegde gemeenten mee" in bea.get("/instellingen/deelnemers")
    later = CONFIRMED | {"gemeentecode": "0599", "besloten_door": "Stuurgroep", "vanaf": "2027-01-01"}
    status, page = bea.post("/instellingen/deelnemers", **later)
    assert status == 409
    assert "geen enkele gemeente" in page
    assert bea.post("/instellingen/deelnemers", **(later | {"vanaf": "2026-11-02"})) == (303, "")
    assert "Alle gemeenten doen mee." not in bea.get("/instellingen")


def test_municipalities_are_filled_in_and_listed_by_name(client: TestClient) -> None:
    bea = Visitor(client, "bea")
    asked = CONFIRMED | {"besloten_door": "Stuurgroep", "vanaf": "2026-11-02"}
    status, page = bea.post("/instellingen/deelnemers", **asked, gemeentecode="Den Hag")
    assert status == 400 and "Er is geen gemeente met deze naam." in page and 'value="Den Hag"' in page
    for name in ("Groningen", "Venlo", "0599", "'s-gravenhage"):
        assert bea.post("/instellingen/deelnemers", **asked, gemeentecode=name) == (303, "")
    page = bea.get("/instellingen")
    names = re.findall(r'data-kop="Gemeente">([^<]+)<', page.partition("Deelnemende gemeenten")[2])
    assert [html.unescape(name) for name in names] == ["'s-Gravenhage", "Groningen", "Rotterdam", "Venlo"]


@pytest.mark.parametrize("naam", ["anna", "ulla", "coen", "aad"])
def test_settings_are_the_beheerders(client: TestClient, naam: str) -> None:
    visitor = Visitor(client, naam)
    for path in ("/instellingen", "/instellingen/grondslagen"):
        assert client.get(path).status_code == 403
    assert visitor.post("/instellingen/grondslagen", **BASIS)[0] == 403
    assert "/instellingen" not in visitor.get("/begrippen")


def recorded(engine: Engine) -> int:
    """How many values, bases and participants there are, and how many lines in the log tell of one."""
    with session_scope(engine, Access.system(), write=False) as session:
        kept = sum(len(session.exec(select(table)).all()) for table in (DatedSetting, LegalBasis, Participant))
        return kept + sum("vastgelegd" in entry.actie for entry in session.exec(select(AuditEntry)))


VISITS = {"naam": "bezoek_aantal", "waarde": "3", "besloten_door": "College", "vanaf": "2026-12-01"}
TERM = VISITS | {"naam": "termijn_aanschrijving_dagen", "waarde": "21"}


def test_what_a_value_changes_is_told_before_it_is_recorded(client: TestClient, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        factories.case_at(session, Phase.AANSCHRIJVING, date(2026, 9, 1), gemeentecode="0599")
        for code in ("0599", "0599", "0983"):
            factories.new_case(session, date(2026, 9, 1), code)
    bea = Visitor(client, "bea")
    status, page = bea.post("/instellingen/waarden", gemeentecode="0599", **TERM)
    assert status == 200
    assert "van 14 naar 21, vanaf 1 december 2026" in page
    assert "1 lopende termijn houdt de oude lengte." in page
    assert "2 zaken krijgen de nieuwe lengte" in page
    assert "Er is nog niets vastgelegd" in page and recorded(engine) == 0
    status, page = bea.post("/instellingen/waarden", **VISITS)
    assert "In 4 lopende zaken telt" in page and recorded(engine) == 0
    assert bea.post("/instellingen/waarden", gemeentecode="0599", **CONFIRMED, **VISITS)[0] == 303
    status, page = bea.post("/instellingen/waarden", **VISITS)
    assert "In 1 lopende zaak telt" in page, "the one municipality with a value of its own keeps it"
    assert "1 gemeente heeft een eigen waarde" in page
    earlier = VISITS | {"vanaf": "2026-11-05", "waarde": "4"}
    assert "De waarde geldt tot 1 december 2026" in bea.post("/instellingen/waarden", gemeentecode="0599", **earlier)[1]
    same = VISITS | {"vanaf": "2026-11-05", "waarde": "2"}
    assert "Er verandert niets" in bea.post("/instellingen/waarden", gemeentecode="0983", **same)[1]


def test_what_a_first_participant_means_for_the_others_is_told(client: TestClient, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        for code in ("0599", "0983", "0983"):
            factories.new_case(session, date(2026, 9, 1), code)
    bea = Visitor(client, "bea")
    joined = {"gemeentecode": "0599", "besloten_door": "Stuurgroep", "vanaf": "2026-11-02"}
    status, page = bea.post("/instellingen/deelnemers", **joined)
    assert status == 200 and recorded(engine) == 0
    assert "Rotterdam doet mee vanaf 2 november 2026. Daar loopt nu 1 zaak." in page
    assert "Bij die andere gemeenten lopen nu 2 zaken." in page
    assert bea.post("/instellingen/deelnemers", **CONFIRMED, **joined)[0] == 303
    page = bea.post("/instellingen/deelnemers", **(joined | {"gemeentecode": "0983"}))[1]
    assert "Daar lopen nu 2 zaken." in page and "eerste deelnemer" not in page


def test_what_was_typed_stays_through_the_look_and_back(client: TestClient, engine: Engine) -> None:
    bea = Visitor(client, "bea")
    looked = {name: value for name, value in BASIS.items() if name != "stap"}
    status, page = bea.post("/instellingen/grondslagen", **looked)
    assert status == 200 and "Resultaten over deze signalen mogen naar UWV vanaf 2 november 2026." in page
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert looked.items() <= hidden.items()
    status, page = bea.post("/instellingen/grondslagen", stap="wijzigen", **looked)
    assert status == 200 and recorded(engine) == 0
    assert "Minister, besluit 2026-1" in page and 'value="2026-11-02"' in page
    status, page = bea.post("/instellingen/grondslagen", **(looked | {"tekst": ""}))
    assert status == 400 and "Minister, besluit 2026-1" in page, "what cannot be is told before the look"
