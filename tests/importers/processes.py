"""Loads in processes of their own, killed or at the same time, and what must hold of the tables whatever happened."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel, col, func, select

from service.row_security import EVERYTHING
from signals.base import table
from signals.bsn import passes_elfproef
from signals.models import Load, LoadStatus, RejectedRow, Signal
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent, CaseSignal
from workflow.phases import OPEN

ROOT = Path(__file__).parents[2]
BSNS = [number for number in map(str, range(999900000, 999910000)) if passes_elfproef(number)]


class Worker:
    """A process that does what it is asked, one task after the other, and tells what became of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "tests.importers.loading_process"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def begin(self, engine: Engine, do: str, **more: Any) -> None:
        url = engine.url.render_as_string(hide_password=False)
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, "url": url, "folder": str(self._folder)} | more) + "\n")

    def told(self) -> dict[str, Any]:
        assert self._process.stdout
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert told["status"] != "fout", told["reden"]
        return told

    def does(self, engine: Engine, do: str, **more: Any) -> dict[str, Any]:
        self.begin(engine, do, **more)
        return self.told()

    def stop(self) -> None:
        self._process.communicate()


@contextmanager
def workers(number: int, folder: Path) -> Iterator[list[Worker]]:
    made = [Worker(folder) for _ in range(number)]
    try:
        yield made
    finally:
        for worker in made:
            worker.stop()


def at_once(*tasks: tuple[Worker, Engine, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What becomes of tasks that begin at the same moment."""
    start = time.time() + 0.15
    for worker, engine, do, more in tasks:
        worker.begin(engine, do, start=start, **more)
    return [worker.told() for worker, *_ in tasks]


def wait_until_alone(engine: Engine) -> None:
    """PostgreSQL notices only after a while that a client was killed, and may be finishing its statement."""
    if engine.dialect.name != "postgresql":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(600):
        with engine.connect() as connection:
            if connection.execute(others).scalar_one() == 0:
                return
        time.sleep(0.02)
    raise AssertionError("a killed client is still there")


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but table 33."""
    kept = [each for each in SQLModel.metadata.sorted_tables if each.name != "municipality"]
    with engine.execution_options(**EVERYTHING).connect() as connection:
        return {each.name: sorted(map(tuple, connection.execute(select(each))), key=repr) for each in kept}


def holds(session: Session) -> None:
    """The sum of every load, one link and so one case for every signal, and one open case for a person and place.

    And a case begins with one event, which is a row or follows from the case, but never both.
    """

    def count(kind: type[SQLModel], *where: Any) -> int:
        return session.execute(select(func.count()).select_from(table(kind)).where(*where)).scalar_one()

    standing = session.exec(select(Load).where(Load.status == LoadStatus.GELADEN)).all()
    for load in standing:
        five = (load.geaccepteerd, load.gewijzigd, load.ingetrokken, load.dubbel, load.afgekeurd)
        assert load.geleverd == sum(five), load.ladingnummer
        assert count(Signal, col(Signal.load_id) == load.id) == load.geaccepteerd
        assert count(RejectedRow, col(RejectedRow.load_id) == load.id) == load.dubbel + load.afgekeurd
    assert count(Signal) == sum(load.geaccepteerd for load in standing)
    assert count(Case) == sum(load.zaken for load in standing)
    numbers = session.exec(select(Signal.signaalnummer)).all()
    assert len(numbers) == len(set(numbers))
    files = [CaseFile(session, case) for case in session.exec(select(Case))]
    linked = sorted(link.signal_id for file in files for link in file.signals)
    assert linked == list(session.exec(select(Signal.id).order_by(col(Signal.id))))
    assert all(file.signals and file.events[0].stap == "ontvang_signaal" for file in files)
    unsettled = [file.case.id for file in files if file.case.lading_id is not None]
    assert not count(CaseEvent, col(CaseEvent.zaak_id).in_(unsettled))
    assert not count(CaseSignal, col(CaseSignal.zaak_id).in_(unsettled))
    persons = session.exec(select(Case.bsn, Case.gemeentecode).where(col(Case.fase).in_(OPEN))).all()
    assert len(persons) == len(set(persons))
