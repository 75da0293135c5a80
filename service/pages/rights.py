"""The overview of rights, for the beheerder and the auditor."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.identity import rights
from service.log import audit
from service.pages.rendering import render, require
from service.web.dependencies import Database, Now, PageSession, Who
from workflow.phases import Role

router = APIRouter()

REVIEWERS = frozenset({Role.BEHEERDER, Role.AUDITOR})


@router.get("/rechten", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: PageSession, now: Now) -> Response:
    """Every role of every user, and when that user was seen last."""
    require(who, REVIEWERS)
    return render(request, "rights.html", rights=rights.overview(session, now))


@router.get("/rechten/bestand")
def download(who: Who, session: PageSession, engine: Database, now: Now) -> Response:
    """The same as CSV, to review and to keep; who took it stands in the log."""
    require(who, REVIEWERS)
    content = rights.as_csv(rights.overview(session, now))
    audit.record_reading(engine, who.access, "rechtenoverzicht_opgehaald", "gebruikers", now)
    name = f"rechten-{now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=rights.MEDIA_TYPE, headers=headers)
