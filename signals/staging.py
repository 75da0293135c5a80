"""Many rows on their way into a table: put down in parts as they are read, each then stored by one statement.

Reading goes on in another thread meanwhile. SQLite takes a part over from a file, PostgreSQL by COPY: either costs a
fraction of a statement per row.
"""

import glob
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import adbc_driver_sqlite.dbapi as adbc
import polars as pl
from sqlalchemy import Connection, Table, column, event, insert, literal, make_url, select, table
from sqlmodel import Session

from signals.bulk import run

_FOLDER = ".rni-klaarzetten-"
SMALLEST_PART = 25_000
"""Rows; a part of fewer is not worth statements of its own."""
MOST_PARTS = 8
"""SQLite attaches no more than ten files, and lets none go before the transaction ends."""
FEW = 5_000
"""Rows; for so few a file of their own is not worth it."""


class Staging(Protocol):
    """Rows of one table on their way; one thread puts them down and closes parts, the session's stores them."""

    part_size: int
    """So many rows, or some more, make a good part."""

    def __enter__(self) -> "Staging": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def put(self, rows: pl.DataFrame) -> None:
        """Adds rows to the part that is open; see `insert_frame` for their columns."""

    def close_part(self) -> Any:
        """Ends the part that is open and gives what `store` needs of it."""

    def store(self, part: Any) -> None:
        """Puts the rows of a closed part in the table, in the transaction of the session."""


def staging(session: Session, into: Table, same: Mapping[str, Any], rows: int) -> Staging:
    """Where so many rows for this table, or fewer, are put down, by the kind of database.

    same: columns that are not put down, because every row has the same value there.
    """
    if session.connection().dialect.name == "sqlite" and rows > FEW:
        return _Attached(session, into, same, max(SMALLEST_PART, -(-rows // MOST_PARTS)))
    return _Kept(session, into, same)


def insert_frame(session: Session, into: Table, rows: pl.DataFrame) -> None:
    """Inserts rows that are as the database keeps them: columns by their names, dates as ISO texts, JSON as text."""
    if not len(rows):
        return
    connection = session.connection()
    names = ", ".join(f'"{name}"' for name in rows.columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" for _ in rows.columns)
        put = f"INSERT INTO {into.name} ({names}) VALUES ({places})"  # noqa: S608  # names of our own columns
        connection.exec_driver_sql(put, rows.rows())
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor().copy(f"COPY {into.name} ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(rows.write_csv(include_header=False))
    except driver.Error as error:  # its text quotes the row, so it may not reach a log
        raise AssertionError(f"PostgreSQL nam de rijen niet over ({error.sqlstate})") from None


class _Kept:
    """Rows in memory: few on SQLite; on PostgreSQL COPY takes them from there."""

    part_size = SMALLEST_PART

    def __init__(self, session: Session, into: Table, same: Mapping[str, Any]) -> None:
        self._session = session
        self._into = into
        self._same = [pl.lit(value).alias(name) for name, value in same.items()]
        self._rows: list[pl.DataFrame] = []

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows = []

    def put(self, rows: pl.DataFrame) -> None:
        self._rows.append(rows)

    def close_part(self) -> list[pl.DataFrame]:
        rows, self._rows = self._rows, []
        return rows

    def store(self, part: list[pl.DataFrame]) -> None:
        for rows in part:
            insert_frame(self._session, self._into, rows.with_columns(self._same))


class _Attached:
    """Parts as SQLite files beside the database, written by the Arrow driver, which makes no Python object of a cell.

    That driver brings an SQLite of its own, so a part is closed for good there before it is attached here: two of them
    in one process may not have one file open. A part is unlinked as soon as it is attached; what a killed process
    left is deleted by the next load, which has the one write lock by then.
    """

    def __init__(self, session: Session, into: Table, same: Mapping[str, Any], part_size: int) -> None:
        self.part_size = part_size
        self._session = session
        self._into = into
        self._same = same
        self._columns: Sequence[str] = ()
        self._connection: Connection = session.connection()
        database = make_url(str(self._connection.engine.url)).database
        self._beside = Path(database).parent if database and database != ":memory:" else Path(tempfile.gettempdir())
        self._prefix = f"{_FOLDER}{Path(database or '').name}-"
        self._parts = 0
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

    def _path(self, part: int) -> Path:
        return self._folder / f"deel{part}.sqlite"

    def put(self, rows: pl.DataFrame) -> None:
        if self._open is None:
            self._parts += 1
            self._columns = rows.columns
            self._open = adbc.connect(str(self._path(self._parts)), autocommit=True)
            with self._open.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode = OFF")
                cursor.execute("PRAGMA synchronous = OFF")
                cursor.adbc_ingest("deel", rows, mode="create")
        else:
            with self._open.cursor() as cursor:
                cursor.adbc_ingest("deel", rows, mode="append")

    def close_part(self) -> int:
        assert self._open is not None
        self._open.close()
        self._open = None
        return self._parts

    def store(self, part: int) -> None:
        path = self._path(part)
        name = f"deel{len(self._connection.exec_driver_sql('PRAGMA database_list').all())}"
        self._connection.exec_driver_sql(f"ATTACH DATABASE ? AS {name}", (str(path),))
        path.unlink()
        self._connection.exec_driver_sql(f"PRAGMA {name}.cache_size = -256")  # it is read through once
        rows = table("deel", *(column(each) for each in self._columns), schema=name)
        same = (literal(value, self._into.c[each].type) for each, value in self._same.items())
        names = [*self._columns, *self._same]
        taken = select(*(rows.c[each] for each in self._columns), *same)
        run(self._session, insert(self._into).from_select(names, taken, include_defaults=False))


def _let_go(connection: Any, record: object) -> None:
    """A connection that goes back to the pool has no transaction any more, and lets go of what was attached."""
    if connection is None:
        return
    for _, name, _ in connection.execute("PRAGMA database_list").fetchall():
        if name.startswith("deel"):
            connection.execute(f"DETACH DATABASE {name}")
