"""What a form sends: read as text, sent once however often the button is pressed, and kept when it is refused."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import update
from sqlmodel import Session, col, select

from service.access import access_of
from service.models import IdempotencyKey
from service.web.csrf import FIELD as CSRF
from signals.base import table
from signals.bulk import insert_if_new
from signals.dates import eight_digits
from signals.errors import Invalid, Reason
from signals.municipalities import names_on
from workflow.fields import Field

KEY = "formulier"
"""The name of the hidden field that tells one sending of a form from the next."""
VERSION = "versie"
_NOT_CONTENT = frozenset({CSRF, KEY})


async def fields_sent(request: Request) -> dict[str, str]:
    """The text fields of a form, line ends as one sign; files are left out. What was ticked more than once is a list
    with commas."""
    form = await request.form()
    sent: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            text = value.replace("\r\n", "\n").strip()
            sent[name] = f"{sent[name]},{text}" if name in sent else text
    return sent


Sent = Annotated[dict[str, str], Depends(fields_sent)]


def new_key() -> str:
    """A value for the hidden field of a fresh form."""
    return secrets.token_urlsafe(12)


def version_of(sent: Mapping[str, str]) -> int:
    """The version of the case that the form was made for; 0 when it was tampered with, which is always stale."""
    text = sent.get(VERSION, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def given(fields: Iterable[Field], sent: Mapping[str, str]) -> dict[str, str]:
    """What was filled in for these fields, days and moments also when typed as dd-mm-jjjj and uu.mm."""
    values = {field.naam: sent[field.naam] for field in fields if sent.get(field.naam)}
    for field in fields:
        if field.soort in _READ and field.naam in values:
            values[field.naam] = _READ[field.soort](values[field.naam])
    return values


def with_codes(session: Session, fields: Iterable[Field], filled_in: Mapping[str, str], day: date) -> dict[str, str]:
    """The same with a municipality by its code, where its name was filled in; Invalid for a name that none has.

    Every form on a page asks for it by name: nobody knows 342 codes by heart.
    """
    values, by_name = dict(filled_in), dict[str, str]()
    for field in fields:
        typed = values.get(field.naam, "")
        if field.soort != "gemeente" or not typed or typed.isdigit():
            continue
        by_name = by_name or {name.casefold(): code for code, name in names_on(session, day).items()}
        code = by_name.get(" ".join(typed.split()).casefold().replace("\u2019", "'"))
        if code is None:
            uitleg = (
                "Er is geen gemeente met deze naam. Kies een naam uit de lijst, of vul de code van vier cijfers in."
            )
            raise Invalid(Reason("gemeente_onbekend", uitleg, field.naam))
        values[field.naam] = code
    return values


def _iso(text: str) -> str:
    digits = eight_digits(re.sub(r"\b([0-9])-", r"0\1-", text))
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else text


def _iso_moment(text: str) -> str:
    typed = re.fullmatch(r"(\S+)\s+([0-9]{1,2})[.:]([0-9]{2})", text)
    return f"{_iso(typed[1])}T{typed[2]:0>2}:{typed[3]}" if typed else text


_READ = {"datum": _iso, "tijdstip": _iso_moment}


@dataclass(frozen=True)
class Claim:
    """One sending of one form. `location`: where it led when it was carried out before, else nothing."""

    session: Session
    key: tuple[str, str] | None
    location: str | None = None

    def finish(self, location: str) -> RedirectResponse:
        """The form was carried out: look there, and there again when it is sent once more."""
        if self.key is not None:
            actor, sleutel = self.key
            mine = (col(IdempotencyKey.actor) == actor, col(IdempotencyKey.sleutel) == sleutel)
            self.session.execute(update(IdempotencyKey).where(*mine).values(status=303, antwoord=location))
        return RedirectResponse(location, 303)


def claim(session: Session, sent: Mapping[str, str], path: str, now: datetime) -> Claim:
    """Take this form, with this content, in hand; whoever sends it again gets the same answer and nothing more.

    In the transaction of what it does: a refused form was not carried out. A double click and the back button so do
    nothing twice. path: where the form goes, with all that makes it the same besides its fields.
    """
    if not sent.get(KEY):
        return Claim(session, None)
    content = {name: value for name, value in sent.items() if name not in _NOT_CONTENT}
    digest = hashlib.sha256(json.dumps([path, content], sort_keys=True).encode()).hexdigest()
    actor, sleutel = access_of(session).actor.naam, f"pagina {sent[KEY][:40]} {digest[:32]}"
    row = {"actor": actor, "sleutel": sleutel, "verzoek": digest, "status": 0, "antwoord": "", "aangemaakt_op": now}
    # Of two at once the second waits here for the first. Without the option PostgreSQL loses the count.
    new = insert_if_new(session, table(IdempotencyKey)).values(**row)
    if session.execute(new.execution_options(preserve_rowcount=True)).rowcount:  # type: ignore[attr-defined]
        return Claim(session, (actor, sleutel))
    known = select(IdempotencyKey.antwoord).where(IdempotencyKey.actor == actor, IdempotencyKey.sleutel == sleutel)
    return Claim(session, None, session.exec(known).one())
