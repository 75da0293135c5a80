"""What waits for a machine: work, and messages, none of them for longer than it can take."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlmodel import col
from sqlmodel import select as select_rows

from service import mail, work
from service.models import Mail, MailState, Work, WorkState
from service.verify.looking import Finding, Findings, Look, check
from service.work_signs import signs_of
from signals.base import table

_mail, _work = table(Mail), table(Work)
TOO_LONG = timedelta(hours=1)
"""Whatever waits longer than this for its turn, nobody looks after."""


@check("lang werk")
def work_goes_on(look: Look) -> Findings:
    """Work in hand gives a sign of life; what waits was asked for today."""
    signs = signs_of(look.session.get_bind().engine, look.settings)
    still = select_rows(Work).where(col(Work.staat).in_(work.OPEN)).order_by(col(Work.id))
    for one in look.session.exec(still):
        look.looked += 1
        long_ago = one.begonnen_op is not None and one.begonnen_op < look.now - TOO_LONG
        silent = one.staat == WorkState.BEZIG and long_ago and signs.is_silent(one, look.now - TOO_LONG)
        forgotten = one.staat == WorkState.WACHT and one.gevraagd_op < look.now - timedelta(days=1)
        if (silent or forgotten) and look.now_too(_work, _work.c.id == one.id, _work.c.staat == one.staat):
            yield Finding("werk_staat_stil", one.ladingnummer, f"Het gaat om {one.soort.value}.")


@check("berichten")
def messages_go_on(look: Look) -> Findings:
    """A message on its way arrives or fails; one that waits is offered in time, when there is a mail server."""
    lost = and_(_mail.c.staat == MailState.ONDERWEG, _mail.c.begonnen_op < look.now - mail.LOST - TOO_LONG)
    waits: ColumnElement[bool] = false()
    if look.settings.smtp_host:
        waits = and_(_mail.c.staat == MailState.WACHT, _mail.c.niet_voor < look.now - TOO_LONG)
    for (number,) in look.rows(select(_mail.c.id).where(or_(lost, waits)).order_by(_mail.c.id)):
        yield Finding("bericht_staat_stil", f"mailbericht {number}")
