"""The rows of one load into their tables: a thread reads and judges while this one writes what was judged."""

import json
import queue
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from threading import Event, Lock
from types import TracebackType
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import ColumnElement, TableClause, bindparam, func, insert, literal, select, update
from sqlmodel import Session

from importers.judgement import Verdicts, known_ids
from importers.outcomes import rejected_rows
from importers.rules import Reading, Rulebook
from signals.address import address_key
from signals.base import table
from signals.bulk import insert_columns, run, slices
from signals.models import Load, Mutatiesoort, RejectedRow, Signal, SignalChange
from signals.rows import COLUMNS, DATES
from signals.staging import ALONE, MOST_PARTS, PLACE, NewSignals, Staging, staging

TakenIn = Callable[[Load, NewSignals], Iterator[None]]
"""Is told of the load which signals were just written; yields between its statements, when the thread that judges may
ask the database something."""

SMALLEST_PART = 50_000
"""Rows; a part of fewer is not worth statements of its own."""

AT_ONCE = 25_000
"""Rows; a statement over more would keep the thread that judges waiting for its turn too long."""

AHEAD = 12
"""Parts and pieces of them that may wait; most are a few rejected rows."""

_KEPT = tuple(name for name in COLUMNS if name != "mutatiesoort")
_MADE = ("gemeentecode_geleverd", "adressleutel", "regel", "waarschuwingen")
_REPLACED = tuple(
    name for name in (*_KEPT, "adressleutel")
    if name not in {"leveringsnummer", "signaalnummer", "datum_signaal", "bsn", "gemeentecode"}
)  # fmt: skip
"""The columns of a signal that a W replaces: number, identity and date stay those of the signal itself."""

_signal = table(Signal)


@dataclass
class Part:
    """Judged rows that are written together; `staged`: the new signals among them, or None when there are none."""

    staged: Any = None
    accepted: int = 0
    alone: int = 0
    turned_down: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[tuple[int, str]] = field(default_factory=list)  # regel, signaalnummer


class Turns:
    """A lock that two threads get in turn, so that one that comes back at once cannot keep the other out."""

    def __init__(self) -> None:
        self._next, self._held = Lock(), Lock()

    def __enter__(self) -> None:
        with self._next:
            self._held.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.release()


