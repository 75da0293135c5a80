"""Another secret key for what lies sealed: the beheerder has it sealed anew here, as `rni keys rotate` does."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service import work
from service.models import WorkKind
from service.pages.forms import Sent, claim, new_key
from service.pages.rendering import render, require, see_other
from service.pages.work import address, going_on
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, Who
from signals.keyring import keyring
from workflow.phases import Role

router = APIRouter()

BEHEERDER = frozenset({Role.BEHEERDER})
ABOUT = "sleutels"
"""What the work is about: there is one of it at a time."""


@router.get("/sleutels", response_class=HTMLResponse)
def page(request: Request, who: Who, session: PageSession, gedaan: str = "") -> Response:
    """How many keys there are, what came of the last time, and the button."""
    require(who, BEHEERDER)
    last = work.latest(session, ABOUT)
    return render(
        request,
        "keys.html",
        older=len(keyring().keys) - 1,
        last=last,
        going_on=going_on(session, ABOUT),
        notice="Alles ligt onder de nieuwste sleutel." if gedaan and last and last.uitkomst is not None else "",
        form_key=new_key(),
    )


@router.post("/sleutels/vernieuwingen", dependencies=[CsrfChecked])
def rotate(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> Response:
    """Has everything sealed anew; pressed twice it is done once."""
    require(who, BEHEERDER)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    asked = going_on(session, ABOUT) or work.enqueue(session, WorkKind.SLEUTELS, ABOUT, now, rows=None)
    return form.finish(address(asked))
