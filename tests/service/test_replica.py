"""Lists read at a copy of the database that runs along: only while that is up to date, never after one's own step."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest
from serving import Installation, Served, serving
from sqlalchemy import Engine, make_url

from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.replica import MOST_BEHIND, OWN_CHANGES, Replica
from service.settings import Settings
from service.web.cookies import CHANGED
from service.web.csrf import cookie_name
from tests import authenticator, factories
from tests.databases import plain_address
from tests.postgres import FOLLOWED, as_owner, as_service, as_superuser, following, running

from .conftest import ROTTERDAM


@dataclass
class Pair:
    """A database, the copy of it that runs along, and the server of that."""

    url: str
    copy_url: str
    copy_pid: int

    def on_copy(self, statement: str) -> None:
        with psycopg.connect(plain_address(as_superuser(self.copy_url)), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def pair(engine_path: Callable[..., str]) -> Iterator[Pair]:
    engine_path("pg_basebackup")
    with running(FOLLOWED) as cluster:
        with psycopg.connect(plain_address(cluster), autocommit=True) as connection:
            connection.execute("CREATE DATABASE rni")  # by the role that owns its tables
        owner = make_url(cluster).set(database="rni").render_as_string(hide_password=False)
        url = as_service(owner)
        upgrade(url, owner)
        engine = make_engine(url)
        with session_scope(engine, Access.system()) as session:
            accounts.create_user(
                session, "anna", accounts.role_given("behandelaar:0599"), now=Settings().now(), password="anna"
            )
            authenticator.link_all(session, ["anna"])
        engine.dispose()
        with following(owner) as (copy, pid):
            yield Pair(url, as_service(copy), pid)


@pytest.fixture
def engine(pair: Pair) -> Iterator[Engine]:
    made = make_engine(pair.url)
    yield made
    made.dispose()


@pytest.fixture
def replica(pair: Pair, engine: Engine) -> Iterator[Replica]:
    made = Replica(Settings(database_url=pair.url, database_read_url=pair.copy_url), engine)
    made.start()
    yield made
    made.stop()


def until(ready: Callable[[], bool]) -> None:
    for _ in range(1200):
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come so far")


def is_read(replica: Replica, engine: Engine) -> bool:
    return replica.engine() is not engine


def test_a_copy_is_read_once_it_is_up_to_date_also_when_nothing_happens(replica: Replica, engine: Engine) -> None:
    until(lambda: is_read(replica, engine))
    time.sleep(MOST_BEHIND + 2)  # nothing is written meanwhile
    assert is_read(replica, engine)


def test_a_copy_that_falls_behind_is_left_alone_until_it_is_back(replica: Replica, engine: Engine, pair: Pair) -> None:
    until(lambda: is_read(replica, engine))
    pair.on_copy("SELECT pg_wal_replay_pause()")
    try:
        with session_scope(engine, Access.system()) as session:
            factories.new_case(session, factories.RECEIVED, ROTTERDAM)
        until(lambda: not is_read(replica, engine))
        assert replica.behind > MOST_BEHIND
    finally:
        pair.on_copy("SELECT pg_wal_replay_resume()")
    until(lambda: is_read(replica, engine))


def test_connections_to_a_copy_that_broke_are_made_anew(replica: Replica, engine: Engine, pair: Pair) -> None:
    until(lambda: is_read(replica, engine))
    with psycopg.connect(plain_address(as_superuser(pair.copy_url)), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rni_dienst'")
    with replica.engine().connect() as there:  # connections that broke are made anew
        assert there.exec_driver_sql("SELECT 1").scalar_one() == 1
    until(lambda: is_read(replica, engine))


@pytest.fixture
def served(pair: Pair, tmp_path: Path) -> Iterator[Served]:
    with serving(
        Installation(pair.url, tmp_path / "data"), tmp_path / "service.log", RNI_DATABASE_READ_URL=pair.copy_url
    ) as running_:
        until(lambda: "leeskopie gelezen" in running_.log.read_text())
        yield running_


@pytest.fixture
def anna(served: Served, engine: Engine) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=60, headers={"Origin": served.address}) as browser:
        authenticator.sign_in(browser, engine, "anna", "anna")
        yield browser


def listed(browser: httpx.Client) -> set[str]:
    page = browser.get("/zaken?lijst=alle")
    assert page.status_code == 200
    return set(re.findall(r"Z-\d{4}-\d{7}", page.text))


def test_everybody_sees_at_once_what_he_did_and_others_see_it_when_the_copy_has_it(
    pair: Pair, engine: Engine, anna: httpx.Client
) -> None:
    name = cookie_name(Settings(), CHANGED)
    assert anna.cookies.get(name) == "1", "signing in is a change"
    anna.cookies.delete(name)
    pair.on_copy("SELECT pg_wal_replay_pause()")
    try:
        with session_scope(engine, Access.system()) as session:
            new = factories.new_case(session, factories.RECEIVED, ROTTERDAM).zaaknummer
        assert new not in listed(anna), "read at the copy, which does not have it yet"
        form = anna.get("/begrippen")
        csrf = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert csrf
        searched = anna.post("/zaken/zoek", data={"csrf": csrf[1], "zoek": new})
        cookie = next(each for each in searched.headers.get_list("set-cookie") if each.startswith(f"{name}="))
        assert f"Max-Age={OWN_CHANGES}" in cookie and "HttpOnly" in cookie
        assert new in listed(anna), "read where it was written"
    finally:
        pair.on_copy("SELECT pg_wal_replay_resume()")
    anna.cookies.delete(name)
    until(lambda: new in listed(anna))


def test_without_the_copy_everything_goes_on_and_one_line_says_so(pair: Pair, engine: Engine, tmp_path: Path) -> None:
    with ExitStack() as stack:
        copy, pid = stack.enter_context(following(as_owner(pair.url)))
        installation, log = Installation(pair.url, tmp_path / "data"), tmp_path / "service.log"
        served = stack.enter_context(serving(installation, log, RNI_DATABASE_READ_URL=as_service(copy)))
        until(lambda: "leeskopie gelezen" in log.read_text())
        with httpx.Client(base_url=served.address, timeout=60, headers={"Origin": served.address}) as browser:
            authenticator.sign_in(browser, engine, "anna", "anna")
            browser.cookies.delete(cookie_name(Settings(), CHANGED))
            before = listed(browser)
            os.kill(pid, signal.SIGQUIT)
            for _ in range(20):
                assert listed(browser) == before
                assert browser.get("/cijfers").status_code == 200
            until(lambda: "leeskopie is weg of loopt achter" in log.read_text())
    assert log.read_text().count("leeskopie is weg of loopt achter") == 1


def test_a_read_address_belongs_to_postgresql() -> None:
    (reason,) = Settings(database_read_url="postgresql://x/y").problems()
    assert reason.code == "adres_zonder_postgresql" and "RNI_DATABASE_READ_URL" in reason.uitleg
