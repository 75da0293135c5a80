"""Adding to the dossier of a case: one page per kind of entry, its form made from the fields it asks."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from service.pages import cases
from service.pages.forms import Sent, claim, given, new_key
from service.pages.opened import Opened, OpenedCase
from service.pages.rendering import by_field, render, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.errors import status_of
from signals.errors import DomainError
from workflow import dossier
from workflow.case_file import CaseFile
from workflow.transitions import BY_NAME

router = APIRouter()

WALAA = "walaa"
"""The list that a form leads back to, as another leads back to the step for which it was asked."""
QUESTIONS: Mapping[str, str] = {
    "bronnen": "Leg een bron vast",
    "contacten": "Leg een contact vast",
    "terugbelverzoeken": "Leg een terugbelverzoek vast",
    "huisbezoeken": "Leg een huisbezoek vast",
    "documenten": "Leg een document vast",
    "walaa-vastleggingen": "Bevestig wat in WALAA staat",
    "leerpunten": "Leg een leerpunt vast",
    "rectificaties": "Leg een verzoek om rectificatie vast",
    "bijvangst": "Leg bijvangst vast",
    "inlichtingenverzoeken": "Vraag iemand anders om inlichtingen",
}


@router.get("/zaken/{zaaknummer}/dossier/{soort}", response_class=HTMLResponse)
def entry_form(opened: Opened, soort: str, terug: str = "") -> Response:
    """The form for one kind of entry, with those that are there. terug: the step for which it is asked, if any."""
    dossier.kind_named(soort)
    opened.log_reading("dossier_gelezen")
    return entry_page(opened, soort, terug=terug)


@router.post("/zaken/{zaaknummer}/dossier/{soort}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def add_entry(opened: Opened, soort: str, sent: Sent) -> Response:
    """Adds the entry, once; when it is refused everything typed stays."""
    filled = given(dossier.kind_named(soort).velden, sent)
    form = claim(opened.session, sent, opened.request.url.path, opened.now)
    if form.location:
        return see_other(form.location)
    try:
        dossier.add(opened.session, opened.case, soort, opened.desk, filled)
    except DomainError as error:
        opened.refused(f"vastgelegd_{soort}", error)
        return entry_page(opened, soort, sent=sent, error=error)
    opened.log(f"vastgelegd_{soort}")
    if sent.get("terug") == WALAA:
        return form.finish("/walaa?gedaan=ja")
    return form.finish(cases.led_on(opened.zaaknummer, sent.get("terug", ""), "vastgelegd"))


def entry_page(
    opened: OpenedCase,
    soort: str,
    *,
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
    terug: str = "",
) -> Response:
    """The form for one kind of entry, with what was typed and why it was refused. terug: where it leads on to."""
    terug = (sent or {}).get("terug", terug)
    kind = dossier.kind_named(soort)
    reasons = error.reasons if error else ()
    request, session, desk = opened.request, opened.session, opened.desk
    file = CaseFile(session, opened.case)
    (mine,) = cases.kinds(file, desk, request, {soort: kind})
    return render(
        request,
        "dossier.html",
        status=status_of(error) if error else 200,
        **cases.top(session, file, desk),
        kind=mine,
        fields=kind.velden,
        question=QUESTIONS.get(soort, kind.label),
        reasons=reasons,
        errors=by_field(reasons),
        values=sent or {},
        names=display_names(session),
        form_key=new_key(),
        terug=terug if terug in (WALAA, *BY_NAME) else "",
    )
