"""What it costs that the service tells how it runs: a worklist page with and without counts, log line and times of its
statements, in turn, in processor time of this process; and the row that is written once a minute.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from unittest import mock

from fastapi import FastAPI
from fastapi.testclient import TestClient

from service import journal
from service.access import Access
from service.app import create_app
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.running import statements
from service.running.kept import Keeper
from service.running.meter import METER, Call, Meter, Tally
from service.settings import Settings
from service.web.csrf import cookie_name
from service.web.measured import Measured
from tests.bench.steps import HANDLER, Times
from tests.databases import Databases
from tests.factories import NIJMEGEN, new_case
from tests.postgres import as_owner

CASES = 60
"""More than stand on one page."""
ROUNDS, AT_ONCE = 12, 25
ROUTES = 60
"""Of which a minute tells, in a busy office."""


def work(databases: Databases, name: str, folder: Path) -> list[Times]:
    """The page with and without, and the row of a minute."""
    url = databases.new()
    upgrade(url, as_owner(url))
    settings = Settings(database_url=url, data_dir=folder / "data", requests_per_user=0, requests_per_origin=0)
    secret = _prepare(url, settings)
    without = Times(f"worklist page, {name}: nobody looks")
    seen = Times(f"worklist page, {name}: counted, timed, logged", without, aim=1.05)
    with (
        (folder / "log").open("w") as stream,
        _pages(settings, secret, looks=False) as bare,
        _pages(settings, secret, looks=True) as page,
    ):
        for number in range(ROUNDS + 1):
            for ask, times, level in ((bare, without, logging.WARNING), (page, seen, logging.INFO)):
                journal.configure(stream, level=level)
                began = process_time()
                for _ in range(AT_ONCE):
                    ask()
                if number:  # the first is to get warm
                    times.seconds.append((process_time() - began) / AT_ONCE)
    minute = _minutes(url, name)
    databases.drop(url)
    return [without, seen, minute]


def _prepare(url: str, settings: Settings) -> str:
    """Cases of a handler, who is signed in; gives what the cookie holds."""
    engine, now = make_engine(url), datetime.now().astimezone()
    with session_scope(engine, Access.system()) as session:
        accounts.create_user(
            session, HANDLER, accounts.role_given(f"behandelaar:{NIJMEGEN}"), now=now, password=HANDLER
        )
        user = accounts.find_user(session, HANDLER)
        for _ in range(CASES):
            new_case(session, now.date())
        secret = accounts.start_session(session, user, now=now, hours=10, toestel="proef")
    engine.dispose()
    return secret


@contextmanager
def _pages(settings: Settings, secret: str, *, looks: bool) -> Iterator[Callable[[], None]]:
    """Asks for the worklist, of a service that looks after itself or of one that does not."""
    with mock.patch.object(statements, "watch", statements.watch if looks else lambda engine: None):
        engine = make_engine(settings.database_url)
        app: FastAPI = create_app(settings, engine)
    if not looks:
        app.user_middleware = [each for each in app.user_middleware if each.cls is not Measured]
    with TestClient(app, cookies={cookie_name(settings): secret}) as client:

        def ask() -> None:
            answer = client.get("/zaken?lijst=alle")
            assert answer.status_code == 200, answer.text

        yield ask
    METER.taken()


def _minutes(url: str, name: str) -> Times:
    """The row of a minute and that of its hour, in wall time: it waits for the disk."""
    engine, meter = make_engine(url), Meter()
    keeper = Keeper(engine, "web", lambda: datetime.now().astimezone(), meter)
    times = Times(f"a minute of {ROUTES} routes kept, {name}")
    for _ in range(30):
        for route in range(ROUTES):
            meter.answered(Call(f"/{route}/{{nummer}}", "GET", 200), 40, Tally(20, 0.01))
        began = perf_counter()
        keeper._keep(meter.taken())
        times.seconds.append(perf_counter() - began)
        keeper._minute = keeper._minute.replace(minute=(keeper._minute.minute + 1) % 60)
    engine.dispose()
    return times
