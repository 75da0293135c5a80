"""What writes stands still for seconds, while people work. No disk is slowed: what comes nearest to one.

On PostgreSQL a commit waits for a copy that stands still, as it would for a disk that does not answer. On SQLite
somebody else has the lock on the file, as one has whose commit hangs.
"""

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from service.app import PATIENCE
from service.settings import Settings
from tests.clients import until
from tests.postgres import FOLLOWED, Cluster, cluster
from tests.service.conftest import Template
from tests.service.faults.conftest import Furnished, house
from tests.service.faults.outcome import Outcome, Outcomes
from tests.soak import SOAKING, tries

pytestmark = pytest.mark.chance

COPY = {**FOLLOWED, "hot_standby": "on"}
HOLDS = min(tries(2), 40)
SECONDS = 2.0
LONGER = PATIENCE + 1.5
"""Seconds that a lock is held now and then: more than a request waits for it."""


@contextmanager
def held(copy: Cluster) -> Iterator[None]:
    """It stands still, and every commit with it."""
    copy.hold()
    try:
        yield
    finally:
        copy.hold(signal.SIGCONT)


@pytest.mark.skipif(not SOAKING, reason="een wachtende kopie kost te lang voor elke keer; make soak doet het")
def test_commits_that_take_seconds_are_waited_for(own: Furnished, outcomes: Outcomes, tmp_path: Path) -> None:
    with cluster(COPY, of=own.cluster) as copy:
        with own.cluster.as_superuser() as first:
            first.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            first.execute("SELECT pg_reload_conf()")
            until(lambda: first.execute("SELECT sync_state FROM pg_stat_replication").fetchall() == [("sync",)])
        with house(own.address(), own.template.tokens, tmp_path) as there:
            office = there.office(20261124)
            office.begin(there.files(1))
            for _ in range(HOLDS):
                time.sleep(office.clients[0].chance.uniform(0.1, 0.5))
                with held(copy):
                    time.sleep(SECONDS)
            office.end()
            there.compare(office, 1)
            findings = there.findings()
    assert not findings, findings
    assert office.longest() > SECONDS / 2, "no commit waited"
    outcomes.tell(
        Outcome(f"commits that hang for {SECONDS:g} s, PostgreSQL", HOLDS, "", office.did(), office.longest())
    )


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
def test_a_file_whose_lock_is_held_for_seconds_is_waited_for_or_a_sentence_says_so(
    settings: Settings, template: Template, outcomes: Outcomes, tmp_path: Path
) -> None:
    path = make_url(settings.database_url).database
    with house(settings.database_url, template.tokens, tmp_path) as there:
        office = there.office(20261124)
        office.begin(there.files(1))
        for place in range(HOLDS):
            time.sleep(office.clients[0].chance.uniform(0.5, 1))
            with closing(sqlite3.connect(str(path), timeout=30, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(SECONDS if place % 2 else LONGER)
                other.execute("ROLLBACK")
        office.end()
        there.compare(office, 1)
        findings = there.findings()
    assert not findings, findings
    said = office.said()
    assert said and not [each for each in said if "kan hier even niets worden vastgelegd" not in each], said
    outcomes.tell(
        Outcome(f"lock held for {SECONDS:g} or {LONGER:g} s, SQLite", HOLDS, "", office.did(), office.longest())
    )
