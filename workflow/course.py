"""The course of a case in dates, kept as its steps are taken, so that figures need not read every step again.

Where the events and what stands here differ the events are right: everything here follows from them, and a figure of a
day before the last step of a case is counted from its events.
"""

from datetime import date
from typing import NamedTuple, Protocol

from sqlalchemy import Index
from sqlmodel import Field, Session

from signals.base import Owned
from workflow.models import Case, CaseEvent
from workflow.phases import OUTCOMES, Outcome, Phase

HOLD = "aangehouden"
"""The `soort` of a time on hold; of a stay in a phase it is the phase."""

INVESTIGATED = frozenset(outcome for outcome, meaning in OUTCOMES.items() if meaning.investigated)
ANSWERING = INVESTIGATED | {Outcome.REEDS_INGEZETENE}
"""Outcomes that end the wait for Kaplan-Meier; every other closing only ends the watching."""


class Stay(Owned, table=True):
    """A stay in a phase, or a time on hold, that has ended; being closed is no stay."""

    __tablename__ = "verblijf"
    __table_args__ = (Index("ix_verblijf_tot", "tot", "zaak_id", "soort", "dagen"),)  # figures read only the index

    id: int | None = Field(default=None, primary_key=True)
    zaak_id: int
    soort: str = Field(max_length=20, description="the phase, or HOLD")
    tot: date = Field(description="the day on which the step that ended it was recorded")
    dagen: int


class Course(Protocol):
    """The dates of the course of a case: columns of Case, or whatever else is to follow its events."""

    geopend_op: date
    laatste_stap_op: date | None
    fase_sinds: date | None
    aangehouden_vanaf: date | None
    eerst_afgesloten_op: date | None
    laatst_afgesloten_op: date | None
    beantwoord_op: date | None
    onderzoek_begon_op: date | None
    heropend_op: date | None
    had_resultaat: bool


class Step(Protocol):
    """What the course must know of an event."""

    vastgelegd_op: date
    stap: str
    van: Phase | None
    naar: Phase
    resultaat: Outcome | None
    datum_eerste_antwoord: date | None
    aangehouden: bool


class Ended(NamedTuple):
    """A stay that an event ended."""

    soort: str
    tot: date
    dagen: int


def record(session: Session, case: Case, event: CaseEvent) -> None:
    """Adds an event that was just made of a case, and what follows from it.

    case: as it is after the event, but for its course. Events come in their order, each with what it says after it.
    """
    assert case.id is not None
    for ended in follow(case, event):
        session.add(Stay(zaak_id=case.id, gemeentecode=case.gemeentecode, **ended._asdict()))
    session.add(event)


def follow(course: Course, event: Step) -> list[Ended]:
    """Takes a course one event further, and gives the stays that ended with it."""
    day, since = event.vastgelegd_op, course.fase_sinds or course.geopend_op
    ended = []
    if event.van is not None and event.van != event.naar:
        if event.van != Phase.AFGESLOTEN:
            ended.append(_ended(event.van, since, day))
        course.fase_sinds = day
    if event.aangehouden and course.aangehouden_vanaf is None:
        course.aangehouden_vanaf = day
    elif not event.aangehouden and course.aangehouden_vanaf is not None:
        ended.append(_ended(HOLD, course.aangehouden_vanaf, day))
        course.aangehouden_vanaf = None
    if event.stap == "start_onderzoek" and course.eerst_afgesloten_op is None and course.onderzoek_begon_op is None:
        # The step gives the first answer, on the day that its letter was posted (Besluit BRP 28g).
        course.onderzoek_begon_op = event.datum_eerste_antwoord
    if closes(event):
        course.eerst_afgesloten_op = course.eerst_afgesloten_op or day
        course.laatst_afgesloten_op = day
        if event.resultaat in ANSWERING:
            course.beantwoord_op = course.beantwoord_op or day
    if course.had_resultaat and event.resultaat is None:
        course.heropend_op = course.heropend_op or day
    course.had_resultaat = event.resultaat is not None
    course.laatste_stap_op = day
    return ended


def closes(event: Step) -> bool:
    """Whether a case was closed by it; coming back from bezwaar closes nothing anew."""
    return event.naar == Phase.AFGESLOTEN and event.van not in (Phase.AFGESLOTEN, Phase.BEZWAAR)


def _ended(soort: str, since: date, until: date) -> Ended:
    return Ended(soort, until, (until - since).days)
