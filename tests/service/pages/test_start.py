"""The page where everybody begins: what it counts is what it leads to, and it stays quick and about nobody."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import Engine, event
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import User, WebSession
from service.settings import Settings
from tests import authenticator, factories
from tests.service.conftest import NOW
from tests.service.pages.conftest import ROTTERDAM, SignIn, Site, fits_the_width
from tests.service.pages.test_visits import plan
from tests.service.test_reporting import reported
from workflow.phases import Phase


@pytest.mark.browser
@pytest.mark.parametrize("naam", ["anna", "tess", "bram"])
def test_what_a_line_counts_is_what_its_list_holds(site: Site, sign_in: SignIn, naam: str) -> None:
    number = site.new_case(days_ago=300)
    site.take(number, "anna", "wijs_toe")
    site.add(number, "anna", "terugbelverzoeken", telefoonnummer="0612345678")
    page = sign_in(naam)
    lines = page.locator(".wachtrij li:has(> a[href^='/zaken?'])")
    counted = {
        each.locator("a").get_attribute("href"): int(each.locator(".cijfer").inner_text().replace(".", ""))
        for each in lines.all()
    }
    assert len(counted) >= (1 if naam == "bram" else 4)
    for path, number_shown in counted.items():
        page.goto(f"{site.url}{path}")
        told = page.locator(".telling").inner_text()
        assert int(re.sub(r"[.]", "", told.split(" ")[0])) == number_shown, path


@pytest.mark.browser
def test_the_first_cases_stand_there_by_number_and_term_and_name_nobody(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=310)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("anna", 390, 844)
    first = page.get_by_role("region", name="Wat het eerst moet").get_by_role("listitem").filter(has_text=number)
    expect(first).to_contain_text("dagen te laat")
    expect(page.locator("main")).not_to_contain_text("Kowalska")
    assert fits_the_width(page)
    first.get_by_role("link").click()
    expect(page).to_have_url(f"{site.url}/zaken/{number}")


@pytest.mark.browser
def test_a_toezichthouder_begins_at_the_visits_of_today(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)
    plan(sign_in("anna"), site, number, site.days(0), begin="18:00", einde="23:59")
    bram = sign_in("bram", 360, 740)
    today = bram.get_by_role("region", name="Uw bezoeken van vandaag")
    expect(today.get_by_role("link", name="18.00–23.59 uur")).to_be_visible()
    assert fits_the_width(bram)
    today.get_by_role("link", name="Open de daglijst").click()
    expect(bram.locator(".stop", has_text=number)).to_be_visible()


@pytest.mark.browser
def test_what_colleagues_did_since_the_last_time_is_told(site: Site, sign_in: SignIn) -> None:
    number, own = site.new_case(days_ago=12), site.new_case(days_ago=12)
    for each in (number, own):
        site.take(each, "tess", "wijs_toe", behandelaar="noor")
    before = sign_in("noor", anew=True)
    before.get_by_role("button", name="Uitloggen").click()
    site.take(number, "anna", "start_vooronderzoek")
    site.take(own, "noor", "start_vooronderzoek")
    page = sign_in("noor", anew=True)
    told = page.get_by_role("region", name="Sinds u hier het laatst was")
    line = told.get_by_role("listitem").filter(has_text=number)
    expect(line).to_contain_text("Start het vooronderzoek")
    expect(line).to_contain_text("Anna de Vries")
    expect(told.get_by_role("listitem").filter(has_text=own)).to_have_count(0)
    line.get_by_role("link").click()
    expect(page).to_have_url(f"{site.url}/zaken/{number}")


def came_in(client: TestClient, engine: Engine, naam: str, now: datetime) -> None:
    authenticator.sign_in(client, engine, naam, naam, now=now, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_sign_in_remembers_when_its_user_was_last_here(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": NOW}
    monkeypatch.setattr(Settings, "now", lambda self: clock["now"])
    with TestClient(create_app(settings, engine)) as client:
        came_in(client, engine, "anna", NOW)
        assert "laatst was" not in client.get("/").text
        clock["now"] = NOW + timedelta(minutes=20)
        assert client.get("/begrippen").status_code == 200
        clock["now"] = NOW + timedelta(hours=3)
        client.cookies.clear()
        came_in(client, engine, "anna", clock["now"])
        assert "2 november 2026, 10.20 uur" in client.get("/").text
    with session_scope(engine, Access.system(), write=False) as session:
        (anna,) = session.exec(select(User).where(User.naam == "anna"))
        sessions = session.exec(select(WebSession).where(WebSession.gebruiker_id == anna.id)).all()
    assert anna.laatst_hier == NOW + timedelta(hours=3)
    assert {each.vorige_keer for each in sessions} >= {NOW + timedelta(minutes=20)}


YIELDED = re.compile(r'<section class="blad opbrengst".*?</section>', re.DOTALL)


def yielded(client: TestClient) -> str:
    """What stands in the block about it, as words; empty where there is no block."""
    found = YIELDED.search(client.get("/").text)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


@pytest.mark.parametrize("naam", ["anna", "tess", "carla", "bram"])
def test_everybody_of_a_municipality_sees_what_it_yielded_and_no_amount_of_a_few(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, naam: str
) -> None:
    clock = {"now": NOW - timedelta(days=1)}
    monkeypatch.setattr(Settings, "now", lambda self: clock["now"])
    with TestClient(create_app(settings, engine)) as client:
        came_in(client, engine, naam, clock["now"])
        nothing = "Wat heeft het opgeleverd Er is nog niets: UWV kent van uw gemeente nog geen resultaat."
        assert yielded(client) == nothing
        reported(engine, 4)
        clock["now"] = NOW + timedelta(hours=1)
        client.cookies.clear()
        came_in(client, engine, naam, clock["now"])
        told = yielded(client)
        assert "Boete: 4 signalen Geen bedrag, want het zijn er minder dan vijf." in told
        assert "€" not in told and "400" not in told
        assert "laatste opgave van 2 november 2026" in told and "Pas eind 2027 is dit volledig." in told
        assert "Van 1 verteld resultaat meldde UWV nog niets." in told
        page = client.get("/").text
        assert "Opbrengst van 4 signalen gemeld" in page and 'href="/cijfers#opbrengst"' in page
        assert "Kowalska" not in page and "999990019" not in page
        figures = client.get("/cijfers").text
        assert 'id="opbrengst"' in figures and "vanaf vijf signalen" in figures and "400,00" not in figures


def test_an_amount_stands_there_from_five_signals_on_and_elsewhere_there_is_no_block(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    reported(engine, 5)
    with TestClient(create_app(settings, engine)) as client:
        came_in(client, engine, "anna", NOW)
        told = yielded(client)
        assert "Boete: 5 signalen € 500,00" in told and "minder dan vijf" not in told
        assert "500,00" in client.get("/cijfers").text
        for naam in ("coen", "ulla", "bea", "aad"):
            client.cookies.clear()
            came_in(client, engine, naam, NOW)
            assert yielded(client) == ""


MOST_STATEMENTS = 30


@pytest.mark.parametrize("naam", ["anna", "tess", "carla", "bram", "ulla", "coen", "bea", "aad"])
def test_the_page_takes_as_few_statements_with_many_cases_as_with_few(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, naam: str
) -> None:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def statements(client: TestClient) -> int:
        asked.clear()
        assert client.get("/").status_code == 200
        return len(asked)

    def add(number: int) -> None:
        received = NOW.date() - timedelta(days=60)
        with session_scope(engine, Access.system()) as session:
            for _ in range(number):
                case: Any = factories.new_case(session, received=received, gemeentecode=ROTTERDAM)
                case.behandelaar = "anna"

    with TestClient(create_app(settings, engine)) as client:
        came_in(client, engine, naam, NOW)
        add(6)
        few = statements(client)
        add(20)
        assert statements(client) == few <= MOST_STATEMENTS
