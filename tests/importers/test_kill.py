"""A load that is killed leaves everything or nothing, and loading again gives the right counts."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, func, select

from importers.load import summary
from importers.refusals import FileRefused
from service.access import Access
from service.db import session_scope
from signals.base import table
from signals.models import Load, NumberSeries, RejectedRow, Signal
from tests.importers.deliveries import SAMPLES, take_in
from workflow.models import Case, CaseEvent, CaseSignal

FILE = SAMPLES / "demo" / "LRNI-2026-07.csv"
TABLES: tuple[type[SQLModel], ...] = (Load, Signal, RejectedRow, Case, CaseEvent, CaseSignal, NumberSeries)


def counted(session: Session) -> list[int]:
    return [session.execute(select(func.count()).select_from(table(kind))).scalar_one() for kind in TABLES]


def killed(database: str, moment: str) -> None:
    """Loads in a process of its own that is killed at that moment."""
    command = [sys.executable, "-m", "tests.importers.loading_process", database, str(FILE), moment]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


@pytest.mark.parametrize("moment", ["4", "12", "25", "40", "55", "60", "vastleggen", "daarna"])
def test_a_killed_load_leaves_all_or_nothing_and_can_be_repeated(engine: Engine, moment: str) -> None:
    with session_scope(engine, Access.system()) as session:
        before = counted(session)
    killed(str(engine.url.database), moment)
    with session_scope(engine, Access.system()) as session:
        standing = session.exec(select(Load)).first()
        assert (standing is not None) == (moment == "daarna")
        if standing is None:
            assert counted(session) == before
            standing = take_in(session, FILE)
        else:
            with pytest.raises(FileRefused, match="al_geladen"):
                take_in(session, FILE)
        expected = json.loads(FILE.with_suffix(".expected.json").read_text())
        told = summary(standing)
        assert {name: told[name] for name in expected} == expected
        assert standing.ladingnummer.endswith("-000001")
