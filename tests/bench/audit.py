"""The log at size: sealing and checking so many entries, and a line for everybody in a load of so many.

The entries are those of a year of one large installation: of some hundred municipalities, in turn.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import polars as pl
from sqlalchemy import Engine
from sqlmodel import Session

from service import process
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.log import audit, chain
from service.log.audit import MARKED, marked
from service.log.log_keys import Purpose, newest
from service.log.subjects import Subject
from service.models import AuditEntry
from service.settings import Settings
from signals.base import table
from signals.staging import insert_frame
from tests.postgres import as_owner

MUNICIPALITIES = 100
WITHIN = 60
"""Seconds in which a million entries are to be checked."""
_AT_ONCE = 50_000
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """How long something with so many rows of the log took; `limit`: seconds in which it is to be done."""

    what: str
    rows: int
    seconds: float
    limit: float | None = None

    @property
    def over(self) -> bool:
        """Whether it took too long."""
        return self.limit is not None and self.seconds > self.limit


def work(url: str, name: str, rows: int, folder: Path) -> list[Kept]:
    """Entries are written, sealed and checked; then a line is written for everybody in one load."""
    settings = Settings(database_url=url, data_dir=folder / f"log-{name}")
    process.begin(settings)
    upgrade(url, as_owner(url))
    engine = make_engine(url)
    with session_scope(engine, Access.system()) as session:
        _fill(session, rows)
    now = _BEGUN + timedelta(seconds=rows)
    found = [
        _timed(f"{name}: entries sealed", rows, lambda: _sealed(engine, settings, now, rows)),
        _timed(f"{name}: rni audit verify", rows, lambda: _verified(engine, settings, rows), WITHIN),
        _timed(f"{name}: a line for everybody in a load", rows, lambda: _lines(engine, now, rows)),
    ]
    engine.dispose()
    return found


def _timed(what: str, rows: int, done: Callable[[], None], limit: float | None = None) -> Kept:
    started = perf_counter()
    done()
    return Kept(what, rows, perf_counter() - started, limit)


def _fill(session: Session, rows: int) -> None:
    """Entries as requests write them, without the requests."""
    key, utc = newest(Purpose.ENTRY), "" if session.get_bind().dialect.name == "sqlite" else "+00"
    for first in range(0, rows, _AT_ONCE):
        made = []
        for place in range(first, min(rows, first + _AT_ONCE)):
            moment = _BEGUN + timedelta(seconds=place)
            code = f"{place % MUNICIPALITIES:04d}" if place % MUNICIPALITIES else None
            who = (f"behandelaar-{place % 997}", "zaak_geopend", f"Z-2026-{place:07d}", "gelukt", "pagina 10.0.0.1")
            values = (moment, *who, code, secrets.token_hex(16), secrets.token_hex(8), key.name)
            made.append((f"{moment:%Y-%m-%d %H:%M:%S}.000000{utc}", *values[1:], key.mark(marked(values))))
        insert_frame(session, table(AuditEntry), pl.DataFrame(made, schema=[*MARKED, "waarmerk"], orient="row"))


def _sealed(engine: Engine, settings: Settings, now: datetime, rows: int) -> None:
    made = chain.seal(engine, settings.data_dir, now)
    assert made == rows, made


def _verified(engine: Engine, settings: Settings, rows: int) -> None:
    with session_scope(engine, Access.system(), write=False) as session:
        verdict = chain.verify(session, chain.read_heads(chain.heads_file(settings.data_dir)))
    assert (verdict.breuk, verdict.regels) == (None, rows), verdict.breuk


def _lines(engine: Engine, now: datetime, rows: int) -> None:
    people = (Subject(f"{place % MUNICIPALITIES:04d}", "BSN", f"{place:09d}") for place in range(rows))
    with session_scope(engine, Access.system()) as session:
        audit.record(session, "lading_geladen", "LD-2026-000001", now, about=people)
