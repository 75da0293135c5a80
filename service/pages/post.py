"""The post of the day: the letters that wait, as one PDF to print, and one button that posts them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.files.letter_file import pdf_answer
from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.pages import worklist
from service.pages.forms import Sent
from service.pages.rendering import render, require, see_other
from service.pages.worklist import POSTING, display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, Who
from signals.errors import DomainError, NotFound, Reason
from workflow import posting, prepared_letters
from workflow.actors import Desk
from workflow.letters import addressee
from workflow.models import Case, PreparedLetter

router = APIRouter()

_NUMBER = re.compile(r"[0-9]{1,10}")


def _chosen_letters(brief: Annotated[str, Query(max_length=1000)] = "") -> frozenset[int] | None:
    """The letters that an address names, by number."""
    return _numbers(brief)


def _numbers(text: str) -> frozenset[int] | None:
    """None where nothing is said: all that waits. What says something and names no letter means no letter."""
    return frozenset(int(each) for each in _NUMBER.findall(text)) if text else None


Letters = Annotated[frozenset[int] | None, Depends(_chosen_letters)]
"""Those that were brought together on the worklist; None for all that wait."""


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
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, brief: Letters, gedaan: str = ""
) -> Response:
    """Every letter that waits in the municipalities of who looks, or those that were chosen."""
    require(who, POSTING)
    notices = {"klaar": "De brief ligt klaar voor de post.", "weg": "De brief is weggehaald uit de post."}
    waiting = _waiting(session, desk_of(session, now), brief)
    people = subjects_of_cases(one.case for one in waiting)
    audit.record_reading(engine, who.access, "post_bekeken", "zaken", now, about=people)
    return _page(request, session, waiting, notice=notices.get(gedaan, ""), chosen=brief)


@router.get("/post/pdf")
def bundle(who: Who, session: PageSession, engine: Database, now: Now, brief: Letters) -> Response:
    """All that can go today, or what was chosen of it, as one PDF; each case stands in the log of who opened it."""
    require(who, POSTING)
    rows = [one for one in _waiting(session, desk_of(session, now), brief) if not one.obstacle]
    if not rows:
        raise NotFound(Reason("geen_post", "Er ligt voor vandaag geen brief klaar die u kunt versturen."))
    for one in rows:
        object_ = f"{one.case.zaaknummer}/{one.row.brief_nummer}"
        audit.record_reading(engine, who.access, "brief_geopend", object_, now, gemeentecode=one.case.gemeentecode)
    made = posting.bundle(session, [one.row for one in rows], now.date())
    return pdf_answer(made, f"post-{now:%Y-%m-%d}.pdf")


@router.post("/post", response_class=HTMLResponse, dependencies=[CsrfChecked])
def post_all(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> Response:
    """Posts what waits, or what was chosen of it, each letter by itself; tells of each what became of it."""
    require(who, POSTING)
    desk = desk_of(session, now)
    chosen = _numbers(sent.get("brief", ""))
    results = [_posted(session, row, desk) for row in prepared_letters.waiting(session) if _of(row, chosen)]
    waiting = _waiting(session, desk, chosen)
    audit.record(session, "post_bekeken", "zaken", now, about=subjects_of_cases(one.case for one in waiting))
    return _page(request, session, waiting, results=results, chosen=chosen)


def selected(
    request: Request,
    session: Session,
    desk: Desk,
    chosen: frozenset[int],
    left: Sequence[worklist.Result],
    *,
    back: str,
) -> Response:
    """The letters of cases that were ticked, which this page prints and posts; and of which cases none goes along."""
    waiting = _waiting(session, desk, chosen)
    audit.record(session, "post_bekeken", "zaken", desk.now, about=subjects_of_cases(one.case for one in waiting))
    return _page(request, session, waiting, chosen=chosen, left=left, back=back)


def _of(row: PreparedLetter, chosen: frozenset[int] | None) -> bool:
    return chosen is None or row.id in chosen


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


def _waiting(session: Session, desk: Desk, chosen: frozenset[int] | None) -> list[Waiting]:
    found = []
    for row in prepared_letters.waiting(session):
        if not _of(row, chosen):
            continue
        case = session.get_one(Case, row.zaak_id)
        reason = prepared_letters.obstacle(row, case, desk)
        to = addressee(case, row.briefdatum)
        found.append(Waiting(row, case, to, posting.step_of(row), reason.uitleg if reason else ""))
    return found


def _page(
    request: Request,
    session: Session,
    waiting: Sequence[Waiting],
    *,
    notice: str = "",
    results: Sequence[Result] = (),
    chosen: frozenset[int] | None = None,
    left: Sequence[worklist.Result] = (),
    back: str = "",
) -> Response:
    return render(
        request,
        "post.html",
        waiting=waiting,
        ready=sum(not one.obstacle for one in waiting),
        results=results,
        notice=notice,
        names=display_names(session),
        chosen=",".join(map(str, sorted(chosen or ()))),
        some=chosen is not None,
        left=left,
        back=back,
    )
