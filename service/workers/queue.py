"""A worker on PostgreSQL: Procrastinate brings it work, and it has that done in processes, as many at once as it may.

Any number of them on any machines. Each also looks, every few seconds, for work that no job in the queue carries and
for jobs of workers that are gone: so nothing waits for a machine that does not come back.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from sqlalchemy.exc import OperationalError

from service import work
from service.access import Access
from service.db import libpq_address, make_engine, session_scope
from service.models import Work, WorkState
from service.settings import Settings
from service.work_queue import NAME
from service.work_signs import SILENT_FOR
from service.workers.hands import Hands, Held, break_off

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two looks at a process."""
LOOK_EVERY = 2.0
"""Seconds between two looks at what no job carries, and between two signs of life of the worker itself."""
AT_ONCE = 2
"""Pieces of work that a worker has done at the same time: a check need not wait for a load."""
AGAIN = 1.0
"""Seconds before a worker that lost its database begins anew."""


class NotYet(Exception):
    """The work is not done, and the job that brought it comes again."""


class QueueWorker:
    """Does work until it is stopped."""

    def __init__(self, settings: Settings, at_once: int = AT_ONCE) -> None:
        self._settings, self._at_once = settings, at_once
        self.engine = make_engine(settings.direct_url)
        self._hands = Hands(settings, self.engine)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, name="werk", daemon=True)

    def start(self) -> None:
        """Beside what else this process does."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Work that goes on is broken off: what it did is rolled back, and it waits to be begun again."""
        self._stopped.set()

    def stop(self) -> None:
        """The same, and waits for it."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """Until it is stopped; a database that is away is waited for."""
        told = False
        while not self._stopped.is_set():
            try:
                asyncio.run(self._work())
                told = False
            except (ConnectorException, OperationalError, psycopg.Error, OSError):
                if not told:
                    log.warning("werkproces kan de database niet bereiken")
                told = True
            except Exception:  # the last net: a worker that ends would leave all work undone
                log.exception("onverwachte fout")
            self._stopped.wait(AGAIN)
        self.engine.dispose()

    async def _work(self) -> None:
        """One connection to the queue, until it breaks or the worker is stopped."""
        connector = PsycopgConnector(
            conninfo=libpq_address(self._settings.direct_url),
            kwargs={"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 5},
            min_size=1,
            max_size=self._at_once + 2,
            timeout=10,
        )
        queue = App(connector=connector)
        again = RetryStrategy(wait=1, retry_exceptions={NotYet})
        queue.task(name=NAME, queue=NAME, retry=again)(self._carry_out)
        async with queue.open_async():
            working = asyncio.create_task(
                queue.run_worker_async(
                    queues=[NAME],
                    name=f"{socket.gethostname()} {os.getpid()}",
                    concurrency=self._at_once,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=LOOK_EVERY,
                    stalled_worker_timeout=SILENT_FOR.total_seconds(),
                    delete_jobs=DeleteJobCondition.ALWAYS.value,
                    install_signal_handlers=False,
                )
            )
            log.info("werkproces wacht op werk", tegelijk=self._at_once)
            try:
                await self._look_around(queue, working)
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    async def _look_around(self, queue: App, working: "asyncio.Task[None]") -> None:
        """Until the worker ends or is to end."""
        waited = LOOK_EVERY
        while not self._stopped.is_set() and not working.done():
            if waited >= LOOK_EVERY:
                waited = 0.0
                await self._take_up(queue)
            await asyncio.sleep(EVERY / 2)
            waited += EVERY / 2

    async def _take_up(self, queue: App) -> None:
        """Jobs of workers that are gone come again; work that no job carries gets one."""
        jobs = queue.job_manager
        open_ = {each.id: each for each in await asyncio.to_thread(self._unfinished)}
        for job in await jobs.get_stalled_jobs(queue=NAME, seconds_since_heartbeat=SILENT_FOR.total_seconds()):
            held = open_.get(_number(job))
            if held is None or held.staat == WorkState.WACHT or await asyncio.to_thread(self._given_up, held):
                log.info("werk van een ander werkproces overgenomen", werk=_number(job))
                with suppress(ConnectorException):  # another worker was first
                    await jobs.retry_job(job)
        carried = {_number(job) for job in await self._live(queue)}
        for number, left in open_.items():
            if number in carried:
                continue
            if left.staat == WorkState.BEZIG or await asyncio.to_thread(self._hands.is_stopping, left):
                await asyncio.to_thread(self._given_up, left)
            else:
                with suppress(AlreadyEnqueued):
                    task = queue.configure_task(NAME, queue=NAME, queueing_lock=f"{NAME} {number}")
                    await task.defer_async(**{NAME: number})

    @staticmethod
    async def _live(queue: App) -> Iterable[Job]:
        jobs = queue.job_manager
        waiting = await jobs.list_jobs_async(queue=NAME, status="todo")
        return [*waiting, *await jobs.list_jobs_async(queue=NAME, status="doing")]

    def _unfinished(self) -> list[Work]:
        with session_scope(self.engine, Access.system(origin="werk"), write=False) as session:
            return work.unfinished(session)

    def _given_up(self, seen: Work) -> bool:
        """Whether nobody has it in hand; then it is left as it should be: waiting, stopped or failed."""
        if seen.staat == WorkState.BEZIG and not self._hands.is_silent(seen):
            return False
        self._hands.settle(seen)
        return True

    # What a job does, in a thread of its own

    def _carry_out(self, werk: int) -> None:
        """Have one piece of work done. NotYet when it is not: because it broke, or this worker is to stop."""
        with session_scope(self.engine, Access.system(origin="werk"), write=False) as session:
            asked = work.find(session, werk)
        if asked is None or asked.staat not in work.OPEN:
            return
        if asked.staat == WorkState.BEZIG or self._stopped.is_set():
            raise NotYet
        if self._hands.is_stopping(asked):
            self._hands.settle(asked)
            return
        held = self._hands.begin(asked)
        if held is None:
            raise NotYet
        stopped = self._watch(held)
        if self._settled(held, counts=held.failed and not stopped).staat in work.OPEN:
            raise NotYet

    def _watch(self, held: Held) -> bool:
        """Until the process ends; whether that was because this worker is to stop."""
        while True:
            with suppress(OperationalError):  # the database is away: the process itself sees that too
                if not self._hands.goes_on(held):
                    return False
            if self._stopped.wait(EVERY):
                break_off(held)
                return True

    def _settled(self, held: Held, *, counts: bool) -> Work:
        """As it stands once nobody has it in hand; waits for a database that is away."""
        while True:
            try:
                return self._hands.settle(held.work, counts=counts)
            except OperationalError:
                if self._stopped.wait(EVERY):
                    raise  # whoever looks next sees that it is silent


def _number(job: Job) -> int:
    return int(str(job.task_kwargs[NAME]))
