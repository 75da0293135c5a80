"""The bytes of an upload in the data directory: there as long as a row knows of them, and no longer."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.models import AuditEntry
from service.settings import Settings
from tests import authenticator

from ..conftest import NOW
from .conftest import SAMPLE, Door, is_problem


def offer(door: Door, name: str = SAMPLE.name) -> dict[str, str]:
    with SAMPLE.open("rb") as stream:
        answer = door.post("/ladingen", files={"bestand": (name, stream)}, data={"datumOntvangst": "2026-07-06"})
    body: dict[str, str] = answer.json()
    return body


@pytest.fixture
def kept(settings: Settings) -> Path:
    return settings.data_dir / storage.RECEIVED


def test_a_file_that_is_gone_is_to_be_offered_again(doors: Mapping[str, Door], kept: Path, engine: Engine) -> None:
    number = offer(doors["ulla"])["ladingnummer"]
    (file,) = kept.iterdir()
    file.unlink()
    gone = is_problem(doors["ulla"].post(f"/ladingen/{number}/bevestigingen"), 409)
    assert gone["belemmeringen"][0]["code"] == "bestand_weg"
    assert "Bied het bestand opnieuw aan" in gone["detail"]
    is_problem(doors["ulla"].get(f"/ladingen/{number}/verwerkingsverslag"), 409)
    ulla = doors["ulla"].client
    own = {"Origin": "http://testserver"}
    authenticator.sign_in(ulla, engine, "ulla", "ulla", now=NOW, headers=own)
    page = ulla.get(f"/ladingen/{number}")
    assert (page.status_code, "Bied het bestand opnieuw aan" in page.text) == (200, True)


def test_what_somebody_may_not_load_is_not_kept(doors: Mapping[str, Door], kept: Path) -> None:
    assert offer(doors["tess"])["status"] == 403
    assert not list(kept.iterdir())


def test_who_takes_a_report_stands_in_the_log(doors: Mapping[str, Door], engine: Engine) -> None:
    number = offer(doors["ulla"])["ladingnummer"]
    assert doors["ulla"].get(f"/ladingen/{number}/verwerkingsverslag").status_code == 200
    with session_scope(engine, Access.system(), write=False) as session:
        entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    assert (entry.actor, entry.actie, entry.object) == ("ulla", "verwerkingsverslag_verstrekt", number)
