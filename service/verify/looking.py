"""What every check gets and gives: a look at one snapshot, and what it found there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Executable, Row, Table, literal, select
from sqlmodel import Session

from service.log.chain import Heads
from service.settings import Settings
from service.verify.codes import CODES
from signals.bulk import beside, run

AT_ONCE = 5_000
"""Rows that are in memory at a time."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as we promise. `waar`: number of a case, load or delivery, or a file; never a person.

    `bijzonder`: what of it, in words for people; no value of anybody.
    """

    code: str
    waar: str
    bijzonder: str = ""

    @property
    def uitleg(self) -> str:
        """What is wrong there."""
        return f"{CODES[self.code].wat} {self.bijzonder}".rstrip()

    @property
    def doen(self) -> str:
        """How it is mended."""
        return CODES[self.code].doen

    def as_dict(self) -> dict[str, str]:
        """As scripts read it."""
        return {"code": self.code, "waar": self.waar, "uitleg": self.uitleg, "doen": self.doen}


@dataclass
class Look:
    """One snapshot of an installation. `now`: aware, in the clock's zone. `heads`: of the log, as told before it.

    `tick`: is told how many rows were looked at.
    """

    session: Session
    settings: Settings
    now: datetime
    heads: Heads = field(default_factory=dict)
    tick: Callable[[int], None] | None = None
    looked: int = field(default=0)

    @property
    def sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.session.get_bind().dialect.name == "sqlite"

    def rows(self, statement: Executable, at_once: int = AT_ONCE) -> Iterator[Row[*tuple[Any, ...]]]:
        """The rows of a statement as a stream; each counts as looked at."""
        with run(self.session, statement.execution_options(yield_per=at_once)) as result:
            for row in result:
                self.looked += 1
                if self.tick and self.looked % AT_ONCE == 0:
                    self.tick(self.looked)
                yield row

    def now_too(self, of: Table, *where: ColumnElement[bool]) -> bool:
        """Whether there still is such a row by now: what lies outside the database is not of the snapshot."""
        with beside(self.session) as other:
            return run(other, select(literal(1)).select_from(of).where(*where).limit(1)).first() is not None

    def scalar(self, statement: Executable) -> Any:
        """The one value of a statement."""
        self.looked += 1
        return run(self.session, statement).scalar()


Findings: TypeAlias = Iterable[Finding]
Check: TypeAlias = Callable[[Look], Findings]

CHECKS: dict[str, Check] = {}
"""Every check by its name, in the order in which they are made."""


def check(name: str) -> Callable[[Check], Check]:
    """Registers a check under a name for people; a second one of that name is a programming error."""

    def register(function: Check) -> Check:
        if name in CHECKS:
            raise ValueError(f"{name} is checked twice")
        CHECKS[name] = function
        return function

    return register


def words(flags: Mapping[str, Any]) -> str:
    """`Het gaat om: fase, resultaat.`: the names of what differs."""
    return f"Het gaat om: {', '.join(name for name, differs in flags.items() if differs)}."
