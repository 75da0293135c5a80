"""When the nightly work runs; what it does is in workflow.clock."""

from datetime import datetime

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine

from service import uploads
from service.access import Access
from service.db import session_scope
from service.settings import Settings
from workflow.clock import NIGHTLY

log = structlog.get_logger()

HOUR = 2
SWEEP = "onbekende_bestanden_gewist"
LATEST_START = 20 * 3600
"""Seconds: a machine that slept through the night still does it in the day."""


def run_nightly(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every nightly job, each in a transaction of its own; gives how many reminders or files each made or deleted."""
    counts = {}
    for name, job in NIGHTLY.items():
        with session_scope(engine, Access.system(origin="klok")) as session:
            counts[name] = job(session, now.date())
        log.info("nachttaak", taak=name, aantal=counts[name])
    counts[SWEEP] = uploads.sweep(engine, settings, now)
    log.info("nachttaak", taak=SWEEP, aantal=counts[SWEEP])
    return counts


def scheduler(settings: Settings, engine: Engine) -> BlockingScheduler:
    """A scheduler that runs the nightly work in the clock's own zone; `start()` stays until it is stopped."""
    clock = BlockingScheduler(timezone=settings.zone)
    clock.add_job(
        lambda: run_nightly(settings, engine, settings.now()),
        "cron",
        hour=HOUR,
        id="nacht",
        coalesce=True,
        misfire_grace_time=LATEST_START,
    )
    return clock
