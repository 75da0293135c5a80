"""`python -m service.workers.worker NUMBER HOLDER`: one piece of long work, as a process of its own.

It may be killed at any moment: what it does is one transaction, and its end is written in that.
"""

import os
import sys
import threading
from collections.abc import Sequence
from types import TracebackType

import structlog
from sqlalchemy import Engine

from importers import use_profiles
from importers.load import Checked
from importers.refusals import FileRefused
from service import journal, keys, process, work
from service.access import Access
from service.db import make_engine, session_scope, take_stock
from service.files import storage
from service.identity import accounts
from service.loading import deliveries, uploads
from service.loading.proof import size
from service.log import audit
from service.models import Upload, Work, WorkKind, WorkState
from service.settings import Settings, keep_files_private, read_settings
from signals.errors import DomainError, Forbidden, Reason
from workflow.actors import Actor

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two signs of life."""
PATIENCE = 24 * 3600
"""Seconds that it waits for another load on a database in a file; it can be stopped meanwhile."""
STOPPED = 143
"""The exit code of a process that was asked to stop."""


class _Beat:
    """A thread that tells how far the work is, and ends the process when somebody asked for that."""

    def __init__(self, settings: Settings, held: Work) -> None:
        self.settings, self.held = settings, held
        self.done, self.total = 0, held.totaal
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell_often, name="voortgang", daemon=True)

    def __enter__(self) -> "_Beat":
        self._tell()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def rows(self, number: int) -> None:
        """So many rows were dealt with."""
        self.done = number
        self._tell()

    def _tell(self) -> None:
        work.tell(self.settings, self.held, work.Progress(self.done, self.total, os.getpid()))

    def _tell_often(self) -> None:
        while not self._ended.wait(EVERY):
            if work.is_stopping(self.settings, self.held):
                os._exit(STOPPED)  # also out of a long statement; the database rolls back
            self._tell()


def run_one(settings: Settings, engine: Engine, number: int, holder: str) -> None:
    """Do this piece of work if it is in these hands. A refusal is its end; any other error is for who watches."""
    with session_scope(engine, Access.system(), write=False) as session:
        held = session.get(Work, number)
    if held is None or (held.staat, held.uitvoerder) != (WorkState.BEZIG, holder):
        return
    with _Beat(settings, held) as beat:
        try:
            _KINDS[held.soort](settings, engine, _access(settings, engine, held), held, beat)
        except work.LostHold:
            log.warning("werk is in andere handen", lading=held.ladingnummer)
        except DomainError as no:
            access = Access.system(Actor(held.door), held.herkomst)
            with session_scope(engine, access) as session:
                if work.fail(session, held, settings.now(), no.uitleg):
                    action = work.ACTIONS[held.soort]
                    audit.record(session, action, held.ladingnummer, settings.now(), resultaat="geweigerd")
    take_stock(engine)
    work.forget(settings, held, ended=True)


def _access(settings: Settings, engine: Engine, held: Work) -> Access:
    """What the asker may do by now; Forbidden when the account was closed since."""
    with session_scope(engine, Access.system(), write=False) as session:
        user = accounts.find_user(session, held.door)
        if user.uitgeschakeld_op is not None:
            uitleg = f"De gebruiker {held.door}, die hierom vroeg, is uitgeschakeld. Er is niets gewijzigd."
            raise Forbidden(Reason("gebruiker_uitgeschakeld", uitleg))
        return Access.of(accounts.actor_of(session, user, settings.now().date()), held.herkomst)


def _check(settings: Settings, engine: Engine, access: Access, held: Work, beat: _Beat) -> None:
    """Reads without holding the lock of a database in a file; what was found is written in a moment."""
    now = settings.now()
    found: Checked | FileRefused | Forbidden
    uploads.require_loader(access)
    with session_scope(engine, access.widened(), write=False) as session:
        row = uploads.find_load(session, access, held.ladingnummer)
        kept = session.get_one(Upload, held.ladingnummer).bestand
        try:
            found = deliveries.check_kept(session, settings, access, row, now, beat.rows)
        except Forbidden as forbidden:
            found = forbidden
    with session_scope(engine, access.widened()) as session:
        work.finish(session, held, settings.now())
        row = uploads.find_load(session, access, held.ladingnummer, lock=True)
        deliveries.note_check(session, row, found)
        action = work.ACTIONS[held.soort]
        audit.record(session, action, held.ladingnummer, settings.now(), resultaat=uploads.result_of(row))
    uploads.drop_unwanted(settings.data_dir / storage.RECEIVED / kept, row)


def _load(settings: Settings, engine: Engine, access: Access, held: Work, beat: _Beat) -> None:
    keys.one_key(engine)
    with session_scope(engine, access.widened()) as session:
        deliveries.load_checked(session, settings, access, held.ladingnummer, settings.now(), beat.rows)
        work.finish(session, held, settings.now())


def _undo(settings: Settings, engine: Engine, access: Access, held: Work, beat: _Beat) -> None:
    with session_scope(engine, access.widened(), write=False) as session:
        beat.total = 2 * size(session)
    with session_scope(engine, access.widened()) as session:
        done = uploads.undo_proven(session, access, held.ladingnummer, settings.now(), beat.rows)
        work.finish(session, held, settings.now(), bewijs=done.proof)


_KINDS = {WorkKind.CONTROLEREN: _check, WorkKind.LADEN: _load, WorkKind.ONGEDAAN_MAKEN: _undo}


def main(arguments: Sequence[str]) -> int:
    """The process: settings from the environment, errors to the log of the service."""
    keep_files_private()
    journal.configure()
    number, holder = arguments
    settings = read_settings()
    use_profiles(settings.profiles_dir)
    process.begin(settings)
    engine = make_engine(settings.database_url)
    work.wait_for_the_lock(engine, PATIENCE)
    try:
        run_one(settings, engine, int(number), holder)
    except Exception:  # the last net: into the log with its traceback; who watches sees the exit code
        log.exception("onverwachte fout", werk=number)
        return 1
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
