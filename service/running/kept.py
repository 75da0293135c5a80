"""What every process counted, kept for eight days: a row for each minute and one for each hour, written once a minute.

A process that cannot write (a load holds the lock of a database in a file) keeps counting and writes the minutes that
it owes with the next one.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from service.access import Access
from service.db import session_scope
from service.running.meter import LIMITS, METER, MOST_FAULTS, MOST_SLOW, Call, Counted, Fault, Meter, Slow, Sum
from service.running.models import Course, Length

log = structlog.get_logger()

KEPT_FOR = timedelta(days=8)
LOOK_EVERY = 1.0
"""Seconds between two looks at whether the minute is over."""
MOST_OWED = 60
"""Minutes that a process keeps in memory while it cannot write; the hours lose nothing."""
Counts = tuple[datetime, Counted]


def as_json(counted: Counted) -> dict[str, Any]:
    """As it is kept; classes without answers are left out, and there are only so many slow statements."""
    slowest = sorted(counted.slow.items(), key=lambda item: -item[1].ms)[:MOST_SLOW]
    return {
        "antwoorden": [
            [*call, each.count, round(each.ms), each.statements, round(each.db_ms), _sparse(each.classes)]
            for call, each in counted.calls.items()
        ],
        "traag": [[text, each.count, round(each.ms), round(each.most)] for text, each in slowest],
        "fouten": [list(each) for each in counted.faults],
        "geweigerd": dict(counted.refused),
    }


def _sparse(classes: Iterable[int]) -> dict[str, int]:
    return {str(place): count for place, count in enumerate(classes) if count}


def from_json(kept: Mapping[str, Any]) -> Counted:
    """What `as_json` gave."""
    calls = {}
    for route, method, status, count, ms, statements, db_ms, sparse in kept["antwoorden"]:
        classes = [sparse.get(str(place), 0) for place in range(len(LIMITS) + 1)]
        calls[Call(route, method, status)] = Sum(count, ms, statements, db_ms, classes)
    slow = {text: Slow(count, ms, most) for text, count, ms, most in kept["traag"]}
    return Counted(calls, slow, tuple(Fault(*each) for each in kept["fouten"]), Counter(kept["geweigerd"]))


def together(parts: Iterable[Counted]) -> Counted:
    """The sum; of the faults the newest."""
    whole = Counted()
    faults: list[Fault] = []
    for part in parts:
        for call, each in part.calls.items():
            whole.calls[call] = whole.calls[call].plus(each) if call in whole.calls else each.plus(Sum())
        for text, slow in part.slow.items():
            whole.slow.setdefault(text, Slow()).add(slow.count, slow.ms, slow.most)
        faults += part.faults
        whole.refused += part.refused
    whole.faults = tuple(sorted(faults)[-MOST_FAULTS:])
    return whole


class Keeper:
    """Writes down what this process counts, each minute, until it is stopped."""

    def __init__(self, engine: Engine, soort: str, now: Callable[[], datetime], meter: Meter = METER) -> None:
        self.engine, self.soort, self.meter = engine, soort, meter
        self._now = now
        self.proces = secrets.token_hex(6)
        self._minute = _minute_of(self.moment())
        self._hour: Counts = (_hour_of(self._minute), Counted())
        self._owed: list[Counts] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gang", daemon=True)

    def moment(self) -> datetime:
        """Now, in UTC: in a zone two hours of a night in October would be one."""
        return self._now().astimezone(UTC)

    def start(self) -> None:
        """From now on it is kept. What was counted before is not of this keeper."""
        self.meter.taken()
        self._thread.start()

    def stop(self) -> None:
        """The last minute is kept too, when there was anything in it."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        left = self.meter.taken()
        if left.answers or left.slow or self._owed:
            self._keep(left)

    def _watch(self) -> None:
        wrong = False
        while not self._stopped.wait(LOOK_EVERY):
            try:
                self.look()
                wrong = False
            except Exception:  # the last net: a thread that ends would keep nothing any more
                if not wrong:
                    log.exception("onverwachte fout")
                wrong = True

    def look(self) -> None:
        """Write when the minute is over."""
        if _minute_of(self.moment()) != self._minute:
            self._keep(self.meter.taken())
            self._minute = _minute_of(self.moment())

    def _keep(self, counted: Counted) -> None:
        hour, so_far = self._hour
        another = hour != _hour_of(self._minute)
        self._hour = (_hour_of(self._minute), together([counted] if another else [so_far, counted]))
        self._owed = [*self._owed, (self._minute, counted)][-MOST_OWED:]
        rows = [self._row(Length.MINUUT, *each) for each in self._owed]
        rows.append(self._row(Length.UUR, *self._hour))
        try:
            with session_scope(self.engine, Access.system(origin="gang")) as session:
                for row in rows:
                    session.merge(row)
                if another:
                    session.execute(delete(Course).where(col(Course.begin) < self.moment() - KEPT_FOR))
        except SQLAlchemyError as error:  # somebody else holds the lock, or the database is away: the next minute
            log.warning("gang niet bewaard", fout=type(error).__name__, minuten=len(self._owed))
        else:
            self._owed = []

    def _row(self, lengte: Length, begin: datetime, counted: Counted) -> Course:
        return Course(lengte=lengte, begin=begin, proces=self.proces, soort=self.soort, geteld=as_json(counted))


@contextmanager
def keeping(keeper: Keeper) -> Iterator[None]:
    """Meanwhile it is kept."""
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def read(session: Session, lengte: Length, since: datetime) -> dict[datetime, Counted]:
    """What all processes counted together, by the minute or hour in which that began, the oldest first."""
    chosen = select(Course.begin, Course.geteld).where(col(Course.lengte) == lengte, col(Course.begin) >= since)
    parts: dict[datetime, list[Counted]] = {}
    for begin, geteld in session.exec(chosen.order_by(col(Course.begin))):
        parts.setdefault(begin, []).append(from_json(geteld))
    return {begin: together(each) for begin, each in parts.items()}


def processes(session: Session, since: datetime) -> Counter[str]:
    """How many processes of which kind wrote something down since."""
    chosen = select(Course.soort, Course.proces).where(col(Course.begin) >= since).distinct()
    return Counter(soort for soort, _ in session.exec(chosen))
