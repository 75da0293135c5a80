"""The second factor of local accounts: codes of an app on a telephone (TOTP, RFC 6238), each of them good for once."""

import hmac
import secrets
from base64 import b32encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from service.identity.accounts import give_password
from service.models import SecondFactor, User
from signals.base import table
from signals.bulk import insert_if_new
from signals.errors import Reason, Refused
from signals.keyring import KeyUnknown, keyring
from signals.sealing import mark_of, sealed_text, unsealed_text

DIGITS, SECONDS = 6, 30
DRIFT = 1
"""Steps of half a minute that the clock of a telephone may be off (RFC 6238 5.2)."""
SECRET_BYTES = 20
"""As long as the hash (RFC 4226 4, R6)."""


def new_secret() -> bytes:
    """What a telephone and this service will share."""
    return secrets.token_bytes(SECRET_BYTES)


def as_text(secret: bytes) -> str:
    """The secret as people copy it: base32 in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, naam: str, host: str) -> str:
    """What the QR code says; the app shows the name of the service, its host and the account."""
    return _generator(secret).get_provisioning_uri(naam, f"Langdurig RNI {host}")


def _generator(secret: bytes) -> TOTP:
    # Authenticator apps know SHA-1 alone; its weakness is not in HMAC (RFC 6238 1.2).
    return TOTP(secret, DIGITS, SHA1(), SECONDS)  # noqa: S303  # nosec B303


def code_at(secret: bytes, moment: datetime) -> str:
    """What the app shows at this moment."""
    return _generator(secret).generate(int(moment.timestamp())).decode()


def _step_of(secret: bytes, typed: str, now: datetime) -> int | None:
    """The step of half a minute whose code this is, or None; all are compared, whichever fits."""
    code = "".join(typed.split()).encode()
    current = int(now.timestamp()) // SECONDS
    steps: Sequence[int] = range(current - DRIFT, current + DRIFT + 1)
    made = [(step, _generator(secret).generate(step * SECONDS)) for step in steps]
    fitting = [step for step, each in made if hmac.compare_digest(each, code)]
    return fitting[0] if fitting else None


def _sealed(secret: str, user_id: int | None) -> str:
    return sealed_text(secret, _about(user_id))


def _opened(kept: SecondFactor) -> str:
    return opened(kept.geheim, kept.gebruiker_id)


def opened(geheim: str, user_id: int | None) -> str:
    """The secret that lies sealed at this user; KeyUnknown when it is another's, or was changed."""
    return unsealed_text(geheim, _about(user_id))


def _about(user_id: int | None) -> str:
    # A secret that somebody copies into the row of another user does not open there.
    return f"tweede_factor\n{user_id}"


def _is_current(kept: SecondFactor) -> bool:
    return mark_of(kept.geheim) == keyring().newest.mark


def is_linked(session: Session, user: User) -> bool:
    """Whether this user has an app that makes codes."""
    return session.get(SecondFactor, user.id) is not None


def link(session: Session, user: User, secret: bytes, typed: str, now: datetime) -> bool:
    """Keep the secret when the code proves that the app has it, and no other app was linked meanwhile."""
    step = _step_of(secret, typed, now)
    if step is None:
        return False
    row = {"gebruiker_id": user.id, "geheim": _sealed(secret.hex(), user.id), "gekoppeld_op": now}
    new = insert_if_new(session, table(SecondFactor)).values(**row, laatste_stap=step)
    done = session.execute(new.execution_options(preserve_rowcount=True))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def passes(session: Session, user: User, typed: str, now: datetime) -> bool:
    """Whether this is an unused code of the user's app; of two at once the database settles which was first."""
    kept = session.get(SecondFactor, user.id)
    if kept is None:
        return False
    try:
        secret = bytes.fromhex(_opened(kept))
    except KeyUnknown:
        raise Refused(
            Reason("tweede_factor_onleesbaar", "De koppeling met uw app is niet te lezen. Vraag de beheerder om hulp.")
        ) from None
    step = _step_of(secret, typed, now)
    if step is None:
        return False
    used = update(SecondFactor).where(col(SecondFactor.gebruiker_id) == user.id, col(SecondFactor.laatste_stap) < step)
    values: dict[str, object] = {"laatste_stap": step}
    if not _is_current(kept):
        values["geheim"] = _sealed(secret.hex(), user.id)
    return bool(session.execute(used.values(**values)).rowcount)  # type: ignore[attr-defined]


def seal_anew(session: Session) -> int:
    """Secrets under an older key go under the newest; gives how many. What cannot be read stays as it is."""
    done = 0
    for kept in session.exec(select(SecondFactor)):
        if _is_current(kept):
            continue
        with suppress(KeyUnknown):
            kept.geheim = _sealed(_opened(kept), kept.gebruiker_id)
            done += 1
    session.flush()
    return done


def unlink(session: Session, user: User, now: datetime, password: str | None = None) -> str:
    """Forget the app of somebody who lost it, and give the new password: with both another app is linked.

    The password of before stops working, for whoever found that with the telephone would link an app of his own.
    password: one that was shown already; made up if none is given.
    """
    session.execute(delete(SecondFactor).where(col(SecondFactor.gebruiker_id) == user.id))
    return give_password(session, user.naam, now, password)
