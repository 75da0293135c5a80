"""Lists of cases under a name: each has an address of its own, which one can send to a colleague."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service import saved_lists
from service.log import audit
from service.pages import worklist
from service.pages.forms import Sent, claim
from service.pages.rendering import require, see_other
from service.pages.worklist import After, Chosen, Told, Viewer
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, Who
from signals.errors import DomainError
from workflow.phases import MUNICIPAL_ROLES

router = APIRouter()

SAVED = "De lijst is bewaard. Dit adres kunt u opslaan; van een gedeelde lijst kunt u het ook doorsturen."


@router.get("/zaken/lijsten")
def form_again(who: Who, filters: Chosen) -> Response:
    """Whoever opens the address of the form anew sees the list."""
    return see_other(filters.address())


@router.get("/zaken/lijsten/{nummer}", response_class=HTMLResponse)
def saved_list(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    nummer: RowNumber,
    na: After = "",
    alles: str = "",
    gedaan: str = "",
) -> Response:
    """The list as it was kept, for the eyes of who looks: "mijn" is of whoever that is."""
    require(who, MUNICIPAL_ROLES)
    kept = saved_lists.find(session, nummer)
    filters, notice = worklist.filters_of(who, kept), SAVED if gedaan else ""
    viewer = Viewer(who, now)
    return worklist.read(request, session, engine, viewer, filters, na, alles=alles, kept=kept, notice=notice)


@router.post("/zaken/lijsten", response_class=HTMLResponse, dependencies=[CsrfChecked])
def save(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """Keeps what was chosen under a name, once; when that will not do, what was typed stays."""
    require(who, MUNICIPAL_ROLES)
    form = claim(session, sent, f"/zaken/lijsten?{filters.kept}", now)
    if form.location:
        return see_other(form.location)
    own = worklist.own_municipalities(session, who, now.date())
    code = sent.get("gemeentecode", "") if len(own) > 1 else next(iter(own), "")
    shared = bool(sent.get("gedeeld"))
    try:
        row = saved_lists.save(session, sent.get("naam", ""), filters.kept, now, gemeentecode=code, gedeeld=shared)
    except DomainError as error:
        session.rollback()
        told = Told(reasons=error.reasons, refused="De lijst is niet bewaard")
        return worklist.show(request, session, Viewer(who, now), filters, na, told, typed=sent)
    audit.record(session, "lijst_bewaard", f"lijst {row.id}", now, gemeentecode=code)
    return form.finish(f"/zaken/lijsten/{row.id}?gedaan=bewaard")


@router.post("/zaken/lijsten/{nummer}/weghalen", dependencies=[CsrfChecked])
def remove(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """The list under this name is gone; the cases stay as they are. A second click ends where the first did."""
    require(who, MUNICIPAL_ROLES)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    row = saved_lists.find(session, nummer)
    code, filters = row.gemeentecode, worklist.filters_of(who, row)
    saved_lists.remove(session, row)
    audit.record(session, "lijst_weggehaald", f"lijst {nummer}", now, gemeentecode=code)
    return form.finish(f"/zaken?{filters.kept}")
