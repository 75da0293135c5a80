"""Sign-ins that are under way: a code is still asked for, or the provider of the organisation has the word."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from service.identity.accounts import digest
from service.models import PendingSignIn, User
from signals.keyring import KeyUnknown
from signals.sealing import sealed_text, unsealed_text

LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Pending:
    """What is known of a sign-in so far. `user`: whose password was right; None when it began at the provider."""

    user: User | None
    told: Mapping[str, str]


def begin(session: Session, now: datetime, told: Mapping[str, str], user: User | None = None) -> str:
    """Keep what must be known until the end, sealed, and give the random value for the cookie."""
    session.execute(delete(PendingSignIn).where(col(PendingSignIn.eindigt_op) < now))
    secret = secrets.token_urlsafe(32)
    key = digest(secret)
    row = PendingSignIn(
        sha256=key,
        gebruiker_id=user.id if user else None,
        inhoud=sealed_text(json.dumps(dict(told)), _about(key)),
        eindigt_op=now + LIFE,
    )
    session.add(row)
    session.flush()
    return secret


def find(session: Session, secret: str, now: datetime) -> Pending | None:
    """The sign-in with this cookie; None when it took too long, was finished, or its account is closed."""
    key = digest(secret)
    row = session.get(PendingSignIn, key)
    if row is None or row.eindigt_op <= now:
        return None
    user = session.get(User, row.gebruiker_id) if row.gebruiker_id is not None else None
    if row.gebruiker_id is not None and (user is None or user.uitgeschakeld_op is not None):
        return None
    try:
        return Pending(user, json.loads(unsealed_text(row.inhoud, _about(key))))
    except KeyUnknown:
        return None


def _about(key: str) -> str:
    return f"aanmelding\n{key}"


def finish(session: Session, secret: str) -> bool:
    """End it; False when another request did so first: each leads to one session at most."""
    ended = session.execute(delete(PendingSignIn).where(col(PendingSignIn.sha256) == digest(secret)))
    return bool(ended.rowcount)  # type: ignore[attr-defined]
