"""The bewaarplichten of a case: placed and lifted by teamleider or beslisser, seen by everybody who works on it."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from service.pages import cases
from service.pages.forms import Sent, claim, given, new_key
from service.pages.opened import Opened, OpenedCase
from service.pages.rendering import by_field, render, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import RowNumber
from service.web.errors import status_of
from signals.errors import DomainError
from workflow import legal_holds
from workflow.case_file import CaseFile

router = APIRouter()

DONE: Mapping[str, str] = {
    "opgelegd": "De bewaarplicht ligt op deze zaak. Er wordt niets van vernietigd.",
    "opgeheven": "De bewaarplicht is opgeheven.",
}


@router.get("/zaken/{zaaknummer}/bewaarplicht", response_class=HTMLResponse)
def holds(opened: Opened, gedaan: str = "") -> Response:
    """Those that stand and those that were lifted, with the form to place one."""
    opened.log_reading("bewaarplicht_bekeken")
    return _page(opened, notice=DONE.get(gedaan, ""))


@router.post("/zaken/{zaaknummer}/bewaarplicht", response_class=HTMLResponse, dependencies=[CsrfChecked])
def place(opened: Opened, sent: Sent) -> Response:
    """Places one, once."""
    form = claim(opened.session, sent, opened.request.url.path, opened.now)
    if form.location:
        return see_other(form.location)
    try:
        legal_holds.place(opened.session, opened.case, opened.desk, given(legal_holds.REASON, sent))
    except DomainError as error:
        opened.refused("bewaarplicht_opgelegd", error)
        return _page(opened, sent=sent, error=error)
    opened.log("bewaarplicht_opgelegd")
    return form.finish(f"/zaken/{opened.zaaknummer}/bewaarplicht?gedaan=opgelegd")


@router.post("/zaken/{zaaknummer}/bewaarplicht/{nummer}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def lift(opened: Opened, nummer: RowNumber, sent: Sent) -> Response:
    """Lifts one, once."""
    form = claim(opened.session, sent, opened.request.url.path, opened.now)
    if form.location:
        return see_other(form.location)
    try:
        filled = given(legal_holds.LIFTING, sent)
        legal_holds.lift(opened.session, opened.case, nummer, opened.desk, filled)
    except DomainError as error:
        opened.refused("bewaarplicht_opgeheven", error)
        return _page(opened, sent=sent, error=error, lifting=nummer)
    opened.log("bewaarplicht_opgeheven")
    return form.finish(f"/zaken/{opened.zaaknummer}/bewaarplicht?gedaan=opgeheven")


def _page(
    opened: OpenedCase,
    *,
    notice: str = "",
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
    lifting: int = 0,
) -> Response:
    """lifting: the number of the one of which the form came back."""
    session, case, desk = opened.session, opened.case, opened.desk
    reasons = error.reasons if error else ()
    every = legal_holds.of_case(session, case)
    return render(
        opened.request,
        "holds.html",
        status=status_of(error) if error else 200,
        **cases.top(session, CaseFile(session, case), desk),
        standing=[one for one in every if one.opgeheven_op is None],
        lifted=[one for one in every if one.opgeheven_op is not None],
        may=bool(legal_holds.KEEPERS & desk.actor.roles_in(case.gemeentecode)),
        placing=legal_holds.REASON,
        ending=legal_holds.LIFTING,
        lifting=lifting,
        values=sent or {},
        reasons=reasons,
        errors=by_field(reasons),
        notice=notice,
        names=display_names(session),
        form_key=new_key(),
    )
