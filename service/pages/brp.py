"""Looking at somebody in the BRP from the page of a case; what is seen is shown once and not kept."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.connectors import brp
from service.connectors.answers import NotAnswered
from service.identity.accounts import desk_of
from service.log import audit
from service.pages import cases
from service.pages.forms import Sent, new_key
from service.pages.opened import Opened, find
from service.pages.rendering import render, see_other
from service.settings import Misconfigured
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, ReadingPageSession, SignedIn, Who
from signals.errors import DomainError, Forbidden, Reason, Refused
from workflow import dossier
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case
from workflow.transitions import BY_NAME

router = APIRouter()

NO_ANSWER, REFUSED = "brp_gaf_geen_antwoord", "brp_geraadpleegd"


@router.get("/zaken/{zaaknummer}/brp")
def asked_anew(opened: Opened) -> Response:
    """Whoever opens that address anew must ask anew: each look has its own reason."""
    return see_other(f"/zaken/{opened.zaaknummer}")


@router.post("/zaken/{zaaknummer}/brp", response_class=HTMLResponse, dependencies=[CsrfChecked])
def look(
    request: Request,
    who: Who,
    session: ReadingPageSession,
    engine: Database,
    now: Now,
    zaaknummer: str,
    sent: Sent,
) -> Response:
    """Asks the BRP about the person of this case, with a purpose that stands in the log before anything is asked."""
    case = find(session, who, zaaknummer)
    desk = desk_of(session, now)
    bsn, code, access = case.bsn, case.gemeentecode, brp.access_for(session, case, desk)
    try:
        purpose = _may(case, desk)
        if access is None or bsn is None:
            uitleg = "Uw gemeente heeft geen verbinding met de BRP, of deze zaak heeft geen BSN."
            raise Refused(Reason("brp_uit", uitleg))
    except DomainError:
        session.rollback()
        audit.record_refusal(engine, who.access, REFUSED, zaaknummer, now, gemeentecode=code)
        raise
    session.rollback()  # nothing of the database is held while another system thinks
    audit.record_reading(engine, who.access, purpose.action, zaaknummer, now, gemeentecode=code, elsewhere=access.adres)
    person, fault = None, ""
    try:
        person = brp.consult(access, [bsn], who.access.trace.header).get(bsn)
    except NotAnswered as failed:
        fault = failed.fault
    except Misconfigured as wrong:
        fault = wrong.reasons[0].uitleg
    if fault:
        audit.record_refusal(engine, who.access, NO_ANSWER, zaaknummer, now, gemeentecode=code)
    return _page(request, session, who, desk, zaaknummer, purpose, person, fault, sent)


def _may(case: Case, desk: Desk) -> brp.Purpose:
    if not brp.ASKERS & desk.actor.roles_in(case.gemeentecode):
        named = " of ".join(sorted(role.value for role in brp.ASKERS))
        raise Forbidden(Reason("rol_ontbreekt", f"De BRP bekijken is voor de rol {named} in deze gemeente."))
    if case.fase not in brp.PURPOSES:
        uitleg = f"De zaak is {case.fase.value}: er is geen doel meer waarvoor u de BRP mag bekijken."
        raise Refused(Reason("fase_past_niet", uitleg))
    return brp.PURPOSES[case.fase]


def _page(
    request: Request,
    session: Session,
    who: SignedIn,
    desk: Desk,
    zaaknummer: str,
    purpose: brp.Purpose,
    person: brp.Person | None,
    fault: str,
    sent: Mapping[str, str],
) -> Response:
    """What the BRP says, beside the form with which whoever looked records it as a source."""
    case = find(session, who, zaaknummer)
    kind = dossier.kind_named("bronnen")
    asked = {field.naam: field for field in kind.velden}
    back = sent.get("terug", "")
    return render(
        request,
        "brp.html",
        status=409 if fault else 200,
        **cases.top(session, CaseFile(session, case), desk),
        purpose=purpose,
        found=person,
        fault=fault,
        residence=brp.residence_text(person) if person else "",
        fields=[asked["datum"], asked["bevinding"], asked["indicatieGeheim"]],
        values={"datum": desk.today.isoformat(), "bevinding": brp.summary(person, desk.today)},
        form_key=new_key(),
        terug=back if back in BY_NAME else "",
    )
