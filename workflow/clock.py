"""What the night does: it looks at running terms and holds and leaves reminders; it never takes a step.

Each job is one statement over all cases. It closes the reminders that no longer stand and adds those that stand and
were never made; the key of a reminder (kind, term, last day) is unique within its case, so a job may run twice.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    select,
    true,
    update,
)
from sqlmodel import Session, col

from signals.base import Moment, table
from signals.bulk import insert_if_new
from workflow.deadlines import TERMS
from workflow.holidays import add_working_days
from workflow.models import Case, CaseTask
from workflow.running_terms import running_terms

SOON_WORKING_DAYS = 5
LONG_HOLD_WEEKS = 8

_DOOR = "systeem"
_LETTER_TERMS = [term for term, row in TERMS.items() if row.letter]
_RUNNING = running_terms()


class Reminder(StrEnum):
    """The kinds of reminder, as stored in `CaseTask.soort`."""

    TERMIJN_NADERT = "termijn_nadert"
    TERMIJN_MORGEN = "termijn_morgen"
    TERMIJN_VERSTREKEN = "termijn_verstreken"
    TERMIJN_VOORBIJ = "termijn_voorbij"
    LANG_AANGEHOUDEN = "lang_aangehouden"


def due_soon(session: Session, today: date) -> int:
    """Remind of the municipality's own terms that end within five working days; once more on the working day before.

    A term that runs for the person (a letter) asks nothing of the municipality before it has passed, so it is left
    out. Returns the number of new reminders.
    """
    last = _RUNNING.c.einde
    tomorrow = add_working_days(today, 1)
    ends = literal("De termijn '") + _label() + "' eindigt op " + _day_in_words(last) + "."
    own = _RUNNING.c.term.not_in(_LETTER_TERMS)
    near = and_(own, last > tomorrow, last <= add_working_days(today, SOON_WORKING_DAYS))
    return _remind_of_terms(session, today, Reminder.TERMIJN_NADERT, near, ends) + _remind_of_terms(
        session, today, Reminder.TERMIJN_MORGEN, and_(own, last >= today, last <= tomorrow), ends
    )


def overdue(session: Session, today: date) -> int:
    """Remind of terms that have passed: lateness for the municipality's own, the next step for those of a letter.

    Returns the number of new reminders.
    """
    passed = _RUNNING.c.einde < today
    day = _day_in_words(_RUNNING.c.einde)
    late = literal("De termijn '") + _label() + "' is verstreken op " + day + " en nog niet afgerond."
    over = literal("De termijn '") + _label() + "' is voorbij sinds " + day + ": de volgende stap kan."
    own = and_(passed, _RUNNING.c.term.not_in(_LETTER_TERMS))
    letter = and_(passed, _RUNNING.c.term.in_(_LETTER_TERMS))
    return _remind_of_terms(session, today, Reminder.TERMIJN_VERSTREKEN, own, late) + _remind_of_terms(
        session, today, Reminder.TERMIJN_VOORBIJ, letter, over
    )


def long_holds(session: Session, today: date) -> int:
    """Remind of cases on hold for longer than eight weeks, once per hold. Returns the number of new reminders."""
    since = col(Case.aangehouden_sinds)
    text = (
        literal("De zaak is aangehouden sinds ")
        + _day_in_words(since)
        + (f", langer dan {LONG_HOLD_WEEKS} weken. Beoordeel of de zaak verder kan.")
    )
    standing: Select[Any] = select(
        col(Case.id).label("zaak_id"),
        col(Case.gemeentecode).label("gemeentecode"),
        _key(Reminder.LANG_AANGEHOUDEN, since).label("sleutel"),
        text.label("uitleg"),
        _facts(session, "sinds", cast(since, String)).label("gegevens"),
    ).where(since < today - timedelta(weeks=LONG_HOLD_WEEKS))
    return _remind(session, today, Reminder.LANG_AANGEHOUDEN, standing)


NIGHTLY: Mapping[str, Callable[[Session, date], int]] = MappingProxyType(
    {"due_soon": due_soon, "overdue": overdue, "long_holds": long_holds}
)


def _remind_of_terms(
    session: Session, today: date, kind: Reminder, stands: ColumnElement[bool], text: ColumnElement[str]
) -> int:
    standing: Select[Any] = select(
        _RUNNING.c.zaak_id,
        _RUNNING.c.gemeentecode,
        _key(kind, _RUNNING.c.einde, _RUNNING.c.term).label("sleutel"),
        text.label("uitleg"),
        _facts(session, "term", _RUNNING.c.term, "einde", cast(_RUNNING.c.einde, String)).label("gegevens"),
    ).where(stands)
    return _remind(session, today, kind, standing)


def _remind(session: Session, today: date, kind: Reminder, standing: Select[Any]) -> int:
    """Close what no longer stands, add what stands and is new; `standing` gives zaak_id, gemeentecode, sleutel, ..."""
    if _on_postgresql(session):
        # Reminders made since the last ANALYZE are not known to the planner: it expects one, and then walks every case
        # for every reminder, hours for a delivery of a million. Nothing here is small, so hashing is always right.
        session.connection().exec_driver_sql("SET LOCAL enable_nestloop = off")
    now = standing.subquery()
    still = exists().where(now.c.zaak_id == CaseTask.zaak_id, now.c.sleutel == CaseTask.sleutel)
    session.exec(
        update(CaseTask)
        .where(col(CaseTask.soort) == kind.value, col(CaseTask.afgehandeld_op).is_(None), not_(still))
        .values(afgehandeld_op=today, afgehandeld_door=_DOOR)
        .execution_options(synchronize_session=False)
    )
    rows = select(
        now.c.zaak_id,
        now.c.gemeentecode,
        now.c.sleutel,
        now.c.uitleg,
        now.c.gegevens,
        literal(kind.value),
        literal(today, Date()),
        # A job knows its day and not the hour: the start of that day stands for the night.
        literal(datetime.combine(today, time(), tzinfo=UTC), Moment()),
        literal(_DOOR),
    ).where(true())
    names = ["zaak_id", "gemeentecode", "sleutel", "uitleg", "gegevens", "soort", "vastgelegd_op", "tijdstip", "door"]
    # Two letters that run to the same day give one key and so one reminder.
    new = insert_if_new(session, table(CaseTask)).from_select(names, rows)
    # Without the option the count of an INSERT is lost on PostgreSQL.
    return session.exec(new.execution_options(preserve_rowcount=True)).rowcount


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _key(kind: Reminder, day: SQLColumnExpression[Any], *parts: SQLColumnExpression[str]) -> ColumnElement[str]:
    """`kind:term:jjjj-mm-dd`; both databases write a date that way."""
    key: ColumnElement[str] = literal(f"{kind.value}:")
    for part in parts:
        key = key + part + ":"
    return key + cast(day, String)


def _label() -> ColumnElement[str]:
    return case({term.value: row.label for term, row in TERMS.items()}, value=_RUNNING.c.term, else_=_RUNNING.c.term)


def _day_in_words(day: SQLColumnExpression[Any]) -> ColumnElement[str]:
    text = cast(day, String)
    return func.substr(text, 9, 2) + "-" + func.substr(text, 6, 2) + "-" + func.substr(text, 1, 4)


def _facts(session: Session, *pairs: Any) -> ColumnElement[Any]:
    make = func.json_build_object if _on_postgresql(session) else func.json_object
    return make(*pairs, type_=JSON())
