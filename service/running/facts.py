"""What the database and the disk say of how the service runs: numbers and moments only, never about whom.

What is quick is asked when somebody wants to know, at most once in so many seconds; what takes long (`measure`) by the
clock, once an hour, and kept.
"""

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Integer, bindparam, func, text
from sqlmodel import Session, col, select

from service.access import Access
from service.audit_models import AuditSeal
from service.db import session_scope
from service.models import AuditEntry, Mail, MailState, Shipment, ShipmentState, Work, WorkState
from service.running import tasks
from service.running.asking import Question
from service.running.models import Size, TaskRun
from service.settings import Settings
from signals.models import Signal
from workflow.models import Case

MEASURED = "omvang"
BIG_TABLES = 12
"""Tables that are told apart, the largest."""
FRESH = 15.0
"""Seconds for which what was asked is told again."""
LONGEST = 4.0
"""Seconds after which a database that has not said how it stands counts as one that does not answer."""
PATIENCE = 2_000
"""Milliseconds that one question may take, on PostgreSQL."""


@dataclass(frozen=True)
class Waiting:
    """How much waits in one state, and since when the first; None where that does not count."""

    aantal: int
    oudste: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """How it stands at a moment."""

    gevraagd_op: datetime
    werk: Mapping[WorkState, Waiting] = field(default_factory=dict)
    berichten: Mapping[str, Waiting] = field(default_factory=dict)
    bezorgingen: Mapping[ShipmentState, Waiting] = field(default_factory=dict)
    onverzegeld_sinds: datetime | None = None
    rondes: Sequence[TaskRun] = ()
    omvang: Size | None = None


WAITS, FAILED = "wacht", "mislukt"
"""The states of messages that are told apart: those of `MailState` that wait, and those that need a person."""


