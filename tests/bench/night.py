"""The nightly work of the clock over every open case of a national delivery, each night in a transaction of its own.

Four nights: an ordinary one on which nothing is due, the first on which the answers of a whole delivery are due within
five working days, that night once more (nothing may be made twice), and the first on which all of them are too late.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter

from sqlmodel import func, select

from service.access import Access
from service.db import make_engine, session_scope
from tests.bench.deliveries import RECEIVED
from workflow.clock import NIGHTLY
from workflow.deadlines import Term, deadline
from workflow.holidays import add_working_days
from workflow.models import Case
from workflow.phases import Phase

DUE = deadline(Term.LAA_EERSTE_ANTWOORD, RECEIVED).einde
SOON = next(day for day in (DUE - timedelta(days=n) for n in range(14, 0, -1)) if add_working_days(day, 5) >= DUE)
NIGHTS: Mapping[str, tuple[date, int]] = {
    "a night on which nothing is due": (RECEIVED + timedelta(days=1), 0),
    "the night on which every case is due soon": (SOON, 1),
    "the same night once more": (SOON, 0),
    "the night after every case was due": (DUE + timedelta(days=1), 1),
}
"""Per night its day, and how many reminders it makes for each case."""


@dataclass(frozen=True)
class Night:
    """What the clock did in a night: over so many open cases, so many reminders, in so many seconds."""

    what: str
    cases: int
    made: int
    seconds: float


def work(url: str, name: str) -> list[Night]:
    """The nights one after the other; each must make what it should."""
    engine = make_engine(url)
    with session_scope(engine, Access.system(), write=False) as session:
        cases = session.exec(select(func.count()).select_from(Case).where(Case.fase != Phase.AFGESLOTEN)).one()
    told = []
    for what, (today, asked) in NIGHTS.items():
        made, started = 0, perf_counter()
        for job in NIGHTLY.values():
            with session_scope(engine, Access.system()) as session:
                made += job(session, today)
        told.append(Night(f"{name}: {what}", cases, made, perf_counter() - started))
        assert made == asked * cases, (what, made, cases)
    engine.dispose()
    return told
