"""Who may come in, for the beheerder; adding and closing accounts is done with the command `rni user`."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import select

from service import accounts
from service.dependencies import PageSession, Who
from service.pages.rendering import render, require
from signals.models import Municipality
from workflow.phases import Role

router = APIRouter()


@router.get("/gebruikers", response_class=HTMLResponse)
def users(request: Request, who: Who, session: PageSession) -> Response:
    """Every account with its roles."""
    require(who, frozenset({Role.BEHEERDER}))
    names = {row.code: row.naam for row in session.exec(select(Municipality))}
    return render(request, "users.html", users=accounts.users(session), municipalities=names)
