"""A sign-in that ends, and what is written down of who looked."""

from html import unescape
from urllib.parse import unquote

from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry, WebSession
from service.settings import DEFAULT_SECRET
from service.web.csrf import token_for
from workflow.phases import Phase

from .test_rendering import Visitor, case_in, client

__all__ = ["client"]


def entries(engine: Engine) -> list[tuple[str, str, str, str]]:
    with session_scope(engine, Access.system(), write=False) as session:
        found = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        return [(each.actor, each.actie, each.object, each.resultaat) for each in found]


def test_signing_in_again_ends_the_sign_in_before(client: TestClient, engine: Engine) -> None:
    Visitor(client, "anna")
    Visitor(client, "bram")
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(session.exec(select(WebSession)).all()) == 1


def test_what_was_typed_survives_a_sign_in_that_ended(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.VOORONDERZOEK).zaaknummer
    anna = Visitor(client, "anna")
    path = f"/zaken/{number}/stappen/houd_aan?van=lijst"
    text = "Een lange toelichting.\n<b>Twee</b> regels."
    with session_scope(engine, Access.system()) as session:
        session.execute(delete(WebSession))
    sent = {"csrf": "0" * 64, "versie": "2", "reden": text}
    token = token_for(client.cookies["rni"], DEFAULT_SECRET.encode())
    for _ in range(2):  # with the cookie of what ended, and without any
        answer = client.post(path, data=sent | {"csrf": token}, headers=anna.own)
        client.cookies.clear()
        assert answer.status_code == 401
        page = unescape(answer.text)
        assert f"Reden:\n{text}" in page
        assert "readonly" in page
        assert f"/inloggen?volgende={path}" in unquote(page)
        assert "<b>Twee" not in answer.text


def test_a_page_is_asked_for_again_with_its_query(client: TestClient, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        session.execute(delete(WebSession))
    answer = client.get("/zaken?lijst=vrij&fase=besluit", follow_redirects=False)
    assert unquote(answer.headers["location"]) == "/inloggen?volgende=/zaken?lijst=vrij&fase=besluit"
    assert client.get(answer.headers["location"]).text.count("/zaken?lijst=vrij&amp;fase=besluit") == 1
    button = client.post("/zaken/zoek", data={"zoek": "x"}, headers={"Origin": "http://127.0.0.1:8000"})
    assert (button.status_code, "volgende=/zaken" in button.text) == (401, True)


def test_the_whole_number_is_shown_to_who_asks_and_the_asking_stands_in_the_log(
    client: TestClient, engine: Engine
) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    number, bsn = case.zaaknummer, str(case.bsn)
    anna = Visitor(client, "anna")
    assert bsn not in anna.get(f"/zaken/{number}")
    before = len(entries(engine))
    status, shown = anna.post(f"/zaken/{number}/bsn")
    assert (status, shown.count(bsn)) == (200, 1)
    logged = [("bsn_getoond", number, "gelukt"), ("zaak_geopend", number, "gelukt")]
    assert [entry[1:] for entry in entries(engine)[before:]] == logged
    again = client.get(f"/zaken/{number}/bsn", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, f"/zaken/{number}")
    assert client.post(f"/zaken/{number}/bsn", headers=anna.own).status_code == 403, "without the token of a form"
    assert Visitor(client, "dirk").post(f"/zaken/{number}/bsn")[0] == 404


def test_who_looks_stands_in_the_log(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.VOORONDERZOEK).zaaknummer
    anna = Visitor(client, "anna")
    before = len(entries(engine))
    anna.get(f"/zaken/{number}")
    anna.post("/zaken/zoek", zoek="999900018")
    for name in ("anna", "mijn-wachtwoord"):
        client.post("/inloggen", data={"gebruikersnaam": name, "wachtwoord": "x"}, headers=anna.own)
    assert [entry[1:] for entry in entries(engine)[before:]] == [
        ("zaak_geopend", number, "gelukt"),
        ("gezocht", "zaken", "gelukt"),
        ("aanmelden", "anna", "geweigerd"),
        ("aanmelden", "onbekend", "geweigerd"),
    ]
    assert "999900018" not in str(entries(engine))
