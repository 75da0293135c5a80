"""What a merger of municipalities means for a case: nothing moves, and its history tells of the day.

On that day all rights and duties pass without any deed (Wet algemene regels herindeling 44). So a case keeps the code
under which it was opened, and who that code stands for is read from table 33: at midnight, once, and again after a
crash. What was decided before stays as it was decided; terms that run keep their end.
"""

from collections.abc import Sequence
from datetime import datetime, time
from itertools import pairwise

from sqlmodel import Session

from signals.municipalities import lineage
from workflow.models import Case, CaseEvent
from workflow.phases import PROCEDURE_VERSION

MERGED = "gemeente_opgegaan"
BASIS = "Wet algemene regels herindeling 44"


def with_mergers(session: Session, case: Case, events: Sequence[CaseEvent], now: datetime) -> list[CaseEvent]:
    """The steps of a case and, between them, each merger since it was opened; those are no rows, and no version.

    now: aware, in the clock's time zone.
    """
    rows = lineage(session, case.gemeentecode, now.date())
    assert case.id is not None
    told = list(events)
    for former, successor in pairwise(rows):
        day = former.einde
        if day is None or day < case.geopend_op:
            continue
        moment = datetime.combine(day, time(), tzinfo=now.tzinfo)
        at = next((index for index, event in enumerate(told) if event.vastgelegd_op >= day), len(told))
        before = told[at - 1] if at else None
        merged = CaseEvent(
            zaak_id=case.id,
            gemeentecode=case.gemeentecode,
            vastgelegd_op=day,
            tijdstip=moment,
            door="systeem",
            volgnummer=before.volgnummer if before else 0,
            stap=MERGED,
            van=before.naar if before else None,
            naar=before.naar if before else case.fase,
            rol="",
            grondslag=BASIS,
            procedure=PROCEDURE_VERSION,
            gegevens={"gemeente": f"{former.naam} ({former.code})", "nu": f"{successor.naam} ({successor.code})"},
        )
        told.insert(at, merged)
    return told
