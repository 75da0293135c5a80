"""A real database with the schema of the migrations, and the people who come in through the doors."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine

from service import journal
from service.access import Access
from service.connectors.configuration import FILE
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.leader import Leader
from service.row_security import EVERYTHING
from service.settings import Settings
from tests import authenticator
from tests.databases import Databases
from tests.elsewhere.process import Elsewhere
from tests.elsewhere.process import running as elsewhere
from tests.engines import make_quick_engine
from tests.postgres import as_owner
from tests.sshd import Sshd, running

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


@pytest.fixture(autouse=True)
def logged() -> None:
    """The log as a service writes it: left to itself, structlog draws a traceback with all that was in memory."""
    journal.configure()


@dataclass(frozen=True)
class Template:
    """A database with the schema and the cast, made once and copied for each test; and the cast's API tokens."""

    url: str
    tokens: Mapping[str, str]


@pytest.fixture(scope="session")
def template(databases: Databases) -> Template:
    return with_cast(databases.new())


def with_cast(url: str) -> Template:
    """An empty database gets the schema and the cast."""
    upgrade(url, as_owner(url))
    engine = make_engine(url)
    with session_scope(engine, Access.system()) as session:
        for name, role in CAST.items():
            accounts.create_user(
                session,
                name,
                accounts.role_given(role),
                now=NOW,
                password=name,
                telefoonnummer="010 555 01 01",
                emailadres=f"{name}@rotterdam.example",
            )
        tokens = {name: accounts.make_token(session, name, now=NOW, life=timedelta(days=36500)) for name in CAST}
        authenticator.link_all(session, CAST)
    engine.dispose()
    return Template(url, tokens)


@pytest.fixture
def start(template: Template) -> str:
    """The database that a test begins with."""
    return template.url


@pytest.fixture
def settings(tmp_path: Path, databases: Databases, start: str) -> Iterator[Settings]:
    with databases.copied(start) as url:
        yield Settings(database_url=url, data_dir=tmp_path / "data")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_quick_engine(settings.database_url)
    yield engine
    engine.dispose()


@contextmanager
def owning(engine: Engine) -> Iterator[Connection]:
    """A transaction of whoever may do everything in the database: the owner of the tables, who sees every row."""
    own = make_engine(as_owner(engine.url.render_as_string(hide_password=False)))
    try:
        with own.execution_options(**EVERYTHING).begin() as connection:
            yield connection
    finally:
        own.dispose()


@pytest.fixture
def tokens(template: Template) -> Mapping[str, str]:
    """The API token of everybody in the cast, by name."""
    return template.tokens


@pytest.fixture(scope="session")
def one_server(engine_path: Callable[..., str]) -> Iterator[Sshd]:
    with running(engine_path("sshd")) as server:
        yield server


@pytest.fixture
def server(one_server: Sshd) -> Iterator[Sshd]:
    """An OpenSSH server with an empty folder."""
    yield one_server
    one_server.inbox.chmod(0o755)
    for each in one_server.inbox.iterdir():
        each.unlink()


@pytest.fixture
def empty(databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """A machine on which nothing is yet."""
    url = databases.new()
    if url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'elders' / 'rni.sqlite3'}"
    yield Settings(database_url=url, database_owner_url=as_owner(url), data_dir=tmp_path / "elders" / "data")
    if not url.startswith("sqlite"):
        databases.drop(url)


@pytest.fixture
def with_brp(settings: Settings, tmp_path: Path) -> Iterator[Elsewhere]:
    """A BRP of the tests, that Rotterdam may ask."""
    own = tmp_path / "koppelingen" / ROTTERDAM
    own.mkdir(parents=True)
    with elsewhere("brp", tmp_path / "brp") as there:
        (own / FILE).write_text(f'[brp]\nadres = "{there.url}"\n')
        settings.connectors_dir = own.parent
        yield there


def soon(candidate: Leader) -> bool:
    """Whether it leads within some seconds: PostgreSQL lets a lock go just after its session was closed."""
    for _ in range(200):
        if candidate.leads():
            return True
        time.sleep(0.05)
    return False


def access(engine: Engine, name: str) -> Access:
    with session_scope(engine, Access.system(), write=False) as session:
        return accounts.access_of_user(session, name, "test", NOW.date())
