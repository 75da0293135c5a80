"""Signing in at the provider of the organisation: the way there, the way back, and out again."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from service.access import Access
from service.db import session_scope
from service.identity import pending_sign_ins, provider_accounts
from service.identity.openid import Distrusted, Provider, ProviderAway
from service.log import audit
from service.pages.entrance import open_session, own_page, welcome
from service.pages.rendering import render, see_other
from service.pages.sign_in import TOO_SLOW, sign_in_page
from service.running.meter import METER
from service.web import cookies
from service.web.dependencies import Config, Database, Now, origin_of
from service.web.errors import status_of
from signals.errors import DomainError, NotFound, Reason

router = APIRouter()
log = structlog.get_logger()

AWAY = "De inlogdienst van uw organisatie antwoordt niet. U bent hier uitgelogd, daar misschien nog niet."


def provider_of(request: Request) -> Provider:
    """The provider of this installation; NotFound when it has none."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound(Reason("geen_inlogdienst", "Hier logt u in met een gebruikersnaam en een wachtwoord."))
    return provider


At = Annotated[Provider, Depends(provider_of)]


@router.get("/inloggen/organisatie")
def there(
    request: Request, provider: At, settings: Config, engine: Database, now: Now, volgende: str = "/"
) -> Response:
    """On to the provider; what must be known when the browser comes back is kept here, sealed."""
    try:
        address, told = provider.begin(now)
    except DomainError as error:
        return _refused(request, error, volgende)
    with session_scope(engine, Access.system(origin=origin_of(request, "pagina"))) as session:
        secret = pending_sign_ins.begin(session, now, {**told, "volgende": own_page(volgende)})
    response = see_other(address)
    cookies.give(response, settings, cookies.UNDER_WAY, secret)
    return response


@router.get("/inloggen/organisatie/terug", response_class=HTMLResponse)
def back(request: Request, provider: At, settings: Config, engine: Database, now: Now) -> Response:
    """What the provider says becomes a session, once; nothing that came along in the address is shown again."""
    brought = cookies.brought(request, cookies.UNDER_WAY)
    system = Access.system(origin=origin_of(request, "pagina"))
    with session_scope(engine, system) as session:
        found = pending_sign_ins.find(session, brought, now)
        if found is None or "state" not in found.told or not pending_sign_ins.finish(session, brought):
            return sign_in_page(request, "/", reasons=[TOO_SLOW], status=400)
    wanted = found.told.get("volgende", "/")
    try:
        claims = provider.complete(found.told, dict(request.query_params), now)
    except DomainError as error:
        with session_scope(engine, system) as session:
            audit.record(session, "aanmelden_organisatie", "onbekend", now, resultaat="geweigerd")
        METER.refused("organisatie")
        return _refused(request, error, wanted)
    with session_scope(engine, system) as session:
        user, reason = provider_accounts.receive(session, settings, claims, now)
        if user is None or reason is not None:
            known = user.naam if user else "onbekend"
            audit.record(session, "aanmelden_organisatie", known, now, resultaat="geweigerd")
            METER.refused("organisatie")
            return sign_in_page(request, wanted, reasons=[reason or provider_accounts.NO_ROLE], status=403)
        secret = open_session(session, request, user, now)
    return welcome(request, secret, wanted)


def _refused(request: Request, error: DomainError, wanted: str) -> Response:
    """The form with the reason: with a local account one can still come in."""
    if isinstance(error, Distrusted):
        log.warning("inlogdienst", fout=error.what)
    status = 503 if isinstance(error, ProviderAway) else status_of(error)
    return sign_in_page(request, wanted, reasons=error.reasons, status=status)


@router.get("/inloggen/organisatie/sleutels")
def keys(provider: At) -> JSONResponse:
    """Our public key, for the provider."""
    return JSONResponse(provider.public_keys)


@router.get("/uitgelogd", response_class=HTMLResponse)
def signed_out(request: Request, provider: At, now: Now) -> Response:
    """Signed out here; and on to the provider, when one can sign out there.

    A page of its own: a browser does not let the answer to one of our forms lead to another site (form-action).
    """
    told: dict[str, Any] = {"address": None, "notice": ""}
    try:
        told["address"] = provider.sign_out_address(now)
    except DomainError:
        told["notice"] = AWAY
    return render(request, "signed_out.html", **told)
