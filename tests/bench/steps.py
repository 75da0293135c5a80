"""One step through the API of a running service, beside its statements by the bare driver; the page of a long case.

The steps are taken three times on three copies of one database: once inside this process, to write down every statement
with its parameters and where each transaction ends; once by the driver alone, those statements again; once through a
real `rni serve`, by a client that waits for each answer. All three begin with the same rows, so they do the same work.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import httpx2 as httpx
import psycopg
from fastapi.testclient import TestClient
from sqlalchemy import Engine, Pool, event, make_url
from sqlmodel import col, select

from service import journal
from service.access import Access
from service.app import create_app
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.settings import Settings
from tests import authenticator
from tests.databases import Databases
from tests.factories import NIJMEGEN, case_at, new_case
from tests.postgres import as_owner
from tests.serving import Installation, serving
from workflow.models import Case
from workflow.phases import Phase

HANDLER, LEADER = "anna", "tess"
Step = tuple[str, str, dict[str, Any]]
"""Who takes which step, with what."""

PLAIN: Sequence[Step] = (
    (LEADER, "wijs_toe", {"behandelaar": HANDLER}),
    (HANDLER, "start_vooronderzoek", {}),
    (HANDLER, "start_onderzoek", {"reden": "Het signaal wijst naar een woonadres hier."}),
    (HANDLER, "houd_aan", {"reden": "Wacht op een stuk."}),
    (HANDLER, "hervat", {"reden": "Het stuk is er."}),
)
"""Of every case, from ontvangen on: the first makes rows of what the load left in the case, the third starts a term."""
LETTER: Sequence[Step] = ((HANDLER, "verstuur_aanschrijving", {}),)
UNLIMITED = {"RNI_REQUESTS_PER_USER": "0", "RNI_REQUESTS_PER_ORIGIN": "0"}
"""One client sends here what a hundred people do."""
LONG = 200
"""Events of the case whose page is opened."""


@dataclass
class Times:
    """How long one thing took, each time; in seconds."""

    what: str
    bare: "Times | None" = None
    aim: float | None = None  # times the bare limit, at the 95th percentile
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Half of the times were shorter."""
        return quantiles(self.seconds, n=20)[9]

    @property
    def p95(self) -> float:
        """Nineteen of twenty times were shorter."""
        return quantiles(self.seconds, n=20)[18]

    @property
    def ratio(self) -> float | None:
        """How many times longer than the bare limit, both at the 95th percentile."""
        return self.p95 / self.bare.p95 if self.bare else None


@dataclass(frozen=True)
class Prepared:
    """A database with cases and people, the tokens of those, and the cases by number."""

    url: str
    tokens: dict[str, str]
    numbers: tuple[str, ...]
    long: str


def prepare(url: str, cases: int, folder: Path) -> Prepared:
    """Cases in ontvangen, one of LONG events, and two people with a token each."""
    upgrade(url, as_owner(url))
    engine = make_engine(url)
    now = datetime.now().astimezone()
    received = now.date() - timedelta(days=40)
    with session_scope(engine, Access.system()) as session:
        tokens = {}
        for name, role in ((HANDLER, "behandelaar"), (LEADER, "teamleider")):
            roles = accounts.role_given(f"{role}:{NIJMEGEN}")
            address = f"{name}@nijmegen.example"
            accounts.create_user(
                session, name, roles, now=now, password=name, telefoonnummer="024 329 90 00", emailadres=address
            )
            tokens[name] = accounts.make_token(session, name, now=now)
        authenticator.link_all(session, [HANDLER])
        numbers = tuple(new_case(session, received).zaaknummer for _ in range(cases))
        long = case_at(session, Phase.INLICHTINGEN, received).zaaknummer
    with TestClient(create_app(_settings(url, folder), engine)) as client:
        taker = Taker(client, tokens)
        while taker.version_of(long) < LONG:
            for each in PLAIN[3:]:
                taker.take(long, each)
    return Prepared(url, tokens, numbers, long)


def _settings(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, data_dir=folder / "data", requests_per_user=0, requests_per_origin=0)


class Taker:
    """Takes steps at the API, each on the case as the step before left it."""

    def __init__(self, client: Any, tokens: dict[str, str]) -> None:
        self._client, self._versions = client, dict[str, int]()
        self._headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}

    def version_of(self, number: str) -> int:
        """The version of a case, asked once."""
        if number not in self._versions:
            answer = self._client.get(f"/api/v1/zaken/{number}", headers=self._headers[HANDLER])
            self._versions[number] = answer.json()["versie"]
        return self._versions[number]

    def take(self, number: str, step: Step) -> float:
        """Take it; the seconds until the whole answer was there."""
        name, stap, gegevens = step
        body = {"stap": stap, "versie": self.version_of(number), "gegevens": gegevens}
        started = perf_counter()
        answer = self._client.post(f"/api/v1/zaken/{number}/stappen", json=body, headers=self._headers[name])
        seconds = perf_counter() - started
        assert answer.status_code == 201, answer.text
        self._versions[number] = answer.json()["versie"]
        return seconds


Statement = tuple[int, str, Any]
"""On which connection, the text, or COMMIT or ROLLBACK, and its parameters as the driver takes them."""
COMMIT, ROLLBACK = "commit", "rollback"
SUPERVISOR = "werk"


