"""The last step of every way in: the session that begins, where it leads, and the cookies of it."""

from datetime import datetime, timedelta

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from service.access import Access
from service.identity import accounts, attempts
from service.log import audit
from service.models import User
from service.pages.rendering import see_other
from service.web import browsers, cookies
from service.web.dependencies import settings_of

DEVICE_LIFE = timedelta(days=365)


def own_page(wanted: str) -> str:
    """A path of ours to go to after signing in; the start page for anything else."""
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not wanted.startswith("/inloggen")
    return wanted if own and wanted.isprintable() else "/"


def first_page(user: User, wanted: str) -> str:
    """Where somebody goes after signing in: whose password somebody else knows, gets one of the own first."""
    return "/account" if user.wachtwoord_tot is not None else own_page(wanted)


def attempt_of(request: Request, naam: str, stage: attempts.Stage = attempts.Stage.PASSWORD) -> attempts.Attempt:
    """Who tries to come in as `naam`, as far as that can be told."""
    place = attempts.place_of(request.client.host if request.client else None)
    device = attempts.device_of(cookies.brought(request, cookies.DEVICE), naam, settings_of(request).keys)
    return attempts.Attempt(naam, place, device, stage)


def open_session(session: Session, request: Request, user: User, now: datetime) -> str:
    """Begin a session in the place of the one of before, with its entry in the log; gives the value of its cookie."""
    if old := cookies.brought(request, cookies.SESSION):
        accounts.end_session(session, old)
    seen = browsers.named(request.headers.get("user-agent", ""))
    secret = accounts.start_session(session, user, now=now, hours=settings_of(request).session_hours, toestel=seen)
    origin = session.info["access"].origin
    session.info["access"] = Access.of(accounts.actor_of(session, user, now.date()), origin)
    audit.record(session, "aanmelden", user.naam, now)
    return secret


def welcome(request: Request, secret: str, wanted: str, remembered_as: str = "") -> Response:
    """On to the page that was asked for. remembered_as: the local account that came in: this browser is known now."""
    settings = settings_of(request)
    response = see_other(own_page(wanted))
    cookies.give(response, settings, cookies.SESSION, secret)
    cookies.take_away(response, settings, cookies.UNDER_WAY)
    if remembered_as:
        brought = cookies.brought(request, cookies.DEVICE)
        mark = attempts.remember_device(brought, remembered_as, settings.keys)
        cookies.give(response, settings, cookies.DEVICE, mark, DEVICE_LIFE)
    return response
