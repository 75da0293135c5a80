"""The messages that the clock sends: which went out, which wait, and which need a person; for the beheerder."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import col, select

from service import mail
from service.log import audit
from service.models import Mail, MailState
from service.pages.rendering import render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, Who
from workflow.phases import Role

router = APIRouter()

PAGE = 100
NEED_A_PERSON = (MailState.ONZEKER, MailState.OPGEGEVEN)


@router.get("/berichten", response_class=HTMLResponse)
def messages(request: Request, who: Who, session: PageSession, gedaan: Annotated[str, Query()] = "") -> Response:
    """The newest messages, those that need a person on top."""
    require(who, frozenset({Role.BEHEERDER}))
    stuck = select(Mail).where(col(Mail.staat).in_(NEED_A_PERSON)).order_by(col(Mail.id).desc()).limit(PAGE)
    rest = select(Mail).where(col(Mail.staat).not_in(NEED_A_PERSON)).order_by(col(Mail.id).desc()).limit(PAGE)
    return render(
        request,
        "messages.html",
        stuck=session.exec(stuck).all(),
        others=session.exec(rest).all(),
        done=bool(gedaan),
    )


@router.post("/berichten/{number}/herkansingen", dependencies=[CsrfChecked])
def try_again(who: Who, engine: Database, now: Now, number: RowNumber) -> Response:
    """Has a message offered anew."""
    require(who, frozenset({Role.BEHEERDER}))
    message = mail.try_again(engine, number, now, who.access)
    audit.record_reading(engine, who.access, "bericht_opnieuw_verzonden", message.ontvanger, now)
    return see_other("/berichten?gedaan=ja")
