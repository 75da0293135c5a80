"""The clock jumps a day ahead and back, and both nights in which it changes: each night job once, no term wrong."""

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service import jobs
from service.access import Access
from service.db import session_scope
from service.log import chain
from service.settings import Settings
from tests.service.conftest import AMSTERDAM
from tests.service.faults.furnishing import Furnisher
from tests.service.faults.outcome import Outcome, Outcomes
from tests.service.test_clock import ALL
from tests.soak import SOAKING
from tests.soundness import unsound
from workflow.case_file import CaseFile
from workflow.case_terms import views
from workflow.models import Case, CaseTask

pytestmark = pytest.mark.chance

DAY = timedelta(days=1)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""There is no half past two; there are two of them."""
JUMPS: dict[str, tuple[date, float, float]] = {
    "a day ahead and back": (date(2026, 11, 2), 24, -24),
    "a day back and ahead": (date(2026, 11, 3), -24, 24),
    "three hours ahead and back": (date(2026, 11, 2), 3, -3),
    "a day ahead and back over the night of spring": (SPRING - DAY, 24, -24),
    "a day ahead and back over the night of autumn": (AUTUMN - DAY, 24, -24),
}


class Watch:
    """A clock that can be set."""

    def __init__(self, day: date) -> None:
        self.at = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM).timestamp()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, AMSTERDAM)

    def passes(self, hours: float) -> None:
        self.at += 3600 * hours


def ends(engine: Engine, today: date) -> dict[str, list[tuple[str, date]]]:
    """Every term of every case, with its end."""
    with session_scope(engine, Access.system(), write=False) as session:
        return {
            case.zaaknummer: [(one.term, one.einde) for one in views(CaseFile(session, case), today)]
            for case in session.exec(select(Case))
        }


@pytest.mark.parametrize("jump", list(JUMPS) if SOAKING else ["a day ahead and back over the night of autumn"])
def test_a_clock_that_jumps_does_each_night_once_and_moves_no_term(
    jump: str, settings: Settings, engine: Engine, outcomes: Outcomes, tmp_path: Path
) -> None:
    day, there, back = JUMPS[jump]
    furnisher = Furnisher(engine, settings, tmp_path)
    cases = furnisher.load(4, day - 60 * DAY)
    furnisher.walk(cases[:1], day - 50 * DAY, "wijs_toe")
    furnisher.walk(cases[1:2], day - 50 * DAY, "wijs_toe", "start_vooronderzoek")
    watch, nights = Watch(day), Counter[tuple[str, date]]()

    def hours(number: int) -> None:
        for _ in range(number):
            done = jobs.run_night_due(settings, engine, watch.now)
            nights.update((name, watch.now.date()) for name in done)
            chain.seal(engine, settings.data_dir, watch.now)
            watch.passes(1)

    hours(10)
    before = ends(engine, watch.now.date())
    watch.passes(there)
    furnisher.walk(cases[2:3], watch.now.date() - DAY, "wijs_toe")  # somebody works with the wrong clock
    hours(3)
    watch.passes(back)
    furnisher.walk(cases[3:4], watch.now.date() - DAY, "wijs_toe")
    hours(44)
    assert all(times == 1 for times in nights.values()), nights
    days = {date_ for _, date_ in nights}
    assert {date_: {name for name, on in nights if on == date_} for date_ in days} == dict.fromkeys(days, ALL)
    assert len(days) >= 2
    after = ends(engine, watch.now.date())
    assert {case: after[case] for case in cases[:2]} == {case: before[case] for case in cases[:2]}
    with session_scope(engine, Access.system(), write=False) as session:
        tasks = Counter((each.zaak_id, each.soort, each.uitleg) for each in session.exec(select(CaseTask)))
        assert tasks and set(tasks.values()) == {1}, tasks  # the same would be said twice
        assert not unsound(session, settings, watch.now)
    did = {"night jobs": len(nights), "reminders": len(tasks), "steps on a wrong day": 2}
    outcomes.tell(Outcome("clock jumps", 1, jump, did))
