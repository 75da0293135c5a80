"""Which rows of a file may meet another one: an earlier row of the same file, or something that is known already.

Asked before the first row is judged, so that all others can be taken in at once, without asking for each of them.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
class Outlook:
    """Masks over the rows of a chunk: whatever else is in the file or known, this becomes of these rows.

    alone: new and right, and they meet no other: accepted as they are. hopeless: faulty, and their number stands
    nowhere else: rejected for their own faults.
    """

    alone: np.ndarray
    hopeless: np.ndarray


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
        """Walks the file; another thread asks the session meanwhile. involved: which persons are known."""
        number, bsn = content.headings["signaalnummer"], content.headings["bsn"]

        def accepted(asked: Iterator[Sequence[str]], about: int) -> Iterator[Sequence[str]]:
            signal = table(Signal).c
            return values_among(session, signal.signaalnummer, signal.id, asked, about)

        def known() -> tuple[np.ndarray, np.ndarray]:
            return found(accepted, number, _number), found(involved, bsn, _person)

        def found(by: Known, heading: str, kept: Callable[[pl.Series], pl.Series]) -> np.ndarray:
            asked = (kept(chunk.cells[heading]).to_list() for chunk in content.chunks((heading,)))
            return _sorted([_hashes(pl.Series(piece, dtype=pl.String)) for piece in by(asked, content.about)])

        with ThreadPoolExecutor(1, thread_name_prefix="bekend") as beside:
            asking = beside.submit(known)
            numbers, persons = [], []
            for chunk in content.chunks((number, bsn)):
                numbers.append(_hashes(_number(chunk.cells[number])))
                persons.append(_hashes(_person(chunk.cells[bsn])))
            rows = sum(map(len, numbers))
            known_numbers, known_persons = asking.result()
        return cls(rows, _met(_sorted(numbers), known_numbers), _met(_sorted(persons), known_persons))

    def of_rows(self, reading: Reading) -> "Outlook":
        """What is foreseen of the rows of a chunk."""
        values = reading.values
        fresh: np.ndarray = (values["mutatiesoort"] == Mutatiesoort.NIEUW.value).to_numpy(writable=True)
        fresh &= ~_in(self.numbers, _hashes(values["signaalnummer"]))
        faulty = np.zeros(len(reading), dtype=bool)
        faulty[list(reading.faults)] = True
        return Outlook(fresh & ~faulty & ~_in(self.persons, _hashes(values["bsn"])), fresh & faulty)


def _met(here: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Of these the ones that come again, and the ones that are known; all three sorted."""
    again: np.ndarray = here[1:][here[1:] == here[:-1]]
    return _sorted([again, known[_in(here, known)]])


def _sorted(pieces: list[np.ndarray]) -> np.ndarray:
    whole = np.concatenate(pieces) if pieces else np.empty(0, np.uint64)
    whole.sort()
    return whole


def _in(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """True for the values that stand in a sorted array; quickest when they are sorted too."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    places = np.searchsorted(known, values)
    places[places == len(known)] = 0
    found: np.ndarray = known[places] == values
    return found
