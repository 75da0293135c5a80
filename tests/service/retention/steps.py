"""A destruction list along its whole way, by people of the cast, for tests that are about what becomes of it."""

from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.retention import carrying_out, lists
from service.settings import Settings
from tests.service.conftest import ROTTERDAM, access
from tests.service.retention.old_cases import NOW
from workflow.actors import Actor
from workflow.phases import Role
from workflow.retention import RULES
from workflow.retention_models import DestructionList, Soort

SECOND = Actor("bep", {Role.BEHEERDER: None})
"""Another beheerder than the one of the cast, for lists of the project."""


def propose(engine: Engine, settings: Settings, soort: Soort = Soort.DOSSIERS, who: str = "") -> str:
    """By the teamleider, or by the beheerder what is of the project."""
    of_municipality = RULES[soort].per_gemeente
    wide = access(engine, who or ("tess" if of_municipality else "bea")).widened()
    with session_scope(engine, wide) as session:
        code = ROTTERDAM if of_municipality else ""
        return lists.propose(session, wide.actor, NOW, settings.zone, soort, code).nummer


def approve(engine: Engine, nummer: str, who: str = "") -> None:
    """By somebody else than who made it."""
    wide = access(engine, who or "bea").widened()
    with session_scope(engine, wide) as session:
        made_by = lists.find(session, wide.actor, nummer).voorgesteld_door
        actor = SECOND if not who and made_by == "bea" else wide.actor
        lists.approve(session, lists.find(session, actor, nummer, lock=True), actor, NOW)


def start(engine: Engine, nummer: str, who: str = "bea") -> None:
    """From here on the clock may go on with it."""
    wide = access(engine, who).widened()
    with session_scope(engine, wide) as session:
        lists.start(session, lists.find(session, wide.actor, nummer, lock=True), wide.actor, NOW)


def carried_out(engine: Engine, settings: Settings, soort: Soort = Soort.DOSSIERS) -> str:
    """A list of all that is due, from proposal to verklaring."""
    nummer = propose(engine, settings, soort)
    approve(engine, nummer)
    start(engine, nummer)
    assert carrying_out.carry_out(engine, settings, nummer, NOW, "test").klaar
    return nummer


def lines(engine: Engine, nummer: str) -> dict[str, tuple[str, str]]:
    """By the number of each line where it stands, and why."""
    with session_scope(engine, Access.system(), write=False) as session:
        row = session.exec(select(DestructionList).where(DestructionList.nummer == nummer)).one()
        return {one.nummer: (one.staat.value, one.reden) for one in lists.items(session, row)}
