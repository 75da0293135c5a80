"""The course of a case in dates, kept as its steps are taken, so that figures need not read every step again.

Where the events and what stands here differ the events are right: everything here follows from them, and a figure of a
day before the last step of a case is counted from its events.
"""

from datetime import date

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


def record(session: Session, case: Case, event: CaseEvent) -> None:
    """Adds an event that was just made of a case, and what follows from it.

    case: as it is after the event, but for its course. Events come in their order, each with what it says after it.
    """
    day, since = event.vastgelegd_op, case.fase_sinds or case.geopend_op
    if event.van is not None and event.van != event.naar:
        if event.van != Phase.AFGESLOTEN:
            session.add(_stay(case, event.van, since, day))
        case.fase_sinds = day
    if event.aangehouden and case.aangehouden_vanaf is None:
        case.aangehouden_vanaf = day
    elif not event.aangehouden and case.aangehouden_vanaf is not None:
        session.add(_stay(case, HOLD, case.aangehouden_vanaf, day))
        case.aangehouden_vanaf = None
    if event.stap == "start_onderzoek" and case.eerst_afgesloten_op is None and case.onderzoek_begon_op is None:
        # The step gives the first answer, on the day that its letter was posted (Besluit BRP 28g).
        case.onderzoek_begon_op = event.datum_eerste_antwoord
    if closes(event):
        case.eerst_afgesloten_op = case.eerst_afgesloten_op or day
        case.laatst_afgesloten_op = day
        if event.resultaat in ANSWERING:
            case.beantwoord_op = case.beantwoord_op or day
    if case.had_resultaat and event.resultaat is None:
        case.heropend_op = case.heropend_op or day
    case.had_resultaat = event.resultaat is not None
    case.laatste_stap_op = day
    session.add(event)


def closes(event: CaseEvent) -> bool:
    """Whether a case was closed by it; coming back from bezwaar closes nothing anew."""
    return event.naar == Phase.AFGESLOTEN and event.van not in (Phase.AFGESLOTEN, Phase.BEZWAAR)


def _stay(case: Case, soort: str, since: date, until: date) -> Stay:
    assert case.id is not None
    return Stay(zaak_id=case.id, gemeentecode=case.gemeentecode, soort=soort, tot=until, dagen=(until - since).days)
