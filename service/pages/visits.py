"""Home visits: planning one to an address, the list of a day in walking order, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.identity.accounts import desk_of
from service.log import audit
from service.models import User
from service.pages.forms import Sent, claim, given, new_key, version_of
from service.pages.rendering import by_field, render, require, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, RowNumber, SignedIn, Who
from service.web.errors import status_of
from signals.address import address_line
from signals.errors import DomainError
from workflow import address_group, day_list, moves, unplaced_reports, visit_planning, visit_reports
from workflow.actors import Actor, Desk
from workflow.dossier import OUT_OF_DOORS
from workflow.models import Case
from workflow.phases import Role
from workflow.visit_models import PlannedVisit, VisitStatus
from workflow.visit_planning import PLANNERS, Visitor

router = APIRouter()

EVERYBODY = "iedereen"
DONE: Mapping[str, str] = {
    "gepland": "Het bezoek is gepland.",
    "stond_al": "Dit bezoek stond al gepland. Er is geen tweede gemaakt.",
    "verzet": "Het bezoek is gewijzigd.",
    "vervallen": "Het bezoek is vervallen.",
    "verslag": "Het verslag is binnen. Hieronder staat per persoon wat ermee gebeurde.",
}
"""What the page of a visit says after a redirect, by a word in its address."""


@router.get("/bezoeken", response_class=HTMLResponse)
def day(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    dag: str = "",
    wie: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The stops of one day in walking order; who looked at which case stands in the log."""
    require(who, PLANNERS)
    desk = desk_of(session, now)
    chosen, naam = day_asked(dag, now), wie or _own_name(who)
    parts = stops(session, desk.actor, chosen, naam)
    log_reading(engine, who.access, "daglijst_geopend", cases_of(parts), now)
    return render(
        request,
        "visits.html",
        **day_context(session, parts, chosen, now),
        naam=naam,
        colleagues=_colleagues(desk),
        everybody=EVERYBODY,
        mine=naam == who.naam,
        may_report=who.has(*OUT_OF_DOORS),
        unplaced=sum(plans_in(desk.actor, case.gemeentecode) for _, case in unplaced_reports.waiting(session)),
    )


def day_asked(text: str, now: datetime) -> date:
    """The day in an address; today for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return now.date()


def stops(session: Session, actor: Actor, chosen: date, naam: str) -> list[tuple[str, list[day_list.Stop]]]:
    """The list of a day as far as this person may see it: where he plans, not where he only decides."""
    found = day_list.day_list(session, chosen, None if naam == EVERYBODY else naam)
    seen = [(part, [each for each in stops if plans_in(actor, each.visit.gemeentecode)]) for part, stops in found]
    return [(part, each) for part, each in seen if each]


def cases_of(parts: Iterable[tuple[str, Iterable[day_list.Stop]]]) -> list[Case]:
    """Everybody who stands on a list."""
    return [case for _, each in parts for stop in each for case in stop.cases]


def day_context(
    session: Session, parts: Sequence[tuple[str, Sequence[day_list.Stop]]], chosen: date, now: datetime
) -> dict[str, Any]:
    """What the list of a day shows, wherever it is shown."""
    return {
        "parts": parts,
        "dag": chosen,
        "names": display_names(session),
        "contacts": contacts(session, cases_of(parts)),
        "zone": now.tzinfo,
    }


def contacts(session: Session, of: Iterable[Case]) -> Mapping[str, User]:
    """The contact persons of these cases, by user name."""
    names = {case.behandelaar for case in of if case.behandelaar}
    return {user.naam: user for user in session.exec(select(User).where(col(User.naam).in_(names)))}


def log_reading(engine: Engine, access: Access, actie: str, read: Iterable[Case], now: datetime) -> None:
    """An entry for every case of which the page tells, before it leaves."""
    seen = list(read)
    if seen:
        with session_scope(engine, access) as session:
            note_reading(session, actie, seen, now)


def note_reading(session: Session, actie: str, read: Iterable[Case], now: datetime) -> None:
    """The same in a session that is written to anyway."""
    for zaaknummer, code in {case.zaaknummer: case.gemeentecode for case in read}.items():
        audit.record(session, actie, zaaknummer, now, gemeentecode=code)


def plans_in(actor: Actor, gemeentecode: str) -> bool:
    """Whether this person plans visits there."""
    return bool(PLANNERS & actor.roles_in(gemeentecode))


def _own_name(who: SignedIn) -> str:
    return who.naam if who.has(Role.TOEZICHTHOUDER) else EVERYBODY


def _colleagues(desk: Desk) -> list[str]:
    """Whose list can be chosen: the toezichthouders of the municipalities in which this person plans."""
    codes = {code for role in PLANNERS for code in desk.actor.rollen.get(role) or ()}
    return sorted({naam for code in codes for naam in desk.visitors(code)})


def find(session: Session, who: SignedIn, nummer: int) -> PlannedVisit:
    """A visit for whoever plans there; NotFound when it is another municipality's."""
    require(who, PLANNERS)
    visit = visit_planning.find(session, nummer)
    visit_planning.require_planner(who.access.actor, visit.gemeentecode)
    return visit


