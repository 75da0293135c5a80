"""What becomes of each row: exactly one of five, decided in file order with what earlier rows of the same file did.

Most rows stand alone: new, without a fault, their number and their person nowhere else (importers.foresight). Those are
accepted as they are; only the others are judged one by one, in the order of the file.
"""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Text, cast, select
from sqlmodel import Session

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

    def ask(self, session: Session) -> None:
        """From here on this session is asked."""

    def hides(self, gemeentecode: str) -> bool:
        """Whether whoever loads may not know of signals of this municipality."""

    def involved(self, bsns: Iterator[Sequence[str]], about: int) -> Iterator[Sequence[str]]:
        """Pieces in which all of these persons stand about whom there is a case, whatever became of it.

        Others may stand there too. about: how many persons are asked about, about.
        """

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
    """What became of rows that do not stand alone, by position; every row is in exactly one."""

    accepted: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    double: dict[int, Fault] = field(default_factory=dict)
    rejected: dict[int, list[Fault]] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A chunk of which everything is known.

    alone: the mask of the rows that are accepted as they are; others: the other rows, which the verdicts are about.
    """

    reading: Reading
    alone: np.ndarray
    others: Reading
    verdicts: Verdicts


def known_signals(session: Session, numbers: Sequence[str]) -> dict[str, KnownSignal]:
    """Those of these signaalnummers that were ever accepted, whatever municipality they belong to."""
    signal = table(Signal).c
    # A date as text, ISO in either database: nobody calculates with it here.
    content = [cast(signal[name], Text) if name in DATES else signal[name] for name in CONTENT]
    columns = (signal.signaalnummer, signal.id, signal.bsn, signal.gemeentecode, signal.ingetrokken_op, *content)
    known: dict[str, KnownSignal] = {}
    for piece in slices(numbers):
        for row in run(session, select(*columns).where(among(session, signal.signaalnummer, piece))):
            inhoud = tuple(map(_as_delivered, CONTENT, row[5:]))
            known[row[0]] = KnownSignal(row[1], row[2], row[3], hash(inhoud), row[4] is not None)
    return known


def known_ids(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    """The ids of the signals with these numbers."""
    signal = table(Signal).c
    found = select(signal.signaalnummer, signal.id).where(among(session, signal.signaalnummer, numbers))
    return {number: signal_id for number, signal_id in run(session, found)}  # noqa: C416  # a Result is no mapping


def _as_delivered(name: str, value: Any) -> str:
    """A stored value as it was read from the file."""
    if name in DATES:
        return value.replace("-", "") if value else ""
    return str(value)


_IDENTITY = ("signaalnummer", "mutatiesoort", "bsn", "gemeentecode")
_NOTHING: frozenset[str] = frozenset()


class Judge:
    """Judges the chunks of one file, one after the other."""

    def __init__(self, session: Session, history: History, municipalities: Municipalities, today: date) -> None:
        self.session = session
        self.history = history
        self.municipalities = municipalities
        self.today = today
        self._first: dict[
            int, int
        ] = {}  # of mutatiesoort and signaalnummer the hash -> that of the content of its first row
        self._here: dict[str, KnownSignal] = {}  # signals that this file added, changed or withdrew

    def judge(self, reading: Reading, hopeless: np.ndarray) -> Verdicts:
        """The verdicts on rows that do not stand alone, one by one. Adds to `reading.warnings` what cases cause.

        hopeless: the mask of the rows that are rejected as they are (importers.foresight.Outlook).
        """
        verdicts = Verdicts()
        for row in np.flatnonzero(hopeless).tolist():
            verdicts.rejected[row] = reading.faults[row]
        rows = np.flatnonzero(~hopeless)
        if not len(rows):
            return verdicts
        identities = list(reading.values.select(_IDENTITY)[rows].iter_rows())
        known, hidden = self._known(reading, rows.tolist(), identities)
        contents = reading.values.select(CONTENT)[rows].iter_rows()
        for row, (nummer, soort, bsn, gemeentecode), inhoud in zip(rows.tolist(), identities, contents, strict=True):
            faults = reading.faults.get(row) or []
            faulty = {fault.column for fault in faults} if faults else _NOTHING
            now = KnownSignal(None, bsn, gemeentecode, hash(inhoud), False)
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
        return verdicts

    def _known(
        self, reading: Reading, rows: Sequence[int], identities: Sequence[tuple[str, ...]]
    ) -> tuple[dict[str, KnownSignal], frozenset[str]]:
        """Asks for everything that these rows need to know, in few statements.

        Gives the known signals, and apart from them the numbers of those that the loader may not know of.
        """
        known = known_signals(self.session, list({nummer for nummer, _, _, _ in identities}))
        hidden = frozenset(number for number, signal in known.items() if self.history.hides(signal.gemeentecode))
        for number in hidden:
            del known[number]
        persons: set[tuple[str, str]] = set()
        touched: set[int] = set()
        for row, (nummer, soort, bsn, gemeentecode) in zip(rows, identities, strict=True):
            if soort == Mutatiesoort.NIEUW:
                if row not in reading.faults:
                    persons.add((bsn, gemeentecode))
            elif (signal := known.get(nummer)) and signal.id is not None:
                touched.add(signal.id)
        self.history.look_up(persons, touched)
        return known, hidden

    def _again(self, nummer: str, soort: str, now: KnownSignal) -> bool | None:
        """None for the first row of this number and mutatiesoort; else whether it equals that first row."""
        key, content = hash((soort, nummer)), hash(now)
        first = self._first.get(key)
        if first is None:
            self._first[key] = content
            return None
        return first == content

    def _objection(
        self, nummer: str, soort: str, now: KnownSignal, known: KnownSignal | None, faulty: Set[str]
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
