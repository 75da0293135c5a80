"""Many rows on their way into tables: put down in parts as they are read, each then stored by one statement.

Reading goes on in another thread meanwhile. SQLite takes a part over from a file, PostgreSQL by COPY: either costs a
fraction of a statement per row.
"""

import glob
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import adbc_driver_sqlite.dbapi as adbc
import polars as pl
from sqlalchemy import Connection, Table, column, event, func, insert, literal, make_url, select, table
from sqlmodel import Session

from signals.base import ACROSS
from signals.bulk import insert_all, run

_FOLDER = ".rni-klaarzetten-"
SMALLEST_PART = 20_000
"""Rows; a part of fewer is not worth statements of its own."""
SHARES = (0.5, 1, 1.2, 1.2, 1.2, 1.1, 1, 0.9, 0.7, 0.4)
"""How rows are divided over parts: small at first so that storing begins early, small at the end so that little is left
to store when all is read.

SQLite attaches no more than ten files, and lets none go before the transaction ends.
"""
STORED_TOGETHER = 10_000
"""Rows that SQLite is sure to keep in memory (service.db.CACHE_KIB) until something is made of them."""
FEW = 2_000
"""Rows; for so few a file of their own is not worth it."""

Same = Mapping[Table, Mapping[str, Any]]


class Staging(Protocol):
    """Rows on their way; one thread puts them down and closes parts, the session's stores them."""

    ahead: int
    """So many chunks may be put down and not yet stored."""

    @property
    def part_size(self) -> int:
        """So many rows make the part that is open, or to be opened."""

    @property
    def due(self) -> bool:
        """Whether the part that is open has that many."""

    def __enter__(self) -> "Staging": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def put(self, into: Table, rows: pl.DataFrame) -> None:
        """Adds rows to the part that is open; see `insert_frame` for their columns."""

    def close_part(self) -> Any:
        """Ends the part that is open and gives what `store` needs of it; None when nothing was put down."""

    def store(self, part: Any, into: Table) -> Iterator[int]:
        """Puts the rows of a closed part in their table, in the transaction of the session; gives how many each time.

        Not too many at a time, so that what is made of these rows finds them still in memory.
        """


def staging(session: Session, same: Same, rows: int) -> Staging:
    """Where about so many rows, or fewer, are put down for these tables, by the kind of database.

    same: by table the columns that are not put down, because every row has the same value there.
    """
    if session.connection().dialect.name == "sqlite" and rows > FEW:
        return _Attached(session, same, rows)
    return _Kept(session, same)


