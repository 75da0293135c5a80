"""A sign-in that ends, and what is written down of who looked."""

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry, WebSession
from service.safety import DEFAULT_SECRET
from service.web.csrf import token_for
from service.web.errors import MOST_SHOWN
from workflow.models import Case
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


OUTDATED = "0" * 64
"""The token of a form that was opened under another sign-in."""


def hold(client: TestClient, engine: Engine) -> tuple[str, Visitor]:
    """Where a case that Anna may work on is held, and Anna."""
    return f"/zaken/{case_in(engine, Phase.VOORONDERZOEK).zaaknummer}/stappen/houd_aan?van=lijst", Visitor(
        client, "anna"
    )


def held(engine: Engine) -> list[str | None]:
    with session_scope(engine, Access.system(), write=False) as session:
        return [case.aangehouden_reden for case in session.exec(select(Case)) if case.aangehouden_sinds]


def form_in(page: str) -> tuple[str, dict[str, str]]:
    """Where the form of the page goes, and its hidden fields."""
    part = page.split("<main", 1)[1].split("<form", 1)[1].split("</form>", 1)[0]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', part)
    action = re.search(r'action="([^"]*)"', part)
    assert action
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in fields}


def test_what_was_typed_before_signing_in_again_is_sent_after_a_look(client: TestClient, engine: Engine) -> None:
    path, anna = hold(client, engine)
    versie = re.search(r'name="versie" value="(\d+)"', anna.get(path))
    assert versie
    text = "Een lange toelichting.\n<b>Twee</b> \"regels\" & 'meer'."
    sent = {"csrf": OUTDATED, "versie": versie[1], "formulier": "sleutel-van-toen", "reden": text}
    answer = client.post(path, data=sent, headers=anna.own, follow_redirects=False)
    assert answer.status_code == 403
    assert held(engine) == [], "never by itself"
    assert f"Reden:\n{text}" in unescape(answer.text)
    assert "<b>Twee" not in answer.text and '"regels"' not in answer.text
    assert "Het komt op naam van anna" in answer.text
    action, fields = form_in(answer.text)
    assert action == path
    assert fields == sent | {"csrf": fields["csrf"]}
    assert client.post(action, data=fields, headers=anna.own, follow_redirects=False).status_code == 303
    assert [told.replace("\r", "") for told in held(engine) if told] == [text]


def test_another_site_sees_nothing_of_a_form_that_does_not_fit(client: TestClient, engine: Engine) -> None:
    path, _ = hold(client, engine)
    for headers in (
        {"Origin": "https://elders.example"},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
        {},
    ):
        answer = client.post(path, data={"csrf": OUTDATED, "reden": "Van elders."}, headers=headers)
        assert (answer.status_code, "Van elders." in answer.text, "csrf" in answer.text) == (403, False, False)


def test_a_token_that_fits_nobody_any_more_asks_to_sign_in(client: TestClient, engine: Engine) -> None:
    path, anna = hold(client, engine)
    with session_scope(engine, Access.system()) as session:
        session.execute(delete(WebSession))
    answer = client.post(path, data={"csrf": OUTDATED, "reden": "Getypt."}, headers=anna.own)
    assert (answer.status_code, "Getypt." in answer.text, "<button>Verstuur" in answer.text) == (401, True, False)


def test_secrets_files_and_too_much_are_not_kept(client: TestClient, engine: Engine) -> None:
    path, anna = hold(client, engine)
    secret = {
        "csrf": OUTDATED,
        "reden": "Getypt.",
        "wachtwoord": "geheim-1",
        "code": "geheim-2",
        "nogmaals": "geheim-3",
    }
    shown = client.post(path, data=secret, headers=anna.own).text
    assert ("Getypt." in shown, "geheim" in shown, "Verstuur opnieuw" in shown) == (True, False, False)

    documents = path.partition("/stappen")[0] + "/dossier/documenten"
    upload = {"bestand": ("geheim.txt", b"geheim van de inhoud")}
    described = {"csrf": OUTDATED, "omschrijving": "Getypt."}
    shown = client.post(documents, data=described, files=upload, headers=anna.own).text
    assert ("Getypt." in shown, "geheim" in shown, "Verstuur opnieuw" in shown) == (True, False, False)
    assert "Kies het opnieuw" in shown

    long = {"csrf": OUTDATED, "reden": "x" * (MOST_SHOWN + 50_000), "toelichting": "Daarna."}
    shown = client.post(path, data=long, headers=anna.own).text
    assert MOST_SHOWN - 1000 < shown.count("x") < MOST_SHOWN + 1000
    assert ("Daarna." in shown, "Verstuur opnieuw" in shown, "meer ingevuld dan hier past" in shown) == (
        False,
        False,
        True,
    )

    button = client.post(path, data={"csrf": OUTDATED, "versie": "1"}, headers=anna.own)
    assert (button.status_code, "Verstuur opnieuw" in button.text) == (403, False), "nothing to look at"


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


def test_what_was_typed_beside_a_large_file_survives_a_sign_in_that_ended(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    path = f"/zaken/{case_in(engine, Phase.VOORONDERZOEK).zaaknummer}/dossier/documenten"
    form = {"csrf": "0" * 64, "omschrijving": "Huurcontract uit de la"}
    with session_scope(engine, Access.system()) as session:
        accounts.end_sign_ins(session, accounts.find_user(session, "anna"))
    files = {"bestand": ("scan.pdf", b"%PDF-" + b"0" * 1_500_000, "application/pdf")}
    answer = client.post(path, data=form, files=files, headers=anna.own)
    assert answer.status_code == 401
    assert "Huurcontract uit de la" in answer.text
    assert "scan.pdf" not in answer.text


def test_who_signs_out_in_an_old_tab_is_out(client: TestClient, engine: Engine) -> None:
    anna = Visitor(client, "anna")
    old = re.search(r'name="csrf" value="([0-9a-f]+)"', anna.get("/account"))
    Visitor(client, "anna")
    assert old
    out = client.post("/uitloggen", data={"csrf": old[1]}, headers=anna.own, follow_redirects=False)
    assert out.status_code == 303
    assert client.get("/account", follow_redirects=False).status_code == 303
    Visitor(client, "anna")
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/uitloggen", headers=elsewhere).status_code == 403
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize("said", ["999990019", "999990019 Bel 0900-1234", "Z-999990019"])
def test_a_number_that_is_not_there_is_not_repeated_when_it_may_be_a_persons(client: TestClient, said: str) -> None:
    Visitor(client, "ulla")
    for path in ("/terugkoppelingen", "/ladingen", "/opbrengsten"):
        answer = client.get(f"{path}/{quote(said)}")
        assert (answer.status_code, "Er is geen" in answer.text) == (404, True)
        assert "999990019" not in answer.text
    assert "TK-2020-0001" in client.get("/terugkoppelingen/TK-2020-0001").text
