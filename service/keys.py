"""Another key for what lies sealed: every value is sealed again, some rows at a time, while people work.

A rotation that is stopped or killed goes on where it was; one that has nothing left to do says so. Until then both keys
must be given: the newest seals, each opens what it sealed. Cases are taken person by person, because they are found by
each other (signals.sealing).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, Table, and_, bindparam, func, select, type_coerce, update
from sqlmodel import Session, SQLModel

from service.access import Access
from service.db import session_scope
from signals.base import table
from signals.bulk import run
from signals.keyring import keyring
from signals.sealing import SealedBsn, SealedBytes, SealedJson, mark_of
from workflow.models import Case

Tick = Callable[[int], None]
PIECE = 2_000
"""Rows in one transaction: somebody who waits for one of them hardly notices."""
SEALED = (SealedBsn, SealedJson, SealedBytes)


def sealed_columns() -> Iterator[tuple[Table, Column[Any]]]:
    """Every column that keeps something sealed."""
    for each in SQLModel.metadata.sorted_tables:
        for column in each.columns:
            if isinstance(column.type, SEALED):
                yield each, column


def rotate(engine: Engine, tick: Tick | None = None, looked: Tick | None = None) -> Counter[str]:
    """Seals anew what lies under an older key; gives how many rows of each table.

    tick: is told how many by then; looked: how many rows were looked at, of the `size` there are.
    """
    done: Counter[str] = Counter()
    seen = 0
    for of, column in sealed_columns():
        for read, count in _rotated(engine, of, column):
            done[of.name] += count
            seen += read
            if tick:
                tick(done.total())
            if looked:
                looked(seen)
    return done


def size(session: Session) -> int:
    """The rows that a rotation looks at."""
    counts = (select(func.count()).select_from(of) for of, _ in sealed_columns())
    return sum(int(run(session, each).scalar_one()) for each in counts)


def _rotated(engine: Engine, of: Table, column: Column[Any]) -> Iterator[tuple[int, int]]:
    """A transaction at a time; gives how many rows were looked at in each, and how many sealed anew."""
    last: int | None = 0
    while last is not None:
        with session_scope(engine, Access.system()) as session:
            last, read, count = _piece(session, of, column, last)
        yield read, count


def one_key(engine: Engine) -> None:
    """Brings all cases under the newest key when some are not: a load joins signals and cases as they lie there."""
    with session_scope(engine, Access.system(), write=False) as session:
        mixed = len(keyring().keys) > 1 and _mixed(session)
    if mixed:
        for _ in _rotated(engine, table(Case), table(Case).c.bsn):
            pass


def _mixed(session: Session) -> bool:
    cases = table(Case)
    raw = raw_of(cases.c.bsn)
    marks = [key.mark for key in keyring().keys[1:]]
    return any(
        run(session, select(cases.c.id).where(raw >= mark, raw < _after(mark)).limit(1)).first() is not None
        for mark in marks
    )


def _after(mark: str) -> str:
    return mark[:-1] + chr(ord(mark[-1]) + 1)


def _piece(session: Session, of: Table, column: Column[Any], after: int) -> tuple[int | None, int, int]:
    """Some rows by their id; gives the last id, None at the end, how many there were, and how many were sealed anew."""
    raw = raw_of(column)
    rows = run(session, select(of.c.id, raw).where(of.c.id > after).order_by(of.c.id).limit(PIECE)).all()
    if not rows:
        return None, 0, 0
    newest = keyring().newest.mark
    old = [(row, lying) for row, lying in rows if lying is not None and mark_of(lying) != newest]
    opened = column.type.process_result_value  # type: ignore[attr-defined]  # each of SEALED has it
    plain = [{"row": row, "old": lying, "new": opened(lying, None)} for row, lying in old]
    by_person = column is table(Case).c.bsn
    mine = raw == bindparam("old") if by_person else and_(of.c.id == bindparam("row"), raw == bindparam("old"))
    if plain:
        if by_person:
            plain = [{"old": lying, "new": bsn} for lying, bsn in sorted({(one["old"], one["new"]) for one in plain})]
        run(session, update(of).where(mine).values({column.name: bindparam("new")}), plain)
    return rows[-1][0], len(rows), len(old)


def raw_of(column: Column[Any]) -> ColumnElement[Any]:
    """The column as it lies there."""
    return type_coerce(column, column.type.impl)  # type: ignore[attr-defined]  # each of SEALED decorates another type
