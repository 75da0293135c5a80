"""What becomes of each row: exactly one of five, decided in file order with what earlier rows of the same file did.

Most rows stand alone: new, without a fault, their number and their person nowhere else. Those are accepted a column at
a time; only the others are judged one by one, in the order of the file.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
import polars as pl
from sqlalchemy import select
from sqlmodel import Session

from importers.columns import TRIMMED
from importers.reader import Table
from importers.rules import Fault, Reading
from signals.base import table
from signals.bulk import among, run, slices
from signals.models import Mutatiesoort, Signal
from signals.municipalities import Municipalities
from signals.rows import CONTENT, DATES, KnownSignal


class History(Protocol):
    """What is known of cases. It is asked in file order and remembers what earlier rows of the same file did.

    A signal of the file itself has no id yet: `signal_id` is None, and the signaalnummer says which one.
    """

    def hides(self, gemeentecode: str) -> bool:
        """Whether whoever loads may not know of signals of this municipality."""

    def involved(self, bsns: Sequence[str]) -> Collection[str]:
        """Those of these persons about whom there is a case, whatever became of it."""

    def look_up(self, persons: Collection[tuple[str, str]], signal_ids: Collection[int]) -> None:
        """Prepare for rows to be judged one by one: persons as (bsn, gemeentecode), signals they change or withdraw."""

    def add(self, signaalnummer: str, bsn: str, gemeentecode: str) -> Sequence[str]:
        """A new signal was accepted that does not stand alone; gives the warnings that cases cause."""

    def objection(self, signaalnummer: str, signal_id: int | None) -> str | None:
        """The code for which a change of this signal is refused, or None."""

    def withdraw(self, signaalnummer: str, signal_id: int | None) -> None:
        """The signal was withdrawn."""


@dataclass
class Verdicts:
    """What became of the rows of a chunk, by position; every row is in exactly one."""

    accepted: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    double: dict[int, Fault] = field(default_factory=dict)
    rejected: dict[int, list[Fault]] = field(default_factory=dict)
    alone: list[int] = field(default_factory=list)  # accepted, and neither number nor person is known or comes again
    recurring: set[str] = field(default_factory=set)  # numbers of accepted rows to which a later row may come back


def known_signals(session: Session, numbers: Sequence[str]) -> dict[str, KnownSignal]:
    """Those of these signaalnummers that were ever accepted, whatever municipality they belong to."""
    signal = table(Signal).c
    content = [signal[name] for name in CONTENT]
    columns = (signal.signaalnummer, signal.id, signal.bsn, signal.gemeentecode, signal.ingetrokken_op, *content)
    known: dict[str, KnownSignal] = {}
    for piece in slices(numbers):
        for row in run(session, select(*columns).where(among(session, signal.signaalnummer, piece))):
            inhoud = tuple(_as_text(name, value) for name, value in zip(CONTENT, row[5:], strict=True))
            known[row[0]] = KnownSignal(row[1], row[2], row[3], inhoud, row[4] is not None)
    return known


def known_ids(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    """The ids of the signals with these numbers."""
    signal = table(Signal).c
    found = select(signal.signaalnummer, signal.id).where(among(session, signal.signaalnummer, numbers))
    return {number: signal_id for number, signal_id in run(session, found)}  # noqa: C416  # a Result is no mapping


def _as_text(name: str, value: Any) -> str:
    """A stored value as it was read from the file."""
    if name in DATES:
        return f"{value:%Y%m%d}" if value else ""
    return str(value)


def _hashes(cells: pl.Series) -> np.ndarray:
    return cells.hash().to_numpy()


def _numbers(cells: pl.Series) -> np.ndarray:
    return _hashes(cells.str.strip_chars(TRIMMED))


def _persons(cells: pl.Series) -> np.ndarray:
    return _hashes(cells.str.strip_chars(TRIMMED).str.zfill(9))


@dataclass(frozen=True)
class Recurring:
    """Which signaalnummers and persons a file names more than once, as sorted hashes; and how many rows it has.

    A hash that two numbers share by chance makes their rows judged one by one, which changes nothing.
    """

    rows: int
    numbers: np.ndarray
    persons: np.ndarray

    @classmethod
    def among(cls, content: Table) -> "Recurring":
        """Walks the file once."""
        number, bsn = content.headings["signaalnummer"], content.headings["bsn"]
        numbers, persons = [], []
        for chunk in content.chunks((number, bsn)):
            numbers.append(_numbers(chunk.cells[number]))
            persons.append(_persons(chunk.cells[bsn]))
        return cls(sum(map(len, numbers)), _twice(numbers), _twice(persons))

    def judged_apart(self, reading: Reading) -> np.ndarray:
        """True for the rows whose number or person comes more than once in the file."""
        values = reading.values
        twice: np.ndarray = _in(self.numbers, _numbers(values["signaalnummer"]))
        twice |= _in(self.persons, _persons(values["bsn"]))
        return twice


def _twice(pieces: list[np.ndarray]) -> np.ndarray:
    """The values that are there more than once, sorted."""
    found = np.sort(np.concatenate(pieces))
    return np.unique(found[1:][found[1:] == found[:-1]])


def _in(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """True for the values that stand in a sorted array."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    places = np.searchsorted(known, values)
    places[places == len(known)] = 0
    return known[places] == values  # type: ignore[no-any-return]  # numpy says Any


