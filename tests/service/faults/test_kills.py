"""A process is killed at whatever moment of its work, and the work is done again as a person would do it.

`make soak ONLY=faults TIMES=17` kills two hundred times: so often for each of six kinds of work on both databases.
"""

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.settings import Settings
from tests.service.conftest import Template
from tests.service.faults.outcome import Outcome, Outcomes
from tests.service.faults.work_killed import Destroying, Loading, Posting, Rotating, Stepping, Telling, Work
from tests.soak import SOAKING, tries

pytestmark = pytest.mark.chance

KINDS: dict[str, type[Work]] = {
    "load": Loading,
    "step": Stepping,
    "letter batch": Posting,
    "feedback": Telling,
    "rotation": Rotating,
    "destruction": Destroying,
}
KILLS = tries(1)
SOME, WARM = 0.6, 2 if SOAKING else 0
"""Seconds of work, about; in a soak it is measured how long it takes here, the second time."""


@pytest.mark.parametrize("kind", list(KINDS))
def test_work_that_is_killed_at_any_moment_and_done_again_is_done_once(
    kind: str, settings: Settings, engine: Engine, template: Template, outcomes: Outcomes, tmp_path: Path
) -> None:
    chance = random.Random() if SOAKING else random.Random(kind)
    work = KINDS[kind](settings, engine, template, tmp_path)
    try:
        times = [SOME]
        for _ in range(WARM):
            work.prepare()
            times.append(work.goes(None))
            work.settle()
        for _ in range(KILLS):
            work.prepare()
            engine.dispose()
            work.goes(chance.uniform(0, times[-1]))
            work.goes(None)
            work.settle()
    finally:
        work.close()
    compared, findings = work.compared(), work.findings()
    where = "PostgreSQL" if settings.on_postgresql else "SQLite"
    told = Outcome(f"killed, {where}", KILLS, kind, {}, None, compared.lost, compared.twice, len(findings))
    assert not findings, findings
    outcomes.tell(told)
