"""The course of each case, replayed from its events by the code that kept it (`workflow.course`)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select

from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from workflow import course
from workflow.course import Stay
from workflow.models import Case, CaseEvent
from workflow.phases import Outcome, Phase
from workflow.unsettled import is_unsettled

_case, _event, _stay = table(Case), table(CaseEvent), table(Stay)

_KEPT = (
    "laatste_stap_op",
    "fase_sinds",
    "aangehouden_vanaf",
    "eerst_afgesloten_op",
    "laatst_afgesloten_op",
    "beantwoord_op",
    "onderzoek_begon_op",
    "heropend_op",
    "had_resultaat",
)


@dataclass
class _Course:
    """A course that begins: what follows from events comes into it."""

    geopend_op: date
    laatste_stap_op: date | None = None
    fase_sinds: date | None = None
    aangehouden_vanaf: date | None = None
    eerst_afgesloten_op: date | None = None
    laatst_afgesloten_op: date | None = None
    beantwoord_op: date | None = None
    onderzoek_begon_op: date | None = None
    heropend_op: date | None = None
    had_resultaat: bool = False


@dataclass(slots=True)
class _Step:
    """An event, as far as the course hangs on it."""

    zaak_id: int
    vastgelegd_op: date
    stap: str
    van: Phase | None
    naar: Phase
    resultaat: Outcome | None
    datum_eerste_antwoord: date | None
    aangehouden: bool


@check("verloop van zaken")
def the_course_is_that_of_the_events(look: Look) -> Findings:
    """What figures read of a case instead of its events."""
    steps = select(*(_event.c[each.name] for each in fields(_Step))).order_by(_event.c.zaak_id, _event.c.volgnummer)
    stays = select(_stay.c.zaak_id, _stay.c.soort, _stay.c.tot, _stay.c.dagen).order_by(_stay.c.zaak_id)
    kept = select(_case.c.id, _case.c.zaaknummer, _case.c.geopend_op, *(_case.c[name] for name in _KEPT))
    told = _Beside(_Step(*row) for row in look.rows(steps))
    ended = _Beside(look.rows(stays))
    for case_id, number, opened, *says in look.rows(kept.where(~is_unsettled).order_by(_case.c.id)):
        events, stood = told.of(case_id), ended.of(case_id)
        if not events:
            continue  # told as gebeurtenissen_onvolledig
        replayed = _Course(opened)
        due = Counter((one.soort, one.tot, one.dagen) for event in events for one in course.follow(replayed, event))
        differs = {name: getattr(replayed, name) != value for name, value in zip(_KEPT, says, strict=True)}
        if len(events) == 1:  # before its first step a case has no last one, but for those of before it was kept
            differs["laatste_stap_op"] &= says[0] is not None
        differs["verblijven"] = due != Counter((row.soort, row.tot, row.dagen) for row in stood)
        if any(differs.values()):
            yield Finding("verloop_wijkt_af", number, words(differs))


class _Beside:
    """Rows of cases, in the order of their cases, taken case by case beside another stream in that order."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._groups: Iterator[tuple[int, Iterator[Any]]] = groupby(rows, key=attrgetter("zaak_id"))
        self._next: tuple[int, list[Any]] | None = None

    def of(self, case_id: int) -> list[Any]:
        """The rows of this case; those of cases before it, which are not there, are passed over."""
        while self._next is None or self._next[0] < case_id:
            key, rows = next(self._groups, (None, None))
            if key is None or rows is None:
                return []
            self._next = key, list(rows)
        return self._next[1] if self._next[0] == case_id else []
