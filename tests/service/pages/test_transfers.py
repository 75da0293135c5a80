"""A hand-over on the pages: what is ticked, one click or two, what the receiver reads, and the file for an outsider."""

import io
import re
import zipfile
from datetime import date

from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from signals.models import Participant
from tests import factories
from tests.service.conftest import ROTTERDAM, VENLO
from tests.service.pages.test_rendering import Visitor, case_in, client  # noqa: F401  # a fixture
from workflow.models import Case
from workflow.phases import Phase, Role


def log(engine: Engine, action: str) -> list[str]:
    with session_scope(engine, Access.system(), write=False) as session:
        chosen = select(AuditEntry.object).where(AuditEntry.actie == action).order_by(col(AuditEntry.id))
        return list(session.exec(chosen))


def test_a_double_click_hands_over_once_with_what_was_ticked(client: TestClient, engine: Engine) -> None:  # noqa: F811
    case = case_in(engine, Phase.INLICHTINGEN)
    anna, path = Visitor(client, "anna"), f"/zaken/{case.zaaknummer}/stappen/draag_over"
    form = anna.get(path)
    ticked = re.findall(r'name="stukken" value="([a-z]+:[0-9]+)" checked', form)
    assert len(ticked) == 3 and "Verhuurder, 7 maart 2026" in form
    bron, letter = (next(key for key in ticked if key.startswith(soort)) for soort in ("bron", "brief"))
    sent = {"formulier": "een", "versie": str(case.versie), "gemeentecode": VENLO}
    for _ in range(2):
        status, _ = anna.post(path, **sent, stukken=["geen", bron, letter])  # type: ignore[arg-type]
        assert status == 303
    parts = [f"{case.zaaknummer}/{key.replace(':', '/')}" for key in (bron, letter)]
    assert log(engine, "stuk_meegegeven") == parts
    mine = anna.get(f"/zaken/{case.zaaknummer}")
    assert "verhuurder, 7 maart 2026" in mine and "overdrachtsbestand" not in mine
    with session_scope(engine, Access.system(), write=False) as session:
        (there,) = session.exec(select(Case.zaaknummer).where(Case.gemeentecode == VENLO))
    dirk = Visitor(client, "dirk")
    page = dirk.get(f"/zaken/{there}")
    assert "Ontvangen bij overdracht" in page and "gemeente Rotterdam; ontvangen op" in page
    (link,) = re.findall(rf'href="(/zaken/{there}/ontvangen/[0-9]+)"', page)
    assert dirk.client.get(link).content.startswith(b"%PDF")
    assert Visitor(client, "anna").client.get(link).status_code == 404


def test_an_outsider_gets_a_file_right_after_the_step_and_later(client: TestClient, engine: Engine) -> None:  # noqa: F811
    case = case_in(engine, Phase.INLICHTINGEN)
    with session_scope(engine, Access.system()) as session:
        session.add(Participant(gemeentecode=ROTTERDAM, vanaf=date(2026, 1, 1), besloten_door="beheer"))
        handler = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), date(2026, 3, 9))
        factories.add_source(session, session.get_one(Case, case.id), handler, "sociaal_domein", "schulden")
    anna, path = Visitor(client, "anna"), f"/zaken/{case.zaaknummer}"
    sent = {"formulier": "een", "versie": str(case.versie), "gemeentecode": VENLO}
    status, _ = anna.post(f"{path}/stappen/draag_over", **sent)
    assert status == 303 and log(engine, "stuk_meegegeven") == []
    for _ in range(2):
        page = anna.get(path)
        assert "Haal het overdrachtsbestand op (ZIP)" in page
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
        assert found
        fields = {"csrf": found[1], "doel": "overdracht", "vorm": "zip"}
        answer = anna.client.post(f"{path}/afdruk", data=fields, headers=anna.own)
        assert answer.status_code == 200
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names == ["dossier.pdf", "stuk-001-brief-1-aanschrijving.pdf", "inhoud.csv"]
    assert log(engine, "dossier_verstrekt_overdracht_zip") == [case.zaaknummer] * 2
    assert len(log(engine, "stuk_meegegeven")) == 2 * 3
