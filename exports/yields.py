"""What the results of a municipality yielded, added up by the database: for pages that must be there at once.

The figures count the same (`exports.figures`), of any day and selection. Statements on the tables themselves, for a
session that sees every row: which municipality is meant, is said here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    String,
    cast,
    exists,
    func,
    null,
    select,
    union_all,
)
from sqlmodel import Session

from exports.models import FeedbackDelivery, FeedbackRow
from exports.public import LEAST
from signals.base import table
from signals.models import Opbrengst, OpbrengstLoad
from workflow.models import CaseSignal

_result, _load, _link = table(Opbrengst), table(OpbrengstLoad), table(CaseSignal)


@dataclass(frozen=True)
class YieldSum:
    """One soort: over how many signals, how much in cents, and the last day that UWV said it of.

    cent: None for a soort without amounts.
    """

    soort: str
    signalen: int
    cent: int | None
    peildatum: date

    def beside(self, other: "YieldSum") -> "YieldSum":
        """Both together; no signal is in two of them."""
        cents = [one.cent for one in (self, other) if one.cent is not None]
        peildatum = max(self.peildatum, other.peildatum)
        return YieldSum(self.soort, self.signalen + other.signalen, sum(cents) if cents else None, peildatum)

    @property
    def few(self) -> bool:
        """Whether the amount would tell of somebody: who handles the cases knows whose they are."""
        return self.cent is not None and self.signalen < LEAST

    @property
    def bedrag(self) -> float | None:
        """In euros; None where there is none, or too few signals to say it."""
        return None if self.cent is None or self.few else self.cent / 100


@dataclass(frozen=True)
class Yields:
    """Of one municipality what UWV reported, by soort; and of how many told results it reported nothing yet."""

    sums: Sequence[YieldSum] = ()
    waiting: int = 0

    @property
    def peildatum(self) -> date | None:
        """The last day that anything was said of."""
        return max((one.peildatum for one in self.sums), default=None)

    @property
    def some_few(self) -> bool:
        """Whether an amount is left out."""
        return any(one.few for one in self.sums)

    def with_those_of(self, other: "Yields") -> "Yields":
        """Both together, of two municipalities that are one by now."""
        sums = {one.soort: one for one in self.sums}
        for one in other.sums:
            sums[one.soort] = one.beside(sums[one.soort]) if one.soort in sums else one
        return Yields([sums[soort] for soort in sorted(sums)], self.waiting + other.waiting)


def yields_of(session: Session, codes: Collection[str]) -> Mapping[str, Yields]:
    """By code, for each of these municipalities of which there is anything to say."""
    later = _result.alias("later")
    replaced = exists().where(
        later.c.signal_id == _result.c.signal_id,
        later.c.soort == _result.c.soort,
        later.c.peildatum > _result.c.peildatum,
    )
    cents = cast(func.round(_result.c.bedrag * 100), BigInteger).label("cent")
    last = (
        select(_municipality(_result.c.signal_id), _result.c.soort, cents, _result.c.peildatum)
        .where(~replaced)
        .subquery("laatste_opgave")
    )
    sums = select(
        last.c.gemeentecode, last.c.soort, func.count(), func.sum(last.c.cent), func.max(last.c.peildatum)
    ).group_by(last.c.gemeentecode, last.c.soort)
    told = _told_without_report().subquery("zonder_opgave")
    nothing = (cast(null(), String), func.count(), cast(null(), BigInteger), cast(null(), Date))
    waiting = select(told.c.gemeentecode, *nothing).group_by(told.c.gemeentecode)
    chosen = (each.where(of.c.gemeentecode.in_(sorted(codes))) for each, of in ((sums, last), (waiting, told)))
    found: dict[str, list[YieldSum]] = {}
    without: dict[str, int] = {}
    for code, soort, number, cent, day in session.execute(union_all(*chosen)):
        if soort is None:
            without[code] = number
        else:
            found.setdefault(code, []).append(YieldSum(soort, number, None if cent is None else int(cent), day))
    return {
        code: Yields(sorted(found.get(code, ()), key=lambda one: one.soort), without.get(code, 0))
        for code in found.keys() | without.keys()
    }


def _municipality(signal_id: ColumnElement[int]) -> ColumnElement[str]:
    """That of the case that works on the signal; one with a result has a row of its own for that.

    Looked up for each signal rather than joined: a database would begin at the links, of which each case has one.
    """
    mine = select(_link.c.gemeentecode).where(_link.c.signal_id == signal_id, _link.c.actueel)
    return mine.scalar_subquery().label("gemeentecode")


def _told_without_report() -> Select[Any]:
    """The municipality of each of `stands.told_results` of which nothing was reported."""
    row, delivery = table(FeedbackRow), table(FeedbackDelivery)
    newer, newer_delivery = row.alias("nieuwer"), delivery.alias("nieuwere_terugkoppeling")
    sent = select(newer_delivery.c.id).where(newer_delivery.c.verzonden_op.is_not(None))
    told_since = exists().where(
        newer.c.signal_id == row.c.signal_id,
        newer.c.id > row.c.id,
        newer.c.geweigerd_op.is_(None),
        newer.c.terugkoppeling_id.in_(sent),
    )
    return (
        select(_municipality(row.c.signal_id))
        .join(delivery, delivery.c.id == row.c.terugkoppeling_id)
        .where(row.c.resultaat.is_not(None), row.c.geweigerd_op.is_(None), delivery.c.verzonden_op.is_not(None))
        .where(~told_since, ~exists().where(_result.c.signal_id == row.c.signal_id))
    )


@dataclass(frozen=True)
class Report:
    """A file with which UWV reported something of these municipalities: of how many signals, when, loaded by whom."""

    signalen: int
    geladen_op: datetime
    door: str


def reports_since(session: Session, codes: Collection[str], moment: datetime, most: int) -> Sequence[Report]:
    """The newest first, at most so many."""
    mine = (
        select(_result.c.load_id, _result.c.signal_id, _municipality(_result.c.signal_id))
        .join(_load, _load.c.id == _result.c.load_id)
        .where(_load.c.geladen_op > moment)
        .subquery("gemeld")
    )
    query = (
        select(func.count(mine.c.signal_id.distinct()), _load.c.geladen_op, _load.c.door)
        .join_from(mine, _load, _load.c.id == mine.c.load_id)
        .where(mine.c.gemeentecode.in_(sorted(codes)))
        .group_by(_load.c.id, _load.c.geladen_op, _load.c.door)
        .order_by(_load.c.id.desc())
        .limit(most)
    )
    return [Report(*row) for row in session.execute(query)]
