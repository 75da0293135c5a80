"""What must still be entered in WALAA by hand: the list with the text to enter, each confirmed by a person."""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, or_, select

from service.log import audit
from service.log.subjects import subjects_of_cases
from service.pages import labels
from service.pages.forms import new_key
from service.pages.rendering import render, require
from service.web.dependencies import Database, Now, PageSession, Who
from workflow.deadlines import Term
from workflow.dossier import given_answers
from workflow.models import Case, WalaaEntry
from workflow.phases import Answer, Outcome, Role
from workflow.running_terms import running_terms

router = APIRouter()

MOST = 200
CLOCKS = (Term.LAA_EERSTE_ANTWOORD.value, Term.LAA_RESULTAAT.value)


@dataclass(frozen=True)
class ToEnter:
    """One answer of one case that is not in WALAA yet, and the last day on which it must be."""

    case: Case
    antwoord: Answer
    gegeven_op: date | None
    einde: date

    def urgency(self, today: date) -> tuple[str, str]:
        """How urgent: style and words."""
        return labels.urgency(Term.LAA_EERSTE_ANTWOORD, self.einde, today)

    @property
    def tekst(self) -> str:
        """What to type over: no more than WALAA asks."""
        op = f" op {labels.day(self.gegeven_op)}" if self.gegeven_op else ""
        return f"{labels.heading(labels.words(self.antwoord))}{op}. Kenmerk gemeente: {self.case.zaaknummer}."


def to_enter(session: Session) -> list[ToEnter]:
    """Answers given here and not confirmed as entered there, what is due first on top; at most MOST cases."""
    ended, clock = (Outcome.INGETROKKEN,), running_terms()
    query = (
        select(Case, clock.c.term, clock.c.einde)
        .join(clock, clock.c.zaak_id == Case.id)
        .where(
            clock.c.term.in_(CLOCKS),
            col(Case.eerste_antwoord).is_not(None),
            or_(col(Case.resultaat).is_(None), col(Case.resultaat).not_in(ended)),
            or_(clock.c.term == CLOCKS[0], col(Case.resultaat).is_not(None)),
        )
        .order_by(clock.c.einde, col(Case.id))
        .limit(MOST)
    )
    rows = session.exec(query).all()
    ids = [case.id for case, _, _ in rows]
    entries = session.exec(select(WalaaEntry).where(col(WalaaEntry.zaak_id).in_(ids))) if ids else ()
    entered = {(entry.zaak_id, entry.antwoord) for entry in entries}
    found: dict[tuple[int | None, Answer], ToEnter] = {}
    for case, term, einde in rows:
        for answer in given_answers(case):
            if (case.id, answer) in entered or _waits_for_result(answer, term):
                continue
            given_on = case.datum_eerste_antwoord if answer == case.eerste_antwoord else case.datum_resultaat
            found.setdefault((case.id, answer), ToEnter(case, answer, given_on, einde))
    return list(found.values())


def _waits_for_result(answer: Answer, term: str) -> bool:
    """The clock of the result asks for a final answer, that of the first answer for any."""
    return term == CLOCKS[1] and answer == Answer.ONDERZOEK_IN_DE_BRP


@router.get("/walaa", response_class=HTMLResponse)
def walaa(request: Request, who: Who, session: PageSession, engine: Database, now: Now, gedaan: str = "") -> Response:
    """The list, each line with its own form to confirm."""
    require(who, frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER}))
    items = to_enter(session)
    people = subjects_of_cases(each.case for each in items)
    audit.record_reading(engine, who.access, "walaalijst_bekeken", "zaken", now, about=people)
    return render(
        request,
        "walaa.html",
        items=items,
        most=MOST,
        form_key=new_key(),
        notice="Vastgelegd. De klok staat op groen." if gedaan else "",
    )
