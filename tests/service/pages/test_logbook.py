"""The log on the page: by day, action and user, and from a count on to its lines."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import Engine, insert

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import AuditEntry
from service.settings import Settings
from signals.base import table
from tests import authenticator
from tests.service.pages.conftest import ROTTERDAM, SignIn, Site, fits_the_width

OWN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def enter(settings: Settings, engine: Engine) -> Iterator[Callable[[str], TestClient]]:
    """Somebody signs in, with a log in which something of two municipalities stands."""
    before = settings.now() - timedelta(days=2)
    row = {"tijdstip": before, "actor": "zoe", "resultaat": "gelukt", "herkomst": "pagina 192.0.2.1"}
    rows = [
        row | {"actie": "zaak_geopend", "object": f"Z-2026-000000{number}", "gemeentecode": code}
        for number, code in enumerate((ROTTERDAM, ROTTERDAM, "0983"))
    ]
    with session_scope(engine, Access.system()) as session:
        session.execute(insert(table(AuditEntry)), rows)
    with TestClient(create_app(settings, engine), base_url=OWN["Origin"]) as client:

        def enter(naam: str) -> TestClient:
            authenticator.sign_in(client, engine, naam, naam, now=settings.now(), headers=OWN)
            return client

        yield enter


def test_the_teamleider_sees_the_own_municipality_and_no_addresses_of_machines(
    enter: Callable[[str], TestClient],
) -> None:
    tess = enter("tess")
    page = tess.get("/logboek").text
    assert "Z-2026-0000000" in page and "Z-2026-0000001" in page
    assert "Z-2026-0000002" not in page and "192.0.2.1" not in page and "Per gebruiker" not in page
    asked = tess.get("/logboek?per=gebruiker")
    assert asked.status_code == 200 and "Aantal regels" not in asked.text
    assert "meer dan" not in tess.get("/logboek?per=actie").text


def test_a_user_who_did_nothing_here_is_no_finding_and_it_says_which_name_to_fill_in(
    enter: Callable[[str], TestClient],
) -> None:
    tess = enter("tess")
    assert "Z-2026-0000001" in tess.get("/logboek?actor=zoe").text
    for naam in ("Zoe de Boer", "dirk"):
        page = tess.get("/logboek", params={"actor": naam}).text
        assert "Niets gevonden." in page and "Vul bij Gebruiker de naam in waarmee iemand inlogt." in page


def test_the_auditor_sees_everything(enter: Callable[[str], TestClient], settings: Settings) -> None:
    aad = enter("aad")
    assert "Z-2026-0000002" in aad.get("/logboek?actor=zoe").text
    assert "192.0.2.1" in aad.get("/logboek").text
    day = settings.now() - timedelta(days=2)
    counted = aad.get(f"/logboek?per=gebruiker&dag={day:%Y-%m-%d}").text
    assert f"/logboek?dag={day:%Y-%m-%d}&amp;actor=zoe" in counted
    assert aad.get(f"/logboek?dag={day:%d-%m-%Y}").text.count("Z-2026-000000") >= 3


@pytest.mark.parametrize("day", ["31-02-2026", "0001-01-01", "9999-12-31", "gisteren"])
def test_a_day_that_does_not_exist_is_said_and_stays(enter: Callable[[str], TestClient], day: str) -> None:
    aad = enter("aad")
    answer = aad.get("/logboek", params={"dag": day})
    assert answer.status_code == 400
    assert "Deze dag bestaat niet. Schrijf hem als 23-11-2026." in answer.text and f'value="{day}"' in answer.text
    assert aad.get("/logboek", params={"per": "dag", "tot": day}).status_code == 200


@pytest.mark.parametrize("naam", ["anna", "ulla", "coen", "bea"])
def test_nobody_else_reads_it(enter: Callable[[str], TestClient], naam: str) -> None:
    assert enter(naam).get("/logboek?per=dag").status_code == 403


@pytest.mark.browser
def test_from_a_day_one_comes_to_its_actions_and_lines(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    sign_in("anna").goto(f"{site.url}/zaken/{number}")
    aad = sign_in("aad", 360, 740)
    aad.goto(f"{site.url}/logboek")
    views = aad.get_by_role("navigation", name="Manieren om te kijken")
    views.get_by_role("link", name="Per dag").click()
    assert fits_the_width(aad)
    aad.get_by_role("row").nth(1).get_by_role("link", name="Per handeling").click()
    assert fits_the_width(aad)
    aad.get_by_role("link", name="zaak geopend", exact=True).click()
    expect(aad.get_by_label("Handeling")).to_have_value("zaak_geopend")
    expect(aad.get_by_label("Dag")).to_have_value(site.days(0))
    expect(aad.get_by_role("row").filter(has_text=number).first).to_contain_text("Anna de Vries")
    assert fits_the_width(aad)
    views.get_by_role("link", name="Per gebruiker").click()
    aad.get_by_role("link", name="Anna de Vries", exact=True).click()
    expect(aad.get_by_label("Gebruiker")).to_have_value("anna")
