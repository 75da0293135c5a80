"""The same POST twice is done once: the answer is kept with its key, in the transaction of the work itself.

Only answers are kept: a refusal changed nothing, so the same request may be tried again with the same key.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import Response
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.access import access_of
from service.models import IdempotencyKey
from signals.errors import Invalid, Reason, Refused

Answer = tuple[int, Any]
"""Status and body."""


def once(
    session: Session, key: str | None, request: Mapping[str, Any], now: datetime, work: Callable[[], Answer]
) -> Response:
    """Do the work and answer, or give the answer that this key got before.

    request: what was asked (path and content), to notice a key that is used for something else: Invalid.
    """
    if key is None:
        status, body = work()
        return _answer(status, _as_json(body))
    actor = access_of(session).actor.naam
    asked = hashlib.sha256(json.dumps(jsonable_encoder(request), sort_keys=True).encode()).hexdigest()
    mine = select(IdempotencyKey).where(col(IdempotencyKey.actor) == actor, col(IdempotencyKey.sleutel) == key)
    known = session.exec(mine).first()
    if known is not None:
        return _again(known, asked)
    entry = IdempotencyKey(actor=actor, sleutel=key, verzoek=asked, status=0, antwoord="", aangemaakt_op=now)
    session.add(entry)
    try:
        session.flush()  # the constraint decides who of two at once may go on
    except IntegrityError:
        raise Refused(
            Reason("sleutel_in_gebruik", "Een verzoek met deze Idempotency-Key loopt al. Vraag straks opnieuw.")
        ) from None
    entry.status, body = work()
    entry.antwoord = _as_json(body)
    session.add(entry)
    return _answer(entry.status, entry.antwoord)


def _as_json(body: Any) -> str:
    """As FastAPI writes it; a model writes itself, which is far quicker."""
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True)
    return json.dumps(jsonable_encoder(body), ensure_ascii=False, separators=(",", ":"))


def _answer(status: int, body: str) -> Response:
    return Response(body, status, media_type="application/json")


def _again(known: IdempotencyKey, asked: str) -> Response:
    if known.verzoek != asked:
        uitleg = "Deze Idempotency-Key is al gebruikt voor een ander verzoek. Gebruik per verzoek een nieuwe sleutel."
        raise Invalid(Reason("sleutel_hergebruikt", uitleg, "Idempotency-Key"))
    return _answer(known.status, known.antwoord)
