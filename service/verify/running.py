"""All checks, one after the other, in one snapshot; what one finds or breaks on keeps no other from being made."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.access import Access
from service.db import session_scope
from service.log import chain
from service.settings import Settings
from service.verify import (  # noqa: F401  # importing them registers their checks, in this order
    addresses,
    arrangements,
    cases,
    contents,
    courses,
    destroyed,
    destruction,
    feedback,
    feedback_files,
    files,
    guards,
    loads,
    logbook,
    numbers,
    outboxes,
    references,
    schema,
    seals,
    signal_cases,
    terms,
    waiting,
)
from service.verify.looking import CHECKS, Finding, Look
from signals.errors import DomainError
from signals.keyring import KeyUnknown

log = structlog.get_logger()

Found = Callable[[Finding], None]
Begun = Callable[[str, Look], None]


@dataclass(frozen=True)
class Ran:
    """One check: how much it looked at, how much it found, and how long that took."""

    naam: str
    bekeken: int
    bevindingen: int
    seconden: float


@dataclass
class Verdict:
    """What was looked at and what was found; the findings themselves were given as they came."""

    controles: list[Ran] = field(default_factory=list)
    aantallen: Counter[str] = field(default_factory=Counter)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.aantallen

    def as_dict(self) -> dict[str, Any]:
        """As scripts read it."""
        return {
            "status": "in_orde" if self.sound else "bevindingen",
            "aantallen": dict(sorted(self.aantallen.items())),
            "controles": [vars(ran) for ran in self.controles],
        }


def verify(
    engine: Engine, settings: Settings, access: Access, now: datetime, found: Found, begun: Begun | None = None
) -> Verdict:
    """Makes every check on the database as it is at one moment; changes nothing.

    found: is given each finding as it comes. begun: is told which check begins.
    """
    if engine.dialect.name == "postgresql":  # in a file a reader sees one moment by itself
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    verdict = Verdict()
    heads = chain.read_heads(chain.heads_file(settings.data_dir))  # before: one told later is not in the snapshot
    with session_scope(engine, access.widened(), write=False) as session:
        for name in CHECKS:
            look = Look(session, settings, now, heads)
            if begun:
                begun(name, look)
            verdict.controles.append(_made(look, name, found, verdict.aantallen))
    return verdict


def _made(look: Look, name: str, found: Found, counts: Counter[str]) -> Ran:
    """One check, in a savepoint: a statement that fails would else end the transaction of all."""
    started, before = perf_counter(), counts.total()
    savepoint = look.session.begin_nested()
    try:
        for finding in CHECKS[name](look):
            counts[finding.code] += 1
            found(finding)
    except (SQLAlchemyError, DomainError, KeyUnknown, ValueError, LookupError, TypeError) as error:
        log.warning("controle afgebroken", controle=name, fout=type(error).__name__)
        counts["controle_afgebroken"] += 1
        found(Finding("controle_afgebroken", name, f"De melding is {type(error).__name__}."))
    finally:
        savepoint.rollback()  # nothing was written
        look.session.expunge_all()
    seconds = round(perf_counter() - started, 3)
    return Ran(name, look.looked, counts.total() - before, seconds)
