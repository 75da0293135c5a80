"""What is over by itself and of which nobody decides: ended sign-ins, answers kept too long, messages of last year."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete
from sqlmodel import Session

from service.models import IdempotencyKey, Mail, MailState, PendingSignIn, WebSession
from signals.base import table
from signals.bulk import run

ANSWERS = timedelta(days=7)
"""So long the same request gets the same answer, and a form that was sent twice is known."""
MESSAGES = timedelta(days=365)


def throw_away(session: Session, now: datetime) -> int:
    """Deletes what is over; gives how many rows."""
    answers, ended = table(IdempotencyKey), table(WebSession)
    under_way, mails = table(PendingSignIn), table(Mail)
    over: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (answers, answers.c.aangemaakt_op < now - ANSWERS),
        (ended, ended.c.eindigt_op < now),
        (under_way, under_way.c.eindigt_op < now),
        (mails, (mails.c.gemaakt_op < now - MESSAGES) & mails.c.staat.in_([MailState.VERZONDEN, MailState.OPGEGEVEN])),
    )
    gone = 0
    for of, rows in over:
        gone += run(session, delete(of).where(rows)).rowcount  # type: ignore[attr-defined]  # a DELETE's result has it
    return gone