def insert_frame(session: Session, into: Table, rows: pl.DataFrame) -> None:
    """Inserts rows that are as the database keeps them: columns by their names, dates as ISO texts, JSON as text."""
    if not len(rows):
        return
    connection = session.connection()
    names = ", ".join(f'"{name}"' for name in rows.columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" for _ in rows.columns)
        put = f"INSERT OR ROLLBACK INTO {into.name} ({names}) VALUES ({places})"  # noqa: S608  # names of our own columns
        connection.exec_driver_sql(put, rows.rows())
        return
    # COPY does not go into a table of which the database chooses the rows: those come by a table of this transaction.
    chooses = connection.execute(select(func.row_security_active(into.name))).scalar_one()
    place = f"aanvoer_{into.name}" if chooses else into.name
    if chooses:
        shape = f"SELECT {names} FROM {into.name} WITH NO DATA"  # noqa: S608  # nosec B608  # names of our own columns
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {place} ON COMMIT DROP AS {shape}")
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor().copy(f"COPY {place} ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(rows.write_csv(include_header=False))
    except driver.Error as error:  # its text quotes the row, so it may not reach a log
        raise AssertionError(f"PostgreSQL nam de rijen niet over ({error.sqlstate})") from None
    if chooses:
        stored = table(place, *map(column, rows.columns)).select()
        filled = insert(into).from_select(rows.columns, stored, include_defaults=False)
        connection.execute(filled, execution_options=ACROSS)
        connection.exec_driver_sql(f"TRUNCATE {place}")


class _Kept:
    """Rows in memory: few on SQLite; on PostgreSQL COPY takes them from there."""

    ahead = 2  # each is tens of megabytes

    def __init__(self, session: Session, same: Same) -> None:
        self._session = session
        self._same = {
            into: [pl.lit(value).alias(name) for name, value in columns.items()] for into, columns in same.items()
        }
        self._rows: dict[Table, list[pl.DataFrame]] = {}
        self.part_size = SMALLEST_PART

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows = {}

    @property
    def due(self) -> bool:
        return sum(len(rows) for pieces in self._rows.values() for rows in pieces) >= self.part_size

    def put(self, into: Table, rows: pl.DataFrame) -> None:
        self._rows.setdefault(into, []).append(rows)

    def close_part(self) -> dict[Table, list[pl.DataFrame]] | None:
        rows, self._rows = self._rows, {}
        return rows or None

    def store(self, part: dict[Table, list[pl.DataFrame]], into: Table) -> Iterator[int]:
        for rows in part.get(into, ()):
            insert_frame(self._session, into, rows.with_columns(self._same[into]))
            yield len(rows)


@dataclass
class _File:
    """A part as a file. By table its columns and how many rows it has."""

    path: Path
    columns: dict[Table, list[str]] = field(default_factory=dict)
    rows: Counter[Table] = field(default_factory=Counter)
    attached: str | None = None


class _Attached:
    """Parts as SQLite files beside the database, written by the Arrow driver, which makes no Python object of a cell.

    That driver brings an SQLite of its own, so a part is closed for good there before it is attached here: two of them
    in one process may not have one file open. A part is unlinked as soon as it is attached; what a killed process
    left is deleted by the next load, which has the one write lock by then.
    """

    ahead = 1_000  # they wait on the disk

    def __init__(self, session: Session, same: Same, rows: int) -> None:
        self._session = session
        self._same = same
        self._sizes = [max(SMALLEST_PART, ceil(rows * share / sum(SHARES))) for share in SHARES]
        self._connection: Connection = session.connection()
        database = make_url(str(self._connection.engine.url)).database
        self._beside = Path(database).parent if database and database != ":memory:" else Path(tempfile.gettempdir())
        self._prefix = f"{_FOLDER}{Path(database or '').name}-"
        self._closed = 0
        self._part: _File | None = None
        self._open: adbc.Connection | None = None
        if not event.contains(self._connection.engine, "checkin", _let_go):
            event.listen(self._connection.engine, "checkin", _let_go)

    def __enter__(self) -> "_Attached":
        for left in self._beside.glob(f"{glob.escape(self._prefix)}*"):
            shutil.rmtree(left, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=self._prefix, dir=self._beside))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def part_size(self) -> int:
        return self._sizes[min(self._closed, len(self._sizes) - 1)]

    @property
    def due(self) -> bool:
        return self._part is not None and self._part.rows.total() >= self.part_size

    def put(self, into: Table, rows: pl.DataFrame) -> None:
        if self._part is None or self._open is None:
            self._part = _File(self._folder / f"deel{self._closed}.sqlite")
            self._open = adbc.connect(str(self._part.path), autocommit=True)
            with self._open.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode = OFF")
                cursor.execute("PRAGMA synchronous = OFF")
        with self._open.cursor() as cursor:
            cursor.adbc_ingest(into.name, rows, mode="append" if into in self._part.columns else "create")
        self._part.columns[into] = rows.columns
        self._part.rows[into] += len(rows)

    def close_part(self) -> _File | None:
        if self._open is not None:
            self._open.close()
            self._closed += 1
        part, self._part, self._open = self._part, None, None
        return part

    def store(self, part: _File, into: Table) -> Iterator[int]:
        if part.attached is None:
            self._attach(part)
        if into not in part.columns:
            return
        rows = table(into.name, column("rowid"), *map(column, part.columns[into]), schema=part.attached)
        same = (literal(value, into.c[each].type) for each, value in self._same[into].items())
        names = [*part.columns[into], *self._same[into]]
        taken = select(*(rows.c[each] for each in part.columns[into]), *same)
        for first in range(1, part.rows[into] + 1, STORED_TOGETHER):
            last = min(first + STORED_TOGETHER - 1, part.rows[into])
            these = taken.where(rows.c.rowid.between(first, last))
            run(self._session, insert_all(into).from_select(names, these, include_defaults=False))
            yield last - first + 1

    def _attach(self, part: _File) -> None:
        number = len(self._connection.exec_driver_sql("PRAGMA database_list").all())
        part.attached = f"deel{number}"
        self._connection.exec_driver_sql(f"ATTACH DATABASE ? AS {part.attached}", (str(part.path),))
        part.path.unlink()
        self._connection.exec_driver_sql(f"PRAGMA {part.attached}.cache_size = -256")  # it is read through once


def _let_go(connection: Any, record: object) -> None:
    """A connection that goes back to the pool has no transaction any more, and lets go of what was attached."""
    if connection is None:
        return
    for _, name, _ in connection.execute("PRAGMA database_list").fetchall():
        if name.startswith("deel"):
            connection.execute(f"DETACH DATABASE {name}")
