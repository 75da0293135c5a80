"""The proof that taking a load back leaves everything else as it was: one number over all other rows."""

import hashlib
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Table, func, select, true
from sqlmodel import Session, SQLModel

from service.connectors import outbox
from signals.base import table
from signals.bulk import run
from signals.models import Load
from workflow import undo

_AT_ONCE = 5_000
_BITS = 256


def digest_of_others(session: Session, load: Load, progress: Callable[[int], None] | None = None) -> str:
    """A digest of every row of every table but those that the load made; 64 hexadecimal digits.

    The rows are summed, so their order does not count. It reads the whole database, in pieces; `progress` is told how
    many rows were read.
    """
    mine = {**undo.own_rows(load), **outbox.own_rows(load)}
    own: Mapping[Table, ColumnElement[bool]] = {**mine, table(Load): table(Load).c.id == load.id}
    total, read = 0, 0
    for each in SQLModel.metadata.sorted_tables:
        rows = select(each).execution_options(yield_per=_AT_ONCE)
        if each in own:
            rows = rows.where(own[each].is_not(true()))  # also where it is unknown
        for row in run(session, rows):
            total += int.from_bytes(hashlib.sha256(f"{each.name} {tuple(row)!r}".encode()).digest())
            read += 1
            if progress and read % _AT_ONCE == 0:
                progress(read)
    return f"{total % 2**_BITS:0{_BITS // 4}x}"


def size(session: Session) -> int:
    """The rows of all tables, which is about how many such a digest reads."""
    return sum(
        int(run(session, select(func.count()).select_from(each)).scalar_one())
        for each in SQLModel.metadata.sorted_tables
    )
