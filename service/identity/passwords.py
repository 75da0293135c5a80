"""Passwords as they are kept, and how many are looked at in one moment.

To judge a password takes 64 MB and the processor for a moment: that is what makes guessing dear, and it would make the
service stand still if everybody who asks could have it at once.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from threading import BoundedSemaphore, local

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from signals.errors import DomainError, Reason

LONGEST = 200
"""Longer ones are refused unread."""
AT_ONCE = 2
"""How many this process judges at one moment; each takes the memory that argon2 asks."""
IN_LINE = 1
"""How many wait for that; a process has few threads (RNI_THREADS), and the other pages need one too."""
PATIENCE = 2.0
"""Seconds that one waits in line."""
COME_BACK = timedelta(seconds=5)

_hasher = PasswordHasher()
_line, _judging = BoundedSemaphore(AT_ONCE + IN_LINE), BoundedSemaphore(AT_ONCE)
_mine = local()


class TooBusy(DomainError):
    """Too many passwords are being judged; `wait` says when to come back. Nothing was judged, nothing is counted."""

    wait = COME_BACK

    def __init__(self) -> None:
        uitleg = "Het is druk bij het aanmelden. Probeer het over een paar seconden opnieuw."
        super().__init__(Reason("aanmelden_druk", uitleg))


@contextmanager
def in_turn() -> Iterator[None]:
    """Here passwords may be judged; TooBusy when too many are. Within another one of the same thread it is that one.

    Where a database in a file is written to as well, this comes first: who has the lock must not wait here for somebody
    who waits for the lock.
    """
    if getattr(_mine, "turn", False):
        yield
        return
    if not _line.acquire(blocking=False):
        raise TooBusy
    try:
        if not _judging.acquire(timeout=PATIENCE):
            raise TooBusy
        _mine.turn = True
        try:
            yield
        finally:
            _mine.turn = False
            _judging.release()
    finally:
        _line.release()


def make() -> str:
    """A new password: 20 random signs."""
    return secrets.token_urlsafe(15)


def hashed(password: str) -> str:
    """The form in which a password is kept."""
    with in_turn():
        return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password that is kept so; without one it takes as long, and is no."""
    with in_turn():
        try:
            _hasher.verify(_nobodys() if kept is None else kept, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None and len(password) <= LONGEST


@cache
def _nobodys() -> str:
    """A hash to verify for unknown users, so that they take as long as known ones."""
    return _hasher.hash(secrets.token_urlsafe())
