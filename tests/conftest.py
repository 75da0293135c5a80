"""What every test may ask for: a real database on disk, with national table 33 in it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

import exports.models  # noqa: F401  # all tables
import service.models  # noqa: F401  # all tables
import workflow.models  # noqa: F401  # all tables
from service.access import Access
from service.db import make_engine, session_scope
from signals import municipalities
from tests import postgres
from tests.databases import Databases, PostgresDatabases, SqliteFiles

hypothesis_settings.register_profile("house", deadline=None)  # the machines are shared: no test is timed
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def engine_path() -> Callable[[str], str]:
    """Finds a program that a test starts; without it the test is skipped, or fails under REQUIRE_ALL=1."""

    def find(command: str) -> str:
        found = postgres.program(command)
        missing = f"{command} ontbreekt; `make engines` zet het neer"
        if found is None and os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(missing)
        return found or pytest.skip(missing)  # outside Debian, or not as root, it cannot be brought

    return find


KINDS = ("sqlite", "postgresql")
CLUSTER = "TEST_POSTGRESQL_FOLDER"
"""Names the folder where the address of this run's cluster appears; processes of pytest-xdist inherit it."""


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL for the whole run, started while the tests are collected; it stops when its input closes."""
    if hasattr(config, "workerinput") or config.option.collectonly or postgres.program("initdb") is None:
        return
    folder = tempfile.mkdtemp(prefix="rni-tests-")
    command = [sys.executable, "-m", "tests.postgres", folder]
    cluster = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, start_new_session=True)
    os.environ[CLUSTER] = folder
    config.add_cleanup(cluster.communicate)


@pytest.fixture(scope="session", params=KINDS)
def databases(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    engine_path: Callable[[str], str],
) -> Iterator[Databases]:
    """Both kinds of database; whatever asks for one, directly or not, runs on both (`-k "not postgresql"`: on one)."""
    if request.param == "sqlite":
        yield SqliteFiles(tmp_path_factory.mktemp("databases"))
        return
    engine_path("initdb")
    address = Path(os.environ[CLUSTER]) / "url"
    for _ in range(600):
        if address.exists():
            break
        time.sleep(0.1)
    assert address.exists(), "PostgreSQL did not start"
    made = PostgresDatabases(address.read_text(), os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def empty_database(databases: Databases) -> str:
    """A database with all tables and table 33, made once and copied by whoever needs one."""
    url = databases.new()
    made = make_engine(url)
    SQLModel.metadata.create_all(made)
    with session_scope(made, Access.system()) as session:
        municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    made.dispose()
    return url


@pytest.fixture
def engine(databases: Databases, empty_database: str) -> Iterator[Engine]:
    """An empty database of the test's own."""
    with databases.copied(empty_database) as url:
        made = make_engine(url)
        yield made
        made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session that sees every municipality."""
    with session_scope(engine, Access.system()) as opened:
        yield opened
