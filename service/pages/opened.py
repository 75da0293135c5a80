"""What every page of one case starts from: who asks, when, in which session, and the case itself."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import Subject
from service.pages.rendering import require
from service.web.dependencies import Database, Now, PageSession, SignedIn, Who
from signals.errors import DomainError, NotFound
from workflow import moves
from workflow.models import Case
from workflow.phases import MUNICIPAL_ROLES


def require_worker(who: SignedIn) -> None:
    """Forbidden for whoever does not work on cases."""
    require(who, MUNICIPAL_ROLES)


def find(session: Session, who: SignedIn, zaaknummer: str) -> Case:
    """The case for whoever works on cases; NotFound when it is another municipality's."""
    require_worker(who)
    return moves.find_case(session, zaaknummer)


class OpenedCase:
    """A case of which somebody asked a page. Forbidden or NotFound as `find`, before the page does anything.

    The code of the municipality is kept apart: the log asks it after a refusal too, when the case is no longer read.
    """

    def __init__(
        self, request: Request, who: Who, session: PageSession, engine: Database, now: Now, zaaknummer: str
    ) -> None:
        self.request, self.who, self.session, self.engine, self.now = request, who, session, engine, now
        self.zaaknummer = zaaknummer
        self.case = find(session, who, zaaknummer)
        self.gemeentecode = self.case.gemeentecode
        self.desk = desk_of(session, now)

    def log_reading(self, actie: str, about: Iterable[Subject] | None = None) -> None:
        """Write down that it was looked at, before anything of it leaves. about: who was seen on it."""
        access, code = self.who.access, self.gemeentecode
        audit.record_reading(self.engine, access, actie, self.zaaknummer, self.now, gemeentecode=code, about=about)

    def log(self, actie: str) -> None:
        """Write down what was done, in the transaction that does it."""
        audit.record(self.session, actie, self.zaaknummer, self.now, gemeentecode=self.gemeentecode)

    def refused(self, actie: str, error: DomainError) -> None:
        """Undo what was begun, write down that it was refused, and read the case anew.

        When the case went meanwhile, it is the refusal itself that is told.
        """
        self.session.rollback()
        access, code = self.who.access, self.gemeentecode
        audit.record_refusal(self.engine, access, actie, self.zaaknummer, self.now, gemeentecode=code)
        try:
            self.case = find(self.session, self.who, self.zaaknummer)
        except NotFound:
            if isinstance(error, NotFound):
                raise error from None
            raise


Opened = Annotated[OpenedCase, Depends(OpenedCase)]
