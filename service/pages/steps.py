"""Taking a step: what it asks, what stands in the way, and what somebody else did meanwhile."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.files.letter_file import pdf_answer
from service.log import disclosure
from service.pages import cases
from service.pages.forms import Sent, claim, given, new_key, version_of, with_codes
from service.pages.opened import Opened, OpenedCase
from service.pages.rendering import by_field, render, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.errors import status_of
from signals.dates import dutch_date
from signals.errors import DomainError, NotFound, Reason, Stale
from signals.municipalities import names_on
from workflow import letters, moves, parcels, prepared_letters, voornemen
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.letter_texts import LANGUAGES
from workflow.models import CaseEvent
from workflow.move import Move
from workflow.moves import StepView
from workflow.phases import Role
from workflow.questions import LANGUAGE, NO_TRANSLATION, PARTS, POSTED
from workflow.transitions import BY_NAME
from workflow.visit_policy import progress

router = APIRouter()

VOORNEMEN = "verstuur_voornemen"


def _move(stap: str) -> Move:
    """The row of the table of steps; NotFound for one that people do not take."""
    if stap not in BY_NAME or BY_NAME[stap].by == {Role.SYSTEEM}:
        raise NotFound(Reason("stap_onbekend", "Deze stap bestaat niet."))
    return BY_NAME[stap]


def _filled(opened: OpenedCase, stap: str, sent: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, a municipality by its code."""
    fields = _move(stap).fields
    return with_codes(opened.session, fields, given(fields, sent), opened.desk.today)


@router.get("/zaken/{zaaknummer}/stappen/{stap}", response_class=HTMLResponse)
def step_form(opened: Opened, stap: str, terug: str = "", gedaan: str = "") -> Response:
    """The form of a step; of one that cannot be taken, the reasons. terug: the step for which it is taken first."""
    _move(stap)
    opened.log_reading("stap_bekeken")
    return _page(opened, stap, terug=terug, notice=cases.notice_of(gedaan))


