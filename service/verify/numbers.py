"""Numbers that people quote: rising per series and year, each once, and without gaps but those that are accounted for.

An undo leaves a gap, and so does a case that was destroyed; a repetition after a restore passes over numbers.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Integer, cast, exists, func, select

from exports.feedback_2026_1 import SERIES as FEEDBACK
from exports.models import FeedbackDelivery
from importers.load import SERIES as LOADS
from importers.opbrengst_2026_1 import SERIES as YIELDS
from service.retention import due
from service.retention.certificates import SERIES as CERTIFICATES
from service.retention.lists import SERIES as LISTS
from service.sessie_packs import SERIES as PACKS
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.models import Load, LoadStatus, NumberSeries, OpbrengstLoad
from workflow.models import Case
from workflow.opening import CASE_SERIES as CASES
from workflow.retention_models import Certificate, DestructionItem, DestructionList, Regelstaat
from workflow.sessie_models import Sessie, SessiePakket
from workflow.sessies import SERIES as SESSIES

_load, _series, _list = table(Load), table(NumberSeries), table(DestructionList)


def _undone(look: Look) -> Counter[int]:
    """Per year the numbers of cases that went with a load that was undone."""
    asked = select(_load.c.geladen_op, _load.c.zaken).where(_load.c.status == LoadStatus.ONGEDAAN)
    years: Counter[int] = Counter()
    for loaded, cases in look.rows(asked):
        if loaded is not None:
            years[loaded.astimezone(look.settings.zone).year] += cases
    return years


def _no_more(look: Look) -> Counter[int]:
    """Per year the numbers of cases that went with a load that was undone, or were destroyed."""
    item, case = table(DestructionItem), table(Case)
    there = exists().where(case.c.zaaknummer == item.c.nummer)  # told as vernietigd_en_aanwezig
    destroyed = select(item.c.nummer).where(item.c.object == due.ZAAK, item.c.staat == Regelstaat.VERNIETIGD, ~there)
    return _undone(look) + Counter(int(number.split("-")[1]) for (number,) in look.rows(destroyed.distinct()))


def _passed_over(look: Look) -> Counter[int] | None:
    """No numbers may be missing, unless a repetition passed over those that were given after a back-up."""
    repeated = select(_list.c.id).where(_list.c.herhaling_van != "").limit(1)
    return None if look.scalar(repeated) else Counter()


@dataclass(frozen=True)
class _Series:
    """What the numbers of a series begin with and where they stand.

    `gone`: per year how many are missing; None when any may be.
    """

    begin: str
    column: Column[Any]
    gone: Callable[[Look], Counter[int] | None] = lambda look: Counter()


SERIES: Mapping[str, _Series] = {
    CASES: _Series("Z", table(Case).c.zaaknummer, _no_more),
    LOADS: _Series("LD", _load.c.ladingnummer),
    YIELDS: _Series("OB", table(OpbrengstLoad).c.ladingnummer),
    FEEDBACK: _Series("TK", table(FeedbackDelivery).c.nummer),
    SESSIES: _Series("SE", table(Sessie).c.nummer),
    PACKS: _Series("PK", table(SessiePakket).c.nummer),
    LISTS: _Series("VL", table(DestructionList).c.nummer, _passed_over),
    CERTIFICATES: _Series("VV", table(Certificate).c.nummer, _passed_over),
}
"""Every series by its name; what may miss numbers says how many."""


@check("reeksen van nummers")
def series_have_no_gaps(look: Look) -> Findings:
    """As many numbers in each year as were given out, less what is rightly gone; none above the last, none twice."""
    last = {
        (name, year): given for name, year, given in look.rows(select(_series.c.series, _series.c.year, _series.c.last))
    }
    for name, series in SERIES.items():
        behind = len(series.begin) + 2  # of the first dash in `Z-2026-0000001`, where texts count from 1
        year = cast(func.substr(series.column, behind, 4), Integer)
        number = cast(func.substr(series.column, behind + 5), Integer)
        counted = select(year, func.count(), func.count(number.distinct()), func.max(number)).group_by(year)
        gone = series.gone(look)
        found = {each: (count, different, highest) for each, count, different, highest in look.rows(counted)}
        for each in sorted({*found, *(of for series_name, of in last if series_name == name)}):
            count, different, highest = found.get(each, (0, 0, 0))
            given = last.get((name, each), 0)
            missing = given - count if gone is None else gone[each]
            if different != count or highest > given or count + missing != given:
                told = f"Gegeven: {given}; aanwezig: {count}; terecht weg: {missing}; hoogste: {highest}."
                yield Finding("nummers_wijken_af", f"{name} {each}", told)
