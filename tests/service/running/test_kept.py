"""What processes counted, by the minute and the hour, on both databases; nothing twice and nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import make_engine, session_scope
from service.running import kept
from service.running.kept import KEPT_FOR, Keeper, from_json, keeping, together
from service.running.meter import Call, Counted, Fault, Meter, Sum, Tally
from service.running.models import Course, Length
from service.work import wait_for_the_lock

from ..conftest import AMSTERDAM

pytestmark = pytest.mark.every_database
SYSTEM = Access.system()
ZAKEN = Call("/zaken", "GET", 200)
NINE = datetime(2026, 11, 23, 9, 0, 30, tzinfo=AMSTERDAM)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NINE) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: int) -> None:
        self.now = (self.now.astimezone(UTC) + timedelta(**time)).astimezone(AMSTERDAM)


class Process:
    """A process of which the keeper looks when it is told to."""

    def __init__(self, engine: Engine, clock: Clock, soort: str = "web") -> None:
        self.meter, self.clock = Meter(), clock
        self.keeper = Keeper(engine, soort, clock, self.meter)

    def answers(self, count: int, ms: float = 40) -> None:
        for _ in range(count):
            self.meter.answered(ZAKEN, ms, Tally(4, 0.01))

    def minute(self) -> None:
        self.clock.pass_(minutes=1)
        self.keeper.look()


def counted(engine: Engine, lengte: Length, since: datetime = NINE - timedelta(days=30)) -> dict[datetime, int]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return {begin: each.calls[ZAKEN].count if each.calls else 0
                for begin, each in kept.read(session, lengte, since).items()}  # fmt: skip


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=AMSTERDAM)


def test_every_minute_is_a_row_and_the_hour_is_their_sum(engine: Engine) -> None:
    process = Process(engine, Clock())
    process.answers(3)
    process.keeper.look()
    assert counted(engine, Length.MINUUT) == {}
    process.minute()
    process.answers(4)
    process.minute()
    assert counted(engine, Length.MINUUT) == {at(9, 0): 3, at(9, 1): 4}
    assert counted(engine, Length.UUR) == {at(9): 7}


def test_a_new_hour_begins_with_nothing(engine: Engine) -> None:
    process = Process(engine, Clock(NINE.replace(minute=59)))
    process.answers(3)
    process.minute()
    process.answers(5)
    process.minute()
    assert counted(engine, Length.UUR) == {at(9): 3, at(10): 5}


def test_processes_are_counted_together(engine: Engine) -> None:
    clock = Clock()
    some = [Process(engine, clock), Process(engine, clock), Process(engine, clock, "klok")]
    for process in some:
        process.answers(2)
    clock.pass_(minutes=1)
    for process in some:
        process.keeper.look()
    assert counted(engine, Length.MINUUT) == {at(9): 6}
    with session_scope(engine, SYSTEM, write=False) as session:
        assert kept.processes(session, NINE - timedelta(minutes=5)) == {"web": 2, "klok": 1}


def test_the_hour_that_comes_twice_in_october_is_two_hours(engine: Engine) -> None:
    process = Process(engine, Clock(datetime(2026, 10, 25, 2, 10, tzinfo=AMSTERDAM)))
    for count in (1, 2, 4):
        process.answers(count)
        process.minute()
        process.clock.pass_(minutes=59)
        process.keeper.look()
    assert list(counted(engine, Length.UUR).values())[:3] == [1, 2, 4]


def test_what_is_older_than_eight_days_goes(engine: Engine) -> None:
    process = Process(engine, Clock())
    process.answers(1)
    process.minute()
    process.clock.pass_(days=KEPT_FOR.days, hours=2)
    process.keeper.look()
    process.answers(1)
    process.minute()
    process.clock.pass_(hours=1)
    process.keeper.look()
    assert min(counted(engine, Length.MINUUT)) > NINE + timedelta(days=7)
    assert min(counted(engine, Length.UUR)) > NINE + timedelta(days=7)


def test_what_cannot_be_written_now_is_written_later(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("elders wacht niemand op een ander die schrijft")
    impatient = make_engine(engine.url.render_as_string(hide_password=False))
    wait_for_the_lock(impatient, 0.05)
    process = Process(impatient, Clock())
    with session_scope(engine, SYSTEM) as writer:
        writer.add(Course(lengte=Length.UUR, begin=at(1), proces="x", soort="web", geteld=kept.as_json(Counted())))
        writer.flush()
        for count in (1, 2):
            process.answers(count)
            process.minute()
    assert counted(engine, Length.MINUUT) == {}
    process.answers(3)
    process.minute()
    assert counted(engine, Length.MINUUT) == {at(9, 0): 1, at(9, 1): 2, at(9, 2): 3}
    assert counted(engine, Length.UUR)[at(9)] == 6
    impatient.dispose()


def test_a_process_that_stops_leaves_nothing_behind(engine: Engine) -> None:
    meter, clock = Meter(), Clock()
    meter.answered(ZAKEN, 1, Tally())  # before it was kept
    with keeping(Keeper(engine, "web", clock, meter)):
        meter.answered(ZAKEN, 1, Tally())
    assert counted(engine, Length.MINUUT) == {at(9): 1}


def test_a_process_that_did_nothing_writes_nothing_at_its_end(engine: Engine) -> None:
    with keeping(Keeper(engine, "web", Clock(), Meter())):
        pass
    with session_scope(engine, SYSTEM, write=False) as session:
        assert session.exec(select(Course)).all() == []


def test_what_is_kept_is_what_was_counted() -> None:
    meter = Meter()
    for ms in (3, 60, 70_000):
        meter.answered(ZAKEN, ms, Tally(2, 0.004))
    meter.answered(Call("/zaken/{zaaknummer}", "POST", 500), 12, Tally())
    meter.slow("SELECT 1", 300)
    meter.fault(Fault("2026-11-23T09:00:00+01:00", "/zaken", 500, "a" * 32))
    meter.refused("code")
    whole = meter.taken()
    again = from_json(kept.as_json(whole))
    assert again.calls[ZAKEN].classes == whole.calls[ZAKEN].classes
    assert (again.calls[ZAKEN].count, again.calls[ZAKEN].statements, again.calls[ZAKEN].db_ms) == (3, 6, 12)
    assert again.faults == whole.faults and again.refused == whole.refused and again.slow == whole.slow
    twice = together([again, again])
    assert twice.calls[ZAKEN].count == 6 and twice.refused == {"code": 2} and twice.slow["SELECT 1"].count == 2
    assert Sum().plus(twice.calls[ZAKEN], -1).count == -6
