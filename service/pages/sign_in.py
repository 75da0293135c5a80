"""Signing in with a local account, and out again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from service.access import Access
from service.db import session_scope
from service.identity import accounts, attempts, passwords, pending_sign_ins, second_factor
from service.log import audit
from service.pages.codes import secret_for_app
from service.pages.entrance import attempt_of, first_page, open_session, own_page, welcome
from service.pages.rendering import render, see_other
from service.running.meter import METER
from service.settings import Environment
from service.web import cookies
from service.web.csrf import session_secret
from service.web.dependencies import Config, Database, MaybeWho, Now, origin_of
from service.web.errors import headers_of, status_of
from signals.errors import Reason

router = APIRouter()

WRONG = Reason(
    "aanmelden_mislukt", "De gebruikersnaam of het wachtwoord klopt niet. Probeer het nog eens.", "gebruikersnaam"
)
OVER = Reason(
    "wachtwoord_verlopen",
    "Dit wachtwoord kreeg u van de beheerder en het is verlopen: het gold een week. Vraag de beheerder om een nieuw.",
    "wachtwoord",
)
TOO_SLOW = Reason("aanmelden_verlopen", "Het inloggen duurde te lang of was al klaar. Begin opnieuw.")


def sign_in_page(
    request: Request, volgende: str, *, naam: str = "", reasons: Sequence[Reason] = (), status: int = 200
) -> Response:
    """The form, with a button to the provider of the organisation when there is one."""
    return render(
        request,
        "sign_in.html",
        status=status,
        volgende=own_page(volgende),
        naam=naam,
        reasons=reasons,
        organisation=request.app.state.provider is not None,
    )


@router.get("/inloggen", response_class=HTMLResponse)
def sign_in_form(request: Request, who: MaybeWho, volgende: str = "/", verlopen: str = "") -> Response:
    """The form; whoever is signed in already goes on."""
    return (
        see_other(own_page(volgende))
        if who
        else sign_in_page(request, volgende, reasons=[TOO_SLOW] if verlopen else [])
    )


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
    """Checks name and password; one sentence for whatever is wrong, and a wait after too many failures.

    Outside the demo this opens nothing yet: a code is asked for next.
    """
    naam = gebruikersnaam.strip().lower()[:100]
    attempt = attempt_of(request, naam)
    system = Access.system(origin=origin_of(request, "pagina"))
    try:
        with passwords.in_turn():
            with session_scope(engine, system) as session:
                attempts.take_turn(session, attempt, now)
            with session_scope(engine, system, write=False) as session:
                user = accounts.check_password(session, naam, wachtwoord)
                linked = user is not None and second_factor.is_linked(session, user)
    except (attempts.TooManyAttempts, passwords.TooBusy) as later:
        METER.refused("wachttijd" if isinstance(later, attempts.TooManyAttempts) else "druk")
        answer = sign_in_page(request, volgende, naam=naam, reasons=later.reasons, status=status_of(later))
        answer.headers.update(headers_of(later))
        return answer
    with session_scope(engine, system) as session:
        if user is None or accounts.hold(session, user).wachtwoord != user.wachtwoord:
            known = accounts.known_name(session, naam) or "onbekend"
            audit.record(session, "aanmelden", known, now, resultaat="geweigerd")
            METER.refused("wachtwoord")
            return sign_in_page(request, volgende, naam=naam, reasons=[WRONG], status=400)
        attempts.forget_failures(session, attempt)
        if accounts.is_over(user, now):
            audit.record(session, "aanmelden", user.naam, now, resultaat="geweigerd")
            METER.refused("verlopen")
            return sign_in_page(request, volgende, naam=naam, reasons=[OVER], status=400)
        if settings.environment is Environment.DEMO:
            secret = open_session(session, request, user, now)
            return welcome(request, secret, first_page(user, volgende), remembered_as=naam)
        told = {"volgende": own_page(volgende)} | ({} if linked else {"geheim": secret_for_app()})
        secret = pending_sign_ins.begin(session, now, told, user)
    response = see_other("/inloggen/code" if linked else "/inloggen/koppelen")
    cookies.give(response, settings, cookies.UNDER_WAY, secret)
    return response


@router.post("/uitloggen")  # from a page of ours, whatever sign-in its form was of: who wants out, is out
def sign_out(request: Request, settings: Config, engine: Database, now: Now, who: MaybeWho) -> Response:
    """Ends the session at once, here and in the browser; whoever came by the provider is sent on to sign out there."""
    elsewhere = False
    if who is not None:
        with session_scope(engine, who.access) as session:
            accounts.end_session(session, session_secret(request))
            audit.record(session, "afmelden", who.naam, now)
            user = accounts.find_user(session, who.naam)
            elsewhere = user.wachtwoord == accounts.NO_PASSWORD and request.app.state.provider is not None
    response = see_other("/uitgelogd" if elsewhere else "/inloggen")
    cookies.take_away(response, settings, cookies.SESSION)
    return response
