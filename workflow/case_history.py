"""What an importer must know of cases before it loads: which signals join an open case, which can no longer change."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlmodel import Session

from signals.base import table
from signals.bulk import among, run, slices, values_among
from signals.models import Signal
from signals.municipalities import Municipalities
from workflow.models import Case, CaseSignal
from workflow.phases import OPEN, Phase
from workflow.unsettled import is_unsettled

_signal = table(Signal)
_case = table(Case)
_link = table(CaseSignal)


@dataclass(eq=False)
class _Stand:
    """A case as it stands at this row of the file: `live` signals are those not withdrawn (see `_count_live`)."""

    person: tuple[str, str]
    fase: Phase
    live: int


class CaseHistory:
    """What is known of cases, in file order (importers.judgement.History).

    only: the municipalities whose signals whoever loads may know of; None = all. Codes are compared as they stand
    after all mergers up to `today`.
    """

    def __init__(self, session: Session, today: date, only: frozenset[str] | None = None) -> None:
        self._session = session
        self._today = today
        self._only = only
        self._cases: dict[int, _Stand] = {}
        self._found: list[int] = []  # cases of which the live signals are still to be counted
        self._open: dict[tuple[str, str], _Stand] = {}
        self._asked: set[tuple[str, str]] = set()
        self.any_apart = False
        """Whether `add` was told of a signal."""
        self._of_signal: dict[str | int, _Stand] = {}  # by id, or by signaalnummer when it came with this file

    @cached_property
    def _municipalities(self) -> Municipalities:
        return Municipalities.load(self._session)

    def _now(self, code: str) -> str:
        return self._municipalities.successor(code, self._today)

    @cached_property
    def _visible(self) -> frozenset[str] | None:
        return None if self._only is None else frozenset(map(self._now, self._only))

    def ask(self, session: Session) -> None:
        """From here on this session is asked."""
        self._session = session

    def hides(self, gemeentecode: str) -> bool:
        """Whether whoever loads may not know of signals of this municipality."""
        return self._visible is not None and self._now(gemeentecode) not in self._visible

    def involved(self, bsns: Iterator[Sequence[str]], about: int) -> Iterator[Sequence[str]]:
        """Pieces in which all of these persons stand about whom there is a case, whatever became of it and wherever."""
        return values_among(self._session, _case.c.bsn, _case.c.id, bsns, about)

    def look_up(self, persons: Collection[tuple[str, str]], signal_ids: Collection[int]) -> None:
        """Finds the open case of each person, and the case of each signal."""
        new = {person for person in persons if person not in self._asked}
        self._asked |= new
        columns = (_case.c.id, _case.c.bsn, _case.c.gemeentecode, _case.c.fase)
        for piece in slices({bsn for bsn, _ in new}):
            of_these = (
                select(*columns)
                .where(among(self._session, _case.c.bsn, piece), _case.c.fase.in_(OPEN))
                .order_by(_case.c.id.desc())
            )
            for case_id, bsn, gemeentecode, fase in run(self._session, of_these):
                person = (bsn, self._now(gemeentecode))
                if person in new:
                    self._open[person] = self._stand(case_id, person, fase)
        for ids in slices({signal for signal in signal_ids if signal not in self._of_signal}):
            linked = (
                select(_link.c.signal_id, *columns)
                .join(_case, _case.c.id == _link.c.zaak_id)
                .where(among(self._session, _link.c.signal_id, ids), _link.c.actueel)
            )
            first = among(self._session, _case.c.eerste_signaal_id, ids)
            opened = select(_case.c.eerste_signaal_id, *columns).where(first, is_unsettled)
            for signal_id, case_id, bsn, gemeentecode, fase in self._both(linked, opened):
                stand = self._stand(case_id, (bsn, self._now(gemeentecode)), fase)
                self._of_signal[signal_id] = stand
                if fase in OPEN and stand.person not in self._asked:
                    self._asked.add(stand.person)
                    self._open[stand.person] = stand

    def _both(self, settled: Select[Any], unsettled: Select[Any]) -> Iterator[Any]:
        """The rows of two selects; as one they might have more parameters than a statement may."""
        yield from run(self._session, settled)
        yield from run(self._session, unsettled)

    def _stand(self, case_id: int, person: tuple[str, str], fase: Phase) -> _Stand:
        if case_id not in self._cases:
            self._cases[case_id] = _Stand(person, fase, 0)
            self._found.append(case_id)
        return self._cases[case_id]

    def _count_live(self) -> None:
        """Adds to `live` what the cases had that were found before the file: asked for when it first matters."""
        found, self._found = self._found, []
        for case_ids in slices(found):
            counted = (
                select(_link.c.zaak_id, func.count())
                .join(_signal, _signal.c.id == _link.c.signal_id)
                .where(
                    among(self._session, _link.c.zaak_id, case_ids), _link.c.actueel, _signal.c.ingetrokken_op.is_(None)
                )
                .group_by(_link.c.zaak_id)
            )
            alone = (
                select(_case.c.id, literal(1))
                .join(_signal, _signal.c.id == _case.c.eerste_signaal_id)
                .where(among(self._session, _case.c.id, case_ids), is_unsettled, _signal.c.ingetrokken_op.is_(None))
            )
            for case_id, live in self._both(counted, alone):
                self._cases[case_id].live += live

    def add(self, signaalnummer: str, bsn: str, gemeentecode: str) -> Sequence[str]:
        """A new signal joins the open case of this person here, or opens one."""
        person = (bsn, gemeentecode)
        self.any_apart = True
        stand = self._open.get(person)
        if stand is None:
            stand = self._open[person] = _Stand(person, Phase.ONTVANGEN, 1)
            self._of_signal[signaalnummer] = stand
            return ()
        stand.live += 1
        self._of_signal[signaalnummer] = stand
        return ("bsn_heeft_lopende_zaak",)

    def objection(self, signaalnummer: str, signal_id: int | None) -> str | None:
        """A signal cannot change once its case is closed, or closed and objected to."""
        stand = self._find(signaalnummer, signal_id)
        return "signaal_al_afgesloten" if stand and stand.fase not in OPEN else None

    def withdraw(self, signaalnummer: str, signal_id: int | None) -> None:
        """The last live signal takes its case along when nobody has begun on it."""
        stand = self._find(signaalnummer, signal_id)
        if stand is None:
            return
        self._count_live()
        stand.live -= 1
        if stand.live == 0 and stand.fase == Phase.ONTVANGEN:
            stand.fase = Phase.AFGESLOTEN
            self._open.pop(stand.person, None)

    def _find(self, signaalnummer: str, signal_id: int | None) -> _Stand | None:
        return self._of_signal.get(signaalnummer if signal_id is None else signal_id)
