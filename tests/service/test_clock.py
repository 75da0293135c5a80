"""Of any number of clocks one works; what nobody did at night is made up for, once a day and never twice."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from serving import Installation, beside
from sqlalchemy import Engine, text
from sqlmodel import select

from service import jobs
from service.access import Access
from service.db import session_scope
from service.leader import ByDatabase, Leader, leader_of
from service.models import ClockDay
from service.settings import Settings
from tests.factories import new_case
from workflow.clock import NIGHTLY
from workflow.models import CaseTask

from .conftest import AMSTERDAM, NOW, owning, soon

pytestmark = pytest.mark.every_database
LONG_AGO = date(2026, 3, 2)


@pytest.fixture
def two(settings: Settings) -> Iterator[tuple[Leader, Leader]]:
    both = leader_of(settings), leader_of(settings)
    yield both
    for each in both:
        each.close()


def cut_off(engine: Engine) -> None:
    """PostgreSQL ends the connection of whoever holds the lock."""
    with owning(engine) as connection:
        ended = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
        assert ended.scalars().all() == [True]


def test_of_two_clocks_one_leads_until_it_stops(two: tuple[Leader, Leader]) -> None:
    first, second = two
    assert first.leads() and not second.leads()
    assert first.leads() and first.still_leads() and not second.still_leads()
    first.close()
    assert not first.still_leads()
    assert soon(second)
    assert not first.leads()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
def test_a_leader_that_lost_its_connection_knows_before_it_does_anything(
    two: tuple[Leader, Leader], engine: Engine
) -> None:
    first, second = two
    assert first.leads()
    cut_off(engine)
    assert not first.still_leads()
    assert second.leads()
    assert not first.leads() and not first.leads()


def test_a_clock_waits_for_a_database_that_is_away() -> None:
    away = ByDatabase("postgresql+psycopg://niemand@127.0.0.1:1/niets")
    assert not away.leads() and not away.leads() and not away.still_leads()


def night(settings: Settings, engine: Engine, now: datetime, leads: Callable[[], bool] = lambda: True) -> set[str]:
    """Which jobs were done."""
    return set(jobs.run_night_due(settings, engine, now, leads))


ALL = {*NIGHTLY, jobs.MERGERS, jobs.EXPIRED, jobs.DUE, jobs.FORGOTTEN, jobs.SWEEP}


def test_a_night_is_done_once_a_day_also_when_it_is_late(settings: Settings, engine: Engine) -> None:
    assert night(settings, engine, NOW.replace(hour=1, minute=59)) == set()
    assert night(settings, engine, NOW.replace(hour=2, minute=0)) == ALL
    for hour in (2, 5, 23):
        assert night(settings, engine, NOW.replace(hour=hour, minute=30)) == set()
    late = (NOW + timedelta(days=4)).replace(hour=16)
    assert night(settings, engine, late) == ALL, "nobody led for days"
    assert night(settings, engine, late + timedelta(minutes=1)) == set()
    with session_scope(engine, Access.system(), write=False) as session:
        assert {(row.taak, row.dag) for row in session.exec(select(ClockDay))} == {(name, late.date()) for name in ALL}


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_night_in_which_the_clock_changes_is_done_once(settings: Settings, engine: Engine, day: date) -> None:
    """In spring there is no half past two, in autumn there are two of them."""
    moment = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM).timestamp()
    done = [
        night(settings, engine, datetime.fromtimestamp(moment + 60 * minutes, AMSTERDAM))
        for minutes in range(0, 6 * 60, 10)
    ]
    assert [each for each in done if each] == [ALL]


def test_what_was_made_at_night_is_not_made_again(settings: Settings, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        new_case(session, LONG_AGO, "0599")
    told = jobs.run_night_due(settings, engine, NOW)
    assert told["overdue"] == 2
    jobs.run_nightly(settings, engine, NOW)  # by hand: it is done again, and makes nothing again
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(session.exec(select(CaseTask)).all()) == 2


def test_who_no_longer_leads_stops_before_the_next_job(settings: Settings, engine: Engine) -> None:
    answers = iter([True, True, False])
    first = night(settings, engine, NOW, lambda: next(answers))
    assert len(first) == 2
    assert night(settings, engine, NOW) == ALL - first


def test_a_job_that_fails_keeps_nobody_from_the_others_and_is_tried_again(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ValueError

    first, *_ = NIGHTLY
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "NIGHTLY", {**NIGHTLY, first: broken})
        assert night(settings, engine, NOW) == ALL - {first}
        assert night(settings, engine, NOW) == set()
    assert night(settings, engine, NOW + timedelta(hours=1)) == {first}


def test_two_clocks_at_the_same_moment_do_each_job_once(settings: Settings, engine: Engine) -> None:
    """Both think that they lead: the database lets one of them do it."""
    told: list[set[str]] = []
    ready = threading.Barrier(2)

    def one() -> None:
        ready.wait()
        told.append(night(settings, engine, NOW))

    both = [threading.Thread(target=one) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert told[0] | told[1] == ALL
    assert not (told[0] & told[1]) - {jobs.SWEEP}


def until(log: Path, words: str) -> None:
    for _ in range(1200):
        if log.exists() and words in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError((words, log.read_text()))


def test_a_clock_of_its_own_makes_up_for_the_night_and_stops_well(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "klok.log"
    with beside(Installation(settings.database_url, settings.data_dir), log, "clock") as pid:
        assert pid
        until(log, "klok leidt")
        if settings.now().hour >= jobs.HOUR:
            until(log, jobs.SWEEP)
    with beside(Installation(settings.database_url, settings.data_dir), tmp_path / "twee.log", "clock"):
        until(tmp_path / "twee.log", "klok leidt")
