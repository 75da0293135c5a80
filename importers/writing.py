"""The rows of one load into their tables: a thread reads ahead, this one judges and writes what was read."""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session

from importers.ahead import ahead
from importers.judgement import Judged, Verdicts, known_ids
from importers.outcomes import turned_down
from importers.rules import Reading, Rulebook
from signals.address import address_key
from signals.base import table
from signals.bulk import run, slices
from signals.keyring import keyring
from signals.models import Load, Mutatiesoort, RejectedRow, Signal, SignalChange
from signals.rows import COLUMNS, DATES
from signals.staging import FEW, Staging, insert_frame, staging

Progress = Callable[[int], None]
"""Is told the number of rows dealt with, each time a chunk is done."""

TakenIn = Callable[[Load, int, int], None]
"""Is told of the load which signals were just written, by the first and the last id: new ones that stand alone."""

SORTED_TOGETHER = 30_000
"""Rows: as many as memory allows."""

_KEPT = tuple(name for name in COLUMNS if name != "mutatiesoort")
_REPLACED = tuple(
    name for name in (*_KEPT, "adressleutel")
    if name not in {"leveringsnummer", "signaalnummer", "datum_signaal", "bsn", "gemeentecode"}
)  # fmt: skip
"""The columns of a signal that a W replaces: number, identity and date stay those of the signal itself."""

_signal = table(Signal)
_rejected = table(RejectedRow)


@dataclass(frozen=True)
class Part:
    """Rows that are written together, where they lie; the new signals among them stand alone, the first has this id."""

    staged: Any
    first: int


@dataclass(frozen=True)
class Others:
    """What does not stand alone of a chunk and changes something; the frame is as the database keeps it."""

    accepted: pl.DataFrame
    changed: list[dict[str, Any]]
    withdrawn: list[tuple[int, str]]  # regel, signaalnummer

    def __len__(self) -> int:
        return len(self.accepted) + len(self.changed) + len(self.withdrawn)


@dataclass(frozen=True)
class Done:
    """So many rows were dealt with."""

    rows: int


class Writer:
    """Writes one load.

    The ids of new signals are given out here, so that what is made of them need not be looked up: first those that
    stand alone, in the order of reading, the others above them. Nobody else adds signals meanwhile: `load` holds the
    lock of the numbers of loads.
    """

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
        self.same = {"load_id": self.load_id, "datum_ontvangst": loading.datum_ontvangst}
        self.highest = int(run(session, select(func.coalesce(func.max(_signal.c.id), 0))).scalar_one())

    def write(self, chunks: Generator[Judged, None, None], progress: Progress | None) -> None:
        """Writes what was judged; the chunks are asked for in another thread."""
        done = 0
        with (
            closing(chunks),
            staging(self.session, {_signal: self.same, _rejected: {"load_id": self.load_id}}, self.rows) as stage,
            ahead(self._pieces(chunks, stage), stage.ahead) as pieces,
        ):
            for piece in pieces:
                match piece:
                    case Part():
                        self._store_part(stage, piece)
                    case Others():
                        self._store(piece)
                    case Done():
                        done += piece.rows
                        if progress:
                            progress(done)
        if self.session.get_bind().dialect.name == "postgresql":
            used = func.coalesce(func.max(_signal.c.id), 1)
            run(self.session, select(func.setval(func.pg_get_serial_sequence("signal", "id"), used)))

    def _pieces(self, chunks: Iterator[Judged], stage: Staging) -> Generator[Part | Others | Done, None, None]:
        """Puts down what stands alone or changes nothing, and gives all else.

        All else waits until it is worth a statement: neither depends on the other. It does not wait for long, because a
        few rows keep the whole text of their chunk in memory.
        """
        first = beyond = self.highest + 1
        apart = beyond + self.rows
        alone: list[pl.DataFrame] = []
        waiting: list[Others] = []

        def put_down() -> int:
            """The new signals that were read since the last time; gives how many."""
            if not alone:
                return 0
            rows = _by_address(pl.concat(alone))
            stage.put(_signal, rows.with_columns(pl.int_range(beyond, beyond + len(rows)).alias("id")))
            alone.clear()
            return len(rows)

        for chunk in chunks:
            if chunk.alone.any():
                alone.append(_rows_of_signal(chunk.reading, np.flatnonzero(chunk.alone)))
            others, verdicts = chunk.others, chunk.verdicts
            if len(down := turned_down(self.book, others, verdicts)):
                stage.put(_rejected, down)
            waiting.append(self._others(others, verdicts, apart))
            apart += len(verdicts.accepted)
            if sum(map(len, alone)) >= min(SORTED_TOGETHER, stage.part_size):
                beyond += put_down()
            if stage.due:
                yield Part(stage.close_part(), first)
                first = beyond
            if sum(map(len, waiting)) >= FEW:
                yield from waiting
                waiting = []
            yield Done(len(chunk.reading))
        put_down()
        if (part := stage.close_part()) is not None:
            yield Part(part, first)
        yield from waiting

    def _others(self, others: Reading, verdicts: Verdicts, first_id: int) -> Others:
        accepted = _rows_of_signal(others, verdicts.accepted)
        ids = pl.int_range(first_id, first_id + len(accepted)).alias("id")
        regels, numbers = others.chunk.regels, others.values["signaalnummer"]
        return Others(
            accepted.with_columns(ids, *(pl.lit(value).alias(name) for name, value in self.same.items())),
            _rows_of_signal(others, verdicts.changed).to_dicts() if verdicts.changed else [],
            [(regels[row], numbers[row]) for row in verdicts.withdrawn],
        )

    def _store_part(self, stage: Staging, part: Part) -> None:
        first = part.first
        for stored in stage.store(part.staged, _signal):
            if self.taken_in:
                self.taken_in(self.loading, first, first + stored - 1)
            first += stored
        for _ in stage.store(part.staged, _rejected):
            pass

    def _store(self, piece: Others) -> None:
        """New signals first, then changes, then withdrawals: for one signal that is the order of the file."""
        insert_frame(self.session, _signal, piece.accepted)
        named = [row["signaalnummer"] for row in piece.changed] + [number for _, number in piece.withdrawn]
        ids = known_ids(self.session, named) if named else {}
        if piece.changed:
            self._change(piece.changed, ids)
        if piece.withdrawn:
            self._withdraw(piece.withdrawn, ids)

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


def _by_address(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of signals by municipality and address: the index of cases by address is the widest there is to be written.

    Each of its pages is then touched once for all of these rows, and not for every few of them.
    """
    return rows[rows.select(pl.concat_str("gemeentecode", "postcode")).to_series().arg_sort()]


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
        pl.Series("bsn", map(keyring().seal, values["bsn"]), dtype=pl.String),
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
