"""All figures of an evaluation, beside one bare scan of the events of the same cases.

In turns on one database, each in a process of its own, so that neither finds what the other left in its memory.
"""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from exports.figures import figures
from exports.selection import Selection
from service import process
from service.access import Access
from service.db import make_engine, session_scope
from service.row_security import EVERYTHING
from service.settings import Settings
from tests.bench import multiplied
from tests.bench.measure import Runs, note
from tests.databases import Databases

EVENTS_PER_CASE = 10
AIM = 2.5
SCAN = "SELECT count(*), max(zaak_id), max(vastgelegd_op), max(stap), max(naar), max(resultaat) FROM gebeurtenis"


def work(databases: Databases, name: str, cases: int, runs: int, folder: Path) -> list[Runs]:
    """The scan and the figures of so many cases with ten times as many events."""
    note(f"{name}: {cases:,} cases with {cases * EVENTS_PER_CASE:,} events")
    url = databases.new()
    engine = multiplied.make(url, folder / "data", cases, cases * EVENTS_PER_CASE)
    engine.dispose()
    bare = Runs(f"{name}: a bare scan of the events")
    counted = Runs(f"{name}: all figures of an evaluation", bare, AIM)
    for _ in range(runs):
        events, *scanned = _alone(scan, url)
        bare.add(events, *scanned)
        # A row here is an event: both are held against as many.
        counted.add(events, *_alone(count, url)[1:])
    databases.drop(url)
    return [bare, counted]


def _alone(what: Callable[[str], int], url: str) -> tuple[int, float, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (what, url))


def _timed(what: Callable[[str], int], url: str) -> tuple[int, float, float]:
    process.begin(Settings(environment="demo"))
    started = perf_counter()
    rows = what(url)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return rows, seconds, peak / (1_000_000 if sys.platform == "darwin" else 1000)


def scan(url: str) -> int:
    """How many events there are, all of them read."""
    engine = make_engine(url)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        found = int(connection.execute(text(SCAN)).one()[0])
    engine.dispose()
    return found


def count(url: str) -> int:
    """The figures of everything as of today; answers of how many cases."""
    engine = make_engine(url)
    with session_scope(engine, Access.system(), write=False) as session:
        told = figures(session, Selection(), Settings().now().date())["cijfers"]
    assert told["zaken"] and told["treffers"] and sum(told["afstemming"].values()) == told["signalen"]
    return int(told["zaken"])
