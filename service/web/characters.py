"""Characters that no text of ours can hold: NUL, half a pair of code units, and text that is not UTF-8.

A database refuses them with an error of its own and an answer cannot be written with them, so they are refused once,
at the door, wherever they stand.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from service.web.csrf import SAFE_METHODS
from signals.errors import Invalid, Reason

UNREADABLE = Reason(
    "onleesbaar_teken",
    "Er staat een teken in dat niet te lezen is: een NUL-teken, een half teken, of tekst die geen UTF-8 is. "
    "Haal het weg of kies UTF-8, en probeer het opnieuw.",
)
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LOST = "\ufffd"
"""What stands in a form that was read where the bytes were not UTF-8: a part of the text is gone."""
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""How such a character may be written in JSON; half of a pair, which may stand beside its other half."""


def readable(text: str) -> bool:
    """Whether a text can be stored and sent."""
    return _UNREADABLE.search(text) is None


def unreadable_address(scope: Scope) -> bool:
    """Whether the path or the query holds such a character, also written as `%00`."""
    try:
        query = unquote_to_bytes(scope.get("query_string", b"")).decode()
    except UnicodeDecodeError:
        return True
    return not (readable(query) and readable(scope["path"]))


def other_charset(headers: Headers) -> bool:
    """Whether the sender says that the text is something else than UTF-8."""
    charset = _CHARSET.search(headers.get("content-type", ""))
    return charset is not None and charset[1].lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii")


async def readable_body(request: Request) -> AsyncIterator[None]:
    """Dependency of every route: Invalid when a form, a file name or JSON holds such a character.

    What it read of a form (there are files behind it) is closed with the request, whatever became of that.
    """
    try:
        await _require_readable(request)
        yield
    finally:
        await request.close()


async def _require_readable(request: Request) -> None:
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("content-type", "").startswith(_FORMS):
        form = await request.form()
        found = all(
            readable(text) and _LOST not in text
            for name, value in form.multi_items()
            for text in (name, value if isinstance(value, str) else value.filename or "")
        )
    else:
        try:
            found = _readable(await request.body())
        except (ValueError, RecursionError, ClientDisconnect):
            return  # not JSON: the route says so, or it takes no body
    if not found:
        raise Invalid(UNREADABLE)


def _readable(content: bytes) -> bool:
    """Whether JSON holds no such character; ValueError or RecursionError when it is none."""
    if _ESCAPED.search(content) is None:
        return True  # a bare one is no JSON; so nearly every body is judged without reading it
    waiting: list[Any] = [json.loads(content)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and not readable(value):
            return False
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
    return True
