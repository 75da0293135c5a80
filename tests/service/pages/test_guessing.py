"""Guessing at the door, without a browser: what is judged, what is told, and who is not hindered by it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Lock, Thread

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts, passwords, second_factor
from service.identity.attempts import FREE_ATTEMPTS, PLACE_ATTEMPTS
from service.models import PendingSignIn, SignInAttempt, WebSession
from service.pages import codes
from service.settings import Settings
from tests import authenticator
from tests.service.conftest import NOW

from .test_codes import OWN, give_password, token_on
from .test_rendering import Visitor


@pytest.fixture
def client(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000", follow_redirects=False) as opened:
        yield opened


def guess(client: TestClient, naam: str = "anna", password: str = "geraden") -> Response:
    return client.post("/inloggen", data={"gebruikersnaam": naam, "wachtwoord": password}, headers=OWN)


def rows(engine: Engine, kind: type) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return len(session.exec(select(kind)).all())


def test_of_many_guesses_at_one_moment_no_more_are_judged_than_are_free(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged, lock, real = [], Lock(), passwords.fits

    def fits(kept: str | None, password: str) -> bool:
        with lock:
            judged.append(password)
        return real(kept, password)

    monkeypatch.setattr(passwords, "fits", fits)
    seen: list[int] = []
    for _ in range(4):
        with ThreadPoolExecutor(8) as pool:
            seen += [each.status_code for each in pool.map(lambda _: guess(client), range(8))]
    assert len(judged) == seen.count(400) == FREE_ATTEMPTS
    assert set(seen) <= {400, 429, 503}


def test_of_many_codes_at_one_moment_no_more_are_judged_than_are_free(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert give_password(client, "anna", "anna") == "/inloggen/code"
    sent = {"code": "123", "csrf": token_on(client, "/inloggen/code")}
    judged, lock, real = [], Lock(), second_factor._step_of

    def step_of(*given: object) -> int | None:
        with lock:
            judged.append(given)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(second_factor, "_step_of", step_of)
    with ThreadPoolExecutor(8) as pool:
        seen = [
            each.status_code
            for each in pool.map(lambda _: client.post("/inloggen/code", data=sent, headers=OWN), range(16))
        ]
    assert len(judged) == seen.count(400) == FREE_ATTEMPTS
    assert set(seen) == {400, 429}


def test_a_place_that_tries_ever_new_names_waits_and_known_devices_do_not(client: TestClient) -> None:
    Visitor(client, "anna")
    known = client.cookies["rni-toestel"]
    client.cookies.clear()
    for number in range(PLACE_ATTEMPTS):
        assert guess(client, f"naam{number}").status_code == 400
    refused = guess(client, "bram", "bram")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 30
    assert "Probeer het over 30 seconden opnieuw" in refused.text
    assert "Op een toestel waarop u eerder inlogde" in refused.text
    assert 'value="bram"' in refused.text, "what was typed stays, but for the password"
    client.cookies["rni-toestel"] = known
    assert give_password(client, "anna", "anna") == "/inloggen/code"


def test_while_it_is_busy_at_the_door_the_rest_of_the_house_goes_on(
    client: TestClient, engine: Engine, tokens: Mapping[str, str]
) -> None:
    Visitor(client, "bea")
    before = rows(engine, SignInAttempt)
    taken, done = [Event() for _ in range(passwords.AT_ONCE + passwords.IN_LINE)], Event()

    def keep(mine: Event) -> None:
        with ExitStack() as held:
            held.callback(passwords._line.release)
            assert passwords._line.acquire(blocking=False)
            mine.set()
            assert done.wait(30)

    threads = [Thread(target=keep, args=(each,)) for each in taken]
    for thread in threads:
        thread.start()
    try:
        assert all(each.wait(30) for each in taken)
        refused = guess(client)
        assert refused.status_code == 503
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert "Het is druk bij het aanmelden. Probeer het over een paar seconden opnieuw." in refused.text
        assert client.get("/begrippen").status_code == 200
        bearer = {"Authorization": f"Bearer {tokens['anna']}"}
        assert client.get("/api/v1/zaken", headers=bearer).status_code == 200, "a token is no password"
        with session_scope(engine, Access.system(), write=False) as session:
            number = accounts.find_user(session, "anna").id
        form = {"csrf": token_on(client, f"/gebruikers/{number}"), "nieuw": "x"}
        assert client.post(f"/gebruikers/{number}/ontkoppelen", data=form, headers=OWN).status_code == 503
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert rows(engine, SignInAttempt) == before, "what was not judged is not counted"
    with session_scope(engine, Access.system(), write=False) as session:
        assert second_factor.is_linked(session, accounts.find_user(session, "anna"))
    assert give_password(client, "anna", "anna") == "/inloggen/code"


def test_a_password_that_is_renewed_while_it_is_judged_opens_nothing(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = accounts.check_password

    def judged_and_then_renewed(*given: object) -> object:
        user = real(*given)  # type: ignore[arg-type]
        with session_scope(engine, Access.system()) as session:
            second_factor.unlink(session, accounts.find_user(session, "anna"), NOW)
        return user

    monkeypatch.setattr(accounts, "check_password", judged_and_then_renewed)
    assert give_password(client, "anna", "anna") == "400"
    assert rows(engine, PendingSignIn) == 0


def test_a_password_that_is_renewed_after_the_code_was_typed_opens_nothing(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_password(client, "anna", "anna")
    sent = {"code": authenticator.code(engine, "anna", NOW), "csrf": token_on(client, "/inloggen/code")}
    real = codes.attempt_of

    def renewed_meanwhile(*given: object) -> object:
        with session_scope(engine, Access.system()) as session:
            accounts.give_password(session, "anna", NOW)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(codes, "attempt_of", renewed_meanwhile)
    answer = client.post("/inloggen/code", data=sent, headers=OWN)
    assert answer.headers["location"] == "/inloggen?verlopen=ja"
    assert rows(engine, WebSession) == 0