class Judge:
    """Judges the chunks of one file, one after the other."""

    def __init__(
        self, session: Session, history: History, municipalities: Municipalities, today: date, recurring: Recurring
    ) -> None:
        self.session = session
        self.history = history
        self.municipalities = municipalities
        self.today = today
        self.recurring = recurring
        self.leveringsnummer: str | None = None
        self._first: dict[str, int] = {}  # mutatiesoort and signaalnummer -> hash of the content of its first row
        self._here: dict[str, KnownSignal] = {}  # signals that this file added, changed or withdrew

    def judge(self, reading: Reading) -> Verdicts:
        """The verdicts on a chunk. Adds to `reading.warnings` what cases cause."""
        self._judge_leveringsnummer(reading)
        values = reading.values
        taken = self._taken(values["signaalnummer"])
        apart = self.recurring.judged_apart(reading)
        for name, found in (("signaalnummer", taken), ("bsn", self.history.involved(values["bsn"].to_list()))):
            if found:
                apart |= values[name].is_in(list(found)).to_numpy()
        apart |= (values["mutatiesoort"] != Mutatiesoort.NIEUW.value).to_numpy()
        apart[list(reading.faults)] = True
        alone = np.flatnonzero(~apart).tolist()
        verdicts = Verdicts(accepted=[*alone], alone=alone)
        rows = np.flatnonzero(apart)
        if len(rows):
            self._one_by_one(reading, verdicts, rows, taken)
            verdicts.accepted.sort()
        return verdicts

    def _taken(self, numbers: pl.Series) -> list[str]:
        """Those of these signaalnummers that were ever accepted."""
        number = table(Signal).c.signaalnummer
        return list(run(self.session, select(number).where(among(self.session, number, numbers.to_list()))).scalars())

    def _one_by_one(self, reading: Reading, verdicts: Verdicts, rows: np.ndarray, taken: list[str]) -> None:
        """Judges these rows, in the order of the file."""
        picked = reading.values[rows]
        known, hidden = self._known(reading, picked, rows, taken)
        columns = (picked[name] for name in ("signaalnummer", "mutatiesoort", "bsn", "gemeentecode"))
        cells = zip(rows.tolist(), *columns, picked.select(CONTENT).iter_rows(), strict=True)
        for row, nummer, soort, bsn, gemeentecode, inhoud in cells:
            faults = reading.faults.get(row, [])
            faulty = {fault.column for fault in faults}
            now = KnownSignal(None, bsn, gemeentecode, inhoud, False)
            again = None if "signaalnummer" in faulty else self._again(nummer, soort, now)
            if again is True:
                verdicts.double[row] = Fault("signaalnummer", "signaalnummer_dubbel_in_levering")
                continue
            objection = None
            if again is False:
                faults = [*faults, Fault("signaalnummer", "signaalnummer_dubbel_in_levering")]
            elif faulty.isdisjoint(("signaalnummer", "mutatiesoort")):
                if nummer in hidden:
                    objection = self._objection_to_hidden(soort)
                else:
                    objection = self._objection(nummer, soort, now, self._here.get(nummer) or known.get(nummer), faulty)
            if objection in ("al_geladen", "ongewijzigd", "al_ingetrokken"):
                if not faults:
                    verdicts.double[row] = Fault("signaalnummer", objection)
                    continue
            elif objection:
                faults = [*faults, Fault("signaalnummer", objection)]
            if faults:
                verdicts.rejected[row] = faults
            else:
                self._apply(verdicts, reading, row, nummer, soort, now, known.get(nummer))

    def _judge_leveringsnummer(self, reading: Reading) -> None:
        """Every row must have that of the first row with a valid one."""
        numbers = reading.values["leveringsnummer"]
        good = np.ones(len(reading), dtype=bool)
        for row, faults in reading.faults.items():
            if any(fault.column == "leveringsnummer" for fault in faults):
                good[row] = False
        if self.leveringsnummer is None and good.any():
            self.leveringsnummer = numbers[int(np.argmax(good))]
        other = good & (numbers != (self.leveringsnummer or "")).to_numpy()
        reading.blame(np.flatnonzero(other), "leveringsnummer", "leveringsnummer_wijkt_af")

    def _known(
        self, reading: Reading, picked: pl.DataFrame, rows: np.ndarray, taken: list[str]
    ) -> tuple[dict[str, KnownSignal], frozenset[str]]:
        """Asks for everything that these rows need to know, in few statements.

        Gives the known signals, and apart from them the numbers of those that the loader may not know of.
        """
        known = known_signals(self.session, taken)
        hidden = frozenset(number for number, signal in known.items() if self.history.hides(signal.gemeentecode))
        for number in hidden:
            del known[number]
        columns = (picked[name] for name in ("signaalnummer", "mutatiesoort", "bsn", "gemeentecode"))
        persons: set[tuple[str, str]] = set()
        touched: set[int] = set()
        for row, nummer, soort, bsn, gemeentecode in zip(rows.tolist(), *columns, strict=True):
            if soort == Mutatiesoort.NIEUW:
                if row not in reading.faults:
                    persons.add((bsn, gemeentecode))
            elif (signal := known.get(nummer)) and signal.id is not None:
                touched.add(signal.id)
        self.history.look_up(persons, touched)
        return known, hidden

    def _again(self, nummer: str, soort: str, now: KnownSignal) -> bool | None:
        """None for the first row of this number and mutatiesoort; else whether it equals that first row."""
        key, content = f"{soort} {nummer}", hash(now)
        first = self._first.get(key)
        if first is None:
            self._first[key] = content
            return None
        return first == content

    def _objection(
        self, nummer: str, soort: str, now: KnownSignal, known: KnownSignal | None, faulty: set[str]
    ) -> str | None:
        """The first history code that fits, or None. A faulty cell is never the same content."""
        if known is None:
            return None if soort == Mutatiesoort.NIEUW else "signaal_onbekend"
        if known.ingetrokken:
            return "al_ingetrokken" if soort == Mutatiesoort.VERVALLEN else "signaal_ingetrokken"
        if soort == Mutatiesoort.VERVALLEN:
            return None
        same_person = self._same_person(now, known)
        if soort == Mutatiesoort.GEWIJZIGD:
            if code := self.history.objection(nummer, known.id):
                return code
            if not same_person:
                return None if faulty & {"bsn", "gemeentecode"} else "identiteit_wijzigt"
            return "ongewijzigd" if known.inhoud == now.inhoud else None
        return "al_geladen" if same_person and known.inhoud == now.inhoud else "signaal_bestaat_al_anders"

    def _objection_to_hidden(self, soort: str) -> str:
        """A signal that the loader may not know of is unknown, but its number is taken.

        Of the codes for a taken number this one says least: it is the same whatever the signal holds, whether it was
        withdrawn or not, so that nobody can guess at a person by loading rows.
        """
        return "signaal_bestaat_al_anders" if soort == Mutatiesoort.NIEUW else "signaal_onbekend"

    def _same_person(self, now: KnownSignal, known: KnownSignal) -> bool:
        here = self.municipalities.successor(known.gemeentecode, self.today)
        return (now.bsn, now.gemeentecode) == (known.bsn, here)

    def _apply(
        self,
        verdicts: Verdicts,
        reading: Reading,
        row: int,
        nummer: str,
        soort: str,
        now: KnownSignal,
        known: KnownSignal | None,
    ) -> None:
        before = self._here.get(nummer) or known
        if soort == Mutatiesoort.NIEUW:
            verdicts.accepted.append(row)
            verdicts.recurring.add(nummer)
            for code in self.history.add(nummer, now.bsn, now.gemeentecode):
                reading.warnings.add([row], code)
            self._here[nummer] = now
            return
        assert before is not None
        if soort == Mutatiesoort.GEWIJZIGD:
            verdicts.changed.append(row)
            self._here[nummer] = before._replace(inhoud=now.inhoud)
        else:
            verdicts.withdrawn.append(row)
            self.history.withdraw(nummer, before.id)
            self._here[nummer] = before._replace(ingetrokken=True)