@contextmanager
def written_down() -> Iterator[list[Statement]]:
    """Every statement that any engine of this process executes meanwhile."""
    found: list[Statement] = []

    def note(dbapi_connection: Any, statement: str, parameters: Any = None) -> None:
        if threading.current_thread().name != SUPERVISOR:  # it looks around for work of its own
            found.append((id(dbapi_connection), statement, parameters))

    def executed(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        note(connection.connection.dbapi_connection, statement, parameters)

    def ended(how: str) -> Callable[[Any], None]:
        return lambda connection: note(connection.connection.dbapi_connection, how)

    def given_back(dbapi_connection: Any, record: Any, state: Any) -> None:
        note(dbapi_connection, ROLLBACK)

    listeners: Sequence[tuple[type, str, Callable[..., None]]] = (
        (Engine, "before_cursor_execute", executed),
        (Engine, COMMIT, ended(COMMIT)),
        (Engine, ROLLBACK, ended(ROLLBACK)),
        (Pool, "reset", given_back),
    )
    for of, name, listener in listeners:
        event.listen(of, name, listener)
    try:
        yield found
    finally:
        for of, name, listener in listeners:
            event.remove(of, name, listener)


def record(prepared: Prepared, url: str, steps: Sequence[tuple[str, Step]], folder: Path) -> list[list[Statement]]:
    """The statements of each step, taken in this process on the database at `url`."""
    with TestClient(create_app(_settings(url, folder))) as client:
        taker = Taker(client, prepared.tokens)
        for number in prepared.numbers:
            taker.version_of(number)  # asked beforehand: only the step itself counts
        found = []
        for number, step in steps:
            with written_down() as statements:
                taker.take(number, step)
            found.append(statements)
        return found


def replay(url: str, recorded: Sequence[Sequence[Statement]]) -> list[float]:
    """The seconds that the driver alone takes for the statements of each step."""
    opened: dict[int, Any] = {}
    engine = make_engine(url)
    sqlite = engine.dialect.name == "sqlite"

    def connect() -> Any:
        if sqlite:
            return engine.raw_connection().driver_connection
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, options="-c rni.codes=* -c rni.signals=on")  # it says once for whom it asks

    for each in {where for statements in recorded for where, _, _ in statements}:
        opened[each] = connect()
    taken = []
    for statements in recorded:
        started = perf_counter()
        for where, statement, parameters in statements:
            connection = opened[where]
            if statement == COMMIT:
                connection.commit()
            elif statement == ROLLBACK:
                connection.rollback()
            else:
                cursor = connection.cursor()
                if isinstance(parameters, list):
                    cursor.executemany(statement, parameters)
                else:
                    cursor.execute(statement, parameters)
                if cursor.description:
                    cursor.fetchall()
        taken.append(perf_counter() - started)
    for connection in opened.values():
        connection.close()
    engine.dispose()
    return taken


@contextmanager
def service(url: str, folder: Path) -> Iterator[Any]:
    """A client, beside a running service, that keeps its connection open."""
    installation = Installation(url, folder / "data")
    with (
        serving(installation, folder / "service.log", **UNLIMITED) as served,
        httpx.Client(base_url=served.address) as client,
    ):
        yield client


WARM = 3
"""Cases at the start that do not count: nothing is in memory yet."""


def measure(databases: Databases, name: str, cases: int, folder: Path) -> list[Times]:
    """The plain steps and the step with a letter, each beside its bare limit; and the page of a long case."""
    journal.configure(level=logging.ERROR)
    prepared = prepare(databases.new(), cases, folder)
    shown, start = [], prepared.url
    for what, steps in (("a step", PLAIN), ("a step with a letter", LETTER)):
        todo = [(number, each) for number in prepared.numbers for each in steps]
        copies = [databases.copy(start) for _ in range(3)]
        recorded = record(prepared, copies[0], todo, folder)
        bare = Times(f"{name}: {what}, its statements by the driver alone", seconds=replay(copies[1], recorded))
        whole = Times(f"{name}: {what} through the API", bare, 5)
        with service(copies[2], folder) as client:
            taker = Taker(client, prepared.tokens)
            for number in prepared.numbers:
                taker.version_of(number)
            whole.seconds = [taker.take(number, each) for number, each in todo]
        for times in (bare, whole):
            del times.seconds[: WARM * len(steps)]
        require_same(copies)
        shown += [bare, whole]
        start = copies[0]
    copy = databases.copy(prepared.url)
    with service(copy, folder) as client:
        engine = make_engine(copy)
        seconds = open_page(client, engine, prepared.long, cases)
        engine.dispose()
    return [*shown, Times(f"{name}: page of a case of {LONG} events", seconds=seconds)]


def require_same(urls: Sequence[str]) -> None:
    """All three did the same work: every case stands in the same phase at the same version."""
    found = []
    for url in urls:
        engine = make_engine(url)
        with session_scope(engine, Access.system(), write=False) as session:
            stands = session.exec(select(Case.zaaknummer, Case.fase, Case.versie).order_by(col(Case.zaaknummer)))
            found.append(list(stands))
        engine.dispose()
    assert found[0] == found[1] == found[2], "the three ways did not do the same"


def open_page(client: Any, engine: Engine, number: str, times: int) -> list[float]:
    """The seconds of each opening by a handler who is signed in."""
    own = {"Origin": str(client.base_url).rstrip("/")}
    authenticator.sign_in(client, engine, HANDLER, HANDLER, headers=own)
    taken = []
    for _ in range(times + WARM):
        started = perf_counter()
        answer = client.get(f"/zaken/{number}")
        taken.append(perf_counter() - started)
        assert answer.status_code == 200, answer.status_code
        assert answer.text.count("Hervat") > LONG // 3
    return taken[WARM:]
