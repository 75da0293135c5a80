"""What work may do: what whoever asked for it may do by now."""

from sqlalchemy import Engine

from service import work
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import Work, WorkKind
from service.settings import Settings
from signals.errors import Forbidden, Reason
from workflow.actors import Actor


def access(settings: Settings, engine: Engine, held: Work) -> Access:
    """What the asker may do by now; Forbidden when the account was closed since.

    A list that two people decided on is carried out whoever of them left.
    """
    if held.soort is WorkKind.VERNIETIGEN:
        return Access.system(Actor(held.door), held.herkomst)
    with session_scope(engine, Access.system(), write=False) as session:
        user = accounts.find_user(session, held.door)
        if user.uitgeschakeld_op is not None:
            uitleg = f"De gebruiker {held.door}, die hierom vroeg, is uitgeschakeld. {work.stands(held.soort)}"
            raise Forbidden(Reason("gebruiker_uitgeschakeld", uitleg))
        return Access.of(accounts.actor_of(session, user, settings.now().date()), held.herkomst)
