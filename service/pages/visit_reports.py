"""The report of a home visit: the form at the door, what was answered, and what still has to be placed."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session

from service.identity.accounts import desk_of
from service.log import audit
from service.pages import labels, visits
from service.pages.forms import Sent, given
from service.pages.rendering import by_field, render, require, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, SignedIn, Who
from service.web.errors import status_of
from signals.errors import DomainError
from workflow import day_list, dossier, unplaced_reports, visit_reports
from workflow.actors import Desk
from workflow.fields import Field
from workflow.visit_models import PlannedVisit, UnplacedReport, VisitReport
from workflow.visit_planning import PLANNERS
from workflow.visit_reports import Filled

router = APIRouter()

SETTLED: Mapping[str, str] = {
    "geplaatst": "Het verslag staat in het dossier.",
    "terzijde": "Het verslag is terzijde gelegd.",
}
_VERSION = re.compile(r"[0-9]{1,9}")
KENMERK = "verslag"
"""The name of the hidden field by which a report is known again."""


@router.get("/bezoeken/te-plaatsen", response_class=HTMLResponse)
def unplaced(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, gedaan: str = ""
) -> Response:
    """Reports about cases that had moved on, as they came in."""
    return _unplaced_page(request, who, session, engine, now, gedaan)


def _unplaced_page(
    request: Request,
    who: SignedIn,
    session: Session,
    engine: Engine | None,
    now: Now,
    gedaan: str = "",
    error: DomainError | None = None,
) -> Response:
    require(who, PLANNERS)
    desk = desk_of(session, now)
    rows = [
        (row, case) for row, case in unplaced_reports.waiting(session) if visits.plans_in(desk.actor, case.gemeentecode)
    ]
    if engine is None:  # a database in a file has one writer, and that is this request
        visits.note_reading(session, "te_plaatsen_geopend", [case for _, case in rows], now)
    else:
        visits.log_reading(engine, who.access, "te_plaatsen_geopend", [case for _, case in rows], now)
    zone = request.app.state.settings.zone
    kind = dossier.KINDS["huisbezoeken"].velden
    return render(
        request,
        "unplaced_reports.html",
        status=status_of(error) if error else 200,
        rows=[(row, case, labels.told(_told(row), kind, zone)) for row, case in rows],
        may={case.zaaknummer for _, case in rows if dossier.HANDLERS & desk.actor.roles_in(case.gemeentecode)},
        names=display_names(session),
        notice=SETTLED.get(gedaan, ""),
        reasons=error.reasons if error else (),
    )


def _told(row: UnplacedReport) -> dict[str, Any]:
    """What came in, with the further person in words: never a whole BSN."""
    shown = {name: value for name, value in row.gegevens.items() if name != "bijvangst"}
    person = row.gegevens.get("bijvangst", {})
    words = [str(value) for name, value in person.items() if name != "bsn"]
    return shown | ({"Onverwacht aangetroffen": ", ".join(words)} if words else {})


@router.post("/bezoeken/te-plaatsen/{nummer}", dependencies=[CsrfChecked])
def settle(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """Places what came in, or sets it aside."""
    require(who, PLANNERS)
    row, case = unplaced_reports.find(session, nummer)
    desk, place = desk_of(session, now), sent.get("keuze") == "plaats"
    number, code = case.zaaknummer, case.gemeentecode
    try:
        if place:
            unplaced_reports.place(session, row, case, desk)
        else:
            fields = unplaced_reports.SETTING_ASIDE
            unplaced_reports.set_aside(session, row, case, desk, given(fields, sent))
    except DomainError as error:
        session.rollback()
        return _unplaced_page(request, who, session, None, now, error=error)
    how = "geplaatst" if place else "terzijde"
    audit.record(session, f"bezoekverslag_{how}", number, now, gemeentecode=code)
    return see_other(f"/bezoeken/te-plaatsen?gedaan={how}")


@router.get("/bezoeken/{nummer}/verslag", response_class=HTMLResponse)
def report_form(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, nummer: RowNumber
) -> Response:
    """The form, for who lives there now; of a visit that has a report, the page of the visit."""
    require(who, dossier.OUT_OF_DOORS)
    visit, desk = visits.find(session, who, nummer), desk_of(session, now)
    (stop,) = day_list.stops_of(session, [visit])
    if visit_reports.reports(session, visit) or not stop.cases:
        return see_other(f"/bezoeken/{nummer}")
    visits.log_reading(engine, who.access, "bezoek_geopend", stop.cases, now)
    return _form_page(request, session, desk, stop, empty(session, visit, desk))


@router.post("/bezoeken/{nummer}/verslag", response_class=HTMLResponse, dependencies=[CsrfChecked])
def send_report(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """Records the report, once; when it is refused everything typed stays."""
    visit, desk = visits.find(session, who, nummer), desk_of(session, now)
    try:
        take_in(session, visit, desk, sent)
    except DomainError as error:
        session.rollback()
        (stop,) = day_list.stops_of(session, [visits.find(session, who, nummer)])
        visits.note_reading(session, "bezoek_geopend", stop.cases, now)
        return _form_page(request, session, desk, stop, sent, error)
    return see_other(f"/bezoeken/{nummer}?gedaan=verslag")


def _personal(values: Mapping[str, str]) -> list[str]:
    """The names of the fields about one person each."""
    numbers = [name.removeprefix("versie-") for name in values if name.startswith("versie-")]
    return [f"{prefix}-{number}" for prefix in ("gevonden", "bevinding") for number in numbers]


def take_in(session: Session, visit: PlannedVisit, desk: Desk, sent: Mapping[str, str]) -> VisitReport:
    """A report as its form sends it, with an entry in the log for every case; as `visit_reports.submit`."""
    report, new = visit_reports.submit(session, visit, desk, filled(sent))
    if new:
        for answer in report.antwoord:
            actie = f"bezoekverslag_{answer['soort']}"
            audit.record(session, actie, answer["zaaknummer"], desk.now, gemeentecode=visit.gemeentecode)
    return report


def filled(sent: Mapping[str, str]) -> Filled:
    """The fields of the form: those of the visit, and those of each person by the number of the case."""

    def of(prefix: str) -> dict[str, str]:
        mine = ((name.removeprefix(prefix), value) for name, value in sent.items() if name.startswith(prefix))
        return {number: value for number, value in mine if value}

    versions = {number: int(text) for number, text in of("versie-").items() if _VERSION.fullmatch(text)}
    gegevens = given(visit_reports.FIELDS, sent)
    return Filled(sent.get(KENMERK, ""), gegevens, versions, of("gevonden-"), of("bevinding-"))


def empty(session: Session, visit: PlannedVisit, desk: Desk) -> dict[str, str]:
    """What a fresh form says before anything is filled in."""
    names = display_names(session)
    going = ", ".join(f"{names.get(one['naam'], one['naam'])} (pas {one['pas']})" for one in visit.bezoekers)
    return {
        KENMERK: str(uuid.uuid4()),
        "datum": min(visit.dag, desk.today).isoformat(),
        "bezoekers": going,
        "veiligheid": visit.veiligheid,
    }


def form_parts() -> dict[str, Any]:
    """The fields of the form in the order in which they are met at the door."""
    shown = visit_reports
    named: Mapping[str, Field] = {field.naam: field for field in shown.FIELDS}
    return {
        "date_field": named["datum"],
        "begin_field": named["begin"],
        "end_field": named["einde"],
        "visitors_field": named["bezoekers"],
        "safety_field": named["veiligheid"],
        "opened_field": named["opengedaan"],
        "door_fields": shown.AT_THE_DOOR,
        "inside_field": named["gezienBinnen"],
        "seen_fields": [field for field in shown.SEEN if field.naam != "gezienBinnen"],
        "unexpected_fields": shown.UNEXPECTED,
        "concern_field": shown.CONCERN,
        "brought_field": shown.BROUGHT,
        "found_choices": shown.FOUND,
        "personal_field": shown.PERSONAL,
    }


def _form_page(
    request: Request,
    session: Session,
    desk: Desk,
    stop: day_list.Stop,
    values: Mapping[str, str],
    error: DomainError | None = None,
) -> Response:
    reasons = error.reasons if error else ()
    # Who stood on the form stays on it, whatever happened to the case meanwhile.
    stood = {name: text for name, text in values.items() if name.startswith("versie-")}
    return render(
        request,
        "visit_report.html",
        status=status_of(error) if error else 200,
        **visits.day_context(session, [("", [stop])], stop.visit.dag, desk.now) | {"parts": form_parts()},
        stop=stop,
        stood=stood,
        values=values,
        reasons=reasons,
        errors=by_field(reasons),
        known=[*(field.naam for field in visit_reports.FIELDS), *_personal(values)],
    )
