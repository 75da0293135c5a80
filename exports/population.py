"""What is counted: the selected part of a snapshot, and its parts by each dimension."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from exports.selection import DIMENSIONS, Selection, by_value
from exports.snapshot import Snapshot
from workflow.phases import Outcome

ROW_DIMENSIONS = ("levering", "gemeente", "maand_ontvangst")
"""A rejected row has no other facts that can be relied on."""


@dataclass(frozen=True)
class Population:
    """What is counted: `part` with the cases that count (no bijvangst, none handed over to a participant).

    per_signal: the hit rate is counted per signal, as it is per levering and per aanleiding.
    rows_known: delivered rows can be counted in this selection.
    """

    part: Snapshot
    every_case: pd.DataFrame
    per_signal: bool = False
    rows_known: bool = True

    @property
    def zaken(self) -> pd.DataFrame:
        """The cases that count."""
        return self.part.cases

    def count(self, column: str) -> int:
        """How many of the cases that count are so."""
        return int(self.zaken[column].sum())

    def outcome(self, outcome: Outcome) -> int:
        """How many of the cases that count have this standing outcome."""
        return int((self.zaken["resultaat"] == outcome.value).sum())

    @cached_property
    def followed_up(self) -> "tuple[pd.Series[Any], pd.Series[Any]]":
        """Which cases stayed (not withdrawn, not handed over), and which of those had an investigation act."""
        stayed = ~self.zaken["ingetrokken"] & ~self.zaken["overgedragen"]
        return stayed, stayed & self.zaken["handeling"]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Delivered rows by what became of them."""
        counted: Any = self.part.rows.groupby("uitkomst")["aantal"].sum()
        return {str(outcome): int(number) for outcome, number in counted.items()}


def chosen(all_of_it: Snapshot, selection: Selection) -> Population:
    """The selected part of a snapshot; a municipality that merged since stands for its successor."""
    codes = tuple(sorted({all_of_it.register.successor(code, all_of_it.day) for code in selection.gemeenten}))
    selection = replace(selection, gemeenten=codes)
    cases = selection.of(all_of_it.cases)
    signals = selection.of(all_of_it.signals)
    rows = all_of_it.rows
    for dimension in ROW_DIMENSIONS:
        if values := selection.wanted(dimension):
            rows = rows[rows[dimension].isin(values)]
    known = not selection.chosen(*(dimension for dimension in DIMENSIONS if dimension not in ROW_DIMENSIONS))
    return _population(all_of_it, cases, signals, rows, rows_known=known)


def _population(
    of: Snapshot, cases: pd.DataFrame, signals: pd.DataFrame, rows: pd.DataFrame, **flags: bool
) -> Population:
    counting = cases[~cases["bijvangst"] & ~cases["bij_deelnemer"]]
    return Population(of.of(counting, signals, rows), cases, **flags)


def split(of: Population, dimension: str) -> Iterator[tuple[str, Population]]:
    """The population by each value of a dimension."""
    cases, signals = by_value(of.every_case, dimension), by_value(of.part.signals, dimension)
    rows_known = of.rows_known and dimension in ROW_DIMENSIONS
    rows = by_value(of.part.rows, dimension) if rows_known else {}
    for value in sorted({*cases, *signals, *rows}):
        yield (
            value,
            _population(
                of.part,
                cases.get(value, of.every_case[:0]),
                signals.get(value, of.part.signals[:0]),
                rows.get(value, of.part.rows[:0]),
                per_signal=dimension in ("levering", "aanleiding"),
                rows_known=rows_known,
            ),
        )
