"""/.well-known/security.txt (RFC 9116): where somebody who finds a weakness can report it."""

from datetime import UTC, datetime, time, timedelta

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from service.web.dependencies import Config, Now

router = APIRouter()

SECURITY_TXT = "/.well-known/security.txt"
GOOD_FOR = timedelta(days=180)
"""Counted from the day it is asked for: what nobody keeps up to date cannot run out. The norm says less than a year."""


@router.get(SECURITY_TXT, response_class=PlainTextResponse)
def security_txt(settings: Config, now: Now) -> PlainTextResponse:
    """Open to everybody."""
    until = datetime.combine(now.date() + GOOD_FOR, time(), UTC)
    lines = {
        "Contact": settings.security_contact,
        "Expires": until.isoformat().replace("+00:00", "Z"),
        "Preferred-Languages": "nl, en",
        "Canonical": settings.base_url.rstrip("/") + SECURITY_TXT,
    }
    return PlainTextResponse("".join(f"{name}: {value}\n" for name, value in lines.items()))
