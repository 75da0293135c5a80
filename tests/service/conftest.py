"""A real SQLite file with the schema of the migrations, and the people who come in through the doors."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from service import accounts
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.settings import Settings

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 2, 10, 0, tzinfo=AMSTERDAM)
ROTTERDAM, VENLO = "0599", "0983"

CAST = {
    "anna": "behandelaar:0599",
    "bram": "toezichthouder:0599",
    "carla": "beslisser:0599",
    "tess": "teamleider:0599",
    "dirk": "behandelaar:0983",
    "ulla": "uwv_liaison",
    "coen": "coordinator",
    "bea": "beheerder",
    "aad": "auditor",
}


@dataclass(frozen=True)
class Template:
    """A database with the schema and the cast, made once and copied for each test; and the cast's API tokens."""

    path: Path
    tokens: Mapping[str, str]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("schema") / "template.sqlite3"
    upgrade(f"sqlite:///{path}")
    engine = make_engine(f"sqlite:///{path}")
    with session_scope(engine, Access.system()) as session:
        for name, role in CAST.items():
            accounts.create_user(session, name, accounts.role_given(role), now=NOW, password=name)
        tokens = {name: accounts.make_token(session, name, now=NOW, life=timedelta(days=36500)) for name in CAST}
    engine.dispose()
    return Template(path, tokens)


@pytest.fixture
def settings(tmp_path: Path, template: Template) -> Settings:
    database = tmp_path / "rni.sqlite3"
    shutil.copy(template.path, database)
    return Settings(database_url=f"sqlite:///{database}", data_dir=tmp_path / "data")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def tokens(template: Template) -> Mapping[str, str]:
    """The API token of everybody in the cast, by name."""
    return template.tokens


def access(engine: Engine, name: str) -> Access:
    with session_scope(engine, Access.system(), write=False) as session:
        return accounts.access_of_user(session, name, "test")
