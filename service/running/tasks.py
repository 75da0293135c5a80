"""How each task of the clock went: kept in the database, where pages and metrics find it, and a line in the log."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from service.access import Access
from service.db import session_scope
from service.running.models import TaskRun
from service.settings import Settings

log = structlog.get_logger()

MAIL, SHIPMENTS, LOG, SIZES = "berichten", "bezorgingen", "logboek_verzegelen", "omvang_meten"
AT_MOST: Mapping[str, timedelta] = {
    MAIL: timedelta(minutes=20),
    SHIPMENTS: timedelta(minutes=20),
    LOG: timedelta(minutes=10),
    SIZES: timedelta(hours=3),
}
"""How long ago a task may have ended well; a nightly one `A_NIGHT`."""
A_NIGHT = timedelta(hours=27)
"""A day, and what a night may take longer than the one before."""


@dataclass
class Noting:
    """What a task that is going on did, to be told when it ended."""

    aantal: int | None = None


@contextmanager
def noted(settings: Settings, engine: Engine, taak: str) -> Iterator[Noting]:
    """While a task runs: how it ends is written down, whatever that is. The task gives how much it did."""
    begun, started, done = settings.now(), time.perf_counter(), Noting()
    try:
        yield done
    except Exception as error:
        _keep(settings, engine, taak, begun, started, fout=type(error).__name__)
        raise
    _keep(settings, engine, taak, begun, started, aantal=done.aantal)


def _keep(
    settings: Settings,
    engine: Engine,
    taak: str,
    begun: datetime,
    started: float,
    *,
    fout: str = "",
    aantal: int | None = None,
) -> None:
    ms, now = round((time.perf_counter() - started) * 1000), settings.now()
    tell = log.error if fout else log.info
    tell("kloktaak", taak=taak, uitkomst="mislukt" if fout else "gelukt", aantal=aantal, ms=ms, fout=fout)
    try:
        with session_scope(engine, Access.system(origin="klok")) as session:
            kept = session.get(TaskRun, taak) or TaskRun(taak=taak, begonnen_op=begun)
            kept.begonnen_op, kept.milliseconden, kept.fout = begun, ms, fout
            if fout:
                kept.mislukt_op = now
            else:
                kept.gelukt_op, kept.aantal = now, aantal
            session.add(kept)
    except SQLAlchemyError as error:  # the task itself is done or failed by now, whatever becomes of this note
        log.warning("kloktaak niet genoteerd", taak=taak, fout=type(error).__name__)


def runs(session: Session) -> list[TaskRun]:
    """How every task went last."""
    return list(session.exec(select(TaskRun).order_by(col(TaskRun.taak))))


def is_late(run: TaskRun, now: datetime) -> bool:
    """Whether it should have ended well since."""
    return run.gelukt_op is None or now - run.gelukt_op > AT_MOST.get(run.taak, A_NIGHT)
