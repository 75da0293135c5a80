"""What the beheerder decides for the installation, on its page."""

from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import AuditEntry
from service.settings import Settings
from tests.service.conftest import NOW
from tests.service.pages.test_rendering import Visitor
from workflow.dated_settings import setting

BASIS = {
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
    value = {"naam": "bezoek_aantal", "waarde": "3", "gemeentecode": "0599", "besloten_door": "College"}
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
    later = {"gemeentecode": "0599", "besloten_door": "Stuurgroep", "vanaf": "2027-01-01"}
    status, page = bea.post("/instellingen/deelnemers", **later)
    assert status == 409
    assert "geen enkele gemeente" in page
    assert bea.post("/instellingen/deelnemers", **(later | {"vanaf": "2026-11-02"})) == (303, "")
    assert "Alle gemeenten doen mee." not in bea.get("/instellingen")


@pytest.mark.parametrize("naam", ["anna", "ulla", "coen", "aad"])
def test_settings_are_the_beheerders(client: TestClient, naam: str) -> None:
    visitor = Visitor(client, naam)
    for path in ("/instellingen", "/instellingen/grondslagen"):
        assert client.get(path).status_code == 403
    assert visitor.post("/instellingen/grondslagen", **BASIS)[0] == 403
    assert "/instellingen" not in visitor.get("/begrippen")
