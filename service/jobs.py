"""When the clock does what: the nightly work is in workflow.clock, the messages in digests and mail, what is brought to
UWV in shipments, what other systems are told in connectors, what had its time in retention. Any number of clocks may
run; one leads (service.leader)."""

import threading
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service import digests, mail, mergers, shipments
from service.access import Access
from service.connector_models import MessageState, RegisterState
from service.connectors import registration, webhooks
from service.db import make_engine, session_scope, take_stock
from service.leader import leader_of
from service.loading import uploads
from service.log import audit, chain
from service.log.subjects import newest_task, subjects_of_tasks
from service.models import ClockDay, MailState, ShipmentState
from service.retention import carrying_out, due, expired
from service.running import facts, tasks
from service.settings import Settings
from signals.base import table
from signals.bulk import insert_if_new, run
from workflow.clock import NIGHTLY

HOUR = 2
"""Hour from which the nightly work of a day is due; also a day later, when nobody led at night."""
SWEEP = "onbekende_bestanden_gewist"
FORGOTTEN = "bezorgde_webhooks_gewist"
MERGERS = "herindelingen_verteld"
EXPIRED, DUE = "verlopen_gewist", "vernietiging_aan_de_beurt"
DESTROYED = "regels_vernietigd"
ASKED_AGAIN = "vernietigingen_gevraagd"
DESTROY_EVERY = 1
"""Minutes between two looks at lists that somebody had carried out."""
SEALED, HANDED_ON = "logregels_verzegeld", "logregels_afgeleverd"
MORNING = 6
"""Hour from which the messages of the day are made: the night has reminded by then."""
NIGHT_EVERY = 1
"""Minutes between two looks at what the night still has to do; what is done stands in the database."""
MAIL_EVERY = 5
"""Minutes between two looks at what is due to be sent."""
MEASURE_EVERY = 60
"""Minutes between two counts of cases and sizes, the first when the clock begins."""
SEAL_EVERY = 1
"""Minutes that an entry of the log may wait for its place in the chain."""
TOLD = (MailState.VERZONDEN, MailState.WACHT, MailState.ONZEKER, MailState.OPGEGEVEN)
BROUGHT = (ShipmentState.BEZORGD, ShipmentState.WACHT, ShipmentState.MISLUKT)
BRING_EVERY = 5
"""Minutes between two looks at what is due to be brought to UWV."""
CONNECT_EVERY = 1
"""Minutes between two looks at what other systems must be told."""
LOOK_EVERY = 1
"""Seconds between two looks at who leads."""
_day = table(ClockDay)
log = structlog.get_logger()


def _always() -> bool:
    return True


