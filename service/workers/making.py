"""What is made outside the request when there is much of it: feedback, the pack of a sessie. Whole, or not at all."""

from datetime import date

from sqlalchemy import Engine

from exports import feedback_2026_1 as feedback
from service import sessie_packs, work
from service.access import Access
from service.db import session_scope
from service.identity.accounts import desk_of
from service.log import audit
from service.models import Work
from service.settings import Settings
from service.workers.beat import Beat
from signals.errors import Forbidden, Reason
from workflow import sessies
from workflow.phases import Role


def require(access: Access, role: Role) -> None:
    """Whoever asked may have lost the role since."""
    if not access.may(role):
        uitleg = f"Wie hierom vroeg, heeft de rol {role.value} niet meer. Er is niets gewijzigd."
        raise Forbidden(Reason("rol_ontbreekt", uitleg))


def make_feedback(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    """The next delivery of everything that is due."""
    require(access, Role.COORDINATOR)
    now = settings.now()
    with session_scope(engine, access.widened()) as session:
        made = feedback.make(
            session,
            door=held.door,
            now=now,
            production=settings.production,
            folder=settings.data_dir,
            progress=beat.rows,
        )
        if made is not None:
            audit.record(session, work.ACTIONS[held.soort], made.nummer, now)
        work.finish(session, held, settings.now(), uitkomst=made.nummer if made else None)


def publish_pack(settings: Settings, engine: Engine, access: Access, held: Work, beat: Beat) -> None:
    """The pack as it was looked at: counted anew, refused when it says something else by now."""
    require(access, Role.COORDINATOR)
    now, asked = settings.now(), held.gegevens
    stood = int(asked["versie"]), str(asked["stond"])
    with session_scope(engine, access.widened(), write=False) as session:
        agenda = sessies.find(session, held.ladingnummer, access.actor)
        day = date.fromisoformat(asked["peildatum"])
        new = sessie_packs.make(session, engine, access, agenda, day, now.date())
        sessie_packs.read_reason(session, agenda, desk_of(session, now), new, stood, asked)
    beat.total = 1 + len(new.editions)
    beat.rows(1)
    files = sessie_packs.files_made(new, beat.rows)
    with session_scope(engine, access.widened()) as session:
        agenda = sessies.find(session, held.ladingnummer, access.actor, lock=True)
        pack = sessie_packs.publish(session, agenda, desk_of(session, now), new, files, stood, asked)
        audit.record(session, work.ACTIONS[held.soort], pack.nummer, now)
        work.finish(session, held, settings.now(), uitkomst=pack.nummer)
