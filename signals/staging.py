"""Many rows on their way into tables: put down as they are read, then taken over by `INSERT ... SELECT`.

The rows of a part lie where the database can read them by itself: SQLite attaches a file, PostgreSQL takes them in by
COPY. A statement over a part costs a fraction of a statement per row, and the reading of the next part goes on
meanwhile in another thread.
"""

import glob
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import adbc_driver_sqlite.dbapi as adbc
import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Table,
    TableClause,
    and_,
    column,
    event,
    false,
    literal,
    make_url,
    select,
    table,
    text,
)
from sqlmodel import Session

from signals.bulk import run

_FOLDER = ".rni-klaarzetten-"
MOST_PARTS = 8
"""SQLite attaches no more than ten files, and lets none go before the transaction ends."""
FEW = 5_000
"""Rows; for so few a file of their own is not worth it."""


PLACE = "plaats"
"""The column with the place of a row in its part, from 1."""
_ROWID = "rowid"
"""The same on SQLite, which finds a row by it at once."""
ALONE = "alleen"
"""The column with the place among those rows of the part that nothing else has to do with; empty for the others."""


@dataclass(frozen=True)
class NewSignals:
    """Signals of a part that were just written: `rows` has the columns of Signal that came with the file.

    place: the place of each row in its part, from 1. They are those after one place and until another. before: the
    highest id there was.
    """

    rows: TableClause
    place: ColumnElement[int]
    before: int
    after: int
    until: int

    @property
    def mine(self) -> ColumnElement[bool]:
        """Which of the rows they are."""
        return and_(self.place > self.after, self.place <= self.until)

    @property
    def ids(self) -> ColumnElement[int]:
        """The id of each row."""
        return (self.place + (self.before - self.after)).label("id")

    @property
    def first(self) -> int:
        """The lowest id."""
        return self.before + 1

    @property
    def last(self) -> int:
        """The highest id."""
        return self.before + self.until - self.after


class Staging(Protocol):
    """Rows of one table on their way; one thread puts them down and closes parts, another takes the parts over."""

    def __enter__(self) -> "Staging": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def put(self, rows: pl.DataFrame) -> None:
        """Adds rows to the part that is open; the columns bear the names of the table's, dates are ISO texts."""

    def close_part(self) -> Any:
        """Ends the part that is open and gives what `take_over` needs of it."""

    def take_over(self, part: Any) -> "tuple[TableClause, ColumnElement[int]]":
        """The rows of a closed part to select from in the transaction of the session, and the place of each."""


def staging(session: Session, into: Table, columns: Sequence[str], rows: int) -> Staging:
    """Where so many rows for this table, or fewer, are put down, by the kind of database."""
    if session.connection().dialect.name == "postgresql":
        return _Copied(session, into, columns)
    return _Attached(session.connection(), columns) if rows > FEW else _Inserted(session.connection(), columns)


class _Inserted:
    """Few rows on SQLite: a temporary table."""

    def __init__(self, connection: Connection, columns: Sequence[str]) -> None:
        self._connection = connection
        self._columns = columns
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> "_Inserted":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows = []

    def put(self, rows: pl.DataFrame) -> None:
        self._rows += rows.select(self._columns).rows()

    def close_part(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def take_over(self, part: list[tuple[Any, ...]]) -> tuple[TableClause, ColumnElement[int]]:
        names, places = ", ".join(self._columns), ", ".join("?" for _ in self._columns)
        self._connection.exec_driver_sql("DROP TABLE IF EXISTS temp.klaargezet")
        self._connection.exec_driver_sql(f"CREATE TEMPORARY TABLE klaargezet ({names})")
        put = f"INSERT INTO temp.klaargezet VALUES ({places})"  # noqa: S608  # names of our own columns
        self._connection.exec_driver_sql(put, part)
        rows = table("klaargezet", *(column(name) for name in (*self._columns, _ROWID)), schema="temp")
        return rows, rows.c[_ROWID]


class _Attached:
    """Parts as SQLite files beside the database, written by the Arrow driver, which makes no Python object of a cell.

    That driver brings an SQLite of its own, so a part is closed for good there before it is attached here: two of them
    in one process may not have one file open. A part is unlinked as soon as it is attached; what a killed process
    left is deleted by the next load, which has the one write lock by then.
    """

    def __init__(self, connection: Connection, columns: Sequence[str]) -> None:
        self._connection = connection
        self._columns = columns
        database = make_url(str(connection.engine.url)).database
        self._beside = Path(database).parent if database and database != ":memory:" else Path(tempfile.gettempdir())
        self._prefix = f"{_FOLDER}{Path(database or '').name}-"
        self._parts = 0
        self._open: adbc.Connection | None = None
        if not event.contains(connection.engine, "checkin", _let_go):
            event.listen(connection.engine, "checkin", _let_go)

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

    def take_over(self, part: int) -> tuple[TableClause, ColumnElement[int]]:
        path = self._path(part)
        name = f"deel{len(self._connection.exec_driver_sql('PRAGMA database_list').all())}"
        self._connection.exec_driver_sql(f"ATTACH DATABASE ? AS {name}", (str(path),))
        path.unlink()
        rows = table("deel", *(column(each) for each in (*self._columns, _ROWID)), schema=name)
        return rows, rows.c[_ROWID]


def _let_go(connection: Any, record: object) -> None:
    """A connection that goes back to the pool has no transaction any more, and lets go of what was attached."""
    if connection is None:
        return
    for _, name, _ in connection.execute("PRAGMA database_list").fetchall():
        if name.startswith("deel"):
            connection.execute(f"DETACH DATABASE {name}")


class _Copied:
    """Parts as CSV in memory, copied into a temporary table that has the types of the table they are meant for."""

    def __init__(self, session: Session, into: Table, columns: Sequence[str]) -> None:
        self._session = session
        self._into = into
        self._columns = columns
        self._rows: list[bytes] = []
        self._made = False

    def __enter__(self) -> "_Copied":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.clear()

    def put(self, rows: pl.DataFrame) -> None:
        self._rows.append(rows.select(self._columns).write_csv(include_header=False).encode())

    def _typed(self, name: str) -> ColumnElement[Any]:
        own = {PLACE, ALONE}
        return literal(0, Integer).label(name) if name in own else self._into.c[name]

    def close_part(self) -> list[bytes]:
        rows, self._rows = self._rows, []
        return rows

    def take_over(self, part: list[bytes]) -> tuple[TableClause, ColumnElement[int]]:
        names = ", ".join(self._columns)
        if self._made:
            run(self._session, text("TRUNCATE klaargezet"))
        else:
            run(self._session, text("DROP TABLE IF EXISTS klaargezet"))  # of an earlier load in this transaction
            chosen = select(*(self._typed(name) for name in self._columns)).where(false())
            dialect = self._session.connection().dialect
            shape = chosen.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            run(self._session, text(f"CREATE TEMPORARY TABLE klaargezet ON COMMIT DROP AS {shape}"))
            self._made = True
        driver = self._session.connection().connection.driver_connection
        assert driver is not None
        try:
            with driver.cursor().copy(f"COPY klaargezet ({names}) FROM STDIN (FORMAT csv)") as copy:
                for rows in part:
                    copy.write(rows)
        except driver.Error as error:  # its text quotes the row, so it may not reach a log
            raise AssertionError(f"PostgreSQL nam de klaargezette rijen niet over ({error.sqlstate})") from None
        taken = table("klaargezet", *(column(name) for name in self._columns))
        return taken, taken.c[PLACE]
