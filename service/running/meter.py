"""What a process counts of itself: answers by route, time in the database, slow statements, faults, refused sign-ins.

No person is in it: routes are templates, statements have no values, of a fault only its trace is kept. Everything is
bounded, whatever is asked. One structure has three readers: the log line of a request, the metrics (`metrics`) and what
is kept for the page of the beheerder (`kept`).
"""

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

LIMITS = (5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000)
"""Milliseconds: the upper ends of the classes in which answers are counted; the last class has none."""
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
UNKNOWN = "onbekend"
"""The route of what no route takes, and the method that nobody knows."""
MOST_ROUTES = 1_000
"""Combinations of route, method and status; there are some hundreds."""
MOST_SLOW = 50
"""Different slow statements that are told apart; what comes after counts as one."""
MOST_FAULTS = 20
"""Faults of which the trace is kept, the newest; and spans of a request."""
MOST_SPANS = 200
SLOW = 250
"""Milliseconds from which a statement is slow."""
OTHERS = "andere vragen"


class Call(NamedTuple):
    """What was asked and what came of it; `route` is a template, never an address."""

    route: str
    method: str
    status: int


class Span(NamedTuple):
    """A statement of a request, in nanoseconds since 1970; the text has no values."""

    statement: str
    begun: int
    ended: int


@dataclass
class Tally:
    """What one request asks of the database. spans: None unless somebody wants to see each."""

    statements: int = 0
    seconds: float = 0.0
    spans: list[Span] | None = None


@dataclass
class Sum:
    """The answers of one kind: how many, milliseconds in all, and how many in each class of `LIMITS`."""

    count: int = 0
    ms: float = 0.0
    statements: int = 0
    db_ms: float = 0.0
    classes: list[int] = field(default_factory=lambda: [0] * (len(LIMITS) + 1))

    def add(self, ms: float, tally: Tally) -> None:
        """One more answer."""
        self.count += 1
        self.ms += ms
        self.statements += tally.statements
        self.db_ms += tally.seconds * 1000
        self.classes[bisect_left(LIMITS, ms)] += 1

    def plus(self, other: "Sum", sign: int = 1) -> "Sum":
        """Both together, or (sign -1) what this has more."""
        pairs = zip(self.classes, other.classes, strict=True)
        return Sum(
            self.count + sign * other.count,
            self.ms + sign * other.ms,
            self.statements + sign * other.statements,
            self.db_ms + sign * other.db_ms,
            [mine + sign * theirs for mine, theirs in pairs],
        )

    def below(self, share: float) -> float:
        """The milliseconds within which this share of the answers came, evenly spread within a class; 0 of none."""
        wanted, seen = share * self.count, 0
        for place, count in enumerate(self.classes):
            if count and seen + count >= wanted:
                low = LIMITS[place - 1] if place else 0
                high = LIMITS[place] if place < len(LIMITS) else LIMITS[-1]
                return low + (high - low) * (wanted - seen) / count
            seen += count
        return 0.0


@dataclass
class Slow:
    """A slow statement: how often, milliseconds in all, and of the slowest."""

    count: int = 0
    ms: float = 0.0
    most: float = 0.0

    def add(self, count: int, ms: float, most: float) -> None:
        """More of the same."""
        self.count, self.ms, self.most = self.count + count, self.ms + ms, max(self.most, most)


class Fault(NamedTuple):
    """An answer with a status of 500 or higher, to be found in the log by its trace."""

    moment: str
    route: str
    status: int
    trace_id: str


@dataclass
class Counted:
    """Everything that was counted, from a moment to another."""

    calls: dict[Call, Sum] = field(default_factory=dict)
    slow: dict[str, Slow] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def answers(self) -> int:
        """How many."""
        return sum(each.count for each in self.calls.values())


class Meter:
    """The counts of this process since it began; any thread may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[Call, Sum] = {}
        self._slow: dict[str, Slow] = {}
        self._faults: deque[Fault] = deque(maxlen=MOST_FAULTS)
        self._refused: Counter[str] = Counter()
        self._slow_in_all = 0
        self._told: Mapping[Call, Sum] = {}
        self._refused_told: Mapping[str, int] = {}
        self.in_progress = 0

    @contextmanager
    def going(self) -> Iterator[None]:
        """While a request is answered."""
        with self._lock:
            self.in_progress += 1
        try:
            yield
        finally:
            with self._lock:
                self.in_progress -= 1

    def answered(self, call: Call, ms: float, tally: Tally) -> None:
        """A request was answered."""
        if call.method not in METHODS:
            call = call._replace(method=UNKNOWN)
        with self._lock:
            if call not in self._calls and len(self._calls) >= MOST_ROUTES:
                call = Call(UNKNOWN, UNKNOWN, call.status)
            self._calls.setdefault(call, Sum()).add(ms, tally)

    def fault(self, fault: Fault) -> None:
        """A request was answered with a fault of ours."""
        with self._lock:
            self._faults.append(fault)

    def slow(self, statement: str, ms: float) -> None:
        """A statement took long; its text without values."""
        with self._lock:
            self._slow_in_all += 1
            if statement not in self._slow and len(self._slow) >= MOST_SLOW:
                statement = OTHERS
            self._slow.setdefault(statement, Slow()).add(1, ms, ms)

    def refused(self, reason: str) -> None:
        """A sign-in was refused; one of a few words."""
        with self._lock:
            self._refused[reason] += 1

    def since_the_beginning(self) -> tuple[dict[Call, Sum], Counter[str], int]:
        """Answers, refused sign-ins by reason, and slow statements: for who takes differences himself."""
        with self._lock:
            calls = {call: each.plus(Sum()) for call, each in self._calls.items()}
            return calls, Counter(self._refused), self._slow_in_all

    def taken(self) -> Counted:
        """What came since this was asked last; for one reader."""
        with self._lock:
            calls = {call: each.plus(Sum()) for call, each in self._calls.items()}
            refused = Counter(self._refused)
            slow, self._slow = self._slow, {}
            faults = tuple(self._faults)
            self._faults.clear()
        new = {call: each.plus(self._told.get(call, Sum()), -1) for call, each in calls.items()}
        told = Counter(refused)
        told.subtract(self._refused_told)
        self._told, self._refused_told = calls, refused
        return Counted({call: each for call, each in new.items() if each.count}, slow, faults, +told)


METER = Meter()
"""That of this process."""
OPEN: ContextVar[Tally | None] = ContextVar("rni_tally", default=None)
"""What the request that is going on asks of the database; None outside a request."""
