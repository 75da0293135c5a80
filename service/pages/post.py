"""The post of the day: the letters that wait, as one PDF to print, and one button that posts them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service import posting, work
from service.files.letter_file import pdf_answer
from service.identity import accounts
from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.models import Work, WorkKind
from service.pages import worklist
from service.pages.forms import Sent
from service.pages.rendering import render, require, see_other
from service.pages.work import address, going_on
from service.pages.worklist import POSTING, display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, SignedIn, Who
from signals.errors import NotFound, Reason, Refused
from workflow import posting_list, prepared_letters
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


@router.get("/post", response_class=HTMLResponse)
def overview(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, brief: Letters, gedaan: str = ""
) -> Response:
    """Every letter that waits in the municipalities of who looks, or those that were chosen."""
    require(who, POSTING)
    last = work.latest(session, _about(session, who))
    notices = {"klaar": "De brief ligt klaar voor de post.", "weg": "De brief is weggehaald uit de post."}
    if last is not None and last.uitkomst is not None:
        notices["verstuurd"] = _told(int(last.uitkomst), len(last.gegevens["brieven"]))
    waiting = _waiting(session, desk_of(session, now), brief)
    people = subjects_of_cases(one.case for one in waiting)
    audit.record_reading(engine, who.access, "post_bekeken", "zaken", now, about=people)
    busy = last if last is not None and last.staat in work.OPEN else None
    return _page(request, session, waiting, notice=notices.get(gedaan, ""), chosen=brief, busy=busy)


def _about(session: Session, who: SignedIn) -> str:
    """What the work is about: the post of one person, of which there is one at a time."""
    return f"BR-{accounts.find_user(session, who.naam).id}"


def _asked(session: Session, about: str, numbers: list[int | None], now: datetime) -> Work:
    """The work that posts these letters, asked once. Refused while others of the same person are being posted."""
    before = going_on(session, about)
    if before is None:
        with suppress(Refused):  # the other of a double click was first
            return work.enqueue(session, WorkKind.BRIEVEN, about, now, rows=len(numbers), gegevens={"brieven": numbers})
        before = going_on(session, about)
    if before is None or not set(numbers) <= set(before.gegevens["brieven"]):
        uitleg = "Uw vorige post wordt nog verstuurd. Deze brieven liggen nog klaar: verstuur ze als dat klaar is."
        raise Refused(Reason("post_loopt", uitleg))
    return before


def _told(gone: int, asked: int) -> str:
    if gone == asked:
        return f"Alle {asked} brieven zijn verstuurd."
    return (
        f"Verstuurd: {gone} van de {asked} brieven. Niet verstuurd: {asked - gone}. Die liggen hieronder nog klaar, of "
        "zijn intussen weggehaald. Kan een brief vandaag niet mee, dan staat erbij waarom; anders leest u het als u "
        "hem nog eens verstuurt."
    )


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
    made = posting_list.bundle(session, [one.row for one in rows], now.date())
    return pdf_answer(made, f"post-{now:%Y-%m-%d}.pdf")


@router.post("/post", response_class=HTMLResponse, dependencies=[CsrfChecked])
def post_all(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> Response:
    """Posts what waits, or what was chosen of it, each letter by itself; tells of each what became of it.

    Many are posted outside the request; then the page of that work follows.
    """
    require(who, POSTING)
    desk = desk_of(session, now)
    chosen = _numbers(sent.get("brief", ""))
    rows = prepared_letters.waiting(session, chosen)
    if len(rows) > posting.MANY:
        return see_other(address(_asked(session, _about(session, who), [row.id for row in rows], now)))
    results = [posting.post(session, row, desk) for row in rows]
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
    for row in prepared_letters.waiting(session, chosen):
        case = session.get_one(Case, row.zaak_id)
        reason = prepared_letters.obstacle(row, case, desk)
        to = addressee(case, row.briefdatum)
        found.append(Waiting(row, case, to, posting_list.step_of(row), reason.uitleg if reason else ""))
    return found


def _page(
    request: Request,
    session: Session,
    waiting: Sequence[Waiting],
    *,
    notice: str = "",
    results: Sequence[posting.Result] = (),
    chosen: frozenset[int] | None = None,
    left: Sequence[worklist.Result] = (),
    back: str = "",
    busy: Work | None = None,
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
        going_on=busy,
    )
