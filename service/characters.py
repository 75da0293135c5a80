"""Characters that no text of ours can hold: NUL, half a pair of code units, and text that is not UTF-8.

A database refuses them with an error of its own and an answer cannot be written with them, so they are refused once,
at the door, wherever they stand.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from service.csrf import SAFE_METHODS
from signals.errors import Invalid, Reason

UNREADABLE = Reason(
    "onleesbaar_teken",
    "Er staat een teken in dat niet te lezen is: een NUL-teken, een half teken, of tekst die geen UTF-8 is. "
    "Haal het weg of kies UTF-8, en probeer het opnieuw.",
)
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


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
    said = Message()
    said["Content-Type"] = headers.get("content-type", "")
    charset = said.get_content_charset()
    return charset is not None and charset.replace("_", "-") not in ("utf-8", "utf8", "us-ascii")


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
        texts: Iterable[Any] = ((name, getattr(value, "filename", value)) for name, value in form.multi_items())
    else:
        try:
            texts = json.loads(await request.body() or b"null")
        except (ValueError, RecursionError, ClientDisconnect):
            return  # not JSON: the route says so, or it takes no body
    if not _readable(texts):
        raise Invalid(UNREADABLE)


def _readable(value: Any) -> bool:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, Mapping):
        return all(_readable(each) for pair in value.items() for each in pair)
    return not isinstance(value, Iterable) or all(_readable(each) for each in value)
