"""What is counted: the selected part of a snapshot, and its parts by each dimension, each counted for all at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from exports.columns import NOTHING, Array, Columns
from exports.public import Money
from exports.selection import DIMENSIONS, Selection
from exports.snapshot import Snapshot
from exports.statistics import Days
from signals.models import Uitkomst
from workflow.phases import Outcome

T = TypeVar("T")

ROW_DIMENSIONS = ("levering", "gemeente", "maand_ontvangst")
"""A rejected row has no other facts that can be relied on."""


@dataclass
class Parts:
    """A snapshot cut in parts; what is asked of one part is counted of all of them, once.

    Per row of each frame the number of its part, NOTHING where it is in none. Cases of which every flag is counted are
    those that count: no bijvangst, none handed over to a participant.
    """

    of: Snapshot
    number: int
    cases: Array
    signals: Array
    rows: Array
    kept: dict[Any, Any] = field(default_factory=dict)

    def _once(self, key: Any, count: Callable[[], T]) -> T:
        if key not in self.kept:
            self.kept[key] = count()
        kept: T = self.kept[key]
        return kept

    @cached_property
    def counting(self) -> Array:
        """The part of each case, NOTHING also of one that does not count."""
        return np.where(self.of.cases["telt"], self.cases, NOTHING)

    def _sums(self, parts: Array, values: Array) -> Array:
        inside = parts != NOTHING
        if values.dtype == bool:
            return np.bincount(parts[inside & values], minlength=self.number)
        return np.bincount(parts[inside], values[inside], minlength=self.number).astype(np.int64)

    def sums(self, column: str) -> Array:
        """Per part the cases that have a flag, or the sum of a number."""
        return self._once(column, lambda: self._sums(self.counting, self._of_cases(column)))

    def every(self, column: str) -> Array:
        """The same of every case, also of those that do not count."""
        return self._once(("every", column), lambda: self._sums(self.cases, self._of_cases(column)))

    def of_signals(self, column: str) -> Array:
        """Per part the signals that have a flag."""
        return self._once(("signals", column), lambda: self._sums(self.signals, self.of.signals[column]))

    def _of_cases(self, column: str) -> Array:
        return self.of.cases[column]

    def tallies(self, column: str, among: str = "telt") -> Array:
        """Per part and number of a word how often it occurs in a column of cases."""
        return self._once((column, among), lambda: self._crossed(column, self._counting(among), self._of_cases(column)))

    def _counting(self, flag: str) -> Array:
        return np.where(self._of_cases(flag), self.counting, NOTHING)

    def signal_tallies(self, column: str) -> Array:
        """The same of a column of signals."""
        return self._once(("signals", column), lambda: self._crossed(column, self.signals, self.of.signals[column]))

    def _crossed(self, words: str, parts: Array, values: Array, weights: Array | None = None) -> Array:
        many = len(self.of.words[words].numbers)
        inside = (parts != NOTHING) & (values != NOTHING)
        keys = parts[inside].astype(np.int64) * many + values[inside]
        counted = np.bincount(keys, None if weights is None else weights[inside], minlength=self.number * many)
        return counted.reshape(self.number, many).astype(np.int64)

    def row_tallies(self) -> Array:
        """Per part the delivered rows by what became of them."""
        rows = self.of.rows
        return self._once("rows", lambda: self._crossed("uitkomst", self.rows, rows["uitkomst"], rows["aantal"]))

    def rejections(self) -> Array:
        """Per part the rejected rows by the codes of what was wrong."""
        rows, words = self.of.rows, self.of.words
        rejected = rows["uitkomst"] == words["uitkomst"].known(Uitkomst.AFGEKEURD.value)
        parts = np.where(rejected, self.rows, NOTHING)
        return self._once("codes", lambda: self._crossed("codes", parts, rows["codes"], rows["aantal"]))

    def addresses(self, flag: str) -> Array:
        """Per part the different addresses of the cases that have a flag."""
        return self._once(("adres", flag), lambda: self._addresses(flag))

    def _addresses(self, flag: str) -> Array:
        inside = (self.counting != NOTHING) & self._of_cases(flag)
        pairs = pd.DataFrame({"part": self.counting[inside], "adres": self._of_cases("adres")[inside]})
        return np.bincount(pairs.drop_duplicates()["part"], minlength=self.number)

    def days(self, column: str, among: str = "telt") -> tuple[int, Array]:
        """The lowest number of days, and per part how often each number occurs in a column of cases."""
        return self._once(
            ("days", column, among),
            lambda: self._days(self._counting(among), self._of_cases(column)),
        )

    def _days(self, parts: Array, values: Array) -> tuple[int, Array]:
        known = ~np.isnan(values)
        lowest, highest = (int(end) for end in (values[known].min(), values[known].max())) if known.any() else (0, 0)
        inside = known & (parts != NOTHING)
        width = highest - lowest + 1
        keys = parts[inside].astype(np.int64) * width + (values[inside] - lowest).astype(np.int64)
        return lowest, np.bincount(keys, minlength=self.number * width).reshape(self.number, width)

    def stays(self, soort: str) -> tuple[int, Array]:
        """The same of the stays of a kind."""
        return self._once(("stays", soort), lambda: self._stays(soort))

    def _stays(self, soort: str) -> tuple[int, Array]:
        stays = self.of.stays
        mine = stays["soort"] == self.of.words["soort"].known(soort)
        parts = np.append(self.counting, NOTHING)[stays["zaak"][mine]]
        return self._days(parts, stays["dagen"][mine])

    def yields(self) -> tuple[Array, Array]:
        """Per part and soort the signals of which something was reported, and the cents."""
        return self._once("yields", self._yields)

    def _yields(self) -> tuple[Array, Array]:
        frame = self.of.yields
        parts = np.append(self.signals, NOTHING)[frame["signaal"]]
        gevolg, cents = frame["gevolg"], frame["cent"]
        return self._crossed("gevolg", parts, gevolg), self._crossed("gevolg", parts, gevolg, cents)


@dataclass(frozen=True)
class Population:
    """One part of what is counted.

    per_signal: the hit rate is counted per signal, as it is per levering and per aanleiding. rows_known: delivered rows
    can be counted in this selection.
    """

    parts: Parts
    part: int = 0
    per_signal: bool = False
    rows_known: bool = True

    def count(self, column: str = "telt") -> int:
        """How many of the cases that count have a flag, or the sum of a number."""
        return int(self.parts.sums(column)[self.part])

    def every(self, column: str) -> int:
        """The same of all cases, also of those that do not count."""
        return int(self.parts.every(column)[self.part])

    def signals(self, column: str) -> int:
        """How many signals have a flag."""
        return int(self.parts.of_signals(column)[self.part])

    def addresses(self, flag: str = "telt") -> int:
        """The different addresses of the cases that have a flag."""
        return int(self.parts.addresses(flag)[self.part])

    def _worded(self, column: str, counted: Array) -> Mapping[str, int]:
        return {word: int(counted[self.part, number]) for word, number in self.parts.of.words[column].numbers.items()}

    def tally(self, column: str, among: str = "telt") -> Mapping[str, int]:
        """By word of a column how many of the cases that have a flag."""
        return self._worded(column, self.parts.tallies(column, among))

    def outcome(self, outcome: Outcome) -> int:
        """How many of the cases that count have this standing outcome."""
        return self.tally("resultaat").get(outcome.value, 0)

    def signal_tally(self, column: str) -> Mapping[str, int]:
        """By word of a column how many signals."""
        return self._worded(column, self.parts.signal_tallies(column))

    @property
    def rows(self) -> Mapping[str, int]:
        """Delivered rows by what became of them."""
        return self._worded("uitkomst", self.parts.row_tallies())

    @property
    def rejections(self) -> Mapping[str, int]:
        """Rejected rows by the codes of what was wrong, as JSON."""
        return {codes: count for codes, count in self._worded("codes", self.parts.rejections()).items() if count}

    def days(self, column: str, among: str = "telt") -> Days:
        """The days in a column of the cases that have a flag."""
        return self._days(self.parts.days(column, among))

    def stays(self, soort: str) -> Days:
        """The days of every stay of a kind that has ended."""
        return self._days(self.parts.stays(soort))

    def _days(self, found: tuple[int, Array]) -> Days:
        lowest, counts = found
        return Days(lowest, counts[self.part])

    @property
    def channels(self) -> tuple[str, ...]:
        """The ways in which contact was sought by anybody, in order."""
        return tuple(sorted(name.partition(":")[2] for name in self.parts.of.cases if name.startswith("poging:")))

    @property
    def yields(self) -> Mapping[str, Money]:
        """By soort what was reported, of the sorts of which something was."""
        signals, cents = (self._worded("gevolg", counted) for counted in self.parts.yields())
        return {soort: Money(signals[soort], cents[soort]) for soort in sorted(signals) if signals[soort]}


def chosen(all_of_it: Snapshot, selection: Selection) -> Population:
    """The selected part of a snapshot; a municipality that merged since stands for its successor."""
    codes = tuple(sorted({all_of_it.register.successor(code, all_of_it.day) for code in selection.gemeenten}))
    selection = replace(selection, gemeenten=codes)

    def inside(columns: Columns, dimensions: Mapping[str, str] | tuple[str, ...]) -> Array:
        wanted = np.ones(len(columns["gemeente"]), bool)
        for dimension in dimensions:
            if values := selection.wanted(dimension):
                words = all_of_it.words[dimension]
                wanted &= np.isin(columns[dimension], [words.known(value) for value in values])
        return np.where(wanted, 0, NOTHING)

    parts = Parts(
        all_of_it,
        1,
        inside(all_of_it.cases, DIMENSIONS),
        inside(all_of_it.signals, DIMENSIONS),
        inside(all_of_it.rows, ROW_DIMENSIONS),
    )
    known = not selection.chosen(*(dimension for dimension in DIMENSIONS if dimension not in ROW_DIMENSIONS))
    return Population(parts, rows_known=known)


def split(of: Population, dimension: str) -> Iterator[tuple[str, Population]]:
    """The population by each value of a dimension."""
    whole, snapshot = of.parts, of.parts.of
    rows_known = of.rows_known and dimension in ROW_DIMENSIONS

    def parts_of(columns: Columns, inside: Array) -> Array:
        return np.where(inside != NOTHING, columns[dimension], NOTHING)

    words = snapshot.words[dimension].numbers
    parts = Parts(
        snapshot,
        len(words),
        parts_of(snapshot.cases, whole.cases),
        parts_of(snapshot.signals, whole.signals),
        parts_of(snapshot.rows, whole.rows) if rows_known else np.full(len(whole.rows), NOTHING),
    )
    met = set(np.concatenate([np.unique(each) for each in (parts.cases, parts.signals, parts.rows)]).tolist())
    for value, number in sorted(words.items()):
        if number in met:
            per_signal = dimension in ("levering", "aanleiding")
            yield value, Population(parts, number, per_signal=per_signal, rows_known=rows_known)
