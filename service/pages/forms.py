"""What a form sends: read as text, sent once however often the button is pressed, and kept when it is refused."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from service.access import access_of
from service.csrf import FIELD as CSRF
from service.models import IdempotencyKey
from signals.dates import eight_digits
from workflow.fields import Field

KEY = "formulier"
"""The name of the hidden field that tells one sending of a form from the next."""
VERSION = "versie"
_NOT_CONTENT = frozenset({CSRF, KEY})


async def fields_sent(request: Request) -> dict[str, str]:
    """The text fields of a form, line ends as one sign; files are left out."""
    form = await request.form()
    return {name: value.replace("\r\n", "\n").strip() for name, value in form.multi_items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(fields_sent)]


def new_key() -> str:
    """A value for the hidden field of a fresh form."""
    return secrets.token_urlsafe(12)


def version_of(sent: Mapping[str, str]) -> int:
    """The version of the case that the form was made for; 0 when it was tampered with, which is always stale."""
    text = sent.get(VERSION, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def given(fields: Iterable[Field], sent: Mapping[str, str]) -> dict[str, str]:
    """What was filled in for these fields, dates also when typed as dd-mm-jjjj."""
    values = {field.naam: sent[field.naam] for field in fields if sent.get(field.naam)}
    for field in fields:
        if field.soort == "datum" and field.naam in values:
            values[field.naam] = _iso(values[field.naam])
    return values


def _iso(text: str) -> str:
    digits = eight_digits(text)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else text


def done_before(session: Session, sent: Mapping[str, str], path: str, now: datetime) -> bool:
    """Whether this very form, with this content, was carried out before; if not, it is from now on.

    In the transaction of what it does: a refused form is not carried out. A double click and the back button so do
    nothing twice. path: where the form goes, part of what makes it the same.
    """
    if not sent.get(KEY):
        return False
    content = {name: value for name, value in sent.items() if name not in _NOT_CONTENT}
    digest = hashlib.sha256(json.dumps([path, content], sort_keys=True).encode()).hexdigest()
    row = {
        "actor": access_of(session).actor.naam,
        "sleutel": f"pagina {sent[KEY][:40]} {digest[:32]}",
        "verzoek": digest,
        "status": 303,
        "antwoord": "",
        "aangemaakt_op": now,
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    claim = insert(IdempotencyKey).values(**row).on_conflict_do_nothing(index_elements=["actor", "sleutel"])
    # Without the option the count of an INSERT is lost on PostgreSQL.
    claimed = session.execute(claim.execution_options(preserve_rowcount=True))
    return int(claimed.rowcount) == 0  # type: ignore[attr-defined]  # an INSERT's result has it
