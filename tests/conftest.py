"""What every test may ask for: a real database on disk, with national table 33 in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

import exports.models  # noqa: F401  # all tables
import service.models  # noqa: F401  # all tables
from service.access import Access
from service.db import make_engine, session_scope
from signals import municipalities

hypothesis_settings.register_profile("house", deadline=None)  # the machines are shared: no test is timed
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def engine_path() -> Callable[[str], str]:
    """Finds a program that a test starts; without it the test is skipped, or fails under REQUIRE_ALL=1."""

    def find(command: str) -> str:
        found = shutil.which(command)
        missing = f"{command} ontbreekt; `make engines` zet het neer"
        if found is None and os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(missing)
        return found or pytest.skip(missing)  # outside Debian, or not as root, it cannot be brought

    return find


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and table 33, made once and copied by whoever needs one."""
    path = tmp_path_factory.mktemp("empty") / "rni.sqlite"
    made = make_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(made)
    with session_scope(made, Access.system()) as session:
        municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    made.dispose()
    return path


@pytest.fixture
def engine(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of the test's own."""
    path = tmp_path / "rni.sqlite"
    shutil.copy(empty_database, path)
    made = make_engine(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session that sees every municipality."""
    with session_scope(engine, Access.system()) as opened:
        yield opened
