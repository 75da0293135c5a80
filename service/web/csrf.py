"""Forms that somebody else's site sends are refused: by what the browser says of their origin, and by a form token."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request

from service.identity.accounts import NotSignedIn
from service.settings import Settings
from signals.errors import Forbidden, Reason

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf"
"""The name of the hidden field in every form."""

_EXPIRED = Reason(
    "formulier_verlopen", "Dit formulier is verlopen. Ga terug, laad de pagina opnieuw en probeer het nog eens."
)


class FormOutdated(Forbidden):
    """The token of a form belongs to a sign-in that is not this one: the page was opened before signing in again."""

    def __init__(self) -> None:
        super().__init__(_EXPIRED)


def same_origin(headers: Mapping[str, str], base_url: str, *, production: bool = False) -> bool:
    """Whether an unsafe request comes from our own pages.

    headers: lower-case names. `Sec-Fetch-Site` decides when the browser sends it; else `Origin` must be `base_url`,
    or outside production the host that was asked: there, whoever asks does not choose that name.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    try:
        origin = urlsplit(headers.get("origin", ""))
    except ValueError:
        return False
    ours = urlsplit(base_url)
    if production:
        return (origin.scheme, origin.netloc) == (ours.scheme, ours.netloc)
    return bool(origin.netloc) and origin.netloc in (headers.get("host"), ours.netloc)


def token_for(secret: str, key: bytes) -> str:
    """The form token that belongs to a session cookie."""
    return hmac.new(key, b"csrf\n" + secret.encode(), hashlib.sha256).hexdigest()


def csrf_token(request: Request) -> str:
    """The token for forms on this page; empty without a signed-in session."""
    settings: Settings = request.app.state.settings
    secret = session_secret(request)
    return token_for(secret, settings.keys[0]) if secret else ""


def session_secret(request: Request) -> str:
    """The value of the session cookie; empty without."""
    return request.cookies.get(cookie_name(request.app.state.settings), "")


def cookie_name(settings: Settings, word: str = "") -> str:
    """`__Host-` ties the cookie to this host and to https; plain http (demo, development) cannot have it.

    word: of another cookie than that of the session (`service.web.cookies`).
    """
    name = f"rni-{word}" if word else "rni"
    return f"__Host-{name}" if settings.https else name


def check_csrf(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Dependency for every POST of a page: FormOutdated unless the form token belongs to the session."""
    settings: Settings = request.app.state.settings
    secret = session_secret(request)
    if not secret:
        raise NotSignedIn(Reason("niet_aangemeld", "Meld u eerst aan."))
    if not fits(secret, csrf, settings):
        raise FormOutdated


def require_token(secret: str, csrf: str, settings: Settings) -> None:
    """Forbidden unless the form token belongs to this cookie."""
    if not fits(secret, csrf, settings):
        raise Forbidden(_EXPIRED)


def fits(secret: str, csrf: str, settings: Settings) -> bool:
    """Whether the form token belongs to this cookie, under any of our keys."""
    valid = [token_for(secret, key) for key in settings.keys]
    return any(hmac.compare_digest(csrf.encode(), token.encode()) for token in valid)


CsrfChecked = Depends(check_csrf)
"""`@router.post(..., dependencies=[CsrfChecked])`."""
