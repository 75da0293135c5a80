"""A thread of the web process that has long work done: it takes work in hand, starts a process for it, watches that.

Several may look after one database. Each looks after its own processes, and after work that gives no more sign of
life, because its process was killed with its machine.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service import work
from service.access import Access
from service.db import make_engine, session_scope
from service.log import audit
from service.models import Work, WorkState
from service.settings import Settings
from workflow.actors import Actor

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
        self.settings = settings
        self._engine = make_engine(settings.database_url)
        work.wait_for_the_lock(self._engine, PATIENCE)
        self._children: dict[str, tuple[Work, subprocess.Popen[bytes]]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="werk", daemon=True)

    def start(self) -> None:
        """From now on work is done."""
        self._thread.start()

    def stop(self) -> None:
        """Work that goes on is broken off: what it did is rolled back, and it waits to be begun again."""
        self._stopped.set()
        self._thread.join()
        for _, child in self._children.values():
            child.kill()  # its transaction is rolled back by the database
            child.wait()
        for held, _ in self._children.values():
            try:
                self._settle(held, counts=False)
            except OperationalError:  # whoever looks next sees that it is silent
                log.warning("werk niet teruggezet", lading=held.ladingnummer)
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
        ended = [held for held, child in self._children.values() if not self._goes_on(held, child)]
        for held in ended:
            self._settle(held)
            del self._children[held.sleutel]
        with session_scope(self._engine, Access.system(origin="werk"), write=False) as session:
            found = work.unfinished(session)
        for each in found:
            if each.sleutel in self._children or self._stopped.is_set():
                continue
            if each.staat == WorkState.BEZIG:
                if work.is_silent(self.settings, each, self.settings.now()):
                    self._settle(each)
            elif work.is_stopping(self.settings, each):
                self._settle(each)
            elif len(self._children) < AT_ONCE:
                self._begin(each)

    def _goes_on(self, held: Work, child: "subprocess.Popen[bytes]") -> bool:
        """Whether the process is still at it; one that has to stop is ended here."""
        if child.poll() is None and work.is_stopping(self.settings, held):
            child.kill()
            child.wait()
        if child.poll() is not None:
            return False
        work.give_sign_of_life(self.settings, held)
        return True

    def _begin(self, waiting: Work) -> None:
        with session_scope(self._engine, Access.system(origin="werk")) as session:
            if not work.claim(session, waiting, self.settings.now()):
                return
            held = _fresh(session, waiting)
        child = _process(self.settings, held)
        self._children[held.sleutel] = held, child
        work.tell(self.settings, held, work.Progress(totaal=held.totaal, pid=child.pid))

    def _settle(self, held: Work, *, counts: bool = True) -> None:
        """Nobody has it in hand: it is done, or it stops, or waits to be begun again. counts: as a failed attempt."""
        with session_scope(self._engine, Access.system(origin="werk"), write=False) as session:
            seen = _fresh(session, held)
        if (seen.staat, seen.uitvoerder) == (held.staat, held.uitvoerder) and seen.staat in work.OPEN:
            self._end(seen, counts)
            with session_scope(self._engine, Access.system(origin="werk"), write=False) as session:
                seen = _fresh(session, held)
        work.forget(self.settings, held, ended=seen.staat not in work.OPEN)
        log.info("werk", soort=seen.soort, lading=seen.ladingnummer, staat=seen.staat, poging=seen.poging)

    def _end(self, seen: Work, counts: bool) -> None:
        now = self.settings.now()
        stopping = work.is_stopping(self.settings, seen)
        access = work.stopper(self.settings, seen) if stopping else Access.system(Actor(seen.door), seen.herkomst)
        with session_scope(self._engine, access) as session:
            if stopping:
                if work.end_as_stopped(session, seen, now):
                    audit.record(session, "lading_gestopt", seen.ladingnummer, now)
            elif (sentence := work.crashed_too_often(seen)) and counts:
                if work.fail(session, seen, now, sentence):
                    audit.record(session, work.ACTIONS[seen.soort], seen.ladingnummer, now, resultaat="geweigerd")
            else:
                work.put_back(session, seen, counts=counts)


def _fresh(session: Session, held: Work) -> Work:
    """The row as it is now."""
    session.expire_all()
    return session.get_one(Work, held.id)


def _process(settings: Settings, held: Work) -> "subprocess.Popen[bytes]":
    """A process of its own, with the settings of this one; not of its session, so that Ctrl-C does not reach it."""
    plain = {name: value for name, value in settings if isinstance(value, str | int | Path)}  # keys only as inherited
    environment = os.environ | {f"RNI_{name.upper()}": str(value) for name, value in plain.items()}
    command = [sys.executable, "-P", "-m", "service.workers.worker", str(held.id), str(held.uitvoerder)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  # nosec B603
