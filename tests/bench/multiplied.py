"""A database of any size: the cases of the demonstration, worked by its people, copied again and again.

Every copy lies in other municipalities, and has numbers, people and addresses of its own.
"""

from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, text
from sqlmodel import SQLModel

from exports.models import FeedbackRow
from service.db import make_engine, upgrade
from service.demo.walk import Demo
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.base import table
from signals.models import Opbrengst, RejectedRow, Signal, SignalChange
from tests.bench.databases import settle
from tests.postgres import as_owner
from workflow.course import Stay
from workflow.models import (
    Address,
    Case,
    CaseEvent,
    CaseSignal,
    CaseTerm,
    Contact,
    Letter,
    Source,
    Visit,
    WalaaEntry,
)

COPIED: tuple[type[SQLModel], ...] = (
    Signal,
    SignalChange,
    RejectedRow,
    Case,
    CaseSignal,
    Address,
    CaseEvent,
    Stay,
    CaseTerm,
    Source,
    Contact,
    Letter,
    Visit,
    WalaaEntry,
    FeedbackRow,
    Opbrengst,
)
"""What figures and feedback read."""

STRIDE = 10_000
"""Between the ids of one copy and the next: more than the demonstration has rows in any table."""
FOLLOWS = (
    "id",
    "zaak_id",
    "signal_id",
    "eerste_signaal_id",
    "ouder_id",
    "voorganger_id",
    "adres_signaal_id",
    "vervangt_id",
)
OWN_TEXT = ("zaaknummer", "signaalnummer", "adressleutel")


def make(url: str, data: Path, cases: int, events: int) -> Engine:
    """A database at this address with so many cases and at least so many events; answers its engine."""
    upgrade(url, as_owner(url))
    settings = Settings(database_url=url, data_dir=data, environment="demo")
    demo = Demo(settings, settings.now().date(), StringIO())
    demo.run()
    demo.engine.dispose()
    engine = make_engine(url)
    with engine.execution_options(**EVERYTHING).begin() as connection:
        there = _count(connection, Case)
        copies = -(-cases // there) - 1
        _number(connection, copies)
        for kind in COPIED:
            connection.execute(_copy(table(kind)))
        _pad(connection, events)
    settle(engine)
    return engine


def _count(connection: Connection, kind: type[SQLModel]) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table(kind).name}")).scalar_one())


def _number(connection: Connection, copies: int) -> None:
    """The copies, and in which municipality each has what the demonstration has in another."""
    connection.execute(text("CREATE TEMP TABLE kopie (k INTEGER, van VARCHAR(4), naar VARCHAR(4))"))
    towns = [*connection.execute(text("SELECT DISTINCT gemeentecode FROM signal ORDER BY 1")).scalars()]
    there = [*connection.execute(text("SELECT code FROM municipality WHERE einde IS NULL ORDER BY 1")).scalars()]
    rows = [
        {"k": k, "van": town, "naar": there[(k * len(towns) + place) % len(there)]}
        for k in range(1, copies + 1)
        for place, town in enumerate(towns)
    ]
    connection.execute(text("INSERT INTO kopie VALUES (:k, :van, :naar)"), rows)


def _copy(kind: Table) -> Any:
    """One INSERT ... SELECT of every copy of a table's rows."""
    values: dict[str, str] = {}
    for column in kind.columns:
        name, here = column.name, f"oud.{column.name}"
        if name in FOLLOWS or (kind is table(FeedbackRow) and name == "volgnummer"):
            here = f"{here} + {STRIDE} * kopie.k"
        elif name in OWN_TEXT:
            here = f"{here} || '-' || kopie.k"
        elif name == "bsn":  # sealed, and as long as its column
            here = f"substr({here}, 1, length({here}) - 6) || substr(CAST(1000000 + kopie.k AS VARCHAR), 2)"
        elif name == "gemeentecode":
            here = "coalesce(kopie.naar, oud.gemeentecode)"
        values[name] = here
    # What has no municipality is copied once for each copy.
    own = "gemeentecode" in kind.columns
    town = "kopie.van = oud.gemeentecode" if own else "kopie.van = (SELECT min(van) FROM kopie)"
    return text(
        f"INSERT INTO {kind.name} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {kind.name} oud JOIN kopie ON {town} ORDER BY kopie.k, oud.id"
    )


def _pad(connection: Connection, events: int) -> None:
    """Cases that went from hand to hand, until there are as many events: as the last of each, which changes nothing."""
    missing = events - _count(connection, CaseEvent)
    settled = connection.execute(text("SELECT count(*) FROM zaak WHERE lading_id IS NULL")).scalar_one()
    columns = [column.name for column in table(CaseEvent).columns if column.name not in ("id", "volgnummer", "stap")]
    of_last = ", ".join(f"laatste.{name}" for name in columns)
    for more in range(1, -(-missing // settled) + 1 if missing > 0 else 1):
        connection.execute(
            text(
                f"INSERT INTO gebeurtenis (id, volgnummer, stap, {', '.join(columns)})"
                f" SELECT laatste.id + {more} * 40000000, zaak.versie + {more}, 'wijs_toe', {of_last} FROM zaak"
                " JOIN gebeurtenis laatste ON laatste.zaak_id = zaak.id AND laatste.volgnummer = zaak.versie"
            )
        )
