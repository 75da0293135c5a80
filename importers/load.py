"""A whole file in one transaction: read, judged, written in bulk, counted; `check` does the same and writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from importers import identify, judgement
from importers.columns import Context
from importers.judgement import History, Judge, Verdicts
from importers.reader import fingerprint, open_table, walk
from importers.refusals import FileRefused
from importers.rules import Fault, Reading, Rulebook
from signals.address import address_key
from signals.base import table
from signals.bulk import insert_columns, run, slices
from signals.dates import as_date, dutch_date
from signals.models import Delivery, Load, LoadStatus, Mutatiesoort, RejectedRow, Signal, SignalChange, Uitkomst
from signals.municipalities import Municipalities, participating
from signals.numbers import take_numbers
from signals.rows import COLUMNS, DATES, WarnedRow

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
_STORED = tuple(name for name in COLUMNS if name != "mutatiesoort")
_REPLACED = tuple(
    name for name in (*_STORED, "gemeentecode_geleverd", "adressleutel", "inhoud")
    if name not in {"leveringsnummer", "signaalnummer", "datum_signaal", "bsn", "gemeentecode", "gemeentecode_geleverd"}
)  # fmt: skip
"""The columns of a signal that a W replaces: number, identity and date stay those of the signal itself."""


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
        if sum(sizes.values()) != len(reading.regels):
            raise AssertionError(f"{sum(sizes.values())} uitkomsten voor {len(reading.regels)} rijen")
        self.geleverd += len(reading.regels)
        for name, size in sizes.items():
            setattr(self, name, getattr(self, name) + size)
        self.redenen.update(fault.code for fault in verdicts.double.values())
        for faults in verdicts.rejected.values():
            self.redenen.update({fault.code for fault in faults})
        joined = 0
        for row in (*verdicts.accepted, *verdicts.changed):
            if warnings := reading.warnings.get(row):
                self.waarschuwingen.update(warnings)
                joined += "bsn_heeft_lopende_zaak" in warnings
        self.zaken += len(verdicts.accepted) - joined

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
) -> Checked:
    """Reads and judges the file against what is known, and stores nothing. Raises FileRefused."""
    started = perf_counter()
    sha256 = fingerprint(path)
    _refuse_if_loaded(session, sha256, file_name)
    content = _run(session, path, file_name, history, today, received, progress)
    rows: list[RejectedRow] = []
    warned: list[WarnedRow] = []
    codes: set[str] = set()
    for reading, verdicts in content.chunks:
        rows += [RejectedRow(**row) for row in _rejected_rows(None, content.book, reading, verdicts)]
        warned += _warned_rows(reading, verdicts)
        codes |= _good_codes(reading)
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
) -> Load:
    """Loads the file in the transaction of this session; `workflow.intake.apply` comes next, in the same one.

    checked: the row of this upload when it was checked before; it becomes the load and keeps its number.
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
    content = _run(session, path, file_name, history, today, received, progress)
    writer = _Writer(session, loading, content.book, today)
    for reading, verdicts in content.chunks:
        writer.write(reading, verdicts)
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
    judge = Judge(session, history, municipalities, today)
    counts = Counts()
    counts.waarschuwingen.update({"onbekende_kolom": len(content.unknown)} if content.unknown else {})

    def chunks() -> Iterator[tuple[Reading, Verdicts]]:
        for chunk in walk(content.chunks, progress):
            reading = book.read(chunk)
            _refuse_impossible_receipt(reading, file_name, received)
            verdicts = judge.judge(reading)
            counts.leveringsnummer = judge.leveringsnummer
            counts.add(reading, verdicts)
            yield reading, verdicts

    return _Run(content.layout.name, book, chunks(), counts)


