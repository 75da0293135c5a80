"""Failed sign-ins: who must wait how long, so that guessing is slow and nobody can shut somebody else out.

Who waits is decided by failures of one's own: from the same place, or on the same device once the account came in on
it. What others do to an account from elsewhere takes free attempts away from places not known, and never the last.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from service.models import SignInAttempt
from signals.base import table
from signals.bulk import insert_if_new
from signals.errors import DomainError, Reason

FREE_ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=15)
PRESSED_ACCOUNT, PRESSED_PLACE = 4 * FREE_ATTEMPTS, 10 * FREE_ATTEMPTS
"""Failures of an account from anywhere, or of a place at any account, after which one failure is one too many."""
_REMEMBERED = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{64}")
DEVICES = 5
"""Accounts that a browser is remembered for; the sixth forgets the first."""


class TooManyAttempts(DomainError):
    """This account failed too often from this place; `wait` says how long to stay away."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        super().__init__(
            Reason(
                "te_veel_pogingen",
                f"Te veel mislukte pogingen vanaf deze plek. Probeer het over {minutes} "
                f"{'minuut' if minutes == 1 else 'minuten'} opnieuw.",
            )
        )


class Stage(StrEnum):
    """What is guessed at. Only who has the password can guess at a code."""

    PASSWORD = "wachtwoord"  # noqa: S105  # nosec B105  # a word
    CODE = "code"


@dataclass(frozen=True)
class Attempt:
    """Somebody at the door. `device`: of a browser in which this account came in before, as `device_of` gives it."""

    naam: str
    place: str
    device: str = ""
    stage: Stage = Stage.PASSWORD

    def _key(self, *parts: str) -> str:
        kind = [self.stage.value] if self.stage is not Stage.PASSWORD else []
        return hashlib.sha256("\n".join([*kind, *parts]).encode()).hexdigest()

    @property
    def here(self) -> str:
        """The counter of this account on this device, or from this place."""
        if self.device:
            return self._key("toestel", self.naam.lower(), self.device)
        return self._key(self.naam.lower(), self.place)

    @property
    def account(self) -> str:
        """The counter of this account from every place that is not known."""
        return self._key(self.naam.lower(), "")

    @property
    def neighbours(self) -> str:
        """The counter of this place at every account."""
        return self._key("", self.place)

    @property
    def keys(self) -> Sequence[str]:
        """Every counter that this attempt counts in."""
        return [self.here] if self.device else [self.here, self.account, self.neighbours]


def place_of(host: str | None) -> str:
    """Where a request comes from; of IPv6 the network, because whoever has one address has them all."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or "onbekend"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def waiting_time(session: Session, attempt: Attempt, now: datetime) -> timedelta:
    """How long to wait before this attempt; zero when it may be made."""
    found = session.exec(select(SignInAttempt).where(col(SignInAttempt.sleutel).in_(attempt.keys)))
    failed = {each.sleutel: each for each in found}
    if attempt.stage is Stage.CODE and not attempt.device:
        # Nobody gets here without the password: this counter shuts out its thief, and the owner in a new place.
        return max(
            _wait(failed, attempt.here, FREE_ATTEMPTS, now), _wait(failed, attempt.account, 2 * FREE_ATTEMPTS, now)
        )
    pressed = not attempt.device and (
        _count(failed, attempt.account) >= PRESSED_ACCOUNT or _count(failed, attempt.neighbours) >= PRESSED_PLACE
    )
    return _wait(failed, attempt.here, 1 if pressed else FREE_ATTEMPTS, now)


def _count(failed: Mapping[str, SignInAttempt], key: str) -> int:
    return failed[key].mislukt if key in failed else 0


def _wait(failed: Mapping[str, SignInAttempt], key: str, free: int, now: datetime) -> timedelta:
    if _count(failed, key) < free:
        return timedelta()
    doubled = timedelta(seconds=2 ** min(failed[key].mislukt - free + FREE_ATTEMPTS, 20))
    return max(timedelta(), failed[key].laatst_op + min(doubled, LONGEST_WAIT) - now)


def note_attempt(session: Session, attempt: Attempt, *, success: bool, now: datetime) -> None:
    """Count a failure, or forget those of this account; what a place did at other accounts stays.

    Two at once are two: the database counts.
    """
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.laatst_op) < now - timedelta(days=1)))
    if success:
        forgotten = [key for key in attempt.keys if key != attempt.neighbours]
        session.execute(delete(SignInAttempt).where(col(SignInAttempt.sleutel).in_(forgotten)))
        return
    counters = table(SignInAttempt)
    for key in attempt.keys:
        session.execute(insert_if_new(session, counters).values(sleutel=key, mislukt=0, laatst_op=now))
        counted = update(SignInAttempt).where(col(SignInAttempt.sleutel) == key)
        session.execute(counted.values(mislukt=col(SignInAttempt.mislukt) + 1, laatst_op=now))


def _remembered(brought: str) -> Sequence[str]:
    """What a cookie holds, as far as it may be ours."""
    return [each for each in brought.split("~")[:DEVICES] if _REMEMBERED.fullmatch(each)]


def _mark(naam: str, device: str, key: bytes) -> str:
    return hmac.new(key, f"toestel\n{naam.lower()}\n{device}".encode(), hashlib.sha256).hexdigest()


def remember_device(brought: str, naam: str, keys: Sequence[bytes]) -> str:
    """The cookie of a browser in which this account came in, with the others that it is remembered for."""
    own = device_of(brought, naam, keys)
    others = [each for each in _remembered(brought) if each.partition(".")[0] != own]
    device = own or secrets.token_hex(16)
    return "~".join([f"{device}.{_mark(naam, device, keys[0])}", *others][:DEVICES])


def device_of(brought: str, naam: str, keys: Sequence[bytes]) -> str:
    """The device of which we once said that this account came in on it; empty for any other."""
    for each in _remembered(brought):
        device, _, mark = each.partition(".")
        if any(hmac.compare_digest(mark, _mark(naam, device, key)) for key in keys):
            return device
    return ""
