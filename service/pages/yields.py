"""What UWV did with the results it was told: the liaison loads the file, everybody sees only sums."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from service.loading import yields
from service.log import audit
from service.log.subjects import subjects_of_signals
from service.pages.forms import Sent, claim, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, Who, WidePageSession
from service.web.errors import status_of
from service.web.files import FilesSent, digest_of, file_name, the_one
from signals.errors import DomainError, Invalid, NotFound, Reason, named
from signals.models import OpbrengstLoad
from workflow.phases import Role

router = APIRouter()

LIAISON = frozenset({Role.UWV_LIAISON})
MOST = 50
MOST_ROWS = 200


@router.get("/opbrengsten", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: WidePageSession) -> Response:
    """The form, and the files loaded before."""
    require(who, LIAISON)
    return _list(request, session)


def _list(request: Request, session: Session, error: DomainError | None = None) -> Response:
    reasons = error.reasons if error else ()
    newest = select(OpbrengstLoad).order_by(col(OpbrengstLoad.id).desc()).limit(MOST)
    return render(
        request,
        "yields.html",
        status=status_of(error) if error else 200,
        loads=session.exec(newest).all(),
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )


@router.get("/opbrengsten/{ladingnummer}", response_class=HTMLResponse)
def yield_page(
    request: Request, who: Who, session: WidePageSession, engine: Database, now: Now, ladingnummer: str
) -> Response:
    """The rows of a yield file that changed nothing, with what to do about them."""
    require(who, LIAISON)
    load = session.exec(select(OpbrengstLoad).where(OpbrengstLoad.ladingnummer == ladingnummer)).first()
    if load is None:
        raise NotFound(Reason("lading_onbekend", f"Er is geen opbrengst met {named(ladingnummer, 'OB-')}."))
    rows = load.afgewezen[:MOST_ROWS]
    people = subjects_of_signals(session, [row["cellen"].get("signaalnummer", "") for row in rows])
    audit.record_reading(engine, who.access, "opbrengst_bekeken", ladingnummer, now, about=people)
    return render(request, "yield.html", load=load, rows=rows)


@router.post("/opbrengsten", response_class=HTMLResponse, dependencies=[CsrfChecked])
def load(
    request: Request,
    who: Who,
    session: WidePageSession,
    settings: Config,
    now: Now,
    sent: Sent,
    files: FilesSent,
) -> Response:
    """Loads a yield file; a refused file changes nothing."""
    require(who, LIAISON)
    try:
        bestand = the_one(files)
        if bestand is None:
            raise Invalid(Reason("verplicht_leeg", "Kies een bestand.", "bestand"))
        form = claim(session, sent, f"{request.url.path} {digest_of(bestand)}", now)
        if form.location:
            return see_other(form.location)
        name = file_name(bestand)
        loaded = yields.load(session, settings, bestand.file, file_name=name, door=who.naam, now=now)
    except DomainError as error:
        session.rollback()
        return _list(request, session, error)
    return form.finish(f"/opbrengsten/{loaded.ladingnummer}" if loaded.afgekeurd else "/opbrengsten")
