"""Signing in with a password and a code, without a browser: what each half opens, and what it does not."""

import re
from base64 import b32decode
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts, second_factor
from service.identity.attempts import FREE_ATTEMPTS
from service.identity.pending_sign_ins import LIFE
from service.models import AuditEntry, PendingSignIn, SecondFactor, WebSession
from service.settings import Environment, Settings
from tests import authenticator
from tests.service.conftest import CAST, NOW

from .test_rendering import Visitor

OWN = {"Origin": "http://127.0.0.1:8000"}
STEP = timedelta(seconds=second_factor.SECONDS)
NEW_PASSWORD = "een-lang-wachtwoord"


class Clock:
    """What the service takes for now; a test moves it."""

    now = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(Settings, "now", lambda self: clock.now)
    return clock


@pytest.fixture
def client(settings: Settings, engine: Engine, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def newcomer(engine: Engine) -> str:
    """Somebody with a password and no app yet."""
    with session_scope(engine, Access.system()) as session:
        roles = accounts.role_given("behandelaar:0599")
        accounts.create_user(session, "nieuw", roles, now=NOW, password=NEW_PASSWORD)
    return "nieuw"


def give_password(client: TestClient, naam: str, password: str, volgende: str = "/begrippen") -> str:
    sent = {"gebruikersnaam": naam, "wachtwoord": password, "volgende": volgende}
    answer = client.post("/inloggen", data=sent, headers=OWN)
    return str(answer.headers.get("location", answer.status_code))


def token_on(client: TestClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(path).text)
    assert found
    return found[1]


def give_code(client: TestClient, code: str, path: str = "/inloggen/code") -> tuple[int, str]:
    answer = client.post(path, data={"code": code, "csrf": token_on(client, path)}, headers=OWN)
    return answer.status_code, str(answer.headers.get("location", answer.text))


def shown_secret(client: TestClient) -> bytes:
    """The secret that the page shows as text, read as an app reads it."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", client.get("/inloggen/koppelen").text)
    assert found
    return b32decode(found[1].replace(" ", ""))


def count(engine: Engine, kind: type) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return len(session.exec(select(kind)).all())


def actions(engine: Engine, naam: str) -> list[tuple[str, str, str]]:
    with session_scope(engine, Access.system(), write=False) as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.object == naam).order_by(AuditEntry.id))  # type: ignore[arg-type]
        return [(each.actor, each.actie, each.resultaat) for each in found]


def test_a_password_alone_opens_nothing(client: TestClient, engine: Engine) -> None:
    assert give_password(client, "anna", "anna") == "/inloggen/code"
    assert count(engine, WebSession) == 0
    assert client.get("/begrippen").headers["location"].startswith("/inloggen")
    assert "rni" not in client.cookies


def test_a_password_and_a_code_open_the_page_that_was_asked_for(client: TestClient, engine: Engine) -> None:
    give_password(client, "anna", "anna")
    assert give_code(client, authenticator.code(engine, "anna", NOW)) == (303, "/begrippen")
    assert client.get("/begrippen").status_code == 200
    assert count(engine, PendingSignIn) == 0
    assert "rni-onderweg" not in client.cookies
    assert actions(engine, "anna") == [("anna", "aanmelden", "gelukt")]


def test_a_first_sign_in_links_an_app_and_the_next_asks_for_its_code(
    client: TestClient, engine: Engine, clock: Clock, newcomer: str
) -> None:
    assert give_password(client, newcomer, NEW_PASSWORD) == "/inloggen/koppelen"
    assert client.get("/inloggen/code").headers["location"] == "/inloggen/koppelen"
    secret = shown_secret(client)
    assert secret == shown_secret(client), "the page can be loaded again"
    status, page = give_code(client, "000000", "/inloggen/koppelen")
    assert (status, "Deze code klopt niet" in page, count(engine, SecondFactor)) == (400, True, len(CAST))
    code = second_factor.code_at(secret, clock.now)
    assert give_code(client, code, "/inloggen/koppelen") == (303, "/begrippen")
    assert actions(engine, newcomer)[-2:] == [
        (newcomer, "aanmelden", "gelukt"),
        (newcomer, "tweede_factor_gekoppeld", "gelukt"),
    ]
    with session_scope(engine, Access.system(), write=False) as session:
        kept = session.get_one(SecondFactor, accounts.find_user(session, newcomer).id)
    assert secret.hex() not in kept.geheim
    client.cookies.clear()
    clock.now += STEP
    assert give_password(client, newcomer, NEW_PASSWORD) == "/inloggen/code"
    assert client.get("/inloggen/koppelen").headers["location"] == "/inloggen/code"
    assert client.get("/inloggen/koppelen/qr.svg").status_code == 303
    assert give_code(client, code)[0] == 400, "the code that linked it"
    assert give_code(client, second_factor.code_at(secret, clock.now)) == (303, "/begrippen")


def test_the_picture_is_an_image_of_our_own_that_runs_nothing(client: TestClient, newcomer: str) -> None:
    give_password(client, newcomer, NEW_PASSWORD)
    page = client.get("/inloggen/koppelen")
    picture = client.get("/inloggen/koppelen/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.text.startswith("<?xml") and "<svg" in picture.text
    for text in (page.text, picture.text):
        assert "style=" not in text and "<script" not in text
    assert 'alt="QR-code' in page.text
    assert "otpauth" not in page.text


def test_whoever_links_an_app_in_two_windows_links_one(client: TestClient, engine: Engine, newcomer: str) -> None:
    give_password(client, newcomer, NEW_PASSWORD)
    first, late = shown_secret(client), dict(client.cookies)
    client.cookies.clear()
    give_password(client, newcomer, NEW_PASSWORD)
    other = shown_secret(client)
    assert give_code(client, second_factor.code_at(other, NOW), "/inloggen/koppelen")[0] == 303
    client.cookies.clear()
    client.cookies.update(late)
    assert give_code(client, second_factor.code_at(first, NOW), "/inloggen/koppelen") == (303, "/inloggen?verlopen=ja")
    assert count(engine, WebSession) == 1


def test_codes_are_tried_a_few_times_and_then_not_for_a_while(client: TestClient, engine: Engine, clock: Clock) -> None:
    give_password(client, "anna", "anna")
    for _ in range(FREE_ATTEMPTS):
        assert give_code(client, "123")[0] == 400
    good = authenticator.code(engine, "anna", clock.now)
    status, page = give_code(client, good)
    assert (status, "Te veel mislukte pogingen" in page) == (429, True)
    assert count(engine, WebSession) == 0
    assert actions(engine, "anna").count(("systeem", "aanmelden_code", "geweigerd")) == FREE_ATTEMPTS
    sent = {"code": good, "csrf": token_on(client, "/inloggen/code")}
    assert int(client.post("/inloggen/code", data=sent, headers=OWN).headers["retry-after"]) > 0
    client.cookies.clear()
    assert give_password(client, "anna", "anna") == "/inloggen/code", "a right password forgets no wrong code"
    assert give_code(client, good)[0] == 429
    clock.now += timedelta(minutes=1)
    give_password(client, "anna", "anna")
    assert give_code(client, authenticator.code(engine, "anna", clock.now))[0] == 303


def test_a_sign_in_that_takes_too_long_begins_anew(client: TestClient, engine: Engine, clock: Clock) -> None:
    give_password(client, "anna", "anna")
    token = token_on(client, "/inloggen/code")
    clock.now += LIFE
    sent = {"code": authenticator.code(engine, "anna", clock.now), "csrf": token}
    for answer in (client.get("/inloggen/code"), client.post("/inloggen/code", data=sent, headers=OWN)):
        assert answer.headers["location"] == "/inloggen?verlopen=ja"
    assert "Het inloggen duurde te lang" in client.get("/inloggen?verlopen=ja").text


@pytest.mark.parametrize("path", ["/inloggen/code", "/inloggen/koppelen", "/inloggen/koppelen/qr.svg"])
def test_without_a_password_no_second_half_is_shown(client: TestClient, path: str) -> None:
    assert client.get(path).headers["location"] == "/inloggen?verlopen=ja"
    client.cookies["rni-onderweg"] = "verzonnen"
    assert client.get(path).headers["location"] == "/inloggen?verlopen=ja"


def test_the_form_of_a_code_belongs_to_its_browser(client: TestClient, engine: Engine) -> None:
    give_password(client, "anna", "anna")
    code = authenticator.code(engine, "anna", NOW)
    for token in ("", "0" * 64):
        assert client.post("/inloggen/code", data={"code": code, "csrf": token}, headers=OWN).status_code == 403
    elsewhere = {"Origin": "https://elders.example"}
    sent = {"code": code, "csrf": token_on(client, "/inloggen/code")}
    assert client.post("/inloggen/code", data=sent, headers=elsewhere).status_code == 403
    assert count(engine, WebSession) == 0


@pytest.mark.parametrize("what", ["disable_user", "give_password", "set_roles", "unlink"])
def test_what_ends_sign_ins_ends_one_that_is_under_way(client: TestClient, engine: Engine, what: str) -> None:
    give_password(client, "anna", "anna")
    token, code = token_on(client, "/inloggen/code"), authenticator.code(engine, "anna", NOW)
    with session_scope(engine, Access.system()) as session:
        match what:
            case "disable_user":
                accounts.disable_user(session, "anna", NOW)
            case "give_password":
                accounts.give_password(session, "anna", NOW)
            case "unlink":
                second_factor.unlink(session, accounts.find_user(session, "anna"), NOW)
            case _:
                accounts.set_roles(session, accounts.find_user(session, "anna"), accounts.role_given("auditor"))
    answer = client.post("/inloggen/code", data={"code": code, "csrf": token}, headers=OWN)
    assert answer.headers["location"] == "/inloggen?verlopen=ja"
    assert count(engine, WebSession) == 0


def test_in_the_demo_a_password_is_enough(settings: Settings, engine: Engine, newcomer: str) -> None:
    demo = settings.model_copy(update={"environment": Environment.DEMO})
    with TestClient(create_app(demo, engine), base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        assert give_password(client, newcomer, NEW_PASSWORD) == "/begrippen"
        assert client.get("/begrippen").status_code == 200


def test_over_https_every_cookie_is_tied_to_the_host_and_kept_from_scripts(
    settings: Settings, engine: Engine, clock: Clock
) -> None:
    strict = settings.model_copy(update={"base_url": "https://rni.example.nl"})
    given: dict[str, str] = {}
    with TestClient(create_app(strict, engine), base_url="https://rni.example.nl", follow_redirects=False) as client:
        own = {"Origin": "https://rni.example.nl"}

        def heed(answer: object) -> None:
            for line in answer.headers.get_list("set-cookie"):  # type: ignore[attr-defined]
                name, _, rest = line.partition("=")
                given[name] = rest

        heed(client.post("/inloggen", data={"gebruikersnaam": "anna", "wachtwoord": "anna"}, headers=own))
        sent = {"code": authenticator.code(engine, "anna", NOW), "csrf": token_on(client, "/inloggen/code")}
        heed(client.post("/inloggen/code", data=sent, headers=own))
        assert client.get("/begrippen").status_code == 200
    assert given.keys() == {"__Host-rni", "__Host-rni-onderweg", "__Host-rni-toestel"}
    for line in given.values():
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(line.split("; "))
        assert "domain" not in line.lower()
    assert "Max-Age" not in given["__Host-rni"]


def test_on_a_device_that_came_in_before_somebody_else_s_guessing_is_not_felt(
    client: TestClient, engine: Engine
) -> None:
    Visitor(client, "anna")
    known = client.cookies["rni-toestel"]
    client.cookies.clear()
    for _ in range(2 * FREE_ATTEMPTS):
        give_password(client, "anna", "geraden")
    assert give_password(client, "anna", "anna") == "429"
    refused = client.post("/inloggen", data={"gebruikersnaam": "anna", "wachtwoord": "anna"}, headers=OWN)
    assert int(refused.headers["retry-after"]) > 0
    client.cookies["rni-toestel"] = known
    assert give_password(client, "anna", "anna") == "/inloggen/code"


def test_the_beheerder_unlinks_a_lost_telephone(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    theirs = dict(client.cookies)
    with session_scope(engine, Access.system(), write=False) as session:
        number = accounts.find_user(session, "anna").id
    status, _ = anna.post(f"/gebruikers/{number}/ontkoppelen")
    assert status == 403
    client.cookies.clear()
    bea = Visitor(client, "bea")
    assert "Ontkoppel de app" in bea.get(f"/gebruikers/{number}")
    told = actions(engine, "anna")
    for _ in range(2):  # a double click: another password is shown, and nothing has happened yet
        status, page = bea.post(f"/gebruikers/{number}/ontkoppelen")
        assert status == 200
    shown, sealed = (
        re.search(r"<code>([A-Za-z0-9_-]{20})</code>", page),
        re.search(r'name="nieuw" value="([^"]+)"', page),
    )
    assert shown and sealed
    assert actions(engine, "anna") == told
    assert "Ontkoppel de app" in bea.get(f"/gebruikers/{number}")
    for _ in range(2):
        assert bea.post(f"/gebruikers/{number}/ontkoppelen", nieuw=sealed[1])[0] == 303
    assert "De app is ontkoppeld" in bea.get("/gebruikers?gedaan=ontkoppeld")
    assert "Ontkoppel de app" not in bea.get(f"/gebruikers/{number}")
    assert len(actions(engine, "anna")) == len(told) + 2
    assert actions(engine, "anna")[-2:] == [
        ("bea", "tweede_factor_ontkoppeld", "gelukt"),
        ("bea", "wachtwoord_vernieuwd", "gelukt"),
    ]
    client.cookies.clear()
    client.cookies.update(theirs)
    assert client.get("/begrippen").status_code == 303, "the telephone may be in other hands"
    assert give_password(client, "anna", "anna") == "400", "and so may the password"
    assert give_password(client, "anna", shown[1]) == "/inloggen/koppelen"
