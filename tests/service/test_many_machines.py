"""Three web processes, two clocks, two workers on one PostgreSQL, killed in turn under load: nothing twice or lost.

Everything goes through the real HTTP doors, by clients that do what a careful client does: a request without an answer
is sent again, at another web process, under the same Idempotency-Key. What they were told was done is counted, and
compared with what is in the database. `make soak` goes round more often; with `pytest -rP` the times are printed.
"""

import os
import random
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest
from serving import Installation, free_port
from sqlalchemy import Engine

from service import work
from service.access import Access
from service.db import make_engine, session_scope
from service.models import Work, WorkState
from service.settings import Settings
from service.work_signs import signs_of
from tests.clients import MOST_LOADS, Machine, Office, delivered, nothing_twice_nothing_lost, until
from tests.databases import plain_address
from tests.postgres import as_superuser
from tests.soak import tries

from .conftest import Template

pytestmark = [
    pytest.mark.chance,
    pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session"),
]

WEB, CLOCKS, WORKERS = 3, 2, 2
LOADS = min(tries(1), MOST_LOADS)
LEADER = """
SELECT split_part(application_name, ' ', 3)::int FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND application_name LIKE 'rni klok %'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class Fleet:
    """All of them, on one database."""

    settings: Settings
    engine: Engine
    web: list[Machine] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    clocks: list[Machine] = field(default_factory=list)
    workers: list[Machine] = field(default_factory=list)

    def leader(self) -> int | None:
        """The process that holds the lock of the clocks."""
        with psycopg.connect(plain_address(as_superuser(self.settings.database_url))) as connection:
            found = connection.execute(LEADER).fetchall()  # type: ignore[arg-type]
        assert len(found) <= 1, "two clocks lead"
        return int(found[0][0]) if found else None


@pytest.fixture
def fleet(settings: Settings, tmp_path: Path) -> Iterator[Fleet]:
    installation = Installation(settings.database_url, settings.data_dir)
    engine = make_engine(settings.database_url)
    made = Fleet(settings, engine)
    with ExitStack() as stack:
        for place in range(WEB):
            port = free_port()
            environment = installation.environment(RNI_BASE_URL=f"http://127.0.0.1:{port}", RNI_REQUESTS_PER_USER="0")
            made.ports.append(port)
            made.web.append(Machine(["serve", "--port", str(port)], environment, tmp_path / f"web-{place}.log"))
        plain = installation.environment()
        made.clocks += [Machine(["clock"], plain, tmp_path / f"klok-{place}.log") for place in range(CLOCKS)]
        made.workers += [Machine(["worker"], plain, tmp_path / f"werk-{place}.log") for place in range(WORKERS)]
        for machine in (*made.web, *made.clocks, *made.workers):
            stack.callback(machine.stop)
            machine.start()
        yield made
    engine.dispose()


@dataclass
class Times:
    """Seconds until another had taken over, and how often each kind was killed."""

    clock: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)
    web: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        def line(name: str, seconds: list[float]) -> str:
            if not seconds:
                return f"{name}: not killed at work"
            return f"{name}: {len(seconds)} times, p50 {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s"

        return "\n".join(
            line(name, seconds)
            for name, seconds in (
                ("clock taken over", self.clock),
                ("work taken over", self.worker),
                ("web process started anew (others answered meanwhile)", self.web),
            )
        )


def kill_clock(fleet: Fleet, times: Times) -> None:
    """The clock that leads; whoever waits takes the lock."""
    until(lambda: fleet.leader() is not None)
    leads = fleet.leader()
    victim = next(each for each in fleet.clocks if each.process and each.process.pid == leads)
    victim.kill()
    started = time.monotonic()
    until(lambda: fleet.leader() not in (None, leads))
    times.clock.append(time.monotonic() - started)
    victim.start()


def kill_worker(fleet: Fleet, times: Times, victim: Machine) -> None:
    """A worker, and with it what it does, as when its machine goes; the work is begun again by somebody else.

    Not when that would be the last attempt of its work: then nobody takes it over, and people are told so.
    """
    going_on = _of_worker(fleet, victim)
    if any(each.poging >= work.MOST_ATTEMPTS for each in going_on):
        return
    victim.kill()
    started = time.monotonic()
    for asked in going_on:
        told = signs_of(fleet.engine, fleet.settings).progress(asked)
        if told.pid:
            with suppress(ProcessLookupError):
                os.kill(told.pid, signal.SIGKILL)
    for asked in going_on:
        until(lambda asked=asked: _other_hands(fleet, asked))
        times.worker.append(time.monotonic() - started)
    victim.start()


def _of_worker(fleet: Fleet, victim: Machine) -> list[Work]:
    """What goes on in processes that this worker started."""
    assert victim.process and victim.process.pid
    with session_scope(fleet.engine, Access.system(), write=False) as session:
        open_ = [each for each in work.unfinished(session) if each.staat == WorkState.BEZIG]
    mine = []
    for each in open_:
        told = signs_of(fleet.engine, fleet.settings).progress(each)
        with suppress(OSError):
            if told.pid and f"PPid:\t{victim.process.pid}\n" in Path(f"/proc/{told.pid}/status").read_text():
                mine.append(each)
    return mine


def _other_hands(fleet: Fleet, asked: Work) -> bool:
    with session_scope(fleet.engine, Access.system(), write=False) as session:
        now = session.get_one(Work, asked.id)
    return now.staat == WorkState.KLAAR or (now.staat == WorkState.BEZIG and now.uitvoerder != asked.uitvoerder)


def kill_web(fleet: Fleet, times: Times, place: int) -> None:
    victim = fleet.web[place]
    victim.kill()
    started = time.monotonic()
    victim.start()

    def answers() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{fleet.ports[place]}/.well-known/security.txt").status_code == 200
        return False

    until(answers)
    times.web.append(time.monotonic() - started)


def test_killed_in_turn_under_load_nothing_is_done_twice_and_nothing_is_lost(
    fleet: Fleet, template: Template, tmp_path: Path
) -> None:
    chance = random.Random(20261123)
    times, office = Times(), Office(fleet.ports, template.tokens, chance)
    office.begin(delivered(tmp_path, number) for number in range(LOADS))
    turns = 0
    while office.is_loading() or turns < tries(2):
        kill_clock(fleet, times)
        busy = [each for each in fleet.workers if _of_worker(fleet, each)]
        kill_worker(fleet, times, chance.choice(busy or fleet.workers))
        kill_web(fleet, times, turns % WEB)
        turns += 1
    office.end()
    told = office.told
    print(times)
    print(f"{turns} turns; {len(told.loads)} loads, {len(told.steps)} cases closed, {len(told.feedback)} deliveries of")
    print(f"feedback; {office.sent_again()} requests sent again; not done: {len(told.wrong)}")
    nothing_twice_nothing_lost(fleet.engine, fleet.settings, told, LOADS)
