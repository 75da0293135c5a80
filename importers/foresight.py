"""Which rows of a file may meet another one: an earlier row of the same file, or something that is known already.

Asked before the first row is judged, so that all others can be taken in at once, without asking for each of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from sqlmodel import Session

from importers.columns import cleaned
from importers.reader import Table
from importers.rules import Reading
from signals.base import table
from signals.bulk import values_among
from signals.models import Mutatiesoort, Signal

Known = Callable[[Iterator[Sequence[str]], int], Iterator[Sequence[str]]]
"""Given pieces of values and about how many they are, gives pieces in which all of those that are known stand."""


def _hashes(cells: pl.Series) -> np.ndarray:
    hashes: np.ndarray = cells.hash().to_numpy()
    return hashes


def _number(cells: pl.Series) -> pl.Series:
    """The cells as they will be read: a sign that reading takes away must not hide that two of them are the same."""
    odd = np.flatnonzero(~cells.str.contains("^[!-~]*$").to_numpy())
    if not len(odd):
        return cells
    return cells.scatter(odd, [raw if (text := cleaned(raw)) is None else text for raw in cells.gather(odd)])


def _person(cells: pl.Series) -> pl.Series:
    return _number(cells).str.zfill(9)


@dataclass(frozen=True)
class Foresight:
    """The signaalnummers and persons that come more than once in a file or are known, as sorted hashes.

    A hash that two of them share by chance makes their rows judged one by one, which changes nothing.
    """

    rows: int
    numbers: np.ndarray
    persons: np.ndarray

    @classmethod
    def of(cls, content: Table, session: Session, involved: Known) -> "Foresight":
        """Walks the file. involved: which persons are known (importers.judgement.History)."""
        number, bsn = content.headings["signaalnummer"], content.headings["bsn"]
        numbers, persons = [], []
        for chunk in content.chunks((number, bsn)):
            numbers.append(_hashes(_number(chunk.cells[number])))
            persons.append(_hashes(_person(chunk.cells[bsn])))
        rows = sum(map(len, numbers))

        def accepted(asked: Iterator[Sequence[str]], about: int) -> Iterator[Sequence[str]]:
            signal = table(Signal).c
            return values_among(session, signal.signaalnummer, signal.id, asked, about)

        def met(by: Known, heading: str, kept: Callable[[pl.Series], pl.Series], here: list[np.ndarray]) -> np.ndarray:
            """Of these the ones that come again, and the ones that are known."""
            whole = _sorted(here)
            again: np.ndarray = whole[1:][whole[1:] == whole[:-1]]
            asked = (kept(chunk.cells[heading]).to_list() for chunk in content.chunks((heading,)))
            known = (_hashes(pl.Series(piece, dtype=pl.String)) for piece in by(asked, rows))
            return _sorted([again, *(piece[_in(whole, piece)] for piece in known)])

        return cls(rows, met(accepted, number, _number, numbers), met(involved, bsn, _person, persons))

    def alone(self, reading: Reading) -> np.ndarray:
        """True for the rows that are new and right and meet no other."""
        values = reading.values
        alone: np.ndarray = (values["mutatiesoort"] == Mutatiesoort.NIEUW.value).to_numpy(writable=True)
        alone[list(reading.faults)] = False
        alone &= ~_in(self.numbers, _hashes(values["signaalnummer"]))
        alone &= ~_in(self.persons, _hashes(values["bsn"]))
        return alone


def _sorted(pieces: list[np.ndarray]) -> np.ndarray:
    whole = np.concatenate(pieces)
    whole.sort()
    return whole


def _in(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """True for the values that stand in a sorted array."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    places = np.searchsorted(known, values)
    places[places == len(known)] = 0
    found: np.ndarray = known[places] == values
    return found
