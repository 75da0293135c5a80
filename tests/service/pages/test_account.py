"""The page of the own account: where one is signed in, and a new password."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.identity.attempts import FREE_ATTEMPTS
from service.models import WebSession
from service.settings import Settings
from tests import authenticator
from tests.service.conftest import NOW
from tests.service.pages.conftest import SignIn, Site, fits_the_width, menu

from .test_codes import OWN, actions, give_password
from .test_rendering import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.fixture
def client(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def elsewhere(engine: Engine) -> str:
    """The cookie of another session of anna, on another device."""
    with session_scope(engine, Access.system()) as session:
        anna = accounts.find_user(session, "anna")
        return accounts.start_session(session, anna, now=NOW, hours=10, toestel="Safari op iPhone")


def live(engine: Engine, naam: str) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        user = accounts.find_user(session, naam)
        return len(session.exec(select(WebSession).where(WebSession.gebruiker_id == user.id)).all())


def test_everybody_sees_where_they_are_signed_in_and_ends_the_others(
    client: TestClient, engine: Engine, elsewhere: str
) -> None:
    client.headers["user-agent"] = FIREFOX
    bram = Visitor(client, "bram")
    assert "Safari op iPhone" not in bram.get("/account"), "of somebody else"
    assert "U bent nergens anders ingelogd" in bram.get("/account")
    client.cookies.clear()
    client.headers["user-agent"] = EDGE
    anna = Visitor(client, "anna")
    page = anna.get("/account")
    assert re.findall(r'data-kop="Toestel">([^<]+?)(?: <span class="merkje groen">(.*?)</span>)?</td>', page) in (
        [("Edge op Windows", "dit toestel"), ("Safari op iPhone", "")],
        [("Safari op iPhone", ""), ("Edge op Windows", "dit toestel")],
    )
    assert elsewhere not in page and accounts.digest(elsewhere) not in page
    assert anna.post("/account/aanmeldingen")[0] == 303
    page = anna.get("/account?gedaan=ja")
    assert "Uw andere aanmeldingen zijn beëindigd." in page
    assert "Safari op iPhone" not in page
    assert (live(engine, "anna"), live(engine, "bram")) == (1, 1)
    assert actions(engine, "anna")[-1] == ("anna", "aanmeldingen_beeindigd", "gelukt")


def test_a_session_that_ended_by_itself_is_not_shown(client: TestClient, engine: Engine, settings: Settings) -> None:
    with session_scope(engine, Access.system()) as session:
        anna = accounts.find_user(session, "anna")
        accounts.start_session(session, anna, now=NOW, hours=0, toestel="te lang")
        idle = accounts.digest(accounts.start_session(session, anna, now=NOW, hours=9, toestel="ongebruikt"))
        session.get_one(WebSession, idle).gezien_op = NOW.replace(hour=1)
    page = Visitor(client, "anna").get("/account")
    assert "te lang" not in page and "ongebruikt" not in page


def test_who_knows_the_present_password_gets_a_new_one_and_the_other_sessions_end(
    client: TestClient, engine: Engine, elsewhere: str
) -> None:
    anna = Visitor(client, "anna")
    status, page = anna.post("/account/wachtwoord", huidig_wachtwoord="geraden")
    assert (status, "Dit is niet uw huidige wachtwoord. Er is niets gewijzigd." in page) == (400, True)
    assert "geraden" not in page
    assert live(engine, "anna") == 2
    status, page = anna.post("/account/wachtwoord", huidig_wachtwoord="anna")
    assert status == 200
    shown, sealed = shown_on(page)
    assert (live(engine, "anna"), shown in sealed) == (2, False), "it does not count yet"
    for _ in range(2):  # a double click, or an answer that got lost
        status, page = anna.post("/account/wachtwoord", nieuw=sealed)
        assert (status, "Uw wachtwoord is vernieuwd" in page) == (200, True)
    assert anna.get("/account"), "and goes on here"
    assert live(engine, "anna") == 1
    assert [each[1:] for each in actions(engine, "anna")[-2:]] == [
        ("wachtwoord_vernieuwd", "geweigerd"),
        ("wachtwoord_vernieuwd", "gelukt"),
    ]
    client.cookies.clear()
    assert give_password(client, "anna", "anna") == "400"
    assert give_password(client, "anna", shown) == "/inloggen/code", "the app stays linked"


def shown_on(page: str) -> tuple[str, str]:
    """The password that a page shows, and what its form brings along."""
    shown, sealed = (
        re.search(r"<code>([A-Za-z0-9_-]{20})</code>", page),
        re.search(r'name="nieuw" value="([^"]+)"', page),
    )
    assert shown and sealed
    return shown[1], sealed[1]


def test_a_password_that_was_shown_is_taken_by_who_saw_it_and_in_time(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Visitor(client, "anna")
    _, first = shown_on(anna.post("/account/wachtwoord", huidig_wachtwoord="anna")[1])
    _, second = shown_on(anna.post("/account/wachtwoord", huidig_wachtwoord="anna")[1])
    assert anna.post("/account/wachtwoord", nieuw=first[:-4] + "AAAA")[0] == 400
    later = NOW + timedelta(minutes=16)
    monkeypatch.setattr(Settings, "now", lambda self: later)
    status, page = anna.post("/account/wachtwoord", nieuw=first)
    assert (status, "langer dan een kwartier geleden" in page) == (400, True)
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    assert anna.post("/account/wachtwoord", nieuw=second)[0] == 200
    assert anna.post("/account/wachtwoord", nieuw=first)[0] == 400, "another was taken meanwhile"
    client.cookies.clear()
    bram = Visitor(client, "bram")
    assert bram.post("/account/wachtwoord", nieuw=second)[0] == 400, "of somebody else"


def test_a_password_that_the_beheerder_gave_works_a_week_and_asks_for_one_of_the_own(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(engine, Access.system()) as session:
        given = accounts.give_password(session, "anna", NOW)
    later = NOW + accounts.FIRST_PASSWORD_LIFE
    monkeypatch.setattr(Settings, "now", lambda self: later)
    answer = client.post("/inloggen", data={"gebruikersnaam": "anna", "wachtwoord": given}, headers=OWN)
    assert (answer.status_code, "het is verlopen" in answer.text) == (400, True)
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    state = client.app.state  # type: ignore[attr-defined]  # of create_app
    answer = authenticator.sign_in(client, state.engine, "anna", given, now=NOW, headers=OWN)
    assert answer.headers["location"] == "/account"
    page = client.get("/account").text
    assert "Dit wachtwoord kreeg u van de beheerder." in page
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert token
    sent = {"csrf": token[1], "huidig_wachtwoord": given}
    _, sealed = shown_on(client.post("/account/wachtwoord", data=sent, headers=OWN).text)
    assert client.post("/account/wachtwoord", data={"csrf": token[1], "nieuw": sealed}, headers=OWN).status_code == 200
    assert "Dit wachtwoord kreeg u van de beheerder." not in client.get("/account").text


def test_whoever_took_over_a_session_cannot_guess_at_its_password_for_long(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    for _ in range(FREE_ATTEMPTS):
        assert anna.post("/account/wachtwoord", huidig_wachtwoord="geraden")[0] == 400
    status, page = anna.post("/account/wachtwoord", huidig_wachtwoord="anna")
    assert (status, "Te veel mislukte pogingen" in page) == (429, True)


def test_a_new_password_asks_for_the_form_of_this_session(client: TestClient, engine: Engine) -> None:
    Visitor(client, "anna")
    for path in ("/account/wachtwoord", "/account/aanmeldingen"):
        assert client.post(path, data={"huidig_wachtwoord": "anna"}, headers=OWN).status_code == 403
        made_up = {"huidig_wachtwoord": "anna", "csrf": "0" * 64}
        assert client.post(path, data=made_up, headers=OWN).status_code == 403


def test_a_password_typed_after_the_session_ended_is_not_shown_again(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', anna.get("/account"))
    assert found
    with session_scope(engine, Access.system()) as session:
        accounts.end_sign_ins(session, accounts.find_user(session, "anna"))
    sent = {"csrf": found[1], "huidig_wachtwoord": "mijn-geheim"}
    answer = client.post("/account/wachtwoord", data=sent, headers=OWN)
    assert answer.status_code == 401
    assert "mijn-geheim" not in answer.text


def test_who_comes_by_the_provider_has_no_password_here(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    with session_scope(engine, Access.system()) as session:
        accounts.find_user(session, "anna").wachtwoord = accounts.NO_PASSWORD
    page = anna.get("/account")
    assert "U logt in via uw organisatie. Uw wachtwoord wijzigt u daar." in page
    assert 'type="password"' not in page
    assert anna.post("/account/wachtwoord", huidig_wachtwoord="")[0] == 400


@pytest.mark.browser
def test_somebody_renews_the_password_on_a_telephone(site: Site, sign_in: SignIn) -> None:
    page = sign_in("kees", anew=True)
    page.set_viewport_size({"width": 390, "height": 844})
    menu(page, "Mijn account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mijn account")
    expect(page.locator("table")).to_contain_text("Chrome op Linux")
    expect(page.locator("table")).to_contain_text("dit toestel")
    assert fits_the_width(page)
    page.get_by_label("Huidig wachtwoord").fill("mis")
    page.get_by_role("button", name="Geef mij een nieuw wachtwoord").click()
    expect(page.get_by_role("alert")).to_contain_text("Dit is niet uw huidige wachtwoord")
    page.get_by_role("link", name="Dit is niet uw huidige wachtwoord").click()
    expect(page.get_by_label("Huidig wachtwoord")).to_be_focused()
    assert fits_the_width(page)