@router.get("/bezoeken/{nummer}", response_class=HTMLResponse)
def visit_page(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, nummer: RowNumber, gedaan: str = ""
) -> Response:
    """One planned visit: where, when, by whom, to whom, and what to think of."""
    visit = find(session, who, nummer)
    (stop,) = day_list.stops_of(session, [visit])
    log_reading(engine, who.access, "bezoek_geopend", stop.cases, now)
    return _visit_page(request, who, session, now, visit, stop, notice=DONE.get(gedaan, ""))


def _visit_page(
    request: Request,
    who: SignedIn,
    session: Session,
    now: datetime,
    visit: PlannedVisit,
    stop: day_list.Stop,
    *,
    notice: str = "",
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    desk = desk_of(session, now)
    ahead = visit.status == VisitStatus.GEPLAND
    reasons = error.reasons if error else ()
    return render(
        request,
        "visit.html",
        status=status_of(error) if error else 200,
        **day_context(session, [("", [stop])], visit.dag, now),
        visit=visit,
        stop=stop,
        notice=notice,
        cancelling=visit_planning.CANCELLING,
        typed=sent or {},
        reasons=reasons,
        errors=by_field(reasons),
        warnings=visit_planning.warnings(session, visit, desk) if ahead else (),
        policy=visit_planning.policy_help(session, visit, desk) if ahead else (),
        reports=visit_reports.reports(session, visit),
        concerns=visit_reports.concerns(session, visit),
        may_report=who.has(*OUT_OF_DOORS),
    )


@router.get("/zaken/{zaaknummer}/bezoek", response_class=HTMLResponse)
def plan_form(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, zaaknummer: str
) -> Response:
    """The form for a visit to the address of a case, and of all who share it."""
    case, desk = _case(session, who, zaaknummer), desk_of(session, now)
    there = [case, *address_group.others_at(session, case, desk.today)]
    log_reading(engine, who.access, "adresgroep_gelezen", there, now)
    return _plan_page(request, session, desk, case)


def _case(session: Session, who: SignedIn, zaaknummer: str) -> Case:
    require(who, PLANNERS)
    case = moves.find_case(session, zaaknummer)
    visit_planning.require_planner(who.access.actor, case.gemeentecode)
    return case


@router.post("/zaken/{zaaknummer}/bezoek", response_class=HTMLResponse, dependencies=[CsrfChecked])
def plan(request: Request, who: Who, session: PageSession, now: Now, zaaknummer: str, sent: Sent) -> Response:
    """Plans it, once; when it is refused everything typed stays."""
    case = _case(session, who, zaaknummer)
    code, desk = case.gemeentecode, desk_of(session, now)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    chosen = going(desk, code, sent)
    try:
        visit, new = visit_planning.plan(session, case, desk, given(visit_planning.FIELDS, sent), chosen)
    except DomainError as error:
        session.rollback()
        case = _case(session, who, zaaknummer)
        there = [case, *address_group.others_at(session, case, desk.today)]
        note_reading(session, "adresgroep_gelezen", there, now)
        return _plan_page(request, session, desk, case, sent=sent, error=error)
    remember(session, chosen)
    if new:
        for each in visit_planning.group(session, visit):
            audit.record(session, "bezoek_gepland", each.zaaknummer, now, gemeentecode=code)
    return form.finish(f"/bezoeken/{visit.id}?gedaan={'gepland' if new else 'stond_al'}")


def going(desk: Desk, gemeentecode: str, sent: Mapping[str, str]) -> list[Visitor]:
    """Who was ticked, with the pass that was typed beside the name."""
    known = desk.visitors(gemeentecode)
    return [Visitor(naam, sent.get(f"pas-{naam}", "")) for naam in known if sent.get(f"bezoeker-{naam}")]


def remember(session: Session, visitors: Iterable[Visitor]) -> None:
    """The numbers of their passes, for the next form."""
    for one in visitors:
        accounts.remember_pass(session, one.naam, one.pas)


def _plan_page(
    request: Request,
    session: Session,
    desk: Desk,
    case: Case,
    *,
    visit: PlannedVisit | None = None,
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    """The form, for a new visit or to change one."""
    reasons = error.reasons if error else ()
    visitors = desk.visitors(case.gemeentecode)
    passes = accounts.passes(session, visitors)
    first = desk.actor.naam if desk.actor.naam in visitors else ""
    empty = {f"bezoeker-{first}": "ja"} | {f"pas-{naam}": pas for naam, pas in passes.items()}
    return render(
        request,
        "visit_form.html",
        status=status_of(error) if error else 200,
        case=case,
        address=address_line(visit or case),
        visit=visit,
        group=[case, *address_group.others_at(session, case, desk.today)],
        standing=visit_planning.standing_at(session, case, desk.today),
        fields=visit_planning.FIELDS,
        visitors=visitors,
        names=display_names(session),
        values=sent or (empty | _as_typed(visit) if visit else empty),
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )


def _as_typed(visit: PlannedVisit) -> dict[str, str]:
    people = {f"bezoeker-{one['naam']}": "ja" for one in visit.bezoekers}
    return (
        people
        | {f"pas-{one['naam']}": one["pas"] for one in visit.bezoekers}
        | {
            "dag": visit.dag.isoformat(),
            "begin": f"{visit.begin:%H:%M}",
            "einde": f"{visit.einde:%H:%M}",
            "veiligheid": visit.veiligheid,
            "veiligheidToelichting": visit.veiligheid_toelichting,
            "opmerking": visit.opmerking,
        }
    )


@router.get("/bezoeken/{nummer}/wijzigen", response_class=HTMLResponse)
def replan_form(
    request: Request, who: Who, session: PageSession, engine: Database, now: Now, nummer: RowNumber
) -> Response:
    """The form to change a visit; one that is no longer ahead is only shown."""
    visit = find(session, who, nummer)
    there = visit_planning.group(session, visit)
    if visit.status != VisitStatus.GEPLAND or not there:
        return see_other(f"/bezoeken/{nummer}")
    log_reading(engine, who.access, "adresgroep_gelezen", there, now)
    return _plan_page(request, session, desk_of(session, now), there[0], visit=visit)


@router.post("/bezoeken/{nummer}/wijzigen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def replan(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """Changes the visit, once."""
    visit, desk = find(session, who, nummer), desk_of(session, now)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    chosen = going(desk, visit.gemeentecode, sent)
    try:
        visit_planning.replan(session, visit, desk, version_of(sent), given(visit_planning.FIELDS, sent), chosen)
    except DomainError as error:
        session.rollback()
        visit = find(session, who, nummer)
        there = visit_planning.group(session, visit)
        if not there or visit.status != VisitStatus.GEPLAND:
            raise
        note_reading(session, "adresgroep_gelezen", there, now)
        return _plan_page(request, session, desk, there[0], visit=visit, sent=sent, error=error)
    remember(session, chosen)
    _log(session, visit, "bezoek_gewijzigd", now)
    return form.finish(f"/bezoeken/{nummer}?gedaan=verzet")


@router.post("/bezoeken/{nummer}/vervallen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def cancel(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """The visit does not take place; what was typed stays when that is refused."""
    visit, desk = find(session, who, nummer), desk_of(session, now)
    try:
        visit_planning.cancel(session, visit, desk, version_of(sent), given(visit_planning.CANCELLING, sent))
    except DomainError as error:
        session.rollback()
        visit = find(session, who, nummer)
        (stop,) = day_list.stops_of(session, [visit])
        note_reading(session, "bezoek_geopend", stop.cases, now)
        return _visit_page(request, who, session, now, visit, stop, sent=sent, error=error)
    _log(session, visit, "bezoek_vervallen", now)
    return see_other(f"/bezoeken/{nummer}?gedaan=vervallen")


def _log(session: Session, visit: PlannedVisit, actie: str, now: datetime) -> None:
    """An entry for the visit, which says nothing of who lives there."""
    audit.record(session, actie, f"bezoek {visit.id}", now, gemeentecode=visit.gemeentecode)
