"""Signing in with a local account, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from service import accounts, audit
from service.access import Access
from service.csrf import CsrfChecked, cookie_name, session_secret
from service.db import session_scope
from service.dependencies import Config, Database, MaybeWho, Now, origin_of
from service.pages.rendering import render, see_other
from signals.errors import Reason

router = APIRouter()

WRONG = Reason(
    "aanmelden_mislukt", "De gebruikersnaam of het wachtwoord klopt niet. Probeer het nog eens.", "gebruikersnaam"
)


def _own_page(wanted: str) -> str:
    """A path of ours to go to after signing in; the start page for anything else."""
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted != "/inloggen"
    return wanted if own and wanted.isprintable() else "/"


def _form(request: Request, volgende: str, naam: str = "", reason: Reason | None = None, status: int = 200) -> Response:
    reasons = [reason] if reason else []
    return render(request, "sign_in.html", status=status, volgende=_own_page(volgende), naam=naam, reasons=reasons)


@router.get("/inloggen", response_class=HTMLResponse)
def sign_in_form(request: Request, who: MaybeWho, volgende: str = "/") -> Response:
    """The form; whoever is signed in already goes on."""
    return see_other(_own_page(volgende)) if who else _form(request, volgende)


@router.post("/inloggen", response_class=HTMLResponse)
def sign_in(
    request: Request,
    settings: Config,
    engine: Database,
    now: Now,
    gebruikersnaam: Annotated[str, Form()] = "",
    wachtwoord: Annotated[str, Form()] = "",
    volgende: Annotated[str, Form()] = "/",
) -> Response:
    """Checks name and password; one sentence for whatever is wrong, and a wait after too many failures."""
    naam = gebruikersnaam.strip().lower()[:100]
    place = request.client.host if request.client else "onbekend"
    system = Access.system(origin=origin_of(request, "pagina"))
    with session_scope(engine, system, write=False) as session:
        wait = accounts.waiting_time(session, naam, place, now)
        if wait:
            reason = accounts.TooManyAttempts(wait).reasons[0]
            return _form(request, volgende, naam, reason, 429)
        user = accounts.check_password(session, naam, wachtwoord)
    with session_scope(engine, system) as session:
        accounts.note_attempt(session, naam, place, success=user is not None, now=now)
        if user is None:
            known = accounts.known_name(session, naam) or "onbekend"
            audit.record(session, "aanmelden", known, now, resultaat="geweigerd")
            return _form(request, volgende, naam, WRONG, 400)
        if old := session_secret(request):
            accounts.end_session(session, old)
        secret = accounts.start_session(session, user, now=now, hours=settings.session_hours)
        session.info["access"] = Access.of(accounts.actor_of(session, user, now.date()), system.origin)
        audit.record(session, "aanmelden", user.naam, now)
    response = see_other(_own_page(volgende))
    response.set_cookie(cookie_name(settings), secret, path="/", httponly=True, secure=settings.https, samesite="lax")
    return response


@router.post("/uitloggen", dependencies=[CsrfChecked])
def sign_out(request: Request, settings: Config, engine: Database, now: Now, who: MaybeWho) -> Response:
    """Ends the session at once, here and in the browser."""
    if who is not None:
        with session_scope(engine, who.access) as session:
            accounts.end_session(session, session_secret(request))
            audit.record(session, "afmelden", who.naam, now)
    response = see_other("/inloggen")
    response.delete_cookie(cookie_name(settings), path="/", httponly=True, secure=settings.https, samesite="lax")
    return response
