"""What is done outside the request piece by piece, each in a transaction: begun again it goes on where it was."""

from sqlalchemy import Engine

from service import keys, posting, work
from service.access import Access
from service.db import session_scope
from service.identity import second_factor
from service.identity.accounts import desk_of
from service.log import audit
from service.models import Work
from service.retention import carrying_out
from service.settings import Settings
from service.workers import asker
from service.workers.beat import Beat
from service.workers.making import require
from workflow import prepared_letters
from workflow.phases import Role


def rotate_keys(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    """Everything under the newest key, some rows in a transaction; one that is begun again goes on where it was."""
    require(access, Role.BEHEERDER)
    with session_scope(engine, access.widened(), write=False) as session:
        beat.total = keys.size(session)
    done = keys.rotate(engine, looked=beat.rows)
    with session_scope(engine, access) as session:
        anew = done.total() + second_factor.seal_anew(session)
        audit.record(session, work.ACTIONS[held.soort], "database", settings.now())
        work.finish(session, held, settings.now(), uitkomst=str(anew))


def post_letters(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    """Each letter that still waits, in the order in which they were made; how many of them were posted is told.

    What the asker may do is looked up for each: who left half-way posts no more.
    """
    numbers = held.gegevens["brieven"]
    beat.total = len(numbers)
    for place, number in enumerate(numbers, start=1):
        now_may = asker.access(settings, engine, held)
        with session_scope(engine, now_may) as session:
            if (row := prepared_letters.waits(session, number)) is not None:
                posting.post(session, row, desk_of(session, settings.now()))
        beat.rows(place)
    with session_scope(engine, access) as session:
        work.finish(session, held, settings.now(), uitkomst=str(prepared_letters.posted(session, numbers)))


def destroy(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    """A list that two people decided on, line by line; done when nothing more of it can go now."""
    nummer, now = held.ladingnummer, settings.now()
    done = carrying_out.carry_out(engine, settings, nummer, now, held.herkomst, beat.rows)
    with session_scope(engine, access) as session:
        work.finish(session, held, settings.now(), uitkomst=done.verklaring or None)
