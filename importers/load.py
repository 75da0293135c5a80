"""A whole file in one transaction: read, judged, written in bulk, counted; `check` does the same and writes nothing."""

from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlmodel import Session

from importers import identify
from importers.ahead import ahead
from importers.columns import Context
from importers.foresight import Foresight, Outlook
from importers.judgement import History, Judge, Judged, Verdicts
from importers.outcomes import delivered_codes, rejected_rows, warned_rows
from importers.reader import fingerprint, open_table
from importers.refusals import FileRefused
from importers.rules import Reading, Rulebook
from importers.writing import Progress, TakenIn, Writer
from signals.base import table
from signals.bulk import beside, run
from signals.dates import as_date, dutch_date
from signals.models import Delivery, Load, LoadStatus
from signals.municipalities import Municipalities, participating
from signals.numbers import take_numbers
from signals.rows import WarnedRow

__all__ = ["Checked", "History", "check", "load", "record_refusal", "summary"]

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
READ_AHEAD = 1
"""Chunks that may be read and not yet judged: each is some tens of megabytes."""


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

    def add_alone(self, reading: Reading, rows: np.ndarray) -> None:
        """Counts new signals that stand alone: each opens a case."""
        self.geleverd += len(rows)
        self.geaccepteerd += len(rows)
        self.zaken += len(rows)
        self.waarschuwingen.update(reading.warnings.counted(rows))

    def add(self, reading: Reading, verdicts: Verdicts) -> None:
        """Counts judged rows. The five add up to what was delivered; else it is our fault, and the load stops."""
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
        self.waarschuwingen.update(reading.warnings.counted([*verdicts.accepted, *verdicts.changed]))
        joining = reading.warnings.counted(verdicts.accepted)["bsn_heeft_lopende_zaak"]
        self.zaken += len(verdicts.accepted) - joining

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

    `regels` are the rows that would change nothing, as columns of RejectedRow, `gewaarschuwd` those that would be taken
    in with a warning; `gemeentecodes` those of all rows in which that cell is good, rejected ones too.
    """

    layout: str
    sha256: str
    counts: Counts
    regels: list[dict[str, Any]]
    gewaarschuwd: list[WarnedRow]
    gemeentecodes: frozenset[str]
    seconden: float


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
    content, sha256 = _opened(session, path, file_name, history, today, received)
    rows: list[dict[str, Any]] = []
    warned: list[WarnedRow] = []
    codes: set[str] = set()
    with closing(content.judged()) as chunks:
        for chunk in chunks:
            verdicts = chunk.verdicts
            codes |= delivered_codes(chunk.reading)
            turned_down = list(rejected_rows(content.book, chunk.others, verdicts))
            with_warning = [
                *warned_rows(chunk.reading, np.flatnonzero(chunk.alone)),
                *warned_rows(chunk.others, [*verdicts.accepted, *verdicts.changed]),
            ]
            with_warning.sort(key=attrgetter("regel"))
            if found:
                found(turned_down, with_warning)
            else:
                rows += turned_down
                warned += with_warning
            if progress:
                progress(content.counts.geleverd)
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
    """Loads the file in the transaction of this session, one that wrote no signal or case itself.

    What is known is asked in a session beside it, because it goes on in another thread while this one writes.
    checked: the row of this upload when it was checked before; it becomes the load and keeps its number.
    taken_in: is told, part by part, which new signals are there, to make cases of them while the file is read on.
    Raises FileRefused; the caller then rolls back and records the attempt with `record_refusal`.
    """
    started = perf_counter()
    today = now.date()
    take_numbers(session, SERIES, now.year, 0)  # its lock keeps a twin of this load waiting
    with beside(session) as asked:
        history.ask(asked)
        content, sha256 = _opened(asked, path, file_name, history, today, received)
        loading = checked or new_load(
            session, path, sha256, file_name, LoadStatus.GELADEN, door=door, now=now, received=received
        )
        loading.status = LoadStatus.GELADEN
        session.add(loading)
        session.flush()
        writer = Writer(session, loading, content.book, content.rows, today, taken_in)
        writer.write(content.judged(), progress)
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


def _opened(
    session: Session, path: Path, file_name: str, history: History, today: date, received: date
) -> tuple["_Content", str]:
    """The file with what is foreseen of its rows, and the sha256 of its bytes. Raises FileRefused."""
    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as beside_it:
        hashing = beside_it.submit(fingerprint, path)
        refused = None
        try:
            content = _Content(session, path, file_name, history, today, received)
        except FileRefused as refusal:
            refused = refusal
        sha256 = hashing.result()
    _refuse_if_loaded(session, sha256, file_name)
    if refused:
        raise refused
    return content, sha256


class _Content:
    """One pass over a file: what it reads, and what is judged and counted of it."""

    def __init__(
        self,
        session: Session,
        path: Path,
        file_name: str,
        history: History,
        today: date,
        received: date,
    ) -> None:
        if received > today:
            raise FileRefused("ontvangst_onmogelijk", file_name, f"{dutch_date(received)} ligt in de toekomst")
        municipalities = Municipalities.load(session)
        self._table = open_table(path, file_name, identify)
        self.layout = self._table.layout.name
        self.book = Rulebook(
            self._table,
            Context(today, municipalities),
            received=received,
            participating=participating(session, municipalities, today),
        )
        self._foresight = Foresight.of(self._table, session, history.involved)
        self.rows = self._foresight.rows
        self._judge = Judge(session, history, municipalities, today)
        self._refuse_later = partial(_refuse_impossible_receipt, file_name=file_name, received=received)
        self.counts = Counts()
        self.counts.waarschuwingen.update(self._table.warnings)

    def judged(self) -> Generator[Judged, None, None]:
        """The chunks, which are counted as they come; the next is read meanwhile."""
        with ahead(self._read(), READ_AHEAD) as readings:
            for reading, outlook in readings:
                alone = outlook.alone
                others = reading.only(np.flatnonzero(~alone))
                verdicts = self._judge.judge(others, outlook.hopeless[~alone])
                self.counts.leveringsnummer = self.book.leveringsnummer
                self.counts.add_alone(reading, np.flatnonzero(alone))
                self.counts.add(others, verdicts)
                yield Judged(reading, alone, others, verdicts)

    def _read(self) -> Generator[tuple[Reading, Outlook], None, None]:
        for chunk in self._table.chunks():
            reading = self.book.read(chunk)
            self._refuse_later(reading)
            yield reading, self._foresight.of_rows(reading)


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