def _refuse_impossible_receipt(reading: Reading, file_name: str, received: date) -> None:
    """A delivery cannot have been received before its latest signal."""
    days = reading.values["datum_signaal"]
    faulty = {row for row, faults in reading.faults.items() if any(fault.column == "datum_signaal" for fault in faults)}
    latest, row = max(((day, row) for row, day in enumerate(days) if row not in faulty), default=("", 0))
    if latest > f"{received:%Y%m%d}":
        signal_day = as_date(latest)
        assert signal_day
        signal = f"{dutch_date(signal_day)}, regel {reading.regels[row]}"
        place = f"{dutch_date(received)} ligt voor de datum van een signaal ({signal})"
        raise FileRefused("ontvangst_onmogelijk", file_name, place)


def _rejected_rows(
    load_id: int | None, book: Rulebook, reading: Reading, verdicts: Verdicts
) -> Iterator[dict[str, Any]]:
    """The rows that change nothing, as columns of RejectedRow, with their cells as delivered."""
    found: dict[int, tuple[Uitkomst, list[Fault]]] = {
        **{row: (Uitkomst.DUBBEL, [fault]) for row, fault in verdicts.double.items()},
        **{row: (Uitkomst.AFGEKEURD, faults) for row, faults in verdicts.rejected.items()},
    }
    delivered = reading.chunk.delivered(sorted(found))
    for row, (uitkomst, faults) in sorted(found.items()):
        faulty = {fault.column for fault in faults if not fault.code.startswith("signaal")}
        own = {
            name: None if name in faulty or not reading.values[name][row] else reading.values[name][row]
            for name in ("signaalnummer", "gemeentecode")
        }
        yield own | {
            "load_id": load_id,
            "regel": reading.regels[row],
            "uitkomst": uitkomst,
            "codes": sorted({fault.code for fault in faults}),
            "fouten": [book.explain(fault) for fault in faults],
            "cellen": delivered[row],
        }


def _warned_rows(reading: Reading, verdicts: Verdicts) -> Iterator[WarnedRow]:
    """The rows that are taken in, but with a warning, in file order."""
    numbers = reading.values["signaalnummer"]
    for row in sorted((*verdicts.accepted, *verdicts.changed)):
        if codes := reading.warnings.get(row):
            yield WarnedRow(reading.regels[row], numbers[row], sorted(codes))


def _good_codes(reading: Reading) -> set[str]:
    """The municipalities of the rows; of a faulty cell nobody can say whose row it is."""
    faulty = [row for row, faults in reading.faults.items() if any(fault.column == "gemeentecode" for fault in faults)]
    return set(np.delete(reading.values["gemeentecode"], faulty))


