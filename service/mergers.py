"""The log tells of a merger of municipalities: once, however often the clock looks."""

from datetime import datetime

from sqlalchemy import exists
from sqlmodel import Session, col, or_, select

from service.log import audit
from service.models import AuditEntry, UserRole
from signals.models import Municipality, Participant
from signals.municipalities import standing_for
from workflow.dated_settings import DatedSetting
from workflow.mergers import MERGED
from workflow.models import Case


def tell(session: Session, now: datetime) -> int:
    """An entry for every municipality with something here that went up in another by today; gives how many are new.

    The merger itself asks nothing: see `workflow.mergers`. Of two clocks at once the second waits for the row.
    """
    today = now.date()
    mine = [
        exists().where(col(owner.gemeentecode) == Municipality.code)
        for owner in (Case, UserRole, DatedSetting, Participant)
    ]
    gone = select(Municipality).where(
        col(Municipality.einde) <= today, col(Municipality.opvolger).is_not(None), or_(*mine)
    )
    told = 0
    for row in session.exec(gone.order_by(col(Municipality.code)).with_for_update()).all():
        successor = standing_for(session, row.code, today)
        name = f"{row.code} in {successor}"
        known = select(AuditEntry.id).where(AuditEntry.actie == MERGED, AuditEntry.object == name)
        if session.exec(known).first() is None:
            audit.record(session, MERGED, name, now, gemeentecode=successor)
            told += 1
    return told
