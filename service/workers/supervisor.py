"""A thread of the web process that has long work done: it takes work in hand, starts a process for it, watches that.

So it goes on a database in a file; on PostgreSQL a queue brings the work to workers (`service.workers.queue`). Several
may look after one database. Each looks after its own processes, and after work that gives no more sign of life, because
its process was killed with its machine.
"""

import threading

import structlog
from sqlalchemy.exc import OperationalError

from service import work
from service.access import Access
from service.db import make_engine, session_scope
from service.models import WorkState
from service.settings import Settings
from service.workers.hands import Hands, Held, break_off

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two looks."""
AT_ONCE = 2
"""Processes that one supervisor keeps going: a check need not wait for a load."""
PATIENCE = 1
"""Seconds that it waits for the lock of a database in a file: a load holds it long, and there is more to look after."""


class Supervisor:
    """Looks after long work until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self._engine = make_engine(settings.database_url)
        work.wait_for_the_lock(self._engine, PATIENCE)
        self._hands = Hands(settings, self._engine)
        self._held: dict[str, Held] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="werk", daemon=True)

    def start(self) -> None:
        """From now on work is done."""
        self._thread.start()

    def stop(self) -> None:
        """Work that goes on is broken off: what it did is rolled back, and it waits to be begun again."""
        self._stopped.set()
        self._thread.join()
        for held in self._held.values():
            break_off(held)
        for held in self._held.values():
            try:
                self._hands.settle(held.work, counts=False)
            except OperationalError:  # whoever looks next sees that it is silent
                log.warning("werk niet teruggezet", waarvan=held.work.ladingnummer)
        self._engine.dispose()

    def _watch(self) -> None:
        wrong = False
        while not self._stopped.wait(EVERY):
            try:
                self._look()
                wrong = False
            except OperationalError:  # another writer has the lock, or the database is away for a moment
                log.debug("werk bekijken lukt nu niet")
            except Exception:  # the last net: a thread that ends would leave all work undone
                if not wrong:
                    log.exception("onverwachte fout")
                wrong = True

    def _look(self) -> None:
        """Look once at everything that waits or goes on, and do what is due."""
        ended = [held for held in self._held.values() if not self._hands.goes_on(held)]
        for held in ended:
            self._hands.settle(held.work, counts=held.failed)
            del self._held[held.work.sleutel]
        with session_scope(self._engine, Access.system(origin="werk"), write=False) as session:
            found = work.unfinished(session)
        for each in found:
            if each.sleutel in self._held or self._stopped.is_set():
                continue
            if each.staat == WorkState.BEZIG:
                if self._hands.is_silent(each):
                    self._hands.settle(each)
            elif self._hands.is_stopping(each):
                self._hands.settle(each)
            elif len(self._held) < AT_ONCE and (begun := self._hands.begin(each)):
                self._held[each.sleutel] = begun
