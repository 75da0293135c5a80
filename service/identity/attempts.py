"""Failed sign-ins: who must wait how long, so that guessing is slow and nobody can shut somebody else out.

An attempt is counted before it is judged (`take_turn`) and taken back when it was right (`forget_failures`): however
many guess at one moment, no more are judged than may be. Who waits is decided by failures of one's own: from the same
place, or on the same device once the account came in on it. What others do to an account from elsewhere takes free
attempts away from places not known, and never the last. A place that fails at ever-new names waits as a whole. Many
people may sit behind one address, so a device on which the account came in before neither counts there nor waits.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from service.models import SignInAttempt
from signals.base import table
from signals.bulk import among, insert_or_hold
from signals.errors import DomainError, Reason

FREE_ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=15)
PRESSED_ACCOUNT = 4 * FREE_ATTEMPTS
"""Failures of an account from anywhere, after which one failure in a new place is one too many."""
PLACE_ATTEMPTS, PLACE_EASES = 30, timedelta(seconds=30)
"""Failures of a place at whatever names, and how soon one of them is forgotten: thirty in a quarter of an hour.

Whoever shares the address of a guesser waits for the next one at most, and not for his persistence.
"""
KEPT = timedelta(days=1)
_REMEMBERED = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{64}")
DEVICES = 5
"""Accounts that a browser is remembered for; the sixth forgets the first."""

_OWN = "Te veel mislukte pogingen met deze gebruikersnaam vanaf deze plek. Probeer het over {wait} opnieuw."
_PLACE = (
    "Vanaf deze plek zijn te veel mislukte pogingen gedaan, misschien door iemand anders. Probeer het over {wait} "
    "opnieuw. Op een toestel waarop u eerder inlogde, of vanaf een andere plek, hoeft u niet te wachten."
)
_CODES = (
    "Te veel mislukte pogingen met een code. Probeer het over {wait} opnieuw. Kijk intussen of de klok van uw telefoon "
    "goed staat."
)


class TooManyAttempts(DomainError):
    """This attempt may not be made yet; `wait` says how long to stay away."""

    def __init__(self, wait: timedelta, sentence: str = _OWN) -> None:
        self.wait = wait
        super().__init__(Reason("te_veel_pogingen", sentence.format(wait=_in_words(wait))))


def _in_words(wait: timedelta) -> str:
    seconds = max(1, ceil(wait.total_seconds()))
    if seconds < 60:
        return "1 seconde" if seconds == 1 else f"{seconds} seconden"
    minutes = ceil(seconds / 60)
    return "1 minuut" if minutes == 1 else f"{minutes} minuten"


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
        # As JSON no name can look like two parts, nor like another stage.
        return hashlib.sha256(json.dumps([self.stage.value, *parts]).encode()).hexdigest()

    @property
    def here(self) -> str:
        """The counter of this account on this device, or from this place."""
        if self.device:
            return self._key("toestel", self.naam.lower(), self.device)
        return self._key("hier", self.naam.lower(), self.place)

    @property
    def account(self) -> str:
        """The counter of this account from every place that is not known."""
        return self._key("account", self.naam.lower())

    @property
    def neighbours(self) -> str:
        """The counter of this place at every account."""
        return self._key("plek", self.place)

    @property
    def keys(self) -> Sequence[str]:
        """Every counter that this attempt counts in, in the order in which they are held."""
        if self.device:
            return [self.here]
        if self.stage is Stage.CODE:
            return sorted([self.here, self.account])
        return sorted([self.here, self.account, self.neighbours])


@dataclass(frozen=True)
class _Counter:
    failed: int
    since: datetime
    """The last failure; of a place the moment from which what it may forget is counted."""


def place_of(host: str | None) -> str:
    """Where a request comes from; of IPv6 the network, because whoever has one address has them all."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or "onbekend"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def take_turn(session: Session, attempt: Attempt, now: datetime) -> None:
    """Count this attempt before it is judged; TooManyAttempts, and nothing is counted, when it may not be made yet.

    In a transaction of its own, which is over before anybody looks at what was guessed: of two at once the second waits
    here until the first is counted.
    """
    held = {key: _hold(session, key, now) for key in attempt.keys}
    _require_free(attempt, held, now)
    for key, counter in held.items():
        counted = (
            _eased(counter, now) if key == attempt.neighbours else _Counter(counter.failed, max(counter.since, now))
        )
        values = {"mislukt": counted.failed + 1, "laatst_op": counted.since}
        session.execute(update(SignInAttempt).where(col(SignInAttempt.sleutel) == key).values(**values))
    _sweep(session, now)


def forget_failures(session: Session, attempt: Attempt) -> None:
    """The attempt was right: forget the failures of this account; of what its place did at others, this turn alone."""
    for key in attempt.keys:
        mine = col(SignInAttempt.sleutel) == key
        if key == attempt.neighbours:
            less = {"mislukt": col(SignInAttempt.mislukt) - 1}
            session.execute(update(SignInAttempt).where(mine, col(SignInAttempt.mislukt) > 0).values(**less))
        else:
            session.execute(delete(SignInAttempt).where(mine))


def _sweep(session: Session, now: datetime) -> None:
    # What others hold is left for the next time: waiting for one who waits for this one would never end.
    old = select(SignInAttempt.sleutel).where(col(SignInAttempt.laatst_op) < now - KEPT)
    if found := session.exec(old.with_for_update(skip_locked=True)).all():
        counters = table(SignInAttempt)
        session.execute(delete(counters).where(among(session, counters.c.sleutel, found)))


def _hold(session: Session, key: str, now: datetime) -> _Counter:
    """The counter as it stands, kept from others until this transaction ends."""
    counters = table(SignInAttempt)
    row = insert_or_hold(session, counters).values(sleutel=key, mislukt=0, laatst_op=now)
    failed, since = session.execute(row.returning(counters.c.mislukt, counters.c.laatst_op)).one()
    return _Counter(failed, since)


def _require_free(attempt: Attempt, held: Mapping[str, _Counter], now: datetime) -> None:
    here = held[attempt.here]
    if attempt.stage is Stage.CODE:
        wait = _wait(here, FREE_ATTEMPTS, now)
        if not attempt.device:
            # Nobody gets here without the password: this counter shuts out its thief, and the owner in a new place.
            wait = max(wait, _wait(held[attempt.account], 2 * FREE_ATTEMPTS, now))
        if wait:
            raise TooManyAttempts(wait, _CODES)
        return
    pressed = not attempt.device and held[attempt.account].failed >= PRESSED_ACCOUNT
    if wait := _wait(here, 1 if pressed else FREE_ATTEMPTS, now):
        raise TooManyAttempts(wait)
    if attempt.device:
        return
    place = _eased(held[attempt.neighbours], now)
    if place.failed >= PLACE_ATTEMPTS:
        raise TooManyAttempts(place.since + PLACE_EASES - now, _PLACE)


def _wait(counter: _Counter, free: int, now: datetime) -> timedelta:
    if counter.failed < free:
        return timedelta()
    doubled = timedelta(seconds=2 ** min(counter.failed - free + FREE_ATTEMPTS, 20))
    return max(timedelta(), counter.since + min(doubled, LONGEST_WAIT) - now)


def _eased(counter: _Counter, now: datetime) -> _Counter:
    """What a place still has to answer for: one failure less for every half minute."""
    failed, forgotten = min(counter.failed, PLACE_ATTEMPTS), max(0, (now - counter.since) // PLACE_EASES)
    if forgotten >= failed:
        return _Counter(0, now)
    return _Counter(failed - forgotten, counter.since + forgotten * PLACE_EASES)


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