def ask(session: Session, now: datetime) -> Facts:
    """What can be asked quickly, however much there is: each question has an index of few rows."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql(f"SET LOCAL statement_timeout = {PATIENCE}")
    return Facts(
        now,
        _work(session),
        _mail(session),
        _shipments(session),
        _unsealed_since(session),
        tasks.runs(session),
        session.get(Size, MEASURED),
    )


def _work(session: Session) -> dict[WorkState, Waiting]:
    open_ = (col(Work.staat) == WorkState.WACHT) | (col(Work.staat) == WorkState.BEZIG)
    counted = select(Work.staat, func.count(), func.min(Work.gevraagd_op)).where(open_).group_by(col(Work.staat))
    return {WorkState(staat): Waiting(aantal, oudste) for staat, aantal, oudste in session.exec(counted)}


def _mail(session: Session) -> dict[str, Waiting]:
    waits = (col(Mail.staat) == MailState.WACHT) | (col(Mail.staat) == MailState.ONDERWEG)
    failed = (col(Mail.staat) == MailState.ONZEKER) | (col(Mail.staat) == MailState.OPGEGEVEN)
    aantal, oudste = session.exec(select(func.count(), func.min(Mail.gemaakt_op)).where(waits)).one()
    return {
        WAITS: Waiting(aantal, oudste),
        FAILED: Waiting(session.exec(select(func.count()).select_from(Mail).where(failed)).one()),
    }


def _shipments(session: Session) -> dict[ShipmentState, Waiting]:
    counted = select(Shipment.staat, func.count(), func.min(Shipment.gevraagd_op)).group_by(col(Shipment.staat))
    return {ShipmentState(staat): Waiting(aantal, oudste) for staat, aantal, oudste in session.exec(counted)}


def _unsealed_since(session: Session) -> datetime | None:
    """When the first entry after the last sealed one was written; None when every one has a seal."""
    last = session.exec(select(func.max(AuditSeal.audit_id))).one() or 0
    first = select(AuditEntry.tijdstip).where(col(AuditEntry.id) > last).order_by(col(AuditEntry.id)).limit(1)
    return session.exec(first).first()


def measure(settings: Settings, engine: Engine, now: datetime) -> int:
    """Count what takes long, and keep that; gives how many cases there are."""
    with session_scope(engine, Access.system(origin="klok"), write=False) as session:
        phases = dict(session.exec(select(Case.fase, func.count()).group_by(col(Case.fase))).all())
        inhoud: dict[str, Any] = {
            "zaken": {str(fase): count for fase, count in phases.items()},
            "signalen": session.exec(select(func.count()).select_from(Signal)).one(),
            "logregels": session.exec(select(func.max(AuditEntry.id))).one() or 0,
            **(_of_postgresql(session) if engine.dialect.name == "postgresql" else _of_sqlite(session, engine)),
        }
    with session_scope(engine, Access.system(origin="klok")) as session:
        session.merge(Size(naam=MEASURED, gemeten_op=now, inhoud=inhoud))
    return sum(phases.values())


_TABLES = text(
    "SELECT relname, pg_total_relation_size(relid) AS bytes, n_live_tup, n_dead_tup,"
    " extract(epoch FROM greatest(last_vacuum, last_autovacuum)) AS geveegd,"
    " extract(epoch FROM greatest(last_analyze, last_autoanalyze)) AS bekeken"
    " FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY bytes DESC LIMIT :number"
).bindparams(bindparam("number", type_=Integer))


def _of_postgresql(session: Session) -> dict[str, Any]:
    connection = session.connection()
    size, version = connection.execute(
        text("SELECT pg_database_size(current_database()), current_setting('server_version')")
    ).one()
    tabellen = [
        {
            "naam": row.relname,
            "bytes": row.bytes,
            "rijen": row.n_live_tup,
            "dood": row.n_dead_tup,
            "geveegd": None if row.geveegd is None else float(row.geveegd),
            "bekeken": None if row.bekeken is None else float(row.bekeken),
        }
        for row in connection.execute(_TABLES, {"number": BIG_TABLES})
    ]
    return {"bytes": size, "soort": "PostgreSQL", "versie": version, "tabellen": tabellen}


def _of_sqlite(session: Session, engine: Engine) -> dict[str, Any]:
    connection = session.connection()

    def told(pragma: str) -> int:
        return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

    journal = Path(f"{engine.url.database}-wal")
    stock = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").scalar_one()
    seen = connection.exec_driver_sql("SELECT count(*) FROM sqlite_stat1").scalar_one() if stock else 0
    return {
        "bytes": told("page_size") * told("page_count"),
        "leeg": told("page_size") * told("freelist_count"),
        "journaal": journal.stat().st_size if journal.exists() else 0,
        "voorraad": seen,
        "soort": "SQLite",
        "versie": connection.exec_driver_sql("SELECT sqlite_version()").scalar_one(),
    }


@dataclass(frozen=True)
class Room:
    """How much room there is on the disk of a folder, in bytes."""

    vrij: int
    totaal: int

    @property
    def share(self) -> float:
        """Of what there is, what is free."""
        return self.vrij / self.totaal if self.totaal else 0.0


def rooms(settings: Settings) -> dict[str, Room]:
    """Of the disk of the data directory, and of that of a database in a file."""
    return {name: Room(found.free, found.total) for name, found in _disks(settings)}


def _disks(settings: Settings) -> list[tuple[str, Any]]:
    places = {"bestanden": settings.data_dir}
    prefix = "sqlite:///"
    if settings.database_url.startswith(prefix) and ":memory:" not in settings.database_url:
        places["database"] = Path(settings.database_url.removeprefix(prefix)).parent
    found = []
    for name, place in places.items():
        while not place.exists() and place != place.parent:
            place = place.parent
        found.append((name, shutil.disk_usage(place)))
    return found


class Cached:
    """Facts that are asked anew after so many seconds, by one at a time: whoever asks more often loads nothing."""

    def __init__(self, engine: Engine, now: Callable[[], datetime], fresh: float = FRESH) -> None:
        self.engine, self.now, self.fresh = engine, now, fresh
        self._lock = threading.Lock()
        self._asked: Question[Facts] | None = None
        self._found: Facts | None = None
        self._looked = float("-inf")

    def get(self) -> Facts | None:
        """How it stands; None while the database does not say."""
        with self._lock:
            if time.monotonic() - self._looked >= self.fresh:
                self._asked = self._asked or Question(self._ask)
                answered = self._asked.wait(LONGEST)
                self._found = self._asked.answer
                self._asked = None if answered else self._asked
                self._looked = time.monotonic()
            return self._found

    def _ask(self) -> Facts:
        with session_scope(self.engine, Access.system(origin="gang"), write=False) as session:
            return ask(session, self.now())
