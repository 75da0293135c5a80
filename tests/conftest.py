"""What every test may ask for: a real database on disk, with national table 33 in it."""

import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session, select

import exports.models  # noqa: F401  # all tables
import service.models  # noqa: F401  # all tables
import workflow.models  # noqa: F401  # all tables
from service import process
from service.access import Access
from service.db import session_scope, upgrade
from service.safety import DEFAULT_SECRET
from service.settings import Settings
from tests import postgres
from tests.databases import CLUSTER, Databases, PostgresDatabases, databases_of
from tests.engines import make_quick_engine
from tests.service.faults import outcome
from tests.soak import SOAKING
from workflow.models import NO_TERM, Case
from workflow.running_terms import running_terms

_PLAIN = Settings()
KEYS = (DEFAULT_SECRET.encode(),)
"""Those of a service without settings, so that a test reads what one wrote."""


@pytest.fixture(autouse=True)
def _own_keys() -> None:
    """Whatever keys the test before this one used."""
    process.begin(_PLAIN)


process.begin(_PLAIN)  # for what is made once, before the first test
hypothesis_settings.register_profile("house", deadline=None)  # the machines are shared: no test is timed
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def engine_path() -> Callable[..., str]:
    """Finds a program that a test starts, the first of these; without it a test skips, or fails under REQUIRE_ALL=1."""

    def find(*commands: str) -> str:
        found = next(filter(None, map(postgres.program, commands)), None)
        missing = f"{commands[0]} ontbreekt; `make engines` zet het neer"
        if found is None and os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(missing)
        return found or pytest.skip(missing)  # outside Debian, or not as root, it cannot be brought

    return find


@pytest.fixture(scope="session", autouse=True)
def delete_output_dir() -> None:
    """Not the whole folder at the start of every process, as pytest-playwright does.

    One that starts late would throw away what another kept. Each test takes away its own: see tests/service/pages.
    """


KINDS = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL for the whole run, started while the tests are collected; it stops when its input closes."""
    if hasattr(config, "workerinput") or config.option.collectonly or postgres.program("initdb") is None:
        return
    folder = tempfile.mkdtemp(prefix="rni-tests-")
    command = [sys.executable, "-m", "tests.postgres", folder]
    cluster = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, start_new_session=True)
    os.environ[CLUSTER] = folder
    config.add_cleanup(cluster.communicate)


def pytest_collection_finish() -> None:
    """The tests themselves, and all they import, stay: the garbage collector need not walk over them after each."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the faults came to, in whichever processes they ran."""
    outcome.show(terminalreporter)


ABOUT_DATA = (
    "tests/importers/",
    *(f"tests/exports/test_{what}" for what in ("feedback", "figures", "real", "yields")),
    "tests/workflow/test_intake",
    "tests/workflow/test_undo",
)
"""Where statements differ by database, or could: these always run on both."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about something else than the database runs on one of the two: this test on one, the next on the other.

    On both with the marker `every_database`, under `make soak`, with EVERY_DATABASE=1, and when tests are chosen with
    -k or one by one.
    """
    chosen = config.option.keyword or any("::" in argument for argument in config.args)
    if SOAKING or chosen or os.environ.get("EVERY_DATABASE") == "1" or postgres.program("initdb") is None:
        return
    variants: dict[str, dict[str, pytest.Item]] = {}
    for item in items:
        kind = getattr(item, "callspec", None) and item.callspec.params.get("databases")  # type: ignore[attr-defined]
        if kind and not item.nodeid.startswith(ABOUT_DATA) and not item.get_closest_marker("every_database"):
            variants.setdefault(item.nodeid.replace(kind, "", 1), {})[kind] = item
    other = {of[KINDS[crc32(name.encode()) % len(KINDS)]] for name, of in variants.items() if len(of) == len(KINDS)}
    config.hook.pytest_deselected(items=[item for item in items if item in other])
    items[:] = [item for item in items if item not in other]


@pytest.fixture(scope="session", params=KINDS)
def databases(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    engine_path: Callable[..., str],
) -> Iterator[Databases]:
    """Both kinds of database; what asks for one, directly or not, runs on both or on one of them (see above).

    In a browser that is one: see tests/service/pages.
    """
    if request.param == "postgresql":
        engine_path("initdb")
    with databases_of(request.param, tmp_path_factory.mktemp("databases")) as made:
        yield made


@pytest.fixture(scope="session")
def empty_database(databases: Databases) -> str:
    """A database with all tables and table 33, made once and copied by whoever needs one."""
    url = databases.new()
    upgrade(url, postgres.as_owner(url))
    return url


@pytest.fixture
def engine(databases: Databases, empty_database: str) -> Iterator[Engine]:
    """An empty database of the test's own."""
    with databases.copied(empty_database) as url:
        made = make_quick_engine(url)
        yield made
        made.dispose()


class Shared:
    """An empty database for the sessions of tests that commit nothing, one after the other; renewed when one does.

    On PostgreSQL it is renewed each time: what was rolled back leaves holes there, in which later rows land, so that
    rows of which nobody asked the order would come in another one.
    """

    def __init__(self, databases: Databases, empty: str) -> None:
        self._databases, self._empty = databases, empty
        self._made: tuple[str, Engine] | None = None
        self._used = False
        self._once = isinstance(databases, PostgresDatabases)

    @property
    def engine(self) -> Engine:
        """The database as it was made."""
        if self._used or self._once:
            self.drop()
        if self._made is None:
            url = self._databases.copy(self._empty)
            self._made = url, make_quick_engine(url)
            event.listen(self._made[1], "commit", self._use)
        return self._made[1]

    def _use(self, connection: Connection) -> None:
        self._used = True

    def drop(self) -> None:
        """Take it away."""
        if self._made is not None:
            url, made = self._made
            made.dispose()
            self._databases.drop(url)
        self._made, self._used = None, False


@pytest.fixture(scope="session")
def shared(databases: Databases, empty_database: str) -> Iterator[Shared]:
    """The database of sessions that nobody looks at from beside."""
    made = Shared(databases, empty_database)
    yield made
    made.drop()


def require_first_terms(session: Session) -> None:
    """Whatever a test did, every case says which of its running terms ends first."""
    terms = running_terms()
    running = select(terms.c.zaak_id, terms.c.einde, terms.c.term)
    last_first = running.order_by(terms.c.einde.desc(), terms.c.term.desc())
    first = {zaak_id: (einde, term) for zaak_id, einde, term in session.exec(last_first)}
    said = select(Case.id, Case.eerste_termijn_tot, Case.eerste_termijn)
    assert {of: (ends, term) for of, ends, term in session.exec(said)} == {
        of: first.get(of, (NO_TERM, None)) for of in session.exec(select(Case.id))
    }


@pytest.fixture
def session(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Session]:
    """A session that sees every municipality. It is rolled back; of a test that asks for `engine` too, committed."""
    own = "engine" in request.fixturenames
    with session_scope(request.getfixturevalue("engine") if own else shared.engine, Access.system()) as opened:
        yield opened
        if not own:
            opened.flush()
            if not request.node.get_closest_marker("terms_by_hand"):
                require_first_terms(opened)
            opened.rollback()
