"""Signing in at a real provider, with the service before it: there, back, and out again."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry, PendingSignIn, User, UserRole, WebSession
from service.settings import Settings
from tests.service.identity.provider import CLIENT, OURS, ROLES, SUBSTANTIAL, Browser, new_key, providing
from tests.service.pages.conftest import free_port

from .test_codes import count, give_password

SYSTEM = Access.system()


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the provider, and our key that it knows."""
    folder = tmp_path_factory.mktemp("organisatie")
    with providing(new_key(folder / "sleutel.pem"), folder) as issuer:
        yield issuer, folder / "sleutel.pem"


def opened(settings: Settings, engine: Engine, issuer: str, key_file: Path, **more: object) -> TestClient:
    known = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_key_file": key_file, "oidc_roles": ROLES}
    scopes = {"oidc_scope": "openid profile email rni", "oidc_acr": (SUBSTANTIAL,)}
    made = settings.model_copy(update={"base_url": OURS} | known | scopes | more)
    return TestClient(create_app(made, engine), base_url=OURS, follow_redirects=False)


@pytest.fixture
def client(settings: Settings, engine: Engine, organisation: tuple[str, Path]) -> Iterator[TestClient]:
    with opened(settings, engine, *organisation) as service:
        yield service


@pytest.fixture
def browser() -> Iterator[Browser]:
    with httpx.Client(timeout=20) as client:
        yield Browser(client)


def sign_in(client: TestClient, browser: Browser, who: str, volgende: str = "/begrippen") -> httpx.Response:
    """There and back; gives our answer to what the provider sent."""
    there = client.get(f"/inloggen/organisatie?volgende={volgende}")
    assert there.status_code == 303
    return client.get(browser.go(there.headers["location"], who))


def users(engine: Engine) -> list[User]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return list(session.exec(select(User).where(User.wachtwoord == accounts.NO_PASSWORD)))


