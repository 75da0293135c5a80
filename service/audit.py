"""Who did what: one entry per change, in the transaction of the change itself."""

from datetime import datetime

from sqlmodel import Session

from service.access import access_of
from service.models import AuditEntry


def record(
    session: Session,
    actie: str,
    object_: str,
    now: datetime,
    *,
    resultaat: str = "gelukt",
    gemeentecode: str | None = None,
) -> None:
    """Add an entry in the name of whoever the session belongs to. `object_`: a number or user name, never a BSN."""
    access = access_of(session)
    session.add(
        AuditEntry(
            tijdstip=now,
            actor=access.actor.naam,
            actie=actie,
            object=object_,
            resultaat=resultaat,
            herkomst=access.origin,
            gemeentecode=gemeentecode,
        )
    )