@router.post("/zaken/{zaaknummer}/stappen/{stap}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def take_step(opened: Opened, stap: str, sent: Sent) -> Response:
    """Takes the step, once; when it is refused everything typed stays."""
    session, case = opened.session, opened.case
    _move(stap)
    form = claim(session, sent, opened.request.url.path, opened.now)
    if form.location:
        return see_other(form.location)
    try:
        event = moves.take(
            session, case, stap, opened.desk, versie=version_of(sent), gegevens=_filled(opened, stap, sent)
        )
    except DomainError as error:
        opened.refused(f"stap_{stap}", error)
        return _page(opened, stap, sent=sent, error=error)
    opened.log(f"stap_{stap}")
    disclosure.record_parts(session, case, event, opened.now)
    return form.finish(cases.led_on(opened.zaaknummer, sent.get("terug", ""), stap))


@router.post("/zaken/{zaaknummer}/stappen/{stap}/voorbeeld", dependencies=[CsrfChecked])
def preview_letter(opened: Opened, stap: str, sent: Sent) -> Response:
    """The letter that the step would send, marked as an example; nothing is stored."""
    session = opened.session
    _move(stap)
    try:
        filled = _filled(opened, stap, sent)
        made = moves.preview(session, opened.case, stap, opened.desk, versie=version_of(sent), gegevens=filled)
    except DomainError as error:
        opened.refused("voorbeeld_bekeken", error)
        return _page(opened, stap, sent=sent, error=error)
    session.rollback()
    opened.log_reading("voorbeeld_bekeken")
    return pdf_answer(made, f"voorbeeld-{opened.zaaknummer}.pdf")


@router.post("/zaken/{zaaknummer}/stappen/{stap}/klaarzetten", dependencies=[CsrfChecked])
def prepare_letter(opened: Opened, stap: str, sent: Sent) -> Response:
    """Makes the letter of the step for the post of today, once; the step is taken when it is posted."""
    session = opened.session
    _move(stap)
    form = claim(session, sent, opened.request.url.path, opened.now)
    if form.location:
        return see_other(form.location)
    try:
        filled = _filled(opened, stap, sent)
        prepared_letters.prepare(session, opened.case, stap, opened.desk, versie=version_of(sent), gegevens=filled)
    except DomainError as error:
        opened.refused(f"klaargezet_{stap}", error)
        return _page(opened, stap, sent=sent, error=error)
    opened.log(f"klaargezet_{stap}")
    return form.finish("/post?gedaan=klaar")


def _page(
    opened: OpenedCase,
    stap: str,
    *,
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
    terug: str = "",
    notice: str = "",
) -> Response:
    terug = (sent or {}).get("terug", terug)
    session, case, desk = opened.session, opened.case, opened.desk
    file = CaseFile(session, case)
    step = next(one for one in moves.steps(file, desk) if one.stap == stap)
    reasons = error.reasons if error else ()
    posts = any(field.naam == POSTED.naam for field in step.velden)
    default = {LANGUAGE.naam: file.language} if posts and step.mag and file.language else {}
    if any(field.naam == PARTS.naam for field in step.velden):
        usual = [part.sleutel for part in parcels.offered(file, desk.now.tzinfo) if part.usual]
        default[PARTS.naam] = ",".join(usual)
    stale = isinstance(error, Stale)
    return render(
        opened.request,
        "step.html",
        status=status_of(error) if error else 200,
        **cases.top(session, file, desk),
        step=step,
        effect=BY_NAME[stap].effect,
        letter=BY_NAME[stap].letter,
        reasons=() if stale else reasons,
        errors=by_field(() if stale else reasons),
        changes=_since(file, version_of(sent or {})) if stale else (),
        stale=stale,
        sends_letter=posts and (BY_NAME[stap].letter or file.wrote_to_person),
        child=letters.is_minor(case, desk.today),
        age_is_uncertain=letters.age_is_uncertain(case, desk.today),
        missing=letters.missing_in_letters(session, case, desk),
        values=sent or default,
        choices=_choices(session, file, step, desk),
        names=display_names(session),
        form_key=new_key(),
        notice=notice,
        terug=terug if terug in BY_NAME else "",
        conditions=voornemen.conditions(file, desk, sent) if stap == VOORNEMEN and step.past_bij_fase else (),
        typed=sent is not None,
        visit_progress=progress(file, desk) if stap == "sluit_zonder_mutatie" else None,
    )


def _since(file: CaseFile, versie: int) -> Sequence[CaseEvent]:
    """What happened since the form was opened."""
    return [event for event in file.events if event.volgnummer > versie]


def _choices(session: Session, file: CaseFile, step: StepView, desk: Desk) -> Mapping[str, Mapping[str, str]]:
    """Values and words for the fields of which the words are in the case: letters, colleagues, municipalities."""
    shown: dict[str, Mapping[str, str]] = {}
    names = display_names(session)
    for field in step.velden:
        if field.soort == "brief":
            shown[field.naam] = {
                str(one.nummer): f"{one.soort.value} van {one.verzenddatum:%d-%m-%Y}"
                + (f", kwam retour op {one.retour_op:%d-%m-%Y}" if one.retour_op else "")
                for one in file.letters_out
            }
        elif field.naam == LANGUAGE.naam:
            shown[field.naam] = {NO_TRANSLATION: "geen vertaling", **LANGUAGES}
        elif field.soort == "gebruiker":
            shown[field.naam] = {naam: names.get(naam, naam) for naam in field.keuzes}
        elif field.soort == "stukken":
            offered = parcels.offered(file, desk.now.tzinfo)
            shown[field.naam] = {one.sleutel: f"{one.omschrijving}, {dutch_date(one.datum)}" for one in offered}
        elif field.soort == "gemeente":
            shown[field.naam] = names_on(session, desk.today)
    return shown
