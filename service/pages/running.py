"""Gang van zaken: what a beheerder opens when somebody says that it is slow. Numbers, and nobody's data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import text

from service.access import Access
from service.db import session_scope
from service.models import WorkState
from service.pages.rendering import render, require
from service.running import facts, kept, tasks
from service.running.lights import lights
from service.running.meter import UNKNOWN, Call, Counted, Sum
from service.running.models import Length
from service.web.dependencies import Config, Database, Now, Who
from workflow.phases import Role

router = APIRouter()

PATH = "/gang-van-zaken"
PERIODS: Mapping[int, str] = {1: "Laatste 24 uur", 7: "Laatste 7 dagen"}
SHOWN = 15
"""Routes and statements, the slowest."""
RECENT = timedelta(minutes=3)
"""A process that runs wrote something down in this time."""
LISTS = frozenset(
    {
        "/", "/zaken", "/zaken/zoek", "/zaken/lijsten/{nummer}", "/besluiten", "/bezoeken", "/post", "/walaa",
        "/leveringen", "/terugkoppelingen", "/opbrengsten", "/logboek", "/gebruikers", "/rechten", "/berichten",
    }
)  # fmt: skip
FILES = (
    "/inhoud", "/weergave", "/pdf", "/werkboek", "/bestand", "/bestanden/{soort}", "/verwerkingsverslag", "/afdruk",
    "/brieven/{nummer}", "/ontvangen/{nummer}", "/{uitgave}/{soort}",
)  # fmt: skip
KINDS = ("lijsten", "zaken en andere pagina's", "formulieren en stappen", "cijfers en sessies", "bestanden", "API")


def kind_of(call: Call) -> str | None:
    """What kind of page this is, as people know them; None for what nobody waits for."""
    route = call.route
    if route == UNKNOWN or route.startswith(("/static", "/gezondheid/")):
        return None
    if route.startswith("/api/"):
        return "API"
    if route.endswith(FILES):
        return "bestanden"
    if route.startswith(("/cijfers", "/sessies")):
        return "cijfers en sessies"
    if call.method == "POST" and route != "/zaken/zoek":
        return "formulieren en stappen"
    return "lijsten" if route in LISTS else "zaken en andere pagina's"


@dataclass(frozen=True)
class Line:
    """Answers of one kind, hour or route: half came within `median`, nineteen of twenty within `p95` milliseconds."""

    label: str
    count: int
    median: float
    p95: float
    faults: int
    statements: float
    in_database: float

    @classmethod
    def of(cls, label: str, calls: Mapping[Call, Sum]) -> "Line":
        """From what was counted."""
        whole = Sum()
        for each in calls.values():
            whole = whole.plus(each)
        faults = sum(each.count for call, each in calls.items() if call.status >= 500)
        per = whole.count or 1
        share = whole.db_ms / whole.ms if whole.ms else 0.0
        return cls(
            label, whole.count, whole.below(0.5), whole.below(0.95), faults, whole.statements / per, min(share, 1.0)
        )


@router.get(PATH, response_class=HTMLResponse)
def running(
    request: Request,
    who: Who,
    settings: Config,
    engine: Database,
    now: Now,
    dagen: Annotated[int, Query()] = 1,
) -> Response:
    """How the service does, and what to do about what is not well."""
    require(who, frozenset({Role.BEHEERDER}))
    days = dagen if dagen in PERIODS else 1
    with session_scope(engine, Access.system(origin="gang"), write=False) as session:
        found = facts.ask(session, now)
        hours = kept.read(session, Length.UUR, now - timedelta(days=days))
        minutes = kept.read(session, Length.MINUUT, now - timedelta(hours=1))
        alive = kept.processes(session, now - RECENT)
        schema = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    hour, whole = kept.together(minutes.values()), kept.together(hours.values())
    rooms = facts.rooms(settings)
    calls = {call: each for call, each in whole.calls.items() if kind_of(call)}
    return render(
        request,
        "running.html",
        periods=PERIODS,
        days=days,
        address=PATH,
        lights=lights(found, hour, rooms),
        kinds=_by(calls, kind_of, KINDS),
        per_day=_per_day(hours, settings.zone),
        slowest=_slowest(calls),
        faults=list(reversed(whole.faults)),
        refused=sorted(whole.refused.items()),
        slow=sorted(whole.slow.items(), key=lambda item: -item[1].ms)[:SHOWN],
        found=found,
        busy=found.werk.get(WorkState.BEZIG),
        late={run.taak for run in found.rondes if tasks.is_late(run, now)},
        size=found.omvang.inhoud if found.omvang else None,
        rooms=rooms,
        alive=sorted(alive.items()),
        about={"version": version("langdurig-rni"), "schema": ", ".join(sorted(schema))},
        at=lambda seconds: datetime.fromtimestamp(seconds, settings.zone),
    )


def _by(calls: Mapping[Call, Sum], key: Any, order: Sequence[str]) -> list[Line]:
    parts: dict[str, dict[Call, Sum]] = {}
    for call, each in calls.items():
        parts.setdefault(key(call), {})[call] = each
    return [Line.of(label, parts[label]) for label in order if label in parts]


def _slowest(calls: Mapping[Call, Sum]) -> list[Line]:
    """By what nineteen of twenty waited at most, with the most answers first where that is the same."""
    routes: dict[str, dict[Call, Sum]] = {}
    for call, each in calls.items():
        routes.setdefault(f"{call.method} {call.route}", {})[call] = each
    lines = [Line.of(label, part) for label, part in routes.items()]
    return sorted(lines, key=lambda line: (-line.p95, -line.count))[:SHOWN]


def _per_day(hours: Mapping[datetime, Counted], zone: Any) -> list[tuple[date, Line, list[tuple[Line, list[Line]]]]]:
    """By day, the newest first: the day, and of each hour all answers and those of each kind."""
    days: dict[date, dict[datetime, Counted]] = {}
    for begin, counted in sorted(hours.items(), reverse=True):
        local = begin.astimezone(zone)
        days.setdefault(local.date(), {})[local] = counted
    told = []
    for day, parts in days.items():
        rows = []
        for local, counted in parts.items():
            calls = {call: each for call, each in counted.calls.items() if kind_of(call)}
            if calls:
                rows.append((Line.of(f"{local:%H}.00", calls), _by(calls, kind_of, KINDS)))
        every = kept.together(parts.values()).calls
        if rows:
            told.append((day, Line.of("", {call: each for call, each in every.items() if kind_of(call)}), rows))
    return told
