"""Home visits without a connection: what is taken along, the page that opens it, and the reports that come back."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from service.identity.accounts import desk_of
from service.pages import labels, visit_reports, visits
from service.pages.forms import Sent
from service.pages.rendering import environment, render, require
from service.web import statics
from service.web.csrf import FIELD, check_csrf, csrf_token
from service.web.dependencies import LARGEST_NUMBER, Database, MaybeWho, Now, PageSession, Who
from service.web.errors import status_of
from signals.address import address_line
from signals.errors import DomainError, Forbidden, NotFound, Reason
from workflow.dossier import OUT_OF_DOORS
from workflow.visit_models import VisitStatus

router = APIRouter()

PAGE = "/bezoeken/onderweg"
SCOPE = "/bezoeken"
SCRIPTS = ("vault", "outbox", "journey")
SHEETS = ("made/design-system.css", "rni.css")


@router.get(PAGE, response_class=HTMLResponse)
def shell(request: Request) -> Response:
    """The page that opens what was taken along: the same for everybody, so a browser may keep it."""
    return render(request, "journey.html", scripts=[f"visits/{name}.js" for name in SCRIPTS])


@router.get("/bezoeken/dienst.js")
def worker(request: Request) -> Response:
    """The script by which a browser keeps that page: with what belongs to it, and a version that changes with it."""
    assets = [*map(statics.address, SHEETS), *(statics.address(f"visits/{name}.js") for name in SCRIPTS)]
    page = shell(request).body
    version = hashlib.sha256(bytes(page) + json.dumps(assets).encode()).hexdigest()[:12]
    known = f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps([PAGE, *assets])};\n"
    content = known + statics.files()["visits/worker.js"].content.decode()
    return Response(content, media_type="text/javascript", headers={"Service-Worker-Allowed": SCOPE})


@router.get("/bezoeken/meenemen")
def take_along(
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    dag: str = "",
    wie: Annotated[str, Query(max_length=100)] = "",
) -> JSONResponse:
    """The list of a day and the form of each visit ahead, as markup; who took which case along stands in the log."""
    require(who, OUT_OF_DOORS)
    desk, chosen = desk_of(session, now), visits.day_asked(dag, now)
    found = visits.stops(session, desk.actor, chosen, wie or who.naam)
    ahead = [
        (part, [stop for stop in stops if stop.visit.status == VisitStatus.GEPLAND and stop.cases])
        for part, stops in found
    ]
    parts = [(part, stops) for part, stops in ahead if stops]
    visits.log_reading(engine, who.access, "daglijst_meegenomen", visits.cases_of(parts), now)
    form = environment.get_template("journey_form.html")
    taken: list[dict[str, Any]] = [
        {
            "bezoek": stop.visit.id,
            "adres": address_line(stop.visit),
            "formulier": form.render(
                stop=stop,
                # It is filled in on that day, whenever it was taken along.
                values=visit_reports.empty(session, stop.visit, desk) | {"datum": stop.visit.dag.isoformat()},
                parts=visit_reports.form_parts(),
            ),
        }
        for _, stops in parts
        for stop in stops
    ]
    told = environment.get_template("journey_list.html").render(**visits.day_context(session, parts, chosen, now))
    return JSONResponse(
        {
            "gebruiker": who.naam,
            "naam": who.weergavenaam,
            "dag": chosen.isoformat(),
            "dagtekst": labels.weekday(chosen),
            "lijst": told,
            "bezoeken": taken,
        }
    )


@router.get("/bezoeken/aanmelding")
def signed_in(request: Request, who: MaybeWho) -> JSONResponse:
    """Who is signed in now, with the token for a form; 401 for nobody."""
    if who is None:
        return JSONResponse({}, 401)
    return JSONResponse({"gebruiker": who.naam, "naam": who.weergavenaam, "veld": FIELD, "token": csrf_token(request)})


@router.post(PAGE)
def receive(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> JSONResponse:
    """A report that was made under way, recorded as any other; the answer, or why not, as JSON."""
    try:
        check_csrf(request, sent.get(FIELD, ""))
        if sent.get("voor") != who.naam:
            uitleg = "Dit verslag is van iemand anders. Wie het maakte, logt zelf in en verstuurt het."
            raise Forbidden(Reason("van_een_ander", uitleg))
        visit = visits.find(session, who, _number(sent.get("bezoek", "")))
        report = visit_reports.take_in(session, visit, desk_of(session, now), sent)
    except DomainError as error:
        session.rollback()
        told = [{"veld": reason.veld, "uitleg": reason.uitleg} for reason in error.reasons]
        return JSONResponse({"fouten": told}, status_of(error))
    return JSONResponse({"antwoord": report.antwoord})


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19 and 0 < int(text) <= LARGEST_NUMBER:
        return int(text)
    raise NotFound(Reason("bezoek_onbekend", "Dit bezoek is er niet."))
