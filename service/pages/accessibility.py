"""The statement on accessibility, as the Besluit digitale toegankelijkheid overheid asks of every site."""

from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.pages.rendering import render
from service.web.dependencies import Config, Database, MaybeWho
from workflow.phases import Role

router = APIRouter()

WRITTEN = date(2026, 11, 23)
"""The day of the statement: to be looked through within a year, and when what it says changes."""
PRINTED = (
    "een zaak",
    "een formulier van het dossier",
    "de cijfers",
    "het pakket van een sessie",
    "de daglijst van de bezoeken",
    "de werklijst",
)
"""The pages that tests/service/pages/test_paper.py looks at on paper."""


@router.get("/toegankelijkheid", response_class=HTMLResponse)
def statement(request: Request, who: MaybeWho, settings: Config, engine: Database) -> Response:
    """Open to all: whoever cannot get past the sign-in must be able to say so. Colleagues see who the beheerder is."""
    contact, managers = settings.accessibility_contact, []
    if who is not None and not contact:
        with session_scope(engine, Access.system(origin="pagina"), write=False) as session:
            managers = managers_of(session)
    return render(request, "accessibility.html", contact=contact, managers=managers, written=WRITTEN, printed=PRINTED)


def managers_of(session: Session) -> list[tuple[str, str]]:
    """Shown name and mail address of everybody who manages this installation."""
    return [
        (user.weergavenaam, user.emailadres)
        for user, roles in accounts.users(session)
        if user.uitgeschakeld_op is None and any(role.rol == Role.BEHEERDER for role in roles)
    ]
