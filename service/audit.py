"""Who did what: one entry per change, in the transaction of the change itself."""

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from service.access import Access, access_of
from service.db import session_scope
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


def record_reading(
    engine: Engine, access: Access, actie: str, object_: str, now: datetime, *, gemeentecode: str | None = None
) -> None:
    """Add an entry for what was looked up or taken out, in a short transaction of its own: reading itself writes none.

    Before the answer leaves: what cannot be logged is not shown.
    """
    with session_scope(engine, access) as session:
        record(session, actie, object_, now, gemeentecode=gemeentecode)


def record_refusal(
    engine: Engine, access: Access, actie: str, object_: str, now: datetime, *, gemeentecode: str | None = None
) -> None:
    """Add an entry for what was refused, in a transaction of its own: that of the refused work leaves nothing.

    Roll that one back first: a database in a file has one writer at a time.
    """
    with session_scope(engine, access) as session:
        record(session, actie, object_, now, resultaat="geweigerd", gemeentecode=gemeentecode)
