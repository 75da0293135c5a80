"""What a query finds as columns of numbers: a million rows, and no object for any of them.

Days become ordinals (`date.toordinal`), a text the number it has among the texts of that column.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Boolean, CompoundSelect, Date, Numeric, Select
from sqlalchemy.types import Integer
from sqlmodel import Session

Array: TypeAlias = NDArray[Any]
Columns: TypeAlias = dict[str, Array]
"""By name, all of one length."""
NOTHING = -1
"""The number of no text."""
_AT_A_TIME = 20_000


@dataclass
class Words:
    """Texts that occur, each with its number: its place in the order in which they were first met."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str | None) -> int:
        """That of a text, a new one where it was not met before; NOTHING of none."""
        return NOTHING if text is None else self.numbers.setdefault(text, len(self.numbers))

    def known(self, text: str) -> int:
        """That of a text, NOTHING where it was never met."""
        return self.numbers.get(text, NOTHING)

    def of(self, texts: Iterable[str | None]) -> Array:
        """The numbers of texts, in their order."""
        codes, met = pd.factorize(np.array(list(texts), dtype=object))
        return np.append([self.number(text) for text in met], NOTHING).astype(np.int32)[codes]

    def translated(self, numbers: Array, into: "Words", to: Callable[[str], str | None]) -> Array:
        """The numbers in other words: each text is told as `to` says."""
        table = [into.number(to(text)) for text in tuple(self.numbers)]
        return np.append(table, NOTHING).astype(np.int32)[numbers]


class Reader:
    """Reads queries of one transaction; columns of one name share their words."""

    def __init__(self, session: Session) -> None:
        """What the session still holds is written first."""
        session.flush()
        self.connection = session.connection()
        self.words: dict[str, Words] = {}

    def read(self, query: Select[Any] | CompoundSelect[Any]) -> dict[str, Array]:
        """The columns by name: float64 (days, and numbers that may be missing: NaN), int64, bool, or int32 of texts."""
        kinds = {column.name: self._kind(column) for column in query.selected_columns}
        found: list[list[Array]] = [[] for _ in kinds]
        with self.connection.execute(query) as result:
            # The driver's own rows: nothing has to be made of them one by one.
            while rows := result.cursor.fetchmany(_AT_A_TIME):
                for parts, kind, values in zip(found, kinds.values(), zip(*rows, strict=True), strict=True):
                    parts.append(kind(values))
        return {
            name: np.concatenate(parts) if parts else kind(())
            for (name, kind), parts in zip(kinds.items(), found, strict=True)
        }

    def words_of(self, name: str) -> Words:
        """The words of the columns of a name."""
        return self.words.setdefault(name, Words())

    def _kind(self, column: Any) -> Callable[[Sequence[Any]], Array]:
        if isinstance(column.type, Date):
            return _days
        if isinstance(column.type, Boolean):
            return _flags
        if isinstance(column.type, (Integer, Numeric)):
            return _numbers
        return self.words_of(column.name).of


def _flags(values: Sequence[Any]) -> Array:
    return np.array(values, dtype=bool)  # no value is no


def _numbers(values: Sequence[Any]) -> Array:
    try:
        return np.array(values, dtype=np.int64)
    except TypeError:
        return np.array(values, dtype=np.float64)


def _days(values: Sequence[Any]) -> Array:
    """SQLite gives days as text, PostgreSQL as dates."""
    codes, met = pd.factorize(np.array(values, dtype=object))
    ordinals = [(date.fromisoformat(day) if isinstance(day, str) else day).toordinal() for day in met]
    return np.append(ordinals, np.nan)[codes]


def places(of: Array, among: Array) -> Array:
    """Where each of the ids stands among ids in rising order; NOTHING where it does not."""
    if not len(among):
        return np.full(len(of), NOTHING)
    found = np.minimum(np.searchsorted(among, of), len(among) - 1)
    return np.where(among[found] == of, found, NOTHING)


def by_id(columns: Columns) -> Columns:
    """In the order of their ids, in which they can be found; that is mostly how they come."""
    ids = columns["id"]
    if np.all(ids[1:] > ids[:-1]):
        return columns
    order = np.argsort(ids, kind="stable")
    return {name: values[order] for name, values in columns.items()}


def marked(columns: Columns, ids: Any) -> Array:
    """Which rows have one of these ids."""
    marks = np.zeros(len(columns["id"]) + 1, bool)
    marks[places(np.asarray(ids), columns["id"])] = True  # NOTHING is the last place, which is cut off
    return marks[:-1]
