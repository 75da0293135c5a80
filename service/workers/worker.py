"""`python -m service.workers.worker NUMBER HOLDER`: one piece of long work, as a process of its own.

It may be killed at any moment: what it does is one transaction, and its end is written in that; or it goes on where it
was (`service.workers.piecemeal`).
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from importers import use_profiles
from importers.load import Checked
from importers.refusals import FileRefused
from service import journal, keys, process, work
from service.access import Access
from service.db import Trouble, make_engine, session_scope, take_stock, trouble_of
from service.files import storage
from service.loading import deliveries, uploads
from service.loading.proof import size
from service.log import audit
from service.models import Upload, Work, WorkKind, WorkState
from service.settings import Settings, keep_files_private, read_settings
from service.work_signs import signs_of
from service.workers import asker, making, piecemeal
from service.workers.beat import Beat
from service.workers.hands import DATABASE_AWAY
from signals.errors import DomainError, Forbidden
from workflow.actors import Actor

log = structlog.get_logger()

PATIENCE = 24 * 3600
"""Seconds that it waits for another load on a database in a file; it can be stopped meanwhile."""


def run_one(settings: Settings, engine: Engine, number: int, holder: str) -> None:
    """Do this piece of work if it is in these hands. A refusal is its end; any other error is for who watches."""
    with session_scope(engine, Access.system(), write=False) as session:
        held = session.get(Work, number)
    if held is None or (held.staat, held.uitvoerder) != (WorkState.BEZIG, holder):
        return
    started, uitkomst = time.perf_counter(), "gelukt"
    signs = signs_of(engine, settings)
    with Beat(signs, held) as beat:
        try:
            KINDS[held.soort](settings, engine, asker.access(settings, engine, held), held, beat)
        except work.LostHold:
            uitkomst = "in andere handen"
        except DomainError as no:
            uitkomst = "geweigerd"
            access = Access.system(Actor(held.door), held.herkomst)
            with session_scope(engine, access) as session:
                if work.fail(session, held, settings.now(), no.uitleg):
                    action = work.ACTIONS[held.soort]
                    audit.record(session, action, held.ladingnummer, settings.now(), resultaat="geweigerd")
    ms = round((time.perf_counter() - started) * 1000)
    tell = log.info if uitkomst == "gelukt" else log.warning
    tell("werk", soort=held.soort.value, waarvan=held.ladingnummer, uitkomst=uitkomst, rijen=beat.done, ms=ms)
    take_stock(engine)
    signs.forget(held, ended=True)


def _check(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
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


def _load(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    keys.one_key(engine)
    with session_scope(engine, access.widened()) as session:
        deliveries.load_checked(session, settings, access, held.ladingnummer, settings.now(), beat.rows)
        work.finish(session, held, settings.now())


def _undo(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    with session_scope(engine, access.widened(), write=False) as session:
        beat.total = 2 * size(session)
    with session_scope(engine, access.widened()) as session:
        done = uploads.undo_proven(session, access, held.ladingnummer, settings.now(), beat.rows)
        work.finish(session, held, settings.now(), bewijs=done.proof)


KINDS: Mapping[WorkKind, Callable[[Settings, Engine, Access, Work, Beat], None]] = {
    WorkKind.CONTROLEREN: _check,
    WorkKind.LADEN: _load,
    WorkKind.ONGEDAAN_MAKEN: _undo,
    WorkKind.TERUGKOPPELING: making.make_feedback,
    WorkKind.PAKKET: making.publish_pack,
    WorkKind.SLEUTELS: piecemeal.rotate_keys,
    WorkKind.BRIEVEN: piecemeal.post_letters,
    WorkKind.VERNIETIGEN: piecemeal.destroy,
}
"""What is done for each kind. A new one: CONTRIBUTING.md, *Add a kind of long work*."""


def main(arguments: Sequence[str]) -> int:
    """The process: settings from the environment, errors to the log of the service."""
    keep_files_private()
    number, holder = arguments
    settings = read_settings()
    journal.configure(level=settings.log_level, form=settings.log_format)
    use_profiles(settings.profiles_dir)
    process.begin(settings)
    engine = make_engine(settings.direct_url)
    work.wait_for_the_lock(engine, PATIENCE)
    try:
        run_one(settings, engine, int(number), holder)
    except DBAPIError as error:
        if trouble_of(error) is Trouble.AWAY:
            log.warning("werk afgebroken: de database is weg", werk=number)
            return DATABASE_AWAY
        log.exception("onverwachte fout", werk=number)
        return 1
    except Exception:  # the last net: into the log with its traceback; who watches sees the exit code
        log.exception("onverwachte fout", werk=number)
        return 1
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
