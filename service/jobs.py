"""When the clock does what: the nightly work is in workflow.clock, the messages in digests and mail,
what is brought to UWV in shipments."""

from datetime import datetime

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine

from service import digests, mail, mergers, shipments
from service.access import Access
from service.db import session_scope, take_stock
from service.loading import uploads
from service.log import audit, chain
from service.log.subjects import newest_task, subjects_of_tasks
from service.models import MailState, ShipmentState
from service.settings import Settings
from workflow.clock import NIGHTLY

log = structlog.get_logger()

HOUR = 2
SWEEP = "onbekende_bestanden_gewist"
MERGERS = "herindelingen_verteld"
SEALED, HANDED_ON = "logregels_verzegeld", "logregels_afgeleverd"
MORNING = 6
"""Hour from which the messages of the day are made: the night has reminded by then."""
MAIL_EVERY = 5
"""Minutes between two looks at what is due to be sent."""
SEAL_EVERY = 1
"""Minutes that an entry of the log may wait for its place in the chain."""
TOLD = (MailState.VERZONDEN, MailState.WACHT, MailState.ONZEKER, MailState.OPGEGEVEN)
BROUGHT = (ShipmentState.BEZORGD, ShipmentState.WACHT, ShipmentState.MISLUKT)
BRING_EVERY = 5
"""Minutes between two looks at what is due to be brought to UWV."""
LATEST_START = 20 * 3600
"""Seconds: a machine that slept through the night still does it in the day."""


def run_nightly(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every nightly job, each in a transaction of its own; gives how many reminders or files each made or deleted."""
    counts = {}
    for name, job in NIGHTLY.items():
        with session_scope(engine, Access.system(origin="klok")) as session:
            before = newest_task(session)
            counts[name] = job(session, now.date())
            if counts[name]:
                audit.record(session, "nachttaak", name, now, about=subjects_of_tasks(session, before))
        log.info("nachttaak", taak=name, aantal=counts[name])
    with session_scope(engine, Access.system(origin="klok")) as session:
        counts[MERGERS] = mergers.tell(session, now)
    log.info("nachttaak", taak=MERGERS, aantal=counts[MERGERS])
    take_stock(engine)
    counts[SWEEP] = uploads.sweep(engine, settings, now)
    log.info("nachttaak", taak=SWEEP, aantal=counts[SWEEP])
    return counts


def run_mail(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """The messages of this day, and every one that is due offered to the mail server; gives how many ended how."""
    with session_scope(engine, Access.system(origin="klok")) as session:
        made = digests.make(session, settings, now) if settings.smtp_host and now.hour >= MORNING else 0
    ended = mail.deliver(settings, engine, now)
    return {"berichten_gemaakt": made, **{f"berichten_{state}": ended[state] for state in TOLD}}


def run_shipments(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every feedback file that is due is brought to the server of UWV; gives how many ended how."""
    ended = shipments.deliver(settings, engine, now)
    return {f"bezorgingen_{state}": ended[state] for state in BROUGHT}


def run_log(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Entries of the log that are new get their place in the chain, and their lines are handed on; gives how many."""
    counts = {SEALED: chain.seal(engine, settings.data_dir, now), HANDED_ON: 0}
    if settings.logbook_otlp_url:
        from service.log import otlp  # here: without a receiver nothing of its format is needed

        counts[HANDED_ON] = otlp.deliver(settings, engine, now)
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
    clock.add_job(
        lambda: run_mail(settings, engine, settings.now()),
        "interval",
        minutes=MAIL_EVERY,
        id="post",
        coalesce=True,
        max_instances=1,
    )
    clock.add_job(
        lambda: run_shipments(settings, engine, settings.now()),
        "interval",
        minutes=BRING_EVERY,
        id="bezorging",
        coalesce=True,
        max_instances=1,
    )
    clock.add_job(
        lambda: run_log(settings, engine, settings.now()),
        "interval",
        minutes=SEAL_EVERY,
        id="logboek",
        coalesce=True,
        max_instances=1,
    )
    return clock