def last_entry(engine: Engine) -> tuple[str, str, str]:
    """Of coming in; the page that follows leaves one too."""
    with session_scope(engine, SYSTEM, write=False) as session:
        entries = select(AuditEntry).where(col(AuditEntry.actie).startswith("aanmelden"))
        entry = session.exec(entries.order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    return entry.actor, entry.actie, entry.resultaat


def test_somebody_comes_in_by_the_provider_with_the_roles_it_says(
    client: TestClient, engine: Engine, browser: Browser
) -> None:
    page = client.get("/inloggen?volgende=/begrippen").text
    assert 'href="/inloggen/organisatie?volgende=/begrippen"' in page
    answer = sign_in(client, browser, "f0b7")
    assert (answer.status_code, answer.headers["location"]) == (303, "/begrippen")
    (user,) = users(engine)
    assert (user.weergavenaam, user.emailadres) == ("Anna de Vries", "a.devries@rotterdam.example")
    with session_scope(engine, SYSTEM, write=False) as session:
        held = session.exec(select(UserRole).where(UserRole.gebruiker_id == user.id)).all()
    assert [(row.rol, row.gemeentecode) for row in held] == [("behandelaar", "0599")]
    assert "Anna de Vries" in client.get("/begrippen").text
    assert client.get("/zaken").status_code == 200
    assert client.get("/gebruikers").status_code == 403
    assert last_entry(engine) == (user.naam, "aanmelden", "gelukt")
    assert count(engine, PendingSignIn) == 0
    client.cookies.clear()
    sign_in(client, browser, "f0b7")
    assert len(users(engine)) == 1


def test_an_answer_of_the_provider_opens_one_session(client: TestClient, engine: Engine, browser: Browser) -> None:
    there = client.get("/inloggen/organisatie")
    back = browser.go(there.headers["location"], "f0b7")
    stolen = dict(client.cookies)
    assert client.get(back).status_code == 303
    client.cookies.clear()
    client.cookies.update(stolen)
    again = client.get(back)
    assert (again.status_code, "Begin opnieuw" in again.text) == (400, True)
    assert count(engine, WebSession) == 1


def test_an_answer_belongs_to_the_browser_that_asked(client: TestClient, engine: Engine, browser: Browser) -> None:
    """Who gets somebody to open his own answer would sign him in as himself."""
    theirs = browser.go(client.get("/inloggen/organisatie").headers["location"], "f0b7")
    client.cookies.clear()
    assert client.get(theirs).status_code == 400
    client.get("/inloggen/organisatie")
    refused = client.get(theirs)
    assert (refused.status_code, "Het antwoord van de inlogdienst" in refused.text) == (403, True)
    assert count(engine, WebSession) == 0


def test_an_unknown_role_gives_no_access_and_a_clear_refusal(
    client: TestClient, engine: Engine, browser: Browser
) -> None:
    refused = sign_in(client, browser, "9c41")
    assert refused.status_code == 403
    assert "geen rol die hier toegang geeft" in refused.text
    assert "intranet" not in refused.text
    assert (users(engine), count(engine, WebSession)) == ([], 0)
    assert last_entry(engine) == ("systeem", "aanmelden_organisatie", "geweigerd")


def test_too_low_a_level_is_refused(client: TestClient, engine: Engine, browser: Browser) -> None:
    refused = sign_in(client, browser, "77aa")
    assert (refused.status_code, "te laag niveau" in refused.text) == (403, True)
    assert users(engine) == []


def test_whoever_turns_back_may_use_a_local_account(client: TestClient, engine: Engine, browser: Browser) -> None:
    refused = sign_in(client, browser, "niemand")
    assert (refused.status_code, "afgebroken of geweigerd" in refused.text) == (403, True)
    assert 'name="wachtwoord"' in refused.text
    assert give_password(client, "anna", "anna") == "/inloggen/code"


def test_signing_out_here_signs_out_there(client: TestClient, engine: Engine, browser: Browser) -> None:
    sign_in(client, browser, "f0b7")
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/begrippen").text)
    assert token
    out = client.post("/uitloggen", data={"csrf": token[1]}, headers={"Origin": OURS})
    assert (out.status_code, out.headers["location"]) == (303, "/uitgelogd")
    assert count(engine, WebSession) == 0
    page = client.get("/uitgelogd")
    refresh = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert refresh
    address = unescape(refresh[1])
    assert f'<a href="{refresh[1]}">' in page.text
    for known in ("Anna", "f0b7", "id_token"):
        assert known not in address
    shown = browser.go(client.get("/inloggen/organisatie").headers["location"])
    assert shown.startswith("/inloggen/organisatie/terug"), "the provider still knows the browser"
    assert browser.go(address, "f0b7") == "/inloggen"
    assert "Wie bent u?" in browser.go(client.get("/inloggen/organisatie").headers["location"])


def test_with_a_local_account_nobody_is_sent_to_the_provider(client: TestClient, engine: Engine) -> None:
    from tests import authenticator

    authenticator.sign_in(client, engine, "anna", "anna", headers={"Origin": OURS})
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/begrippen").text)
    assert token
    out = client.post("/uitloggen", data={"csrf": token[1]}, headers={"Origin": OURS})
    assert out.headers["location"] == "/inloggen"


def test_our_public_key_is_there_for_the_provider(client: TestClient) -> None:
    (key,) = client.get("/inloggen/organisatie/sleutels").json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use"}


def test_a_provider_that_is_away_leaves_the_local_form(
    settings: Settings, engine: Engine, organisation: tuple[str, Path]
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with opened(settings, engine, nobody, organisation[1]) as client:
        answer = client.get("/inloggen/organisatie")
        assert (answer.status_code, "antwoordt niet" in answer.text) == (503, True)
        assert 'name="wachtwoord"' in answer.text
        assert "daar misschien nog niet" in client.get("/uitgelogd").text


@pytest.mark.parametrize("path", ["/inloggen/organisatie", "/inloggen/organisatie/terug", "/uitgelogd"])
def test_without_a_provider_there_is_no_such_door(settings: Settings, engine: Engine, path: str) -> None:
    with TestClient(create_app(settings, engine), base_url=OURS) as client:
        assert client.get(path).status_code == 404
        assert "organisatie" not in client.get("/inloggen").text


def test_no_answer_leads_to_another_site(client: TestClient, browser: Browser) -> None:
    answer = sign_in(client, browser, "f0b7", "//kwaad.example")
    assert answer.headers["location"] == "/"
