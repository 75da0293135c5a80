"""Statements on whole tables, for loads: they see every row, whatever municipality the session's user belongs to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Executable, Result, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from signals.base import ACROSS

_SLICE = 10_000  # below the number of parameters that a statement may have, on either database
T = TypeVar("T")


def run(
    session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
) -> Result[*tuple[Any, ...]]:
    """Runs a statement on tables, once or for every one of `rows`; what the session holds is not flushed first."""
    return session.execute(statement, rows, execution_options=ACROSS)  # type: ignore[arg-type,deprecated,unused-ignore]


def insert_new(session: Session, into: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows; one that breaks a unique constraint is there already and is left out."""
    if rows:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        run(session, insert(into).on_conflict_do_nothing(), rows)


def slices(values: Collection[T]) -> Iterator[list[T]]:
    """The values in pieces that fit in one statement."""
    rest = iter(values)
    while piece := list(islice(rest, _SLICE)):
        yield piece
