"""The bare limits: what the machine does when nothing but the data is moved, and two slow ways for comparison.

Each gives how many rows took how many seconds. Texts to be stored are in memory before the clock starts, and it stops
when they are committed and the connection is closed.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter

import openpyxl
import psycopg
from python_calamine import CalamineWorkbook
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.orm import Session, registry

from service.db import make_engine
from tests.databases import plain_address
from tests.postgres import as_owner

PER_ROW = 2000
"""So many rows are stored one by one: for comparison, not to wait for."""

Taken = dict[str, float]


def sqlite_executemany(file: Path, where: str) -> Taken:
    """One `sqlite3.executemany` into a table without index, with the pragmas of the service."""
    header, rows = _table(file)
    engine = make_engine(where)
    connection = engine.raw_connection().driver_connection
    assert connection is not None
    connection.execute(f"CREATE TABLE bare ({', '.join(header)})")
    with _timed(len(rows)) as taken:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(header))})", rows)
        connection.execute("COMMIT")
        connection.close()
    return taken


def postgres_copy(file: Path, where: str) -> Taken:
    """One COPY into a plain table without index."""
    header, rows = _table(file)
    connection = psycopg.connect(plain_address(as_owner(where)))  # it makes its table itself
    connection.execute(f"CREATE TABLE bare ({', '.join(f'{name} text' for name in header)})")
    connection.commit()
    with _timed(len(rows)) as taken:
        with connection.cursor().copy("COPY bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        connection.close()
    return taken


def calamine(file: Path, where: str) -> Taken:
    """Every row of the sheet walked, no cell looked at."""
    with _timed() as taken, CalamineWorkbook.from_path(file) as workbook:
        taken["rows"] = sum(1 for _ in workbook.get_sheet_by_index(0).iter_rows()) - 1
    return taken


def openpyxl_read(file: Path, where: str) -> Taken:
    """The same by openpyxl."""
    with _timed() as taken:
        workbook = openpyxl.load_workbook(file, read_only=True)
        taken["rows"] = sum(1 for _ in workbook.worksheets[0].iter_rows(values_only=True)) - 1
        workbook.close()
    return taken


def add_and_commit(file: Path, where: str) -> Taken:
    """The first rows by `session.add`, each with its commit, into a table without index."""
    header, first = _table(file, PER_ROW)
    rows = [dict(zip(header, row, strict=True)) for row in first]
    mapper = registry(metadata=MetaData())
    columns = (Column(name, Text) for name in header)
    mapper.map_imperatively(_Row, Table("bare", mapper.metadata, Column("id", Integer, primary_key=True), *columns))
    engine = make_engine(where)
    mapper.metadata.create_all(engine)
    with _timed(len(rows)) as taken:
        with Session(engine) as session:
            for row in rows:
                session.add(_Row(row))
                session.commit()
        engine.dispose()
    return taken


class _Row:
    def __init__(self, cells: dict[str, str]) -> None:
        for name, cell in cells.items():
            setattr(self, name, cell)


def _table(file: Path, most: int | None = None) -> tuple[list[str], list[tuple[str, ...]]]:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter=";")
        return next(rows), list(map(tuple, islice(rows, most)))


@contextmanager
def _timed(rows: int = 0) -> Iterator[Taken]:
    taken: Taken = {"rows": rows}
    started = perf_counter()
    yield taken
    taken["seconds"] = perf_counter() - started
