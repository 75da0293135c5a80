"""The first PostgreSQL is killed while people work, and its copy takes its place under the same address."""

import signal
import time
from pathlib import Path

import pytest

from tests.clients import until
from tests.postgres import FOLLOWED, cluster
from tests.service.faults.conftest import Furnished, house
from tests.service.faults.outcome import Outcome, Outcomes
from tests.soak import tries

pytestmark = pytest.mark.chance

COPY = {**FOLLOWED, "hot_standby": "on"}


@pytest.mark.parametrize("time_", range(min(tries(1), 10)))
def test_a_copy_that_takes_the_place_of_the_first_has_all_that_people_were_told(
    own: Furnished, outcomes: Outcomes, tmp_path: Path, time_: int
) -> None:
    with cluster(COPY, of=own.cluster) as copy:
        with own.cluster.as_superuser() as first:
            first.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")  # a commit is answered when it is there
            first.execute("SELECT pg_reload_conf()")
            until(lambda: first.execute("SELECT sync_state FROM pg_stat_replication").fetchall() == [("sync",)])
        with house(own.address(copy), own.template.tokens, tmp_path) as there:
            office = there.office(20261124 + time_)
            office.begin(there.files(1))
            time.sleep(office.clients[0].chance.uniform(0.2, 3))
            own.cluster.stop(signal.SIGKILL)
            with copy.as_superuser() as second:
                assert second.execute("SELECT pg_promote()").fetchone() == (True,)
            office.end()
            there.compare(office, 1)
            findings = there.findings()
    assert not findings, findings
    said = office.said()
    assert not [each for each in said if not each.startswith("503 De database antwoordt nu niet.")], said
    outcomes.tell(Outcome("PostgreSQL failed over to its copy", 1, "", office.did(), office.longest()))
