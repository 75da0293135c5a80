"""The post of the day: the letters that wait, as one PDF to print, and one button that posts them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.files.letter_file import pdf_answer
from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.pages.rendering import render, require, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, Who
from signals.errors import DomainError, NotFound, Reason
from workflow import posting, prepared_letters
from workflow.actors import Desk
from workflow.letters import addressee
from workflow.models import Case, PreparedLetter
from workflow.phases import Role

router = APIRouter()

POSTING = frozenset({Role.BEHANDELAAR, Role.BESLISSER, Role.TEAMLEIDER})


@dataclass(frozen=True)
class Waiting:
    """A letter that waits, as the page shows it. `obstacle`: why it cannot go today."""

    row: PreparedLetter
    case: Case
    to: str
    step: str
    obstacle: str


@dataclass(frozen=True)
class Result:
    """What became of one letter."""

    zaaknummer: str
    step: str
    done: bool
    told: str


@router.get("/post", response_class=HTMLResponse)
def overview(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, gedaan: str = ""
) -> Response:
    """Every letter that waits in the municipalities of who looks."""
    require(who, POSTING)
    notices = {"klaar": "De brief ligt klaar voor de post.", "weg": "De brief is weggehaald uit de post."}
    waiting = _waiting(session, desk_of(session, now))
    people = subjects_of_cases(one.case for one in waiting)
    audit.record_reading(engine, who.access, "post_bekeken", "zaken", now, about=people)
    return _page(request, session, waiting, notice=notices.get(gedaan, ""))


@router.get("/post/pdf")
def bundle(who: Who, session: PageSession, engine: Database, now: Now) -> Response:
    """All that can go today as one PDF; each case stands in the log of who opened it."""
    require(who, POSTING)
    rows = [one for one in _waiting(session, desk_of(session, now)) if not one.obstacle]
    if not rows:
        raise NotFound(Reason("geen_post", "Er ligt voor vandaag geen brief klaar die u kunt versturen."))
    for one in rows:
        object_ = f"{one.case.zaaknummer}/{one.row.brief_nummer}"
        audit.record_reading(engine, who.access, "brief_geopend", object_, now, gemeentecode=one.case.gemeentecode)
    made = posting.bundle(session, [one.row for one in rows], now.date())
    return pdf_answer(made, f"post-{now:%Y-%m-%d}.pdf")


@router.post("/post", response_class=HTMLResponse, dependencies=[CsrfChecked])
def post_all(request: Request, who: Who, session: PageSession, now: Now) -> Response:
    """Posts what waits, each letter through the gate by itself; tells of each what became of it."""
    require(who, POSTING)
    desk = desk_of(session, now)
    results = [_posted(session, row, desk) for row in prepared_letters.waiting(session)]
    waiting = _waiting(session, desk)
    audit.record(session, "post_bekeken", "zaken", now, about=subjects_of_cases(one.case for one in waiting))
    return _page(request, session, waiting, results=results)


def _posted(session: Session, row: PreparedLetter, desk: Desk) -> Result:
    case = session.get_one(Case, row.zaak_id)
    zaaknummer, code, stap, step = case.zaaknummer, case.gemeentecode, row.stap, posting.step_of(row)
    try:
        prepared_letters.post(session, row, desk)
    except DomainError as error:
        session.expire_all()
        audit.record(session, f"stap_{stap}", zaaknummer, desk.now, resultaat="geweigerd", gemeentecode=code)
        return Result(zaaknummer, step, False, error.uitleg)
    audit.record(session, f"stap_{stap}", zaaknummer, desk.now, gemeentecode=code)
    return Result(zaaknummer, step, True, "Verstuurd.")


@router.post("/post/{nummer}/weghalen", dependencies=[CsrfChecked])
def remove(who: Who, session: PageSession, now: Now, nummer: RowNumber) -> Response:
    """Takes a letter out of the post."""
    require(who, POSTING)
    row = prepared_letters.find(session, nummer)
    case = session.get_one(Case, row.zaak_id)
    prepared_letters.remove(session, row, desk_of(session, now))
    audit.record(session, "brief_weggehaald", case.zaaknummer, now, gemeentecode=case.gemeentecode)
    return see_other("/post?gedaan=weg")


def _waiting(session: Session, desk: Desk) -> list[Waiting]:
    found = []
    for row in prepared_letters.waiting(session):
        case = session.get_one(Case, row.zaak_id)
        reason = prepared_letters.obstacle(row, case, desk)
        to = addressee(case, row.briefdatum)
        found.append(Waiting(row, case, to, posting.step_of(row), reason.uitleg if reason else ""))
    return found


def _page(
    request: Request, session: Session, waiting: Sequence[Waiting], *, notice: str = "", results: Sequence[Result] = ()
) -> Response:
    ready = any(not one.obstacle for one in waiting)
    names = display_names(session)
    return render(request, "post.html", waiting=waiting, ready=ready, results=results, notice=notice, names=names)
