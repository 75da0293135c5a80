"""PostgreSQL is stopped in order and as by a crash, and started again, while people work."""

import signal
import time
from pathlib import Path

import pytest

from tests.clients import MOST_LOADS, until
from tests.service.faults.conftest import Furnished, house
from tests.service.faults.outcome import Outcome, Outcomes
from tests.soak import SOAKING, tries

pytestmark = pytest.mark.chance

HOW = {"stopped fast": signal.SIGINT, "crashed": signal.SIGQUIT}
AWAY = 0.5
"""Seconds for which it is away."""
AT_LEAST = tries(1)
"""Times in each of the two ways."""
LOADS = min(AT_LEAST, MOST_LOADS)


def test_a_postgresql_that_is_restarted_under_load_loses_nothing(
    own: Furnished, outcomes: Outcomes, tmp_path: Path
) -> None:
    times = dict.fromkeys(HOW, 0)
    with house(own.address(), own.template.tokens, tmp_path) as there:
        office = there.office(20261124)
        chance = office.clients[0].chance
        office.begin(there.files(LOADS))
        while office.is_loading() or min(times.values()) < AT_LEAST:
            for name, how in HOW.items():
                time.sleep(chance.uniform(0.5, 8 if SOAKING else 2))
                own.cluster.stop(how)
                time.sleep(AWAY)
                own.cluster.start()
                times[name] += 1
            loaded = len(office.told.loads)
            until(lambda before=loaded: not office.is_loading() or len(office.told.loads) > before)
        office.end()
        there.compare(office, LOADS)
        findings = there.findings()
    assert not findings, findings
    said = office.said()
    assert office.sent_again(), "nobody noticed: there was no load to speak of"
    assert not [each for each in said if not each.startswith("503 De database antwoordt nu niet.")], said
    for name, count in times.items():
        outcomes.tell(Outcome(f"PostgreSQL {name} and started again", count, "", office.did(), office.longest()))
