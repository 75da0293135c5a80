"""Statements on whole tables, for loads: they see every row, whatever municipality the session's user belongs to."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Insert,
    Result,
    Table,
    any_,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from signals.base import ACROSS, ACROSS_AND_ON
from signals.sealing import SealedBsn, forms, kept, opened

_SLICE = 10_000  # below the number of parameters that a statement may have, on either database
T = TypeVar("T")


def run(
    session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
) -> Result[*tuple[Any, ...]]:
    """Runs a statement on tables, once or for every one of `rows`; what the session holds is not flushed first."""
    return session.execute(statement, rows, execution_options=ACROSS)  # type: ignore[arg-type,deprecated,unused-ignore]


def reach_across(session: Session) -> None:
    """From here on this transaction writes into another municipality's dossier too: a hand-over, its way back, a task.

    What it reads is chosen as before, and so is what the next transaction writes.
    """
    session.connection().info.update(ACROSS)


def insert_new(session: Session, into: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows; one that breaks a unique constraint is there already and is left out."""
    if rows:
        run(session, insert_if_new(session, into), rows)


def insert_if_new(session: Session, into: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that leaves out what breaks a unique constraint: the databases say it alike, SQLAlchemy does not."""
    return _insert(session, into).on_conflict_do_nothing()


def insert_or_hold(session: Session, into: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that changes nothing of a row that is there, but keeps others from it until the transaction ends.

    With RETURNING it gives the row as it stands then: of two at once the second waits for what the first made of it.
    """
    key = list(into.primary_key)
    return _insert(session, into).on_conflict_do_update(index_elements=key, set_={key[0]: key[0]})


def _insert(session: Session, into: Table) -> sqlite.Insert | postgresql.Insert:
    return (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(into)


def among(session: Session, column: ColumnElement[T], values: Sequence[T]) -> ColumnElement[bool]:
    """`column IN (values)` for any number of values: they go as one parameter, where IN takes one for each."""
    if isinstance(column.type, SealedBsn):
        return among(session, kept(column), forms(map(str, values)))
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(values), type_=postgresql.ARRAY(column.type)))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def insert_all(into: Table) -> Insert:
    """An INSERT of many rows that leaves nothing to go on with when one is refused: the transaction is over then.

    Else SQLite keeps a copy of every page that it touches, to take back the statement alone. It does so all the same
    for a statement with a function in it, and for a table with a foreign key.
    """
    return insert(into).prefix_with("OR ROLLBACK", dialect="sqlite")


@contextmanager
def beside(session: Session) -> Iterator[Session]:
    """A session in the same name that only reads, for another thread: it sees what was committed."""
    bound = session.connection().engine.execution_options(postgresql_readonly=True)  # heeded on SQLite too: service.db
    with Session(bound) as other:
        other.info.update(session.info)
        yield other


READ_THROUGH = 4
"""A table of at most so many times the rows asked about is read through: quicker than asking for each."""
_PIECE = 50_000


def values_among(
    session: Session, column: Column[T], key: ColumnElement[int], asked: Iterable[Sequence[T]], about: int
) -> Iterator[Sequence[T]]:
    """Pieces in which all of the values asked for stand that the column has; others of its values may stand there too.

    key: the table's id, which tells how large it is. about: how many are asked for, about.
    """
    highest = run(session, select(func.max(key))).scalar() or 0
    if highest > READ_THROUGH * about:
        for piece in asked:
            yield run(session, select(column).where(among(session, column, piece)).distinct()).scalars().all()
    elif highest and isinstance(column.type, SealedBsn):
        yield from map(opened, _every(session, kept(column)))
    elif highest:
        yield from _every(session, column)


def _every(session: Session, column: ColumnElement[T]) -> Iterator[list[T]]:
    """All values of a column, by the driver: rows of SQLAlchemy take four times as long."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        yield from _every_text(connection, column)
        return
    connection.execute(select(column).limit(0), execution_options=ACROSS_AND_ON)
    driver = connection.connection.driver_connection
    assert driver is not None
    with closing(driver.cursor("doorlezen")) as cursor:  # with a name it stays on the server: else all come at once
        cursor.execute(str(select(column).where(column.is_not(None)).compile(dialect=connection.dialect)))
        while rows := cursor.fetchmany(_PIECE):
            yield [value for (value,) in rows]


def _every_text(connection: Connection, column: ColumnElement[Any]) -> Iterator[list[Any]]:
    """Texts of one line, many as one: for each row the driver takes the lock of Python, and holds up all threads."""
    after: BindParameter[str] = bindparam("after", "")
    values = select(column.label("value")).where(column > after).order_by(column).limit(_PIECE).subquery()
    piece = select(func.max(values.c.value), func.group_concat(values.c.value, "\n"))
    last, texts = connection.execute(piece, execution_options=ACROSS).one()
    while last is not None:
        yield texts.split("\n")
        last, texts = connection.execute(piece, {"after": last}, execution_options=ACROSS).one()


def slices(values: Collection[T]) -> Iterator[list[T]]:
    """The values in pieces that fit in one statement."""
    rest = iter(values)
    while piece := list(islice(rest, _SLICE)):
        yield piece
