"""The proof that taking a load back leaves everything else as it was: one number over all other rows."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, select, true
from sqlmodel import Session, SQLModel

from signals.base import table
from signals.bulk import run
from signals.models import Load
from workflow import undo

_AT_ONCE = 5_000
_BITS = 256


def digest_of_others(session: Session, load: Load) -> str:
    """A digest of every row of every table but those that the load made; 64 hexadecimal digits.

    The rows are summed, so their order does not count. It reads the whole database, in pieces.
    """
    own: Mapping[Table, ColumnElement[bool]] = {**undo.own_rows(load), table(Load): table(Load).c.id == load.id}
    total = 0
    for each in SQLModel.metadata.sorted_tables:
        rows = select(each).execution_options(yield_per=_AT_ONCE)
        if each in own:
            rows = rows.where(own[each].is_not(true()))  # also where it is unknown
        for row in run(session, rows):
            total += int.from_bytes(hashlib.sha256(f"{each.name} {tuple(row)!r}".encode()).digest())
    return f"{total % 2**_BITS:0{_BITS // 4}x}"
