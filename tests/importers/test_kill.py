"""A load that is killed, at whatever moment, leaves everything or nothing, and loading again gives the right counts."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

import pytest
from sqlalchemy import Engine

from service.access import Access
from service.db import make_engine, session_scope
from service.settings import Settings
from tests.databases import Databases
from tests.importers.deliveries import NOW, SAMPLES
from tests.importers.loading_process import AFTER, BEFORE_COMMIT
from tests.importers.processes import contents, holds, wait_until_alone, workers
from tests.soak import tries
from tests.soundness import unsound

FILE = SAMPLES / "demo" / "LRNI-2026-07.csv"
COUNTS = ("geleverd", "geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd", "zaken")
EXPECTED = json.loads(FILE.with_suffix(".expected.json").read_text())
STATEMENTS, SECONDS = tries(10), tries(4)
"""At so many statements, and at so many points of time in and between them, a load is killed."""


@contextmanager
def empty(databases: Databases, source: str) -> Iterator[Engine]:
    with databases.copied(source) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.mark.chance
def test_a_load_killed_at_any_moment_leaves_all_or_nothing_and_can_be_repeated(
    databases: Databases, empty_database: str, tmp_path: Path
) -> None:
    outcomes: Counter[str] = Counter()
    with workers(1, tmp_path) as (worker,):

        def loads(engine: Engine) -> dict[str, float]:
            told = worker.does(engine, "load", file=str(FILE))
            assert {name: told[name] for name in COUNTS} == {name: EXPECTED[name] for name in COUNTS}
            assert told["number"].endswith("-000001")
            with session_scope(engine, Access.system()) as session:
                holds(session)
                assert not unsound(session, Settings(data_dir=tmp_path), NOW)
            return told

        def is_killed(engine: Engine, moment: str | float) -> bool:
            """Whether all is there; if not all, nothing is."""
            before = contents(engine)
            told = worker.does(engine, "load", file=str(FILE), moment=moment)
            if told["status"] == "gedood":
                assert told["signal"] == SIGKILL
            wait_until_alone(engine)
            if contents(engine) == before:
                outcomes["niets"] += 1
                return False
            outcomes["alles"] += 1
            assert worker.does(engine, "load", file=str(FILE))["reden"] == "al_geladen"
            with session_scope(engine, Access.system()) as session:
                holds(session)
                assert not unsound(session, Settings(data_dir=tmp_path), NOW)
            return True

        with empty(databases, empty_database) as engine:
            whole = loads(engine)
        last = int(whole["statements"])
        moments = [1 + last * part // STATEMENTS for part in range(STATEMENTS)]
        with empty(databases, empty_database) as engine:
            for moment in [*moments, BEFORE_COMMIT]:
                assert not is_killed(engine, moment), moment
            loads(engine)
        for part in range(1, SECONDS + 1):
            with empty(databases, empty_database) as engine:
                is_killed(engine, whole["seconds"] * part / SECONDS)
        with empty(databases, empty_database) as engine:
            assert is_killed(engine, AFTER)
    print(f"{sum(outcomes.values())} loads killed, at {STATEMENTS} of {last} statements: {dict(outcomes)}")
