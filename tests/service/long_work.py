"""Work that waits for a worker, taken in hand and done here: tests in which no worker runs."""

from sqlalchemy import Engine

from service import work
from service.access import Access
from service.db import session_scope
from service.models import Work
from service.settings import Settings
from service.workers import worker


def taken(engine: Engine, settings: Settings) -> Work:
    """The one work that waits, in hand."""
    with session_scope(engine, Access.system()) as session:
        (waiting,) = work.unfinished(session)
        assert work.claim(session, waiting, settings.now())
        session.refresh(waiting)
        return waiting


def done(engine: Engine, settings: Settings) -> Work:
    """The one work that waits, done; as it stands then."""
    held = taken(engine, settings)
    assert held.id is not None
    worker.run_one(settings, engine, held.id, str(held.uitvoerder))
    with session_scope(engine, Access.system(), write=False) as session:
        return session.get_one(Work, held.id)
