"""What waits for the beslisser, and what he must weigh: zienswijze, sources, the proposal and who made it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service import case_list
from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.pages import labels
from service.pages.rendering import render, require
from service.pages.worklist import MOST_COUNTED, After, display_names
from service.web.dependencies import Database, Now, PageSession, Who
from signals.errors import Reason
from workflow import case_terms, moves
from workflow.actors import Actor, Desk
from workflow.case_file import CaseFile, files_of
from workflow.case_terms import TermView
from workflow.deadlines import Term
from workflow.models import CaseEvent, LetterKind
from workflow.move import Move
from workflow.phases import OPEN, Phase, Role
from workflow.questions import LETTER
from workflow.transitions import BY_NAME, DECIDER, STEPS

router = APIRouter()

PAGE = 20
DECISIONS = sorted((move for move in STEPS if move.by == DECIDER), key=lambda move: move.letter is None)
"""What a beslisser may do; what goes out in a letter first."""
NO_OCCASION = frozenset({"geen_aangifte"})
"""Codes of refusals that say that nothing asks for the step."""


@dataclass(frozen=True)
class Part:
    """A part of the queue: its name in an address, its heading, and which cases are in it."""

    name: str
    label: str
    of: case_list.Filter
    empty: str

    def wanted(self, actor: Actor) -> case_list.Filter:
        """As far as this person decides there: who only handles in a municipality finds nothing of it here."""
        return replace(self.of, gemeentecode=sorted(actor.rollen.get(Role.BESLISSER) or ()))


PHASES = (Phase.VOORNEMEN, Phase.BEZWAAR)
PARTS: Sequence[Part] = (
    Part(
        "voornemens",
        "Voornemens",
        case_list.Filter(fase=(Phase.VOORNEMEN,)),
        "Er wacht geen voornemen op een besluit.",
    ),
    Part("bezwaren", "Bezwaren", case_list.Filter(fase=(Phase.BEZWAAR,)), "Er wacht geen bezwaar op een beslissing."),
    Part(
        "aangiften",
        "Aangiften die wachten",
        case_list.Filter(fase=tuple(phase for phase in OPEN if phase != Phase.VOORNEMEN), aangifte_wacht=True),
        "Er wacht geen aangifte op een beoordeling.",
    ),
)


@dataclass(frozen=True)
class Choice:
    """A step that the beslisser may take here, or the reasons why he may not."""

    stap: str
    label: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Waiting:
    """One case of the queue."""

    file: CaseFile
    next_term: TermView | None
    urgency: tuple[str, str] | None
    proposed: CaseEvent | None
    proposal: Sequence[tuple[str, str]]
    decided: CaseEvent | None
    zienswijzen: Sequence[CaseEvent]
    zienswijze_until: TermView | None
    returned: bool
    choices: Sequence[Choice]


@router.get("/besluiten", response_class=HTMLResponse)
def queue(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    deel: Annotated[str, Query(max_length=20)] = "",
    na: After = "",
) -> Response:
    """Every part, what is due first on top; or one part, paged."""
    require(who, DECIDER)
    desk = desk_of(session, now)
    asked = [part for part in PARTS if part.name == deel] or PARTS
    after = na if len(asked) == 1 else ""
    shown: list[dict[str, Any]] = []
    for part in asked:
        wanted = part.wanted(desk.actor)
        page = case_list.page(session, wanted, size=PAGE, after=after or None)
        total = case_list.count(session, wanted, at_most=MOST_COUNTED + 1) if page.cases else 0
        shown.append({"part": part, "total": total, "page": page, "rows": _rows(session, page, desk, request)})
    read = [case for each in shown for case in each["page"].cases]
    audit.record_reading(engine, who.access, "besluiten_bekeken", "zaken", now, about=subjects_of_cases(read))
    return render(
        request,
        "queue.html",
        shown=shown,
        most=MOST_COUNTED,
        alone=len(asked) == 1,
        further=bool(after),
        names=display_names(session),
    )


def _rows(session: Session, page: case_list.Page, desk: Desk, request: Request) -> list[Waiting]:
    return [_waiting(file, desk, request) for file in files_of(session, page.cases)]


def _waiting(file: CaseFile, desk: Desk, request: Request) -> Waiting:
    next_term = case_terms.next_term(file, desk.today)
    proposed = file.last_event("verstuur_voornemen")
    since = proposed.volgnummer if proposed else 0
    fields = [field for field in BY_NAME["verstuur_voornemen"].fields if field not in LETTER]
    named = {field.naam for field in fields}
    content = {name: value for name, value in (proposed.gegevens if proposed else {}).items() if name in named}
    letter = file.standing_letter(LetterKind.VOORNEMEN)
    return Waiting(
        file,
        next_term,
        labels.urgency(next_term.term, next_term.einde, desk.today) if next_term else None,
        proposed,
        labels.told(content, fields, request.app.state.settings.zone),
        next((event for event in reversed(file.events) if event.stap in ("neem_besluit", "weiger_aangifte")), None),
        [event for event in file.events if event.stap == "leg_zienswijze_vast" and event.volgnummer > since],
        next((one for one in reversed(case_terms.views(file, desk.today)) if one.term == Term.ZIENSWIJZE), None),
        letter is not None and letter.retour_op is not None,
        [choice for move in DECISIONS if (choice := _choice(file, move, desk))],
    )


def _choice(file: CaseFile, move: Move, desk: Desk) -> Choice | None:
    """None for a step that does not belong to the phase, or that nothing asks for."""
    reasons = moves.blockers(file, move, desk) if file.case.fase in move.van else ()
    idle = file.case.fase not in move.van or any(reason.code in NO_OCCASION for reason in reasons)
    return None if idle else Choice(move.name, move.label, reasons)
