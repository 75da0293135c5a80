"""What is done with the cases that were ticked on the worklist: assigned, visited, written to."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.identity import accounts
from service.identity.accounts import desk_of
from service.log import audit
from service.pages import labels, post, visits
from service.pages.forms import Sent, claim, given, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.pages.worklist import (
    ASSIGNERS,
    PAGE,
    POSTING,
    After,
    Chosen,
    Filters,
    Result,
    Told,
    Viewer,
    display_names,
    show,
)
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, Who
from signals.errors import DomainError, Invalid, NotFound, Reason
from workflow import address_group, moves, prepared_letters, visit_planning
from workflow.actors import Desk
from workflow.models import Case, PreparedLetter
from workflow.phases import Phase
from workflow.visit_models import PlannedVisit
from workflow.visit_planning import PLANNERS

router = APIRouter()

_TICKED = re.compile(r"(Z-[0-9]{4}-[0-9]{1,9}):([0-9]{1,9})(?![0-9])")
"""What a tick sends: the case, and the version that the page showed."""


def _ticked(sent: Mapping[str, str]) -> dict[str, int]:
    """The cases that were ticked, each with the version that was seen, always in the same order.

    Two people who tick the same cases then wait for each other, and never both.
    """
    found = dict(_TICKED.findall(sent.get("zaak", "")))
    return {zaaknummer: int(found[zaaknummer]) for zaaknummer in sorted(found)}


def _reasons(ticked: Mapping[str, int], doing: str) -> list[Reason]:
    """Why nothing can be done with so many. doing: what was wanted, as an infinitive."""
    if not ticked:
        return [Reason("niets_aangevinkt", f"Vink eerst aan welke zaken u wilt {doing}.", "zaak")]
    if len(ticked) > PAGE:
        return [Reason("te_veel_aangevinkt", f"Vink hooguit {PAGE} zaken tegelijk aan.", "zaak")]
    return []


def _here(session: Session, zaaknummer: str) -> Case | None:
    """The case; None when it is gone since it was ticked: to another municipality, or with the load it came from."""
    try:
        return moves.find_case(session, zaaknummer)
    except NotFound:
        return None


def _gone(zaaknummer: str) -> Result:
    return Result(zaaknummer, False, "is er niet meer, of niet meer bij uw gemeente.", there=False)


def _not_done(results: Sequence[Result]) -> list[str]:
    return [one.zaaknummer for one in results if not one.done]


def _once(
    session: Session, sent: Mapping[str, str], path: str, now: datetime, work: Callable[[], list[Result]]
) -> list[Result]:
    """What became of each; the same form sent once more does nothing and is told the same."""
    form = claim(session, sent, path, now)
    if form.location:
        return [Result(*each) for each in json.loads(form.location)]
    results = work()
    form.finish(json.dumps([astuple(each) for each in results]))
    return results


def _many(number: int) -> str:
    return f"{number} {'zaak' if number == 1 else 'zaken'}"


@router.get("/zaken/toewijzen")
@router.get("/zaken/bezoeken")
@router.get("/zaken/bezoeken/plannen")
@router.get("/zaken/brieven")
def list_again(who: Who, filters: Chosen) -> Response:
    """Whoever opens such an address anew sees the list."""
    return see_other(filters.address())


@router.post("/zaken/toewijzen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def assign(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """Gives the cases that were ticked to one handler, each by its own step; tells of each what became of it."""
    require(who, ASSIGNERS)
    ticked = _ticked(sent)
    told = Told(reasons=_reasons(ticked, "toewijzen"), refused="Er is niets toegewezen")
    if not told.reasons:
        desk, handler = desk_of(session, now), sent.get("behandelaar", "")
        results = _once(
            session,
            sent,
            "/zaken/toewijzen",
            now,
            lambda: [_assigned(session, desk, zaaknummer, versie, handler) for zaaknummer, versie in ticked.items()],
        )
        refused = _not_done(results)
        title = f"{_many(len(results) - len(refused))} toegewezen" + (f", {len(refused)} niet" if refused else "")
        told = Told(title, results, chosen=refused)
    return show(request, session, Viewer(who, now), filters, na, told)


def _assigned(session: Session, desk: Desk, zaaknummer: str, versie: int, handler: str) -> Result:
    case = _here(session, zaaknummer)
    if case is None:
        return _gone(zaaknummer)
    code, given_to = case.gemeentecode, {"behandelaar": handler} if handler else {}
    try:
        moves.take(session, case, "wijs_toe", desk, versie=versie, gegevens=given_to)
    except DomainError as error:
        session.expire_all()
        audit.record(session, "stap_wijs_toe", zaaknummer, desk.now, resultaat="geweigerd", gemeentecode=code)
        return Result(zaaknummer, False, error.uitleg)
    audit.record(session, "stap_wijs_toe", zaaknummer, desk.now, gemeentecode=code)
    return Result(zaaknummer, True, "")


@router.post("/zaken/bezoeken", response_class=HTMLResponse, dependencies=[CsrfChecked])
def plan_form(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """The form for a visit to every address of the cases that were ticked."""
    require(who, PLANNERS)
    ticked = _ticked(sent)
    if reasons := _reasons(ticked, "bezoeken"):
        told = Told(reasons=reasons, refused="Er is niets gepland")
        return show(request, session, Viewer(who, now), filters, na, told)
    if all(_here(session, zaaknummer) is None for zaaknummer in ticked):
        told = Told("Er is niets gepland", [_gone(zaaknummer) for zaaknummer in ticked])
        return show(request, session, Viewer(who, now), filters, na, told)
    return _plan_page(request, session, Viewer(who, now), filters, na, ticked)


def _plan_page(
    request: Request,
    session: Session,
    viewer: Viewer,
    filters: Filters,
    na: str,
    ticked: Mapping[str, int],
    *,
    sent: Mapping[str, str] | None = None,
    reasons: Sequence[Reason] = (),
) -> Response:
    desk = desk_of(session, viewer.now)
    found = {zaaknummer: _here(session, zaaknummer) for zaaknummer in ticked}
    cases = [case for case in found.values() if case is not None]
    doors: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        doors.setdefault((case.gemeentecode, case.adressleutel), []).append(case)
    groups = [(there, *_beside(session, there, desk)) for there in doors.values()]
    seen = {each.zaaknummer: each for there, others, _ in groups for each in (*there, *others)}
    visits.note_reading(session, "adresgroep_gelezen", seen.values(), viewer.now)
    codes = {case.gemeentecode for case in cases if visits.plans_in(desk.actor, case.gemeentecode)}
    visitors = sorted({naam for code in codes for naam in desk.visitors(code)})
    passes = accounts.passes(session, visitors)
    first = desk.actor.naam if desk.actor.naam in visitors else ""
    empty = {f"bezoeker-{first}": "ja"} | {f"pas-{naam}": pas for naam, pas in passes.items()}
    return render(
        request,
        "visits_form.html",
        status=422 if reasons else 200,
        groups=groups,
        gone=[_gone(zaaknummer) for zaaknummer, case in found.items() if case is None],
        versions=ticked,
        fields=visit_planning.FIELDS,
        visitors=visitors,
        names=display_names(session),
        values=sent or empty,
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
        action=f"/zaken/bezoeken/plannen?{filters.query(na=na)}",
        back=filters.address(na=na),
    )


def _beside(session: Session, there: Sequence[Case], desk: Desk) -> tuple[list[Case], Sequence[PlannedVisit]]:
    """Who else is looked for at this address, and the visits that are planned to it already."""
    ticked = {case.zaaknummer for case in there}
    others = [each for each in address_group.others_at(session, there[0], desk.today) if each.zaaknummer not in ticked]
    return others, visit_planning.standing_at(session, there[0], desk.today)


@router.post("/zaken/bezoeken/plannen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def plan(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """Plans a visit to every address, each by itself; when the day or who goes will not do, everything typed stays."""
    require(who, PLANNERS)
    ticked, viewer = _ticked(sent), Viewer(who, now)
    if reasons := _reasons(ticked, "bezoeken"):
        return show(request, session, viewer, filters, na, Told(reasons=reasons, refused="Er is niets gepland"))
    try:
        results = _once(session, sent, "/zaken/bezoeken/plannen", now, lambda: _plan_all(session, sent, ticked, now))
    except Invalid as error:  # of the day, the slot or who goes
        session.rollback()
        return _plan_page(request, session, viewer, filters, na, ticked, sent=sent, reasons=error.reasons)
    refused = _not_done(results)
    planned = len(results) - len(refused)
    title = f"Huisbezoek gepland bij {_many(planned)}" + (f", bij {len(refused)} niet" if refused else "")
    return show(request, session, viewer, filters, na, Told(title, results, chosen=refused))


CHANGED = "De zaak is veranderd sinds u haar aanvinkte. Kijk eerst wat er veranderde, en plan dan het bezoek."


def _plan_all(session: Session, sent: Mapping[str, str], ticked: Mapping[str, int], now: datetime) -> list[Result]:
    """Each case by itself. Invalid when what was filled in will do for none of them."""
    desk = desk_of(session, now)
    made: set[int] = set()
    results, faults = [], []
    for zaaknummer, versie in ticked.items():
        case = _here(session, zaaknummer)
        if case is None:
            results.append(_gone(zaaknummer))
            continue
        if case.versie != versie:
            results.append(Result(zaaknummer, False, CHANGED))
            continue
        going = visits.going(desk, case.gemeentecode, sent)
        try:
            visit, new = visit_planning.plan(session, case, desk, given(visit_planning.FIELDS, sent), going)
        except DomainError as error:
            faults.append(error)
            results.append(Result(zaaknummer, False, error.uitleg))
            continue
        visits.remember(session, going)
        results.append(Result(zaaknummer, True, _told(visit, new, made), f"/bezoeken/{visit.id}"))
        if new:
            made.add(visit.id or 0)
            for each in visit_planning.group(session, visit):
                audit.record(session, "bezoek_gepland", each.zaaknummer, now, gemeentecode=each.gemeentecode)
    wrong = [error for error in faults if isinstance(error, Invalid)]
    if wrong and not any(one.done for one in results):
        raise wrong[0]
    return results


def _told(visit: PlannedVisit, new: bool, made: set[int]) -> str:
    when = f"{labels.weekday(visit.dag)}, {labels.clock(visit.begin)}–{labels.clock(visit.einde)} uur"
    if new:
        return f"gepland op {when}."
    if visit.id in made:
        return f"hoort bij het bezoek aan hetzelfde adres, {when}."
    return f"stond al gepland op {when}. Er is geen tweede gemaakt."


@router.post("/zaken/brieven", response_class=HTMLResponse, dependencies=[CsrfChecked])
def letters(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """Brings the letters of the cases that were ticked together: those that wait, and first letters that ask nothing.

    Nothing is posted yet: the page that follows prints these letters and posts them.
    """
    require(who, POSTING)
    ticked = _ticked(sent)
    if reasons := _reasons(ticked, "aanschrijven"):
        told = Told(reasons=reasons, refused="Er is geen brief klaargezet")
        return show(request, session, Viewer(who, now), filters, na, told)
    desk = desk_of(session, now)
    results = _once(
        session,
        sent,
        "/zaken/brieven",
        now,
        lambda: [_prepared(session, desk, zaaknummer, versie) for zaaknummer, versie in ticked.items()],
    )
    numbers = {case.id for zaaknummer in ticked if (case := _here(session, zaaknummer)) is not None}
    along = frozenset(row.id or 0 for row in prepared_letters.waiting(session) if row.zaak_id in numbers)
    left = [one for one in results if not one.done]
    return post.selected(request, session, desk, along, left, back=filters.address(na=na))


FIRST_LETTER = "verstuur_aanschrijving"
"""The one letter that may follow without a choice of a person: it asks nothing that has to be filled in."""


def _prepared(session: Session, desk: Desk, zaaknummer: str, versie: int) -> Result:
    """Whether a letter of this case goes along; the first one is made where it was not yet made, or is out of date."""
    case = _here(session, zaaknummer)
    if case is None:
        return _gone(zaaknummer)
    code, waiting = case.gemeentecode, prepared_letters.waiting_of(session, case)
    obstacles = [prepared_letters.obstacle(row, case, desk) for row in waiting]
    if waiting and None in obstacles:
        return Result(zaaknummer, True, "")
    if case.fase != Phase.VOORONDERZOEK:
        return Result(zaaknummer, False, _no_letter(case, waiting, obstacles), f"/zaken/{zaaknummer}")
    try:
        prepared_letters.prepare(session, case, FIRST_LETTER, desk, versie=versie, gegevens={})
    except DomainError as error:
        session.expire_all()
        refusal = f"klaargezet_{FIRST_LETTER}"
        audit.record(session, refusal, zaaknummer, desk.now, resultaat="geweigerd", gemeentecode=code)
        return Result(zaaknummer, False, error.uitleg, f"/zaken/{zaaknummer}")
    audit.record(session, f"klaargezet_{FIRST_LETTER}", zaaknummer, desk.now, gemeentecode=code)
    return Result(zaaknummer, True, "")


def _no_letter(case: Case, waiting: Sequence[PreparedLetter], obstacles: Sequence[Reason | None]) -> str:
    if waiting:
        return " ".join(reason.uitleg for reason in obstacles if reason)
    if case.fase == Phase.ONTVANGEN:
        return "Er is nog geen brief te maken: begin eerst het vooronderzoek."
    return "Er ligt geen brief klaar. Kies in de zaak welke brief volgt, en daar: Zet klaar voor de post."
