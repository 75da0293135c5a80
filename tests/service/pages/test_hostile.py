"""What somebody sends to a page who means ill, or only typed something odd: a sentence, never our fault."""

import re
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.access import Access
from service.db import session_scope
from tests import factories
from tests.service.conftest import ROTTERDAM
from workflow import dossier
from workflow.models import Case
from workflow.phases import Phase, Role

from .test_rendering import Visitor, case_in, client

__all__ = ["client"]

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1:8000"}


@pytest.mark.parametrize("text", ["2026-02-30", "2026-01-01T10:00 morgen", "2026-13-01T99:00", "open_bijvangst"])
def test_text_that_looks_like_a_date_or_a_code_stays_text(client: TestClient, engine: Engine, text: str) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    desk = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), date(2026, 3, 9))
    with session_scope(engine, Access.system()) as session:
        found = session.get_one(Case, case.id)
        soort, *_, toelichting = dossier.KINDS["leerpunten"].velden
        entry = {soort.naam: soort.keuzes[0], toelichting.naam: text}
        dossier.add(session, found, "leerpunten", desk, entry)
        factories.take(session, found, "houd_aan", desk, reden=text)
    page = Visitor(client, "anna").get(f"/zaken/{case.zaaknummer}")
    assert len(re.findall(rf"\b{re.escape(text)}\b", page)) >= 2


def test_numbers_beyond_every_column_are_refused(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.VOORONDERZOEK).zaaknummer
    Visitor(client, "aad")
    answer = client.get(f"/logboek?voor={10**30}")
    assert (answer.status_code, "te groot" in answer.text) == (400, True)
    anna = Visitor(client, "anna")
    assert anna.post(f"/zaken/{number}/taken/{10**30}")[0] == 404
    assert anna.post(f"/zaken/{number}/terugbelverzoeken/{10**30}")[0] == 404


def test_an_unreadable_character_is_one_sentence(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.VOORONDERZOEK).zaaknummer
    anna = Visitor(client, "anna")
    for status, page in (
        anna.post("/zaken/zoek", zoek="a\x00b"),
        anna.post(f"/zaken/{number}/stappen/houd_aan", versie="1", reden="a\x00b"),
    ):
        assert (status, "niet te lezen" in page) == (400, True)
    for path in (f"/zaken/{number}?gedaan=%00", "/zaken?behandelaar=%00", "/zaken/%00", "/inloggen?volgende=/%00"):
        answer = client.get(path)
        assert (answer.status_code, "niet te lezen" in answer.text) == (400, True), path
    for charset in ("utf-7", "unicode_escape"):
        other = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
        assert client.post("/inloggen", content=b"--x--", headers=FORM | other).status_code == 400


def test_an_origin_that_is_no_address_is_refused(client: TestClient) -> None:
    assert client.post("/inloggen", headers=FORM | {"Origin": "http://["}).status_code == 403
