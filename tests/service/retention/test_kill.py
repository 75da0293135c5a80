"""The real process is killed at whatever moment, again and again; then all is gone once, and nothing half."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.retention import dossiers, journal
from service.row_security import EVERYTHING
from service.settings import Settings
from tests import processes
from tests.service.retention import old_cases, steps
from tests.soak import tries
from workflow.retention_models import Regelstaat

pytestmark = pytest.mark.every_database

LONG_AGO = date(2014, 3, 3)
"""The process looks at the real clock: these were closed more than ten years before any day on which this runs."""
CASES, KILLS = 12, tries(8)


@pytest.fixture
def listed(engine: Engine, settings: Settings) -> Iterator[str]:
    """An approved list of cases with documents."""
    for place in range(CASES):
        with session_scope(engine, Access.system()) as session:
            case = old_cases.put_aside(session, old_cases.PEOPLE[place], LONG_AGO)
            old_cases.with_document(session, settings, case, f"document {place}".encode())
    nummer = steps.propose(engine, settings)
    steps.approve(engine, nummer)
    engine.dispose()
    yield nummer


def whole(engine: Engine, settings: Settings) -> int:
    """How many cases are left, each with all that it has; of the others there is nothing but files that wait."""
    with engine.execution_options(**EVERYTHING).connect() as connection:
        left = set(connection.execute(text("SELECT id FROM zaak")).scalars())
        for each in dossiers.tables_of_a_case():
            assert set(connection.execute(text(f"SELECT zaak_id FROM {each.name}")).scalars()) <= left, each.name
        for name in ("document", "gebeurtenis", "zaak_signaal"):
            assert set(connection.execute(text(f"SELECT zaak_id FROM {name}")).scalars()) == left
        assert connection.execute(text("SELECT count(*) FROM signal")).scalar_one() == len(left)
        kept = set(connection.execute(text("SELECT bestand FROM document")).scalars())
        waiting = {Path(name).name for name in connection.execute(text("SELECT pad FROM te_wissen_bestand")).scalars()}
        states = Counter(connection.execute(text("SELECT staat FROM vernietigingsregel")).scalars())
    there = {path.name for path in (settings.data_dir / storage.DOCUMENTS).iterdir()}
    assert kept <= there <= kept | waiting
    assert states[Regelstaat.VERNIETIGD] + len(left) == CASES
    return len(left)


@pytest.mark.chance
def test_a_destruction_that_is_killed_goes_on_and_leaves_nothing_half(
    engine: Engine, settings: Settings, listed: str, tmp_path: Path
) -> None:
    chance = random.Random()  # nosec B311  # moments, no secrets
    environment = os.environ | {"RNI_DATABASE_URL": settings.database_url, "RNI_DATA_DIR": str(settings.data_dir)}
    words = ["retention", "destroy", listed, "--as", "tess"]
    out, err = tmp_path / "out", tmp_path / "err"
    outcomes: Counter[str] = Counter()
    for _ in range(KILLS):
        before = whole(engine, settings)
        engine.dispose()
        process = processes.begin(words, environment, out, err)
        time.sleep(chance.uniform(0, 1.2))
        process.kill()
        process.join()
        left = whole(engine, settings)
        outcomes["niets" if left == before else "een deel" if left else "alles"] += 1
    process = processes.begin(words, environment, out, err)
    process.join()
    assert process.exitcode in (0, 4), err.read_text()  # 4: it was all done before the last kill
    assert whole(engine, settings) == 0
    assert list((settings.data_dir / storage.DOCUMENTS).iterdir()) == []
    told = [line["nummer"] for line in journal.read(journal.path_of(settings.data_dir))]
    assert len(told) == len(set(told)) == CASES
    with engine.execution_options(**EVERYTHING).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM verklaring_van_vernietiging")).scalar_one() == 1
        entries = text("SELECT count(*) FROM audit WHERE actie = 'dossier_vernietigd'")
        assert connection.execute(entries).scalar_one() == CASES
        assert connection.execute(text("SELECT count(*) FROM te_wissen_bestand")).scalar_one() == 0
    print(f"{KILLS} killed: {dict(outcomes)}")
