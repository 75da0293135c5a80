"""The second half of signing in with a local account: a code of the app, or first linking an app."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Annotated
from urllib.parse import urlsplit

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.identity import accounts, attempts, pending_sign_ins, second_factor
from service.log import audit
from service.models import User
from service.pages.entrance import attempt_of, first_page, open_session, welcome
from service.pages.rendering import render, see_other
from service.running.meter import METER
from service.web import cookies
from service.web.csrf import require_token, token_for
from service.web.dependencies import Config, Database, Now, origin_of, settings_of
from service.web.errors import headers_of, status_of
from signals.errors import Reason

router = APIRouter()

AGAIN = "/inloggen?verlopen=ja"
SECRET = "geheim"  # noqa: S105  # nosec B105  # the word under which a sign-in keeps it
WRONG = Reason(
    "code_onjuist",
    "Deze code klopt niet of is al gebruikt. Wacht tot uw app een nieuwe code toont en vul die in.",
    "code",
)


def secret_for_app() -> str:
    """A new secret, as a sign-in under way keeps it."""
    return second_factor.new_secret().hex()


def _under_way(session: Session, request: Request, now: datetime) -> tuple[User, Mapping[str, str]] | None:
    """Whose password was right a moment ago, in this browser, and what was kept then."""
    found = pending_sign_ins.find(session, cookies.brought(request, cookies.UNDER_WAY), now)
    return (found.user, found.told) if found is not None and found.user is not None else None


def _looked_up(request: Request, engine: Engine, now: datetime) -> tuple[User, Mapping[str, str]] | None:
    with session_scope(engine, Access.system(origin=origin_of(request, "pagina")), write=False) as session:
        return _under_way(session, request, now)


def _form(
    request: Request, user: User, told: Mapping[str, str], reason: Reason | None = None, status: int = 200
) -> Response:
    settings = settings_of(request)
    shown = {}
    if SECRET in told:
        shown = {"geheim": second_factor.as_text(bytes.fromhex(told[SECRET]))}
    return render(
        request,
        "link_app.html" if shown else "code.html",
        status=status,
        naam=user.naam,
        reasons=[reason] if reason else [],
        under_way=token_for(cookies.brought(request, cookies.UNDER_WAY), settings.keys[0]),
        **shown,
    )


@router.get("/inloggen/code", response_class=HTMLResponse)
def code_form(request: Request, engine: Database, now: Now) -> Response:
    """Asks for the code that the app shows."""
    found = _looked_up(request, engine, now)
    if found is None:
        return see_other(AGAIN)
    return see_other("/inloggen/koppelen") if SECRET in found[1] else _form(request, *found)


@router.get("/inloggen/koppelen", response_class=HTMLResponse)
def link_form(request: Request, engine: Database, now: Now) -> Response:
    """Shows what the app must be told, as a picture and as text, and asks for its first code."""
    found = _looked_up(request, engine, now)
    if found is None:
        return see_other(AGAIN)
    return _form(request, *found) if SECRET in found[1] else see_other("/inloggen/code")


@router.get("/inloggen/koppelen/qr.svg")
def qr_code(request: Request, settings: Config, engine: Database, now: Now) -> Response:
    """The picture that the app scans, for whoever is linking it now."""
    found = _looked_up(request, engine, now)
    if found is None or SECRET not in found[1]:
        return see_other(AGAIN)
    user, told = found
    host = urlsplit(settings.base_url).hostname or ""
    drawn = BytesIO()
    code = segno.make_qr(second_factor.address(bytes.fromhex(told[SECRET]), user.naam, host))
    code.save(drawn, kind="svg", scale=5, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@router.post("/inloggen/code", response_class=HTMLResponse)
@router.post("/inloggen/koppelen", response_class=HTMLResponse)
def check_code(
    request: Request,
    settings: Config,
    engine: Database,
    now: Now,
    code: Annotated[str, Form(max_length=20)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """A right code opens the session. Whoever has the password gets a few turns, each counted before it is judged."""
    brought, system = cookies.brought(request, cookies.UNDER_WAY), Access.system(origin=origin_of(request, "pagina"))
    found = _looked_up(request, engine, now)
    if found is None:
        return see_other(AGAIN)
    require_token(brought, csrf, settings)
    user, told = found
    attempt = attempt_of(request, user.naam, attempts.Stage.CODE)
    try:
        with session_scope(engine, system) as session:
            attempts.take_turn(session, attempt, now)
    except attempts.TooManyAttempts as later:
        METER.refused("wachttijd")
        answer = _form(request, user, told, later.reasons[0], status_of(later))
        answer.headers.update(headers_of(later))
        return answer
    with session_scope(engine, system) as session:
        accounts.hold(session, user)
        found = _under_way(session, request, now)
        linking = SECRET in told
        # It was finished meanwhile, or another app was linked in another window, a moment ago.
        if found is None or (linking and second_factor.is_linked(session, found[0])):
            pending_sign_ins.finish(session, brought)
            return see_other(AGAIN)
        user = found[0]
        if linking:
            right = second_factor.link(session, user, bytes.fromhex(told[SECRET]), code, now)
        else:
            right = second_factor.passes(session, user, code, now)
        if not right:
            audit.record(session, "aanmelden_code", user.naam, now, resultaat="geweigerd")
            METER.refused("code")
            return _form(request, user, told, WRONG, 400)
        attempts.forget_failures(session, attempt)
        pending_sign_ins.finish(session, brought)
        secret = open_session(session, request, user, now)
        if linking:
            audit.record(session, "tweede_factor_gekoppeld", user.naam, now)
    return welcome(request, secret, first_page(user, told.get("volgende", "/")), remembered_as=user.naam)
