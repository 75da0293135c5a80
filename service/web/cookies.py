"""The cookies: what they are called, how they are given and taken away. Their values are random or signed by us."""

from datetime import timedelta

from fastapi import Request, Response

from service.settings import Settings
from service.web.csrf import cookie_name

SESSION = ""
UNDER_WAY = "onderweg"
"""Of a sign-in that is not finished: a code is asked for, or the provider of the organisation has the word."""
DEVICE = "toestel"
"""Of a browser in which an account came in before (`service.identity.attempts`)."""

CHANGED = "gewijzigd"
"""Of who changed something a moment ago, where lists are read at a copy of the database (`service.replica`)."""


def brought(request: Request, word: str) -> str:
    """The value of a cookie; empty without."""
    return request.cookies.get(cookie_name(request.app.state.settings, word), "")


def give(response: Response, settings: Settings, word: str, value: str, life: timedelta | None = None) -> None:
    """Set a cookie that no script can read; without `life` it goes when the browser closes.

    Lax: it comes along with a link from a mail and with the way back from the provider, never with a form elsewhere.
    """
    response.set_cookie(
        cookie_name(settings, word),
        value,
        max_age=None if life is None else int(life.total_seconds()),
        path="/",
        httponly=True,
        secure=settings.https,
        samesite="lax",
    )


def header(settings: Settings, word: str, value: str, life: timedelta) -> str:
    """The same as a header, for an answer that somebody else makes."""
    response = Response()
    give(response, settings, word, value, life)
    return response.headers["set-cookie"]


def take_away(response: Response, settings: Settings, word: str) -> None:
    """Remove a cookie."""
    response.delete_cookie(cookie_name(settings, word), path="/", httponly=True, secure=settings.https, samesite="lax")
