"""A whole file in one transaction: read, judged, written in bulk, counted; `check` does the same and writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from importers import identify
from importers.columns import Context
from importers.judgement import History, Judge, Recurring, Verdicts
from importers.outcomes import delivered_codes, rejected_rows, warned_rows
from importers.reader import fingerprint, open_table, walk
from importers.refusals import FileRefused
from importers.rules import Reading, Rulebook
from importers.writing import TakenIn, Turns, Writer
from signals.base import table
from signals.bulk import run
from signals.dates import as_date, dutch_date
from signals.models import Delivery, Load, LoadStatus, RejectedRow
from signals.municipalities import Municipalities, participating
from signals.numbers import take_numbers
from signals.rows import WarnedRow

__all__ = ["Checked", "History", "check", "load", "record_refusal", "summary"]

Progress = Callable[[int], None]
"""Is told the number of rows dealt with, each time a chunk is done."""

_TOLD = (
    "ladingnummer",
    "leveringsnummer",
    "layout",
    "status",
    "sha256",
    "geleverd",
    "geaccepteerd",
    "gewijzigd",
    "ingetrokken",
    "dubbel",
    "afgekeurd",
    "zaken",
    "redenen",
    "waarschuwingen",
    "seconden",
)

SERIES = "lading"


@dataclass
class Counts:
    """What became of the rows so far."""

    leveringsnummer: str | None = None
    geleverd: int = 0
    geaccepteerd: int = 0
    gewijzigd: int = 0
    ingetrokken: int = 0
    dubbel: int = 0
    afgekeurd: int = 0
    zaken: int = 0
    redenen: Counter[str] = field(default_factory=Counter)
    waarschuwingen: Counter[str] = field(default_factory=Counter)

    def add(self, reading: Reading, verdicts: Verdicts) -> None:
        """Counts a chunk. The five always add up to what was delivered; else it is our fault, and the load stops."""
        sizes = {
            "geaccepteerd": len(verdicts.accepted),
            "gewijzigd": len(verdicts.changed),
            "ingetrokken": len(verdicts.withdrawn),
            "dubbel": len(verdicts.double),
            "afgekeurd": len(verdicts.rejected),
        }
        if sum(sizes.values()) != len(reading):
            raise AssertionError(f"{sum(sizes.values())} uitkomsten voor {len(reading)} rijen")
        self.geleverd += len(reading)
        for name, size in sizes.items():
            setattr(self, name, getattr(self, name) + size)
        self.redenen.update(fault.code for fault in verdicts.double.values())
        for faults in verdicts.rejected.values():
            self.redenen.update({fault.code for fault in faults})
        warned = reading.warnings.counted([*verdicts.accepted, *verdicts.changed])
        self.waarschuwingen.update(warned)
        self.zaken += len(verdicts.accepted) - reading.warnings.counted(verdicts.accepted)["bsn_heeft_lopende_zaak"]

    def as_columns(self) -> dict[str, Any]:
        """The counts under the names of the columns of Load."""
        columns = {name: value for name, value in vars(self).items() if name not in ("redenen", "waarschuwingen")}
        return columns | {
            "redenen": dict(sorted(self.redenen.items())),
            "waarschuwingen": dict(sorted(self.waarschuwingen.items())),
        }


@dataclass(frozen=True)
class Checked:
    """What a load of this file would do now; nothing was stored.

    `regels` are the rows that would change nothing, `gewaarschuwd` those that would be taken in with a warning;
    `gemeentecodes` those of all rows in which that cell is good, rejected ones too.
    """

    layout: str
    sha256: str
    counts: Counts
    regels: list[RejectedRow]
    gewaarschuwd: list[WarnedRow]
    gemeentecodes: frozenset[str]
    seconden: float


@dataclass(frozen=True)
class _Run:
    """One pass over a file."""

    layout: str
    book: Rulebook
    rows: int
    chunks: Iterator[tuple[Reading, Verdicts]]
    counts: Counts


def check(
    session: Session,
    path: Path,
    *,
    file_name: str,
    history: History,
    today: date,
    received: date,
    progress: Progress | None = None,
    found: Callable[[list[dict[str, Any]], list[WarnedRow]], None] | None = None,
) -> Checked:
    """Reads and judges the file against what is known, and stores nothing. Raises FileRefused.

    found: is given the rows that would change nothing (columns of RejectedRow) and those with a warning, a piece at a
    time; then `regels` and `gewaarschuwd` stay empty, for a large file would fill the memory with them.
    """
    started = perf_counter()
    sha256 = fingerprint(path)
    _refuse_if_loaded(session, sha256, file_name)
    content = _run(session, path, file_name, history, today, received, progress, Turns())
    rows: list[RejectedRow] = []
    warned: list[WarnedRow] = []
    codes: set[str] = set()
    for reading, verdicts in content.chunks:
        codes |= delivered_codes(reading)
        turned_down = list(rejected_rows(None, content.book, reading, verdicts))
        with_warning = list(warned_rows(reading, verdicts))
        if found:
            found(turned_down, with_warning)
        else:
            rows += [RejectedRow(**row) for row in turned_down]
            warned += with_warning
    seconds = round(perf_counter() - started, 3)
    return Checked(content.layout, sha256, content.counts, rows, warned, frozenset(codes), seconds)


def load(
    session: Session,
    path: Path,
    *,
    file_name: str,
    history: History,
    door: str,
    now: datetime,
    received: date,
    progress: Progress | None = None,
    checked: Load | None = None,
    taken_in: TakenIn | None = None,
) -> Load:
    """Loads the file in the transaction of this session.

    checked: the row of this upload when it was checked before; it becomes the load and keeps its number.
    taken_in: is told, part by part, which new signals are there, to make cases of them while the file is read on.
    Raises FileRefused; the caller then rolls back and records the attempt with `record_refusal`.
    """
    started = perf_counter()
    today = now.date()
    sha256 = fingerprint(path)
    take_numbers(session, SERIES, now.year, 0)  # its lock keeps a twin of this load waiting
    _refuse_if_loaded(session, sha256, file_name)
    loading = checked or new_load(
        session, path, sha256, file_name, LoadStatus.GELADEN, door=door, now=now, received=received
    )
    loading.status = LoadStatus.GELADEN
    session.add(loading)
    session.flush()
    turns = Turns()
    content = _run(session, path, file_name, history, today, received, progress, turns)
    Writer(session, loading, content.book, content.rows, today, taken_in).write(content.chunks, turns)
    loading.layout = content.layout
    for name, value in content.counts.as_columns().items():
        setattr(loading, name, value)
    loading.geladen_op = now
    loading.seconden = round(perf_counter() - started, 3)
    if loading.leveringsnummer and session.get(Delivery, loading.leveringsnummer) is None:
        session.add(Delivery(leveringsnummer=loading.leveringsnummer, eerste_ontvangst=received))
    session.flush()
    return loading


def record_refusal(
    session: Session,
    refused: FileRefused,
    path: Path,
    *,
    file_name: str,
    door: str,
    now: datetime,
    received: date,
) -> Load:
    """Stores that a file was offered and refused, with its own ladingnummer; in a transaction after the failed one."""
    sha256 = fingerprint(path)
    attempt = new_load(session, path, sha256, file_name, LoadStatus.GEWEIGERD, door=door, now=now, received=received)
    attempt.reden, attempt.uitleg = refused.reden, refused.uitleg
    session.add(attempt)
    session.flush()
    return attempt


def summary(done: Load | Checked) -> dict[str, Any]:
    """The object that `rni check|load --json` prints."""
    if isinstance(done, Checked):
        status = LoadStatus.GECONTROLEERD
        values = done.counts.as_columns()
        values |= {"layout": done.layout, "sha256": done.sha256, "seconden": done.seconden, "ladingnummer": None}
    else:
        status = done.status
        values = {name: getattr(done, name) for name in (*_TOLD, "reden", "uitleg")}
    told = {name: status.value if name == "status" else values[name] for name in _TOLD}
    if status == LoadStatus.GEWEIGERD:
        told |= {"reden": values["reden"], "uitleg": values["uitleg"]}
    return told


def new_load(
    session: Session,
    path: Path,
    sha256: str,
    file_name: str,
    status: LoadStatus,
    *,
    door: str,
    now: datetime,
    received: date,
) -> Load:
    """A row for an upload, with a number of its own; not yet added to the session."""
    number = take_numbers(session, SERIES, now.year)[0]
    return Load(
        ladingnummer=f"LD-{now.year}-{number:06d}",
        status=status,
        bestandsnaam=file_name[-255:],
        sha256=sha256,
        bytes=path.stat().st_size,
        datum_ontvangst=received,
        aangeboden_op=now,
        door=door,
    )


def _refuse_if_loaded(session: Session, sha256: str, file_name: str) -> None:
    loads = table(Load).c
    standing = select(loads.ladingnummer).where(loads.sha256 == sha256, loads.status == LoadStatus.GELADEN)
    if ladingnummer := run(session, standing).scalar():
        raise FileRefused("al_geladen", file_name, ladingnummer)


def _run(
    session: Session,
    path: Path,
    file_name: str,
    history: History,
    today: date,
    received: date,
    progress: Progress | None,
    turns: Turns,
) -> _Run:
    if received > today:
        raise FileRefused("ontvangst_onmogelijk", file_name, f"{dutch_date(received)} ligt in de toekomst")
    municipalities = Municipalities.load(session)
    content = open_table(path, file_name, identify)
    book = Rulebook(
        content,
        Context(today, municipalities),
        received=received,
        participating=participating(session, municipalities, today),
    )
    recurring = Recurring.among(content)
    judge = Judge(session, history, municipalities, today, recurring)
    counts = Counts()
    counts.waarschuwingen.update(content.warnings)

    def chunks() -> Iterator[tuple[Reading, Verdicts]]:
        for chunk in walk(content.chunks(), progress):
            reading = book.read(chunk)
            _refuse_impossible_receipt(reading, file_name, received)
            with turns:
                verdicts = judge.judge(reading)
            counts.leveringsnummer = judge.leveringsnummer
            counts.add(reading, verdicts)
            yield reading, verdicts

    return _Run(content.layout.name, book, recurring.rows, chunks(), counts)


def _refuse_impossible_receipt(reading: Reading, file_name: str, received: date) -> None:
    """A delivery cannot have been received before its latest signal."""
    days = reading.values["datum_signaal"]
    if days.max() <= f"{received:%Y%m%d}":  # type: ignore[operator]  # a column of texts
        return
    faulty = {row for row, faults in reading.faults.items() if any(fault.column == "datum_signaal" for fault in faults)}
    latest, row = max(((day, row) for row, day in enumerate(days) if row not in faulty), default=("", 0))
    if latest > f"{received:%Y%m%d}":
        signal_day = as_date(latest)
        assert signal_day
        signal = f"{dutch_date(signal_day)}, regel {reading.chunk.regels[row]}"
        place = f"{dutch_date(received)} ligt voor de datum van een signaal ({signal})"
        raise FileRefused("ontvangst_onmogelijk", file_name, place)
