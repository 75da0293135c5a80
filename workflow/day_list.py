"""The visits of one day in the order in which they are walked, with what must be known at each door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from signals.municipalities import same_municipality
from workflow.address_group import open_at
from workflow.models import Case, Visit
from workflow.visit_models import PlannedVisit, VisitStatus

PARTS: Sequence[tuple[str, time]] = (("ochtend", time(0)), ("middag", time(12)), ("avond", time(17)))
"""The parts of a day and when they begin."""


@dataclass(frozen=True)
class Stop:
    """A door: the planned visit, the open cases there, and what earlier visits to them there came to."""

    visit: PlannedVisit
    cases: Sequence[Case]
    earlier: Sequence[Visit] = field(default_factory=tuple)

    @property
    def persons(self) -> Mapping[int, Case]:
        """The cases by id."""
        return {case.id: case for case in self.cases if case.id is not None}


def walking_order(visit: PlannedVisit) -> tuple[Any, ...]:
    """By postcode, number, letter and addition; what has no postcode comes last, by place and street."""
    street = () if visit.postcode else (visit.woonplaats.casefold(), visit.straatnaam.casefold())
    number = (visit.huisnummer, visit.huisletter.casefold(), visit.huisnummertoevoeging.casefold())
    return (not visit.postcode, visit.postcode, street, number, visit.begin)


def part_of_day(visit: PlannedVisit) -> str:
    """`ochtend`, `middag` or `avond`, by when the slot begins."""
    return next(name for name, begin in reversed(PARTS) if visit.begin >= begin)


def day_list(session: Session, day: date, naam: str | None) -> list[tuple[str, list[Stop]]]:
    """The stops of somebody (None: of everybody) on a day, per part of the day in walking order."""
    that_day = select(PlannedVisit).where(PlannedVisit.dag == day, PlannedVisit.status != VisitStatus.VERVALLEN)
    all_day = session.exec(that_day).all()
    mine = [visit for visit in all_day if naam is None or any(one["naam"] == naam for one in visit.bezoekers)]
    order = [name for name, _ in PARTS]
    mine.sort(key=lambda visit: (order.index(part_of_day(visit)), walking_order(visit)))
    stops = stops_of(session, mine)
    return [(part, list(found)) for part, found in groupby(stops, key=lambda stop: part_of_day(stop.visit))]


def stops_of(session: Session, planned: Sequence[PlannedVisit]) -> list[Stop]:
    """These visits with the cases and the earlier visits, in a few statements for all of them together."""
    keys = {visit.adressleutel for visit in planned}
    codes = {visit.id: same_municipality(session, {visit.gemeentecode}, visit.dag) for visit in planned}
    cases = open_at(session, keys, set().union(*codes.values()))
    held = select(Visit).where(col(Visit.zaak_id).in_([case.id for case in cases]), col(Visit.adressleutel).in_(keys))
    before = session.exec(held.order_by(col(Visit.begin).desc())).all()
    stops = []
    for visit in planned:
        mine = codes[visit.id]
        here = [each for each in cases if each.adressleutel == visit.adressleutel and each.gemeentecode in mine]
        ids = {case.id for case in here}
        stops.append(Stop(visit, here, [each for each in before if each.zaak_id in ids and each.bezoek_id != visit.id]))
    return stops
