"""Feedback at size: every signal of a delivery has something to tell; its files beside a bare fetch of the same rows.

The bare limit is one SELECT and `fetchall` by the driver, on the connection that the files are written from: nothing is
converted and no number opened. What is told is told to nobody before, so no row is a correction.
"""

import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert, select, update
from sqlmodel import Session

from exports import feedback_2026_1 as feedback
from exports.models import FeedbackDelivery
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.base import table
from tests.bench import loading
from tests.bench.databases import settle
from tests.bench.deliveries import RECEIVED, write_known
from tests.bench.measure import Memory, Runs, alone, note
from tests.databases import Databases
from tests.postgres import as_owner
from workflow.models import Case, CaseSignal
from workflow.phases import OUTCOMES, Answer, Outcome, Phase
from workflow.unsettled import first_link

AIM = 2 + 4
"""Times the bare fetch: 2 for the CSV and 4 for the XLSX, which are written in one reading of the rows."""
TENTH = 10
_TOLD = [outcome for outcome, meaning in OUTCOMES.items() if meaning.told is not None]
_GROUPS = 2 * len(_TOLD)
"""Of two cases one has ended, each group in its own way; of the other the investigation has begun in the BRP."""

Taken = dict[str, float]


def work(databases: Databases, name: str, rows: int, runs: int, folder: Path) -> tuple[list[Runs], Memory]:
    """The bare fetch, what is found and reserved, both files and a whole make; and the memory of a make."""
    urls = {}
    for size in (rows, rows // TENTH):
        note(f"{name}: {size:,} signals with something to tell")
        urls[size] = databases.new()
        alone(prepare, urls[size], size, folder)
    bare = Runs(f"{name}: bare fetch of the rows of the feedback")
    found = {
        "bare": bare,
        "reserve": Runs(f"{name}: found what is due, and reserved it"),
        "files": Runs(f"{name}: its CSV and XLSX", bare, AIM),
        "make": Runs(f"{name}: feedback made and kept, from the press of the button"),
    }
    for number in range(runs):
        note(f"{name}: feedback, run {number + 1} of {runs}")
        with databases.copied(urls[rows]) as url:
            taken, megabytes = alone(measure, url, rows, folder)
            for what, one in found.items():
                one.add(rows, taken[what], megabytes)
    memory = []
    for size, what in ((rows // TENTH, "a tenth of it"), (rows, "with its files")):
        one = Runs(f"{name}: feedback made, {what}")
        with databases.copied(urls[size]) as url:
            seconds, megabytes = alone(make, url, size, folder)
            one.add(size, seconds, megabytes)
        memory.append(one)
    return list(found.values()), Memory(*memory)


def prepare(url: str, rows: int, folder: Path) -> None:
    """A delivery of so many rows, loaded by the product; then every case comes to something."""
    upgrade(url, as_owner(url))
    file = folder / "told.csv"
    counts = write_known(file, rows)
    counts.require(loading.load(file, url, folder / "data")[0])
    file.unlink()
    engine = make_engine(url)
    case, link = table(Case), table(CaseSignal)
    names = [column.name for column in link.columns if column.name != "id"]
    with engine.execution_options(**EVERYTHING).begin() as connection:
        # Its link is a row from the first step on; the steps themselves are not read for feedback.
        connection.execute(insert(link).from_select(names, select(*first_link(*names)), include_defaults=False))
        for group in range(_GROUPS):
            come_to = update(case).where(case.c.id % _GROUPS == group).values(lading_id=None, **_come_to(group))
            connection.execute(come_to)
    settle(engine)
    engine.dispose()


def _come_to(group: int) -> dict[str, object]:
    answered = RECEIVED + timedelta(days=1 + group)
    if group % 2:
        begun = {"fase": Phase.VOORNEMEN, "eerste_antwoord": Answer.ONDERZOEK_IN_DE_BRP}
        return {**begun, "datum_eerste_antwoord": answered}
    outcome: Outcome = _TOLD[group // 2]
    ended: dict[str, object] = {
        "fase": Phase.AFGESLOTEN,
        "resultaat": outcome,
        "datum_resultaat": answered + timedelta(days=60),
        "eerste_antwoord": OUTCOMES[outcome].answer,
        "datum_eerste_antwoord": answered,
    }
    return ended | ({"ingangsdatum": RECEIVED} if OUTCOMES[outcome].answer is Answer.MET_MUTATIE else {})


class _TakenBack(Exception):
    """The first delivery is not kept: the one that is made whole after it tells the same rows."""


def measure(url: str, rows: int, folder: Path) -> Taken:
    """The seconds of each part, and of a whole make after it."""
    engine = make_engine(url)
    taken: Taken = {}
    try:
        with session_scope(engine, Access.system()) as session:
            started = perf_counter()
            delivery = feedback.reserve(session, door="bench", now=Settings().now(), production=False)
            taken["reserve"] = perf_counter() - started
            assert delivery is not None and delivery.regels == rows, delivery
            started = perf_counter()
            assert len(fetched(session, delivery)) == rows
            taken["bare"] = perf_counter() - started
            started = perf_counter()
            written(session, delivery, folder)
            taken["files"] = perf_counter() - started
            raise _TakenBack
    except _TakenBack:
        engine.dispose()
    taken["make"] = make(url, rows, folder)
    return taken


def fetched(session: Session, delivery: FeedbackDelivery) -> Sequence[object]:
    """The rows of its files by the driver alone."""
    columns = ", ".join(column.naam for column in feedback.COLUMNS[1:])
    query = f"SELECT '{delivery.nummer}', {columns} FROM terugkoppeling_regel WHERE terugkoppeling_id = {delivery.id}"
    connection = session.connection().connection.driver_connection
    assert connection is not None
    rows: Sequence[object] = connection.execute(f"{query} ORDER BY volgnummer").fetchall()
    return rows


def written(session: Session, delivery: FeedbackDelivery, folder: Path) -> None:
    """Its files, kept nowhere."""
    with tempfile.TemporaryFile(dir=folder) as csv, tempfile.TemporaryFile(dir=folder) as xlsx:
        feedback.write_files(session, delivery, date.today(), csv, xlsx)  # noqa: DTZ011  # of no matter here


def make(url: str, rows: int, folder: Path) -> float:
    """The seconds of a make, until all of it is committed."""
    engine = make_engine(url)
    started = perf_counter()
    with session_scope(engine, Access.system()) as session:
        made = feedback.make(session, door="bench", now=Settings().now(), production=False, folder=folder)
        assert made is not None and made.regels == rows, made
    seconds = perf_counter() - started
    with session_scope(engine, Access.system(), write=False) as session:
        lines = feedback.file_bytes(session, made.nummer, "csv").count(b"\r\n")
    assert lines == rows + 1, lines
    engine.dispose()
    return seconds
