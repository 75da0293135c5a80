"""What the statements on the cases of one load share: which signals, whose open case, and how tasks are added."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, exists, select
from sqlmodel import Session

from signals.base import table
from signals.bulk import among, insert_new, run, slices
from signals.models import Load, Municipality, Signal
from signals.municipalities import Municipalities
from workflow.models import Case, CaseTask
from workflow.phases import OPEN

PLACE = (
    "straatnaam",
    "huisnummer",
    "huisletter",
    "huisnummertoevoeging",
    "postcode",
    "woonplaats",
    "nummeraanduiding",
)
"""The address columns that a signal and an address of a case have alike."""

_signal = table(Signal)
_case = table(Case)
_task = table(CaseTask)


class Mergers:
    """Municipalities of cases that have gone up in another by the day of loading; nearly always there are none.

    An accepted signal has the code of the municipality that counts on that day (importers.rules), a case that of the
    day on which it was opened.
    """

    def __init__(self, session: Session, today: date) -> None:
        self._session = session
        gone = table(Municipality).c
        here = exists().where(_case.c.gemeentecode == gone.code)
        codes = run(session, select(gone.code).where(gone.einde <= today, here)).scalars().all()
        self._now = {code: now for code in codes if (now := self._municipalities.successor(code, today)) != code}

    @cached_property
    def _municipalities(self) -> Municipalities:
        return Municipalities.load(self._session)

    def name(self, code: str) -> str:
        """The official name of a municipality."""
        return self._municipalities.name(code)

    def now(self, code: ColumnElement[str]) -> ColumnElement[str]:
        """The code that stands for this one on the day of loading."""
        return case(self._now, value=code, else_=code) if self._now else code


class LoadStatements:
    """A load and what every statement about its cases needs; now: aware, in the clock's time zone."""

    def __init__(self, session: Session, load: Load, now: datetime) -> None:
        self.session = session
        self.load = load
        self.now = now
        self.today = now.date()
        self.alone = 0
        self.mergers = Mergers(session, self.today)
        self.own = {"vastgelegd_op": self.today, "tijdstip": now, "door": load.door}

    def is_open_case_of_signal(self) -> ColumnElement[bool]:
        """An open case of the signal's person in the signal's municipality."""
        here = self.mergers.now(_case.c.gemeentecode) == _signal.c.gemeentecode
        return and_(_case.c.bsn == _signal.c.bsn, here, _case.c.fase.in_(OPEN))

    def stretch(self, first: int, last: int) -> ColumnElement[bool]:
        """The load's signals between two lines of the file, but those that stand alone: their ids end at `alone`."""
        regel, load_id = _signal.c.regel, _signal.c.load_id
        if self.alone:  # with a sum the index of the load is left alone: those apart are few, and found by their id
            return and_(_signal.c.id > self.alone, load_id + 0 == self.load.id, (regel + 0).between(first, last))
        return and_(load_id == self.load.id, regel.between(first, last))

    def by_id(self, of: Table, ids: Collection[int], *names: str) -> dict[int, Mapping[str, Any]]:
        """Some columns of these rows, by their id."""
        found: dict[int, Mapping[str, Any]] = {}
        for piece in slices(ids):
            columns = [of.c[name] for name in names]
            for row in run(
                self.session, select(of.c.id, *columns).where(among(self.session, of.c.id, piece))
            ).mappings():
                found[row["id"]] = {name: row[name] for name in names}
        return found

    def add_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Tasks that are not there yet; a reminder is never made twice."""
        insert_new(self.session, _task, [{"gegevens": {}, **self.own, **task} for task in tasks])
