"""Half-way an upgrade: work of a kind that only the new version knows, and the version of before."""

import sqlite3
import time
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from service import work
from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import WorkKind, WorkState
from service.settings import Settings
from tests.databases import plain_address
from tests.postgres import as_owner
from tests.service.conftest import NOW, Template, access
from tests.service.log.log_walk import Walk
from tests.serving import Installation, serving

_KIND = "UPDATE werk SET soort = 'van_later'"


def _of_later(settings: Settings) -> None:
    """What was asked is of a kind that this version does not have, as after the migration of a later one."""
    if settings.on_postgresql:
        with psycopg.connect(plain_address(as_owner(settings.database_url)), autocommit=True) as owner:
            owner.execute("ALTER TABLE werk DROP CONSTRAINT ck_werk_workkind")
            owner.execute(_KIND)
        return
    with sqlite3.connect(str(settings.database_url).removeprefix("sqlite:///")) as file:
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute(_KIND)


def _ask(session: Session, about: str) -> int:
    asked = work.enqueue(session, WorkKind.SLEUTELS, about, NOW, rows=None)
    assert asked.id is not None
    return asked.id


def _state(engine: Engine, number: int) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql(f"SELECT staat FROM werk WHERE id = {number}").scalar_one())


@pytest.mark.every_database
def test_it_is_left_and_what_is_known_is_done(
    settings: Settings, engine: Engine, template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(engine, access(engine, "bea")) as session:
        later = _ask(session, "later")
    _of_later(settings)
    with session_scope(engine, access(engine, "bea")) as session:
        ours = _ask(session, "sleutels")
    with session_scope(engine, Access.system(), write=False) as session:
        assert [one.id for one in work.unfinished(session)] == [ours]
        assert work.latest(session, "later") is None and work.latest_of(session, ["later"]) == {}
    installation = Installation(settings.database_url, settings.data_dir)
    with serving(installation, tmp_path / "web.log", clock=settings.on_postgresql):
        until = time.monotonic() + 60
        while _state(engine, ours) != WorkState.KLAAR:
            assert time.monotonic() < until, (tmp_path / "web.log").read_text()
            time.sleep(0.1)
        time.sleep(3)  # whoever looks for work that is left looks every two seconds
        assert _state(engine, later) == WorkState.WACHT
    assert "LookupError" not in (tmp_path / "web.log").read_text()
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        asked = Walk(client, engine, template.tokens).ask("bea", f"GET /werk/{later}", None, None, {})
    assert asked.status_code == 404 and "Dit werk is er niet" in asked.text
