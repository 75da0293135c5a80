"""How the schema moves on while older programs go on working: what a step asks of them, and how it is taken.

A step of the schema (a migration) either expands, so that a program that does not know it goes on as it was, or
contracts: takes away what programs before a certain step still use. The database keeps of each step which of the two
it was, in a table of its own beside that of alembic; so an older program can tell whether it may still work there.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, delete, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from signals.errors import Reason, Refused

log = structlog.get_logger()

RULED_AFTER = "0031"
"""Steps after this one say what they ask of older programs; those before it count as contracting."""
LOCK_SECONDS = 3
"""So long a step waits for a table that somebody holds; all who come after it wait as long, so it is short."""
ATTEMPTS = 100
"""How often a step is tried while others hold its tables."""
LONGEST_PAUSE = 5
"""Seconds between two attempts, in which everybody works on."""
_ONE_AT_A_TIME = 0x726E69
"""The advisory lock of an upgrade: the letters of rni."""
_IN_THE_WAY = ("55P03", "40P01")
"""SQLSTATE of a lock that was not given in time, and of two who waited for each other."""


class Step(StrEnum):
    """What a step of the schema asks of programs that do not know it."""

    EXPAND = "expand"
    CONTRACT = "contract"


_steps = Table(
    "schema_stap",
    MetaData(),
    Column("revisie", String(32), primary_key=True),
    Column("vorige", String(32)),
    Column("soort", String(20), nullable=False),
    Column("werkt_vanaf", String(32)),
    Column("versie", String(40), nullable=False),
)
TABLE = _steps.name
"""Kept by us as alembic keeps its own: made where it is not there, and in no model."""
QUEUE = "procrastinate_"
"""How the names of the tables begin that are of the queue's package."""


def program_version() -> str:
    """The version of this program."""
    try:
        return version("langdurig-rni")
    except PackageNotFoundError:  # run from a folder where it was never installed
        return "onbekend"


def is_ours(thing: object, name: str | None, kind: str, reflected: bool, beside: object) -> bool:
    """Whether alembic looks for it in our models; not for the tables of the queue, nor for the list of steps."""
    return not (kind == "table" and reflected and (str(name).startswith(QUEUE) or name == TABLE))


def prepare(connection: Connection) -> None:
    """The table of steps is there."""
    _steps.create(connection, checkfirst=True)


def record(ctx: MigrationContext, step: Any, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    """Keep what a step asks, in the transaction of the step itself; alembic calls this after each."""
    connection = ctx.connection
    assert connection is not None
    prepare(connection)
    connection.execute(delete(_steps).where(_steps.c.revisie == step.up_revision_id))
    if not step.is_upgrade:
        return
    module = step.up_revision.module
    values = {
        "revisie": step.up_revision_id,
        "vorige": next(iter(step.down_revision_ids), None),
        "soort": getattr(module, "STEP", Step.CONTRACT),
        "werkt_vanaf": getattr(module, "WORKS_FROM", None),
        "versie": program_version(),
    }
    connection.execute(insert(_steps), values)


def obstacle(connection: Connection, head: str, own: str, known: Collection[str]) -> Reason | None:
    """Why a program cannot work on a schema that is further than it knows; None when it can.

    head: the last step of the database; own: the last one of the program; known: all of its steps.
    """
    there = inspect(connection).has_table(TABLE)
    steps = {row.revisie: row for row in connection.execute(select(_steps))} if there else {}
    at: str | None = head
    while at is not None and at not in known:
        step = steps.get(at)
        if step is None or not (step.soort == Step.EXPAND or step.werkt_vanaf in known):
            break
        at = step.vorige
    if at == own:
        return None
    newer = f"{steps[head].versie} of nieuwer" if head in steps else "waarmee de database is bijgewerkt"
    return Reason(
        "schema_nieuwer",
        f"De database is van een nieuwere versie (stap {head}; deze versie kent {own}), en die gaan niet samen. Er "
        f"is niets gewijzigd. Installeer hier versie {newer}, of zet een back-up van voor die tijd terug.",
    )


# How a step is taken


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """No two upgrades at once; Refused when another one goes on for minutes. A database in a file sees to it itself."""
    if engine.dialect.name != "postgresql":
        yield
        return
    lock = {"lock": _ONE_AT_A_TIME}
    # Outside a transaction: one that stays open would keep an index from being made beside the work.
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as held:
        for _ in range(ATTEMPTS):
            if held.execute(text("SELECT pg_try_advisory_lock(:lock)"), lock).scalar_one():
                break
            time.sleep(LONGEST_PAUSE)
        else:
            uitleg = (
                "Een andere rni db upgrade is nog bezig. Wacht tot die klaar is, en voer daarna uit: rni db upgrade"
            )
            raise Refused(Reason("schema_in_bewerking", uitleg))
        try:
            yield
        finally:
            held.execute(text("SELECT pg_advisory_unlock(:lock)"), lock)


def impatient(connection: Connection) -> None:
    """In this transaction whoever holds a table is not waited for long: behind who waits stands everybody else."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))


def until_it_is_free(revision: str, take: Callable[[], None]) -> None:
    """Take a step; when somebody else is in the way, again after a pause in which nothing is held."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return take()
        except DBAPIError as error:
            if not _was_in_the_way(error):
                raise
            log.info("schemastap wacht", stap=revision, poging=attempt)
            time.sleep(min(LONGEST_PAUSE, 0.2 * 2**attempt))
    uitleg = (
        f"De database is te druk: stap {revision} kreeg {ATTEMPTS} keer geen tabel voor zich. Wat daarvoor kwam, is "
        "gedaan en blijft; van deze stap is niets gedaan, en iedereen kan doorwerken. Kijk wat er zo lang loopt (een "
        "lading, een back-up, een open transactie), en voer daarna opnieuw uit: rni db upgrade"
    )
    raise Refused(Reason("schema_bezet", uitleg))


def _was_in_the_way(error: DBAPIError) -> bool:
    """Somebody held the table, or changed what stands in the catalogue at the same moment."""
    if getattr(error.orig, "sqlite_errorname", None) == "SQLITE_BUSY":
        return True
    return getattr(error.orig, "sqlstate", None) in _IN_THE_WAY or "tuple concurrently updated" in str(error.orig)
