"""The version of a case in HTTP: `ETag` with what is read, `If-Match` with what is taken, 412 when it moved on."""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Header

from service.web.errors import PreconditionFailed
from signals.errors import Invalid, Reason, Stale

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        min_length=1,
        max_length=200,
        description="De ETag waarmee de zaak of haar stappen werden gelezen; in plaats van versie of ernaast.",
    ),
]
TAGGED: dict[str, Any] = {
    "headers": {"ETag": {"description": "De versie van de zaak, voor If-Match.", "schema": {"type": "string"}}}
}
"""For `responses`: an answer that says of which version it is."""
Taken = TypeVar("Taken")
ANY = "*"
_TAG = re.compile(r'"[0-9]{1,18}"')
_OTHER = Reason(
    "versie_verouderd",
    "If-Match noemt geen versie van deze zaak. Haal de zaak opnieuw op en stuur haar ETag mee.",
    "If-Match",
)
_MISSING = Reason("missing", "Geef versie, of stuur If-Match mee.", "versie")


def tag(versie: int) -> str:
    """The ETag of a case. It tells of steps, as `versie` does: a note of a colleague leaves it as it is."""
    return f'"{versie}"'


def on_version(if_match: str | None, versie: int | None, now: int, take: Callable[[int], Taken]) -> Taken:
    """Take something on the version that was read, named by `If-Match`, by `versie`, or by both.

    now: the version as it stands. take: does it on a version, and raises Stale when that is not the last. Raises
    PreconditionFailed, with what changed, when it was `If-Match` that no longer holds; Invalid without any version.
    """
    if if_match is None or if_match.strip() == ANY:
        if versie is None:
            raise Invalid(_MISSING)
        return take(versie)
    named = [int(found.strip('"')) for found in _tags(if_match)]
    if not named:
        raise PreconditionFailed(_OTHER)
    if now in named and versie is not None:
        return take(versie)
    try:
        return take(now if now in named else named[0])
    except Stale as stale:
        raise PreconditionFailed(stale.reasons) from None


def _tags(if_match: str) -> list[str]:
    """The strong ones among the tags; a weak one never matches (RFC 9110, 13.1.1)."""
    return [each.strip() for each in if_match.split(",") if _TAG.fullmatch(each.strip())]