class Writer:
    """Writes one load, part by part."""

    def __init__(
        self, session: Session, loading: Load, book: Rulebook, rows: int, today: date, taken_in: TakenIn | None
    ) -> None:
        assert loading.id is not None
        self.session = session
        self.loading = loading
        self.load_id = loading.id
        self.book = book
        self.today = today
        self.taken_in = taken_in
        self.rows = rows
        self.part_size = max(SMALLEST_PART, -(-rows // MOST_PARTS))

    def write(self, chunks: Iterator[tuple[Reading, Verdicts]], turns: Turns) -> None:
        """Writes all chunks. `turns`: whoever judges them holds it while it asks the database."""
        parts: queue.Queue[Part | None] = queue.Queue(AHEAD)
        stopped = Event()
        columns = (*_KEPT, *_MADE, PLACE, ALONE)
        with staging(self.session, _signal, columns, self.rows) as stage, ThreadPoolExecutor(1) as reader:
            reading = reader.submit(self._read, chunks, stage, parts, stopped)
            try:
                while part := parts.get():
                    self._store(part, stage, turns)
            finally:
                stopped.set()
                while not reading.done():  # it may wait for room
                    with suppress(queue.Empty):
                        parts.get(timeout=0.05)
            reading.result()

    def _read(
        self,
        chunks: Iterator[tuple[Reading, Verdicts]],
        stage: Staging,
        parts: "queue.Queue[Part | None]",
        stopped: Event,
    ) -> None:
        """In a thread of its own: from chunks to parts."""
        try:
            for part in self._parts(chunks, stage):
                if stopped.is_set():
                    return
                parts.put(part)
        finally:
            parts.put(None)

    def _parts(self, chunks: Iterator[tuple[Reading, Verdicts]], stage: Staging) -> Iterator[Part]:
        """What depends on new signals of this file waits until those are written; anything else need not wait."""
        waiting = Part()
        new: set[str] = set()
        for reading, verdicts in chunks:
            at_once = Part(turned_down=list(rejected_rows(self.load_id, self.book, reading, verdicts)))
            if verdicts.accepted:
                stage.put(_new_signals(reading, verdicts, waiting))
                waiting.accepted += len(verdicts.accepted)
                waiting.alone += len(verdicts.alone)
                new |= verdicts.recurring
            if verdicts.changed:
                regels = reading.chunk.regels.gather(verdicts.changed)
                for row in _rows_of_signal(reading, verdicts.changed).with_columns(regels.alias("regel")).to_dicts():
                    (waiting if row["signaalnummer"] in new else at_once).changed.append(row)
            for row_number in verdicts.withdrawn:
                number = reading.values["signaalnummer"][row_number]
                withdrawn = (reading.chunk.regels[row_number], number)
                (waiting if number in new else at_once).withdrawn.append(withdrawn)
            yield at_once
            if waiting.accepted >= self.part_size:
                waiting.staged = stage.close_part()
                yield waiting
                waiting, new = Part(), set()
        if waiting.accepted:
            waiting.staged = stage.close_part()
            yield waiting

    def _store(self, part: Part, stage: Staging, turns: Turns) -> None:
        """New signals first, then changes, then withdrawals: for one signal that is the order of the file."""
        if part.staged is not None:
            with turns:
                rows, place = stage.take_over(part.staged)
            for first in range(0, part.accepted, AT_ONCE):
                with turns:
                    new = self._insert_signals(rows, place, first, min(first + AT_ONCE, part.accepted))
                steps = self.taken_in(self.loading, new) if self.taken_in else iter(())
                while True:
                    with turns:
                        if next(steps, _DONE) is _DONE:
                            break
        with turns:
            if part.turned_down:
                names = part.turned_down[0]
                insert_columns(
                    self.session, table(RejectedRow), {name: [row[name] for row in part.turned_down] for name in names}
                )
            if part.changed or part.withdrawn:
                numbers = [row["signaalnummer"] for row in part.changed] + [number for _, number in part.withdrawn]
                ids = known_ids(self.session, numbers)
                if part.changed:
                    self._change(part.changed, ids)
                if part.withdrawn:
                    self._withdraw(part.withdrawn, ids)

    def _insert_signals(self, rows: TableClause, place: ColumnElement[int], after: int, until: int) -> NewSignals:
        """Those of a part after one place and until another.

        Their ids are given out here, so that what is made of them need not be looked up. Nobody else adds signals
        meanwhile: `load` holds the lock of the numbers of loads.
        """
        before = int(run(self.session, select(func.coalesce(func.max(_signal.c.id), 0))).scalar_one())
        new = NewSignals(rows, place, before, after, until)
        same = {"load_id": self.load_id, "datum_ontvangst": self.loading.datum_ontvangst}
        names = [*_KEPT, *_MADE]
        chosen = select(
            new.ids,
            *(rows.c[name] for name in names),
            *(literal(value, _signal.c[name].type) for name, value in same.items()),
        )
        run(
            self.session,
            insert(_signal).from_select(["id", *names, *same], chosen.where(new.mine), include_defaults=False),
        )
        if self.session.get_bind().dialect.name == "postgresql":
            run(self.session, select(func.setval(func.pg_get_serial_sequence("signal", "id"), new.last)))
        return new

    def _change(self, rows: list[dict[str, Any]], ids: Mapping[str, int]) -> None:
        """A W replaces what it says and keeps what was there."""
        before: dict[int, dict[str, Any]] = {}
        for piece in slices([ids[row["signaalnummer"]] for row in rows]):
            found = run(self.session, select(_signal).where(_signal.c.id.in_(piece))).mappings()
            before |= {old["id"]: dict(old) for old in found}
        updates, changes = [], []
        for row in rows:
            new = row | {name: row[name] and date.fromisoformat(row[name]) for name in DATES}
            new["waarschuwingen"] = json.loads(row["waarschuwingen"])
            old = before[ids[row["signaalnummer"]]]
            differing = [name for name in _REPLACED if old[name] != new[name] and name != "adressleutel"]
            updates.append({"signal_id": old["id"]} | {name: new[name] for name in _REPLACED})
            changes.append(
                self._history_row(old, row["regel"], Mutatiesoort.GEWIJZIGD)
                | {
                    "oud": {name: _plain(old[name]) for name in differing},
                    "nieuw": {name: _plain(new[name]) for name in differing},
                    "waarschuwingen": new["waarschuwingen"],
                }
            )
            old |= {name: new[name] for name in _REPLACED}  # the next W for it in this part
        run(self.session, update(_signal).where(_signal.c.id == bindparam("signal_id")), updates)
        run(self.session, insert(table(SignalChange)), changes)

    def _withdraw(self, rows: list[tuple[int, str]], ids: Mapping[str, int]) -> None:
        """A V is noted on the signal; what it means for the case is the workflow's."""
        owners: dict[int, Mapping[str, Any]] = {}
        for piece in slices([ids[number] for _, number in rows]):
            gone = update(_signal).where(_signal.c.id.in_(piece)).values(ingetrokken_op=self.today)
            run(self.session, gone)
            found = run(self.session, select(_signal.c.id, _signal.c.gemeentecode).where(_signal.c.id.in_(piece)))
            owners |= {old["id"]: dict(old) for old in found.mappings()}
        nothing: dict[str, Any] = {"oud": {}, "nieuw": {}, "waarschuwingen": []}
        changes = [
            self._history_row(owners[ids[number]], regel, Mutatiesoort.VERVALLEN) | nothing for regel, number in rows
        ]
        run(self.session, insert(table(SignalChange)), changes)

    def _history_row(self, signal: Mapping[str, Any], regel: int, soort: Mutatiesoort) -> dict[str, Any]:
        return {
            "signal_id": signal["id"],
            "gemeentecode": signal["gemeentecode"],
            "load_id": self.load_id,
            "regel": regel,
            "soort": soort,
            "datum": self.today,
        }


_DONE = object()


def _new_signals(reading: Reading, verdicts: Verdicts, part: Part) -> pl.DataFrame:
    """The accepted rows, for the part that is open: the place of each in it, and among those that stand alone.

    They lie by municipality and address, because the index of cases by address is the widest there is to be written.
    """
    accepted = np.asarray(verdicts.accepted)
    where = reading.values.select("gemeentecode", "postcode", "huisnummer")[accepted]
    order = where.select(pl.arg_sort_by("gemeentecode", "postcode", "huisnummer")).to_series().to_numpy()
    alone = np.isin(accepted[order], verdicts.alone)
    ranks = pl.Series(ALONE, np.cumsum(alone) + part.alone).set(pl.Series(~alone), None)
    places = pl.Series(PLACE, np.arange(part.accepted + 1, part.accepted + 1 + len(accepted)))
    return _rows_of_signal(reading, accepted[order]).with_columns(places, ranks)


def _rows_of_signal(reading: Reading, rows: "list[int] | np.ndarray") -> pl.DataFrame:
    """The columns of Signal that come from the file, for these rows; dates as ISO texts."""
    values = reading.values[rows]
    days = [
        pl.when(pl.col(name) != "").then(
            pl.concat_str(
                pl.col(name).str.slice(0, 4), pl.col(name).str.slice(4, 2), pl.col(name).str.slice(6, 2), separator="-"
            )
        ).alias(name)
        for name in sorted(DATES)
    ]  # fmt: skip
    return values.select(*_KEPT).with_columns(
        *days,
        pl.col("huisnummer").cast(pl.Int64),
        reading.delivered_code.gather(rows).alias("gemeentecode_geleverd"),
        address_keys(values).alias("adressleutel"),
        reading.chunk.regels.gather(rows).alias("regel"),
        reading.warnings.as_json(rows).alias("waarschuwingen"),
    )


def address_keys(values: pl.DataFrame) -> pl.Series:
    """`address_key` of every row, a column at a time where lower case is all that it takes."""
    addition = pl.col("huisnummertoevoeging")
    plain = values.select((pl.col("postcode") != "") & addition.str.contains("^[ -~]*$")).to_series()
    parts = (
        pl.col("postcode"),
        pl.col("huisnummer"),
        pl.col("huisletter").str.to_lowercase(),
        addition.str.to_lowercase(),
    )
    keys = values.select(pl.concat_str(*parts, separator=" ").str.strip_chars_end(" ")).to_series()
    others = np.flatnonzero(~plain.to_numpy())
    if not len(others):
        return keys
    names = ("postcode", "huisnummer", "huisletter", "huisnummertoevoeging", "straatnaam", "woonplaats")
    return keys.scatter(others, [address_key(*row) for row in values[others].select(names).iter_rows()])


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value