def run_nightly(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every nightly job, whether it was done today or not; gives how many reminders or files each made or deleted."""
    return _night(settings, engine, now, due_only=False, leads=_always)


def run_night_due(
    settings: Settings, engine: Engine, now: datetime, leads: Callable[[], bool] = _always
) -> dict[str, int]:
    """Every nightly job that was not done yet today, from `HOUR` on. leads: asked before each of them."""
    return _night(settings, engine, now, due_only=True, leads=leads) if now.hour >= HOUR else {}


def _night(
    settings: Settings, engine: Engine, now: datetime, *, due_only: bool, leads: Callable[[], bool]
) -> dict[str, int]:
    """Each job in a transaction of its own, in which its day is noted too: so it is done once a day, or not yet."""
    counts: dict[str, int] = {}
    jobs: dict[str, Callable[[Session], int]] = {
        name: partial(_remind, name=name, job=job, now=now) for name, job in NIGHTLY.items()
    }
    jobs[MERGERS] = partial(mergers.tell, now=now)
    jobs[EXPIRED] = partial(expired.throw_away, now=now)
    jobs[DUE] = partial(due.count_all, today=now.date())
    jobs[FORGOTTEN] = partial(webhooks.sweep, now=now)
    for name, job in jobs.items():
        if not leads():
            return counts
        if due_only and _is_done(engine, name, now.date()):
            continue
        try:
            with (
                tasks.noted(settings, engine, name) as noted,
                session_scope(engine, Access.system(origin="klok")) as session,
            ):
                if not _note(session, name, now.date()) and due_only:
                    continue  # another clock did it since
                counts[name] = noted.aantal = job(session)
        except OperationalError:  # the database is away: nothing else can be done either
            raise
        except Exception:
            if not due_only:
                raise
            log.exception("nachttaak mislukt", taak=name)  # it is tried again, and the others are done
    if not leads() or (due_only and _is_done(engine, SWEEP, now.date())):
        return counts
    with tasks.noted(settings, engine, SWEEP) as noted:
        take_stock(engine)
        counts[SWEEP] = noted.aantal = uploads.sweep(engine, settings, now)
    with session_scope(engine, Access.system(origin="klok")) as session:  # afterwards: sweeping twice harms nobody
        _note(session, SWEEP, now.date())
    return counts


def _remind(session: Session, name: str, job: Callable[[Session, date], int], now: datetime) -> int:
    before = newest_task(session)
    count = job(session, now.date())
    if count:
        audit.record(session, "nachttaak", name, now, about=subjects_of_tasks(session, before))
    return count


def _note(session: Session, name: str, day: date) -> bool:
    """Note that a job is done on this day; whether it was not yet. Of two at once the second waits for the first."""
    run(session, insert_if_new(session, _day), [{"taak": name, "dag": date.min}])
    later = update(_day).where(_day.c.taak == name, _day.c.dag < day).values(dag=day)
    return bool(run(session, later).rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


def _is_done(engine: Engine, name: str, day: date) -> bool:
    with session_scope(engine, Access.system(origin="klok"), write=False) as session:
        noted = session.get(ClockDay, name)
    return noted is not None and noted.dag >= day


def run_mail(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """The messages of this day, and every one that is due offered to the mail server; gives how many ended how."""
    with tasks.noted(settings, engine, tasks.MAIL) as noted:
        with session_scope(engine, Access.system(origin="klok")) as session:
            made = digests.make(session, settings, now) if settings.smtp_host and now.hour >= MORNING else 0
        ended = mail.deliver(settings, engine, now)
        noted.aantal = ended.total()
    return {"berichten_gemaakt": made, **{f"berichten_{state}": ended[state] for state in TOLD}}


def run_shipments(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every feedback file that is due is brought to the server of UWV; gives how many ended how."""
    with tasks.noted(settings, engine, tasks.SHIPMENTS) as noted:
        ended = shipments.deliver(settings, engine, now)
        noted.aantal = ended.total()
    return {f"bezorgingen_{state}": ended[state] for state in BROUGHT}


def run_connectors(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Every zaaksysteem and every subscriber is told what waits; gives how many cases and messages ended how."""
    cases, messages = registration.deliver(settings, engine, now), webhooks.deliver(settings, engine, now)
    told = {f"zaaksysteem_{state}": cases[state] for state in RegisterState if state != RegisterState.ONDERWEG}
    return told | {f"webhooks_{state}": messages[state] for state in MessageState if state != MessageState.ONDERWEG}


def run_log(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Entries of the log that are new get their place in the chain, and their lines are handed on; gives how many."""
    with tasks.noted(settings, engine, tasks.LOG) as noted:
        counts = {SEALED: chain.seal(engine, settings.data_dir, now), HANDED_ON: 0}
        noted.aantal = counts[SEALED]
        if settings.logbook_otlp_url:
            from service.log import otlp  # here: without a receiver nothing of its format is needed

            counts[HANDED_ON] = otlp.deliver(settings, engine, now)
    return counts


def ask_retention(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Lists that people had carried out and that nobody is at are asked of who does long work; gives how many."""
    return {ASKED_AGAIN: carrying_out.ask_again(engine, settings, now)}


def run_retention(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Lists that people had carried out are gone on with here; gives how many lines went."""
    return {DESTROYED: carrying_out.run_open(engine, settings, now)}


def run_sizes(settings: Settings, engine: Engine, now: datetime) -> dict[str, int]:
    """Cases and the size of the database are counted, for the page of the beheerder and the metrics."""
    with tasks.noted(settings, engine, tasks.SIZES) as noted:
        noted.aantal = facts.measure(settings, engine, now)
    return {}


class Clock:
    """Does the work of the clock while it leads, and waits while another does."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self._settings = settings
        self.engine = engine or make_engine(settings.direct_url)
        self._own_engine = engine is None
        self._leader = leader_of(settings)
        self._wrong = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, name="klok", daemon=True)

    def start(self) -> None:
        """Beside what else this process does."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """What goes on is finished; another clock may lead after it."""
        self._stopped.set()

    def stop(self) -> None:
        """The same, and waits for it."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join()

    def leads(self) -> bool:
        """Whether this clock does the work, or waits to take over."""
        return self._leader.still_leads()

    def run(self) -> None:
        """Until it is stopped."""
        working: BackgroundScheduler | None = None
        try:
            while not self._stopped.is_set():
                leads = self._leads()
                if leads and working is None:
                    working = self.scheduler()
                    working.start()
                elif not leads and working is not None:
                    working.shutdown(wait=False)  # what began is over soon, and looks before each next thing it does
                    working = None
                self._stopped.wait(LOOK_EVERY)
        finally:
            if working is not None:
                working.shutdown(wait=True)
            self._leader.close()
            if self._own_engine:
                self.engine.dispose()

    def _leads(self) -> bool:
        try:
            leads = self._leader.leads()
        except Exception:  # the last net: a clock that ends beside the pages would not be missed for a long time
            if not self._wrong:
                log.exception("onverwachte fout")
            self._wrong = True
            return False
        self._wrong = False
        return leads

    def scheduler(self) -> BackgroundScheduler:
        """Of one time of leading. Everything is looked at at once: nobody may have, for a while."""
        clock = BackgroundScheduler(timezone=self._settings.zone)
        night = self._led(lambda now: run_night_due(self._settings, self.engine, now, self._leader.still_leads))
        jobs: dict[str, tuple[int, Callable[[], None]]] = {
            "nacht": (NIGHT_EVERY, night),
            "post": (MAIL_EVERY, self._led(lambda now: run_mail(self._settings, self.engine, now))),
            "bezorging": (BRING_EVERY, self._led(lambda now: run_shipments(self._settings, self.engine, now))),
            "koppelingen": (CONNECT_EVERY, self._led(lambda now: run_connectors(self._settings, self.engine, now))),
            "logboek": (SEAL_EVERY, self._led(lambda now: run_log(self._settings, self.engine, now))),
            "omvang": (MEASURE_EVERY, self._led(lambda now: run_sizes(self._settings, self.engine, now))),
            "vernietiging": (DESTROY_EVERY, self._led(lambda now: ask_retention(self._settings, self.engine, now))),
        }
        for name, (minutes, job) in jobs.items():
            clock.add_job(
                job,
                "interval",
                minutes=minutes,
                id=name,
                name=name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                next_run_time=self._settings.now(),
            )
        return clock

    def _led(self, job: Callable[[datetime], object]) -> Callable[[], None]:
        """A job that is done only by who leads; a database that is away for a moment is waited for."""

        def done() -> None:
            if not self._leader.still_leads():
                return
            try:
                job(self._settings.now())
            except OperationalError as error:
                log.warning("klok wacht op de database", fout=str(error.orig or error)[:200])

        return done
