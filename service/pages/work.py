"""Work that was asked on a page and goes on outside the request: how far it is, and where it led."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service import work
from service.models import Work, WorkKind, WorkState
from service.pages.rendering import render, see_other
from service.pages.worklist import POSTING
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, PageSession, ReadingPageSession, RowNumber, SignedIn, Who
from service.work_signs import signs_of
from signals.errors import NotFound, Reason
from workflow.phases import Role

router = APIRouter()

REFRESH = 2
"""Seconds after which the page asks for itself again."""


@dataclass(frozen=True)
class Shown:
    """How a kind of work stands on its page.

    where: the page it was asked on, by the work; made: the page of what it made. own: for who asked, and a beheerder.
    """

    title: str
    goes_on: str
    counted: str
    stopped: str
    roles: frozenset[Role]
    menu: str
    where: Callable[[Work], str]
    made: Callable[[Work], str]
    own: bool = False


KINDS: Mapping[WorkKind, Shown] = {
    WorkKind.TERUGKOPPELING: Shown(
        "Terugkoppeling maken",
        "De terugkoppeling wordt gemaakt.",
        "regels geschreven",
        "Er is geen terugkoppeling gemaakt.",
        frozenset({Role.COORDINATOR}),
        "Terugkoppelingen",
        lambda done: "/terugkoppelingen",
        lambda done: (
            f"/terugkoppelingen/{done.uitkomst}?gedaan=gemaakt" if done.uitkomst else "/terugkoppelingen?gedaan=niets"
        ),
    ),
    WorkKind.PAKKET: Shown(
        "Pakket publiceren",
        "Het pakket wordt gemaakt: de cijfers worden geteld en de bestanden getekend.",
        "delen klaar",
        "Er is niets gepubliceerd.",
        frozenset({Role.COORDINATOR}),
        "Sessies",
        lambda done: f"/sessies/{done.ladingnummer}/pakket/publiceren?peildatum={done.gegevens.get('peildatum', '')}",
        lambda done: f"/sessies/{done.ladingnummer}/pakket?gedaan=gepubliceerd",
    ),
    WorkKind.SLEUTELS: Shown(
        "Opnieuw verzegelen",
        "Alles wordt onder de nieuwste sleutel gelegd. Iedereen kan gewoon doorwerken.",
        "rijen bekeken",
        "Wat al onder de nieuwste sleutel ligt, blijft daar. Een volgende keer gaat het verder.",
        frozenset({Role.BEHEERDER}),
        "Sleutels",
        lambda done: "/sleutels",
        lambda done: "/sleutels?gedaan=verzegeld",
    ),
    WorkKind.BRIEVEN: Shown(
        "Post versturen",
        "De brieven worden verstuurd: van elke zaak wordt de stap gezet.",
        "brieven gedaan",
        "Wat al verstuurd is, blijft verstuurd. De andere brieven liggen nog klaar.",
        POSTING,
        "Post",
        lambda done: "/post",
        lambda done: "/post?gedaan=verstuurd",
        own=True,
    ),
}
"""What has a page here; work on a load or a vernietigingslijst has that of the load or the list."""


def address(asked: Work) -> str:
    """Its page."""
    return f"/werk/{asked.id}"


def going_on(session: Session, about: str) -> Work | None:
    """What is asked about this and not done yet."""
    asked = work.latest(session, about)
    return asked if asked is not None and asked.staat in work.OPEN else None


def _may_see(who: SignedIn, asked: Work, shown: Shown) -> bool:
    if shown.own:
        return who.has(Role.BEHEERDER) or (asked.door == who.naam and who.has(*shown.roles))
    return who.has(*shown.roles)


def _find(session: Session, who: SignedIn, nummer: int) -> tuple[Work, Shown]:
    """The work for whoever may ask for such; NotFound for anybody else, and for any other number."""
    found = work.find(session, nummer)
    shown = KINDS.get(found.soort) if found is not None else None
    if found is None or shown is None or not _may_see(who, found, shown):
        raise NotFound(Reason("werk_onbekend", "Dit werk is er niet, of u mag het niet zien."))
    return found, shown


@router.get("/werk/{nummer}", response_class=HTMLResponse)
def page(
    request: Request, who: Who, session: PageSession, engine: Database, settings: Config, nummer: RowNumber
) -> Response:
    """How far it is, until it is done: then the page of what it made."""
    asked, shown = _find(session, who, nummer)
    signs = signs_of(engine, settings)
    by_itself = "hx-request" in request.headers
    if asked.staat == WorkState.KLAAR:
        made = shown.made(asked)
        return Response(headers={"HX-Redirect": made}) if by_itself else see_other(made)
    open_ = asked.staat in work.OPEN
    answer = render(
        request,
        "work.html",
        asked=asked,
        shown=shown,
        where=shown.where(asked),
        open=open_,
        told=signs.progress(asked),
        stopping=open_ and signs.is_stopping(asked),
        alone=asked.staat == WorkState.WACHT and not signs.anybody_works(),
        refresh=REFRESH,
    )
    if by_itself and not open_:
        answer.headers["HX-Refresh"] = "true"  # the part that asked is there no more: the whole page, once
    return answer


@router.post("/werk/{nummer}/stopzettingen", dependencies=[CsrfChecked])
def stop(who: Who, session: ReadingPageSession, engine: Database, settings: Config, nummer: RowNumber) -> Response:
    """Stops what goes on; when nothing does any more, the page says what became of it.

    It waits for no lock of a database in a file: what is to stop may hold it.
    """
    asked, _ = _find(session, who, nummer)
    if asked.staat in work.OPEN:
        signs_of(engine, settings).stop(who.access, asked)
    return see_other(address(asked))
