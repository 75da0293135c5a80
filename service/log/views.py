"""The audit log to look through: its lines, how many there are of each day, and of each action or user.

A log of years has millions of lines, so nothing here looks at more of them than it shows: what is counted is counted up
to a limit, by an index, and who asks for more goes on where the page ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, select, union_all
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from service.models import AuditEntry
from signals.base import table
from signals.bulk import run

PAGE = 100
"""Lines, actions or users on a page."""
DAYS = 31
MOST_COUNTED = 1000
"""Of one day, action or user no more are counted: the page says that there are more."""
NEWEST = 10_000
"""Of a day or a municipality so many lines are told apart by action or user, the newest."""

_entry = table(AuditEntry)
Column = Literal["actie", "actor"]


@dataclass(frozen=True)
class Asked:
    """Which lines. zone: of the days. codes: of these municipalities alone, None for all and for what is of none."""

    zone: ZoneInfo
    codes: frozenset[str] | None = None
    dag: date | None = None
    actor: str = ""
    object: str = ""
    actie: str = ""

    @property
    def by_moment(self) -> bool:
        """Whether the lines come by their moment, which is an index with the day, and the indexes of a municipality.

        Else by their number, which is what the other indexes end with. So do those of one thing, which are few: by
        their moment SQLite would look for them among all lines of the municipality.
        """
        return self.dag is not None or (self.codes is not None and not self.object)

    def conditions(self) -> list[ColumnElement[bool]]:
        """For the WHERE of a select on the log."""
        found = list(_of(self.codes))
        if self.dag is not None:
            found += [_entry.c.tijdstip >= _begin(self.dag, self.zone), _entry.c.tijdstip < _end(self.dag, self.zone)]
        found += [_entry.c[name] == value for name in ("actor", "object", "actie") if (value := getattr(self, name))]
        return found


@dataclass(frozen=True)
class Count:
    """A day, action or user with the number of its lines; `meer`: there are more than were counted."""

    waarde: Any
    aantal: int
    meer: bool = False


def lines(session: Session, asked: Asked, before: int | None = None) -> tuple[Sequence[AuditEntry], int | None]:
    """A page of lines, the newest first, and the number to go on before; None on the last. before: that number."""
    found = _lines_by_moment(session, asked, before) if asked.by_moment else _lines_by_number(session, asked, before)
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def _lines_by_number(session: Session, asked: Asked, before: int | None) -> Sequence[AuditEntry]:
    number = col(AuditEntry.id)
    chosen = select_rows(AuditEntry).where(*asked.conditions()).order_by(number.desc()).limit(PAGE + 1)
    return session.exec(chosen if before is None else chosen.where(number < before)).all()


def _lines_by_moment(session: Session, asked: Asked, before: int | None) -> Sequence[AuditEntry]:
    """Of each municipality by itself, as `_newest_day`: what is rare in several would be looked for in every line."""
    moment, number = col(AuditEntry.tijdstip), col(AuditEntry.id)
    last = session.get(AuditEntry, before) if before is not None else None
    codes = [None] if asked.codes is None else [frozenset({code}) for code in sorted(asked.codes)]
    found: list[AuditEntry] = []
    for of in codes:
        chosen = select_rows(AuditEntry).where(*replace(asked, codes=of).conditions()).limit(PAGE + 1)
        if last is not None:
            chosen = chosen.where(moment <= last.tijdstip, not_(and_(moment == last.tijdstip, number >= before)))
        found += session.exec(chosen.order_by(moment.desc(), number.desc())).all()
    return sorted(found, key=lambda entry: (entry.tijdstip, entry.id), reverse=True)


def days(session: Session, asked: Asked, before: date | None = None) -> tuple[list[Count], date | None]:
    """Days on which there is something, the newest first, and the day to go on before; None on the last page."""
    found: list[Count] = []
    while (day := _newest_day(session, asked, before)) is not None:
        if len(found) == DAYS:
            return found, found[-1].waarde
        within = [_entry.c.tijdstip >= _begin(day, asked.zone), _entry.c.tijdstip < _end(day, asked.zone)]
        found.append(_counted(day, run(session, _count([*_of(asked.codes), *within])).scalar_one()))
        before = day
    return found, None


def _newest_day(session: Session, asked: Asked, before: date | None) -> date | None:
    """Asked of each municipality by itself: of several at once a database looks at every line."""
    early = [] if before is None else [_entry.c.tijdstip < _begin(before, asked.zone)]
    scopes: Iterable[list[ColumnElement[bool]]] = (
        [[]] if asked.codes is None else [[_entry.c.gemeentecode == code] for code in sorted(asked.codes)]
    )
    newest = [run(session, select(func.max(_entry.c.tijdstip)).where(*of, *early)).scalar() for of in scopes]
    known: list[datetime] = [each for each in newest if each is not None]
    return max(known).astimezone(asked.zone).date() if known else None


def counts(session: Session, asked: Asked, by: Column, after: str = "") -> tuple[list[Count], str]:
    """How many lines there are of each action or user, and the word to go on after; empty on the last page.

    Of the whole log by name, each up to MOST_COUNTED; of a day or a municipality among its NEWEST lines, the most
    frequent first, and `meer` when there are more lines than those.
    """
    return (_among_newest(session, asked, by), "") if asked.by_moment else _of_everything(session, by, after)


def _among_newest(session: Session, asked: Asked, by: Column) -> list[Count]:
    newest = select(_entry.c[by]).where(*asked.conditions()).order_by(_entry.c.tijdstip.desc()).limit(NEWEST).subquery()
    number = func.count().label("aantal")
    found = run(
        session, select(newest.c[by], number).group_by(newest.c[by]).order_by(number.desc(), newest.c[by])
    ).all()
    full = sum(count for _, count in found) == NEWEST
    return [Count(value, count, full) for value, count in found]


def _of_everything(session: Session, by: Column, after: str) -> tuple[list[Count], str]:
    column = _entry.c[by]
    names = _names(session, by, after)
    shown = names[:PAGE]
    found: dict[str, int] = {}
    if shown:
        each = [select(literal(name), _count([column == name]).scalar_subquery()) for name in shown]
        found = {row[0]: row[1] for row in run(session, union_all(*each))}
    return [_counted(name, found[name]) for name in shown], shown[-1] if len(names) > PAGE else ""


def _names(session: Session, by: Column, after: str) -> list[str]:
    """The next values of a column, each found in its index after the one before: the lines between are passed over."""
    column = _entry.c[by]
    first = select(func.min(column).label("waarde")).where(column > after).cte("waarden", recursive=True)
    following = select(func.min(column)).where(column > first.c.waarde).scalar_subquery()
    walked = first.union_all(select(following).where(first.c.waarde.is_not(None)))
    chosen = select(walked.c.waarde).where(walked.c.waarde.is_not(None)).limit(PAGE + 1)
    return list(run(session, chosen).scalars())


def actions(session: Session) -> list[str]:
    """The actions that stand in the log, to choose from."""
    found = _names(session, "actie", "")
    while len(found) % (PAGE + 1) == 0 and found:
        more = _names(session, "actie", found[-1])
        if not more:
            break
        found += more
    return found


def _count(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    some = select(_entry.c.id).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some)


def _counted(value: Any, count: int) -> Count:
    return Count(value, min(count, MOST_COUNTED), count > MOST_COUNTED)


def _of(codes: frozenset[str] | None) -> Iterable[ColumnElement[bool]]:
    if codes is None:
        return ()
    # One code by itself: the index is then in the order of the moments.
    return (
        _entry.c.gemeentecode == next(iter(codes)) if len(codes) == 1 else _entry.c.gemeentecode.in_(sorted(codes)),
    )


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _end(day: date, zone: ZoneInfo) -> datetime:
    return _begin(day + timedelta(days=1), zone)
