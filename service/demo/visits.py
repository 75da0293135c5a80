"""The home visits of the demo: the toezichthouder of each municipality has a few doors to go to today."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from workflow import visit_planning
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import Phase
from workflow.visit_planning import Visitor

VISITED = (Phase.HUISBEZOEK, Phase.INLICHTINGEN, Phase.AANSCHRIJVING)
"""Where a visit comes next; the first phase first."""
SLOTS: Sequence[Mapping[str, Any]] = (
    {"begin": "10:00", "einde": "12:00", "veiligheid": "geen_bijzonderheden"},
    {"begin": "10:00", "einde": "12:00", "veiligheid": "geen_bijzonderheden", "opmerking": "Ingang aan de zijkant."},
    {
        "begin": "18:00",
        "einde": "20:00",
        "veiligheid": "met_twee_personen",
        "veiligheidToelichting": "Er loopt een grote hond los op het erf.",
    },
    {"begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden"},
)
CARD_NUMBER = "4471"


def plan_day(session: Session, desk: Desk, gemeentecode: str, visitor: str) -> int:
    """Plan the slots of this day at as many addresses, for one toezichthouder; gives how many there are.

    desk: early on that day, of somebody who plans there.
    """
    waiting = select(Case).where(Case.gemeentecode == gemeentecode, col(Case.fase).in_(VISITED))
    cases = sorted(session.exec(waiting), key=lambda case: (VISITED.index(case.fase), case.id or 0))
    doors = {case.adressleutel: case for case in reversed(cases)}
    chosen = list(reversed(doors.values()))[: len(SLOTS)]
    for case, slot in zip(chosen, SLOTS, strict=False):
        asked = {"dag": desk.today.isoformat(), **slot}
        visit_planning.plan(session, case, desk, asked, [Visitor(visitor, CARD_NUMBER)])
    return len(chosen)
