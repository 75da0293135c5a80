"""How many requests one user and one origin may send in a minute, counted here and told with every answer.

What is counted lies in the memory of this process: of several on one database, each counts for itself.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

from service.settings import Settings
from signals.errors import DomainError, Reason

USER, ORIGIN = "gebruiker", "herkomst"
WINDOW = 60
"""Seconds."""
_BEHIND_ONE_LINE = 64
"""Bits of an IPv6 address that say which line it comes from; whoever has a line has all addresses behind it."""


class TooManyRequests(DomainError):
    """This user or origin sent too much; `wait` says when to come back."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        seconds = ceil(wait.total_seconds())
        uitleg = (
            "U stuurt te veel verzoeken in korte tijd. Dit verzoek is niet uitgevoerd. Probeer het over "
            f"{seconds} {'seconde' if seconds == 1 else 'seconden'} opnieuw."
        )
        super().__init__(Reason("te_veel_verzoeken", uitleg))


@dataclass(frozen=True)
class Standing:
    """What somebody may still send: of how many in a minute, how many are left, in how many seconds all are back."""

    kind: str
    most: int
    left: int
    seconds: int


class Allowance:
    """The counters of one process."""

    def __init__(self, settings: Settings) -> None:
        self._counter = FixedWindowRateLimiter(MemoryStorage())
        most = {USER: settings.requests_per_user, ORIGIN: settings.requests_per_origin}
        self._items = {kind: RateLimitItemPerMinute(number) for kind, number in most.items() if number}

    def take(self, scope: Scope, kind: str, who: str) -> None:
        """Count a request of this user or origin, for its answer to tell; TooManyRequests when it is one too many."""
        item = self._items.get(kind)
        if item is None:
            return
        allowed = self._counter.hit(item, kind, who)
        reset, left = self._counter.get_window_stats(item, kind, who)
        seconds = max(1, ceil(reset - time()))
        _standings(scope).append(Standing(kind, item.amount, left if allowed else 0, seconds))
        if not allowed:
            raise TooManyRequests(timedelta(seconds=seconds))


def origin(scope: Scope) -> str:
    """Where a request comes from, as far as whoever sends it cannot choose; behind a proxy uvicorn put it there."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(int(address) >> (address.max_prefixlen - _BEHIND_ONE_LINE))
    return host


def headers(scope: Scope) -> dict[str, str]:
    """What the answer tells: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers)."""
    told = _standings(scope)
    if not told:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{one.kind}";q={one.most};w={WINDOW}' for one in told),
        "RateLimit": ", ".join(f'"{one.kind}";r={one.left};t={one.seconds}' for one in told),
    }


def _standings(scope: Scope) -> list[Standing]:
    found: list[Standing] = scope.setdefault("state", {}).setdefault("standings", [])
    return found