class _Writer:
    """Writes the chunks of one load: a bulk statement per table."""

    def __init__(self, session: Session, loading: Load, book: Rulebook, today: date) -> None:
        assert loading.id is not None
        self.session = session
        self.load_id = loading.id
        self.received = loading.datum_ontvangst
        self.book = book
        self.today = today
        self._days: dict[str, date | None] = {"": None}

    def write(self, reading: Reading, verdicts: Verdicts) -> None:
        """New signals first, then changes, then withdrawals: for one signal that is the order of the file."""
        if verdicts.accepted:
            insert_columns(self.session, table(Signal), self._signals(reading, verdicts.accepted))
        ids = self._ids(reading, [*verdicts.changed, *verdicts.withdrawn])
        if verdicts.changed:
            self._change(reading, verdicts.changed, ids)
        if verdicts.withdrawn:
            self._withdraw(reading, verdicts.withdrawn, ids)
        rejected = list(_rejected_rows(self.load_id, self.book, reading, verdicts))
        if rejected:
            run(self.session, insert(table(RejectedRow)), rejected)

    def _signals(self, reading: Reading, rows: list[int]) -> dict[str, list[Any]]:
        """The columns of Signal for these rows."""
        values = {name: reading.values[name][rows].tolist() for name in _STORED}
        for name in DATES:
            values[name] = [self._day(digits) for digits in values[name]]
        values["huisnummer"] = list(map(int, values["huisnummer"]))
        address = ("postcode", "huisnummer", "huisletter", "huisnummertoevoeging", "straatnaam", "woonplaats")
        values["adressleutel"] = list(map(address_key, *(values[name] for name in address)))
        values["gemeentecode_geleverd"] = reading.delivered_code[rows].tolist()
        values["regel"] = [reading.regels[row] for row in rows]
        values["inhoud"] = [reading.inhoud[row] for row in rows]
        values["waarschuwingen"] = [sorted(reading.warnings.get(row, ())) for row in rows]
        for name, value in (("load_id", self.load_id), ("datum_ontvangst", self.received), ("ingetrokken_op", None)):
            values[name] = [value] * len(rows)
        return values

    def _day(self, digits: str) -> date | None:
        if digits not in self._days:
            self._days[digits] = as_date(digits)
        return self._days[digits]

    def _ids(self, reading: Reading, rows: list[int]) -> Mapping[str, int]:
        known = judgement.known_signals(self.session, {reading.values["signaalnummer"][row] for row in rows})
        return {number: signal.id for number, signal in known.items() if signal.id is not None}

    def _change(self, reading: Reading, rows: list[int], ids: Mapping[str, int]) -> None:
        """A W replaces what it says and keeps what was there."""
        signal = table(Signal)
        before: dict[int, Mapping[str, Any]] = {}
        for piece in slices([ids[reading.values["signaalnummer"][row]] for row in rows]):
            found = run(self.session, select(signal).where(signal.c.id.in_(piece))).mappings()
            before |= {old["id"]: dict(old) for old in found}
        updates, changes = [], []
        values = self._signals(reading, rows)
        for place, row in enumerate(rows):
            new = {name: column[place] for name, column in values.items()}
            old = before[ids[new["signaalnummer"]]]
            differing = [
                name for name in _REPLACED if old[name] != new[name] and name not in ("adressleutel", "inhoud")
            ]
            updates.append({"signal_id": old["id"]} | {name: new[name] for name in _REPLACED})
            changes.append(
                self._history_row(old, reading, row, Mutatiesoort.GEWIJZIGD)
                | {
                    "oud": {name: _plain(old[name]) for name in differing},
                    "nieuw": {name: _plain(new[name]) for name in differing},
                    "waarschuwingen": new["waarschuwingen"],
                }
            )
        run(self.session, update(signal).where(signal.c.id == bindparam("signal_id")), updates)
        run(self.session, insert(table(SignalChange)), changes)

    def _withdraw(self, reading: Reading, rows: list[int], ids: Mapping[str, int]) -> None:
        """A V is noted on the signal; what it means for the case is the workflow's."""
        signal = table(Signal)
        numbers = [reading.values["signaalnummer"][row] for row in rows]
        owners: dict[int, Mapping[str, Any]] = {}
        for piece in slices([ids[number] for number in numbers]):
            run(self.session, update(signal).where(signal.c.id.in_(piece)).values(ingetrokken_op=self.today))
            found = run(self.session, select(signal.c.id, signal.c.gemeentecode).where(signal.c.id.in_(piece)))
            owners |= {old["id"]: dict(old) for old in found.mappings()}
        run(
            self.session,
            insert(table(SignalChange)),
            [
                self._history_row(owners[ids[number]], reading, row, Mutatiesoort.VERVALLEN)
                | {"oud": {}, "nieuw": {}, "waarschuwingen": []}
                for row, number in zip(rows, numbers, strict=True)
            ],
        )

    def _history_row(
        self, signal: Mapping[str, Any], reading: Reading, row: int, soort: Mutatiesoort
    ) -> dict[str, Any]:
        return {
            "signal_id": signal["id"],
            "gemeentecode": signal["gemeentecode"],
            "load_id": self.load_id,
            "regel": reading.regels[row],
            "soort": soort,
            "datum": self.today,
        }


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value
