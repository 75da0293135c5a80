"""The same POST twice is done once: the answer is kept with its key, in the transaction of the work itself.

Only answers are kept: a refusal changed nothing, so the same request may be tried again with the same key.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.access import access_of
from service.models import IdempotencyKey
from signals.errors import Invalid, Reason, Refused

Answer = tuple[int, Any]
"""Status and body."""


def once(
    session: Session, key: str | None, request: Mapping[str, Any], now: datetime, work: Callable[[], Answer]
) -> JSONResponse:
    """Do the work and answer, or give the answer that this key got before.

    request: what was asked (path and content), to notice a key that is used for something else: Invalid.
    """
    if key is None:
        status, body = work()
        return JSONResponse(jsonable_encoder(body), status)
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
    entry.antwoord = json.dumps(jsonable_encoder(body))
    session.add(entry)
    return JSONResponse(json.loads(entry.antwoord), entry.status)


def _again(known: IdempotencyKey, asked: str) -> JSONResponse:
    if known.verzoek != asked:
        uitleg = "Deze Idempotency-Key is al gebruikt voor een ander verzoek. Gebruik per verzoek een nieuwe sleutel."
        raise Invalid(Reason("sleutel_hergebruikt", uitleg, "Idempotency-Key"))
    return JSONResponse(json.loads(known.antwoord), known.status)
