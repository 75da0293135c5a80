"""Taking one piece of work in hand: a process for it, watched until it ends, and its row left as it should be."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service import work
from service.access import Access
from service.db import session_scope
from service.log import audit
from service.models import Work, WorkKind
from service.settings import Settings
from service.work_signs import Progress, signs_of
from workflow.actors import Actor

log = structlog.get_logger()


DATABASE_AWAY = os.EX_TEMPFAIL
"""How a process ends when the database went away: no fault of the work, which is begun again as often as it takes."""


@dataclass(frozen=True)
class Held:
    """A piece of work as it was when it was taken in hand, and the process that does it."""

    work: Work
    process: "subprocess.Popen[bytes]"

    @property
    def failed(self) -> bool:
        """Whether its end counts as an attempt, if it was not done."""
        return self.process.returncode != DATABASE_AWAY


class Hands:
    """Does work in processes, in the name of whoever looks after them."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings, self.engine = settings, engine
        self.signs = signs_of(engine, settings)

    def begin(self, waiting: Work) -> Held | None:
        """Take waiting work in hand and start its process; None when somebody else was first."""
        with session_scope(self.engine, Access.system(origin="werk")) as session:
            if not work.claim(session, waiting, self.settings.now()):
                return None
            mine = _fresh(session, waiting)
        process = _process(self.settings, mine)
        with suppress(OperationalError):  # it tells of itself too
            self.signs.tell(mine, Progress(totaal=mine.totaal, pid=process.pid))
        return Held(mine, process)

    def goes_on(self, held: Held) -> bool:
        """Whether the process is still at it; one that has to stop is ended here."""
        if held.process.poll() is None and self.signs.is_stopping(held.work):
            break_off(held)
        if held.process.poll() is not None:
            return False
        self.signs.give_sign_of_life(held.work)
        return True

    def is_silent(self, seen: Work) -> bool:
        """Whether nobody seems to have it in hand any more."""
        return self.signs.is_silent(seen, self.settings.now())

    def is_stopping(self, seen: Work) -> bool:
        """Whether somebody asked it to stop."""
        return self.signs.is_stopping(seen)

    def settle(self, held: Work, *, counts: bool = True) -> Work:
        """Nobody has it in hand: it is done, or it stops, or waits to be begun again. counts: as a failed attempt.

        Gives how it stands then.
        """
        seen = self.look(held)
        if (seen.staat, seen.uitvoerder) == (held.staat, held.uitvoerder) and seen.staat in work.OPEN:
            self._end(seen, counts)
            seen = self.look(held)
        self.signs.forget(held, ended=seen.staat not in work.OPEN)
        log.info("werk", soort=seen.soort, waarvan=seen.ladingnummer, staat=seen.staat, poging=seen.poging)
        return seen

    def look(self, held: Work) -> Work:
        """The row as it is now."""
        with session_scope(self.engine, Access.system(origin="werk"), write=False) as session:
            return _fresh(session, held)

    def _end(self, seen: Work, counts: bool) -> None:
        now = self.settings.now()
        stopping = self.signs.is_stopping(seen)
        access = self.signs.stopper(seen) if stopping else Access.system(Actor(seen.door), seen.herkomst)
        with session_scope(self.engine, access) as session:
            if stopping:
                if work.end_as_stopped(session, seen, now):
                    audit.record(session, work.STOPPED[seen.soort], seen.ladingnummer, now)
            elif (sentence := work.crashed_too_often(seen)) and counts:
                if work.fail(session, seen, now, sentence):
                    audit.record(session, work.ACTIONS[seen.soort], seen.ladingnummer, now, resultaat="geweigerd")
            else:
                work.put_back(session, seen, counts=counts)


def break_off(held: Held) -> None:
    """End the process; the database rolls back what it was at."""
    held.process.kill()
    held.process.wait()


def _fresh(session: Session, held: Work) -> Work:
    session.expire_all()
    return session.get_one(Work, held.id)


def _process(settings: Settings, held: Work) -> "subprocess.Popen[bytes]":
    """A process of its own, with the settings of this one; not of its session, so that Ctrl-C does not reach it."""
    plain = {name: value for name, value in settings if isinstance(value, str | int | Path)}  # keys only as inherited
    environment = os.environ | {f"RNI_{name.upper()}": str(value) for name, value in plain.items()}
    if held.soort is not WorkKind.VERNIETIGEN:
        environment.pop("RNI_DATABASE_OWNER_URL")  # who reads files of others has no use for the owner's rights
    command = [sys.executable, "-P", "-m", "service.workers.worker", str(held.id), str(held.uitvoerder)]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  # nosec B603
