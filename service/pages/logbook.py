"""Who did what, without a person's data: for the auditor all of it, for a teamleider that of his municipality."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from service.log import views
from service.log.views import Asked
from service.pages.rendering import render, require
from service.pages.worklist import display_names
from service.web.dependencies import LARGEST_NUMBER, PageSession, SignedIn, Who
from signals.dates import as_date, eight_digits
from signals.errors import Reason
from workflow.phases import Role

router = APIRouter()

READERS = frozenset({Role.AUDITOR, Role.TEAMLEIDER})
VIEWS: Mapping[str, str] = {"": "Regels", "dag": "Per dag", "actie": "Per handeling", "gebruiker": "Per gebruiker"}
"""The ways to look, by their word in the address."""
BY_ACTION, BY_USER = "actie", "gebruiker"
COLUMNS: Mapping[str, views.Column] = {BY_ACTION: "actie", BY_USER: "actor"}
FIRST_YEAR, LAST_YEAR = 2000, 2999
NO_DAY = Reason("datum_ongeldig", "Deze dag bestaat niet. Schrijf hem als 23-11-2026.", "dag")


@dataclass(frozen=True)
class Choice:
    """What is asked of the log, as it stands in the address; nothing of it is about a person but a user name."""

    per: str = ""
    dag: str = ""
    actor: str = ""
    object: str = ""
    actie: str = ""

    def address(self, **other: str) -> str:
        """The address of this view, or of one that differs in what is named."""
        values = {**vars(self), **other}
        asked = urlencode({name: value for name, value in values.items() if value})
        return f"/logboek?{asked}" if asked else "/logboek"

    @property
    def day(self) -> date | None:
        """The day that is asked for; None for none, and for one that does not exist."""
        found = as_date(eight_digits(self.dag) or "")
        return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None

    @property
    def narrowed(self) -> bool:
        """Whether anything was chosen beside the way to look."""
        return bool(self.dag or self.actor or self.object or self.actie)


Text = Annotated[str, Query(max_length=100)]


def _choice(
    per: Text = "",
    dag: Text = "",
    actor: Text = "",
    object_: Annotated[str, Query(alias="object", max_length=100)] = "",
    actie: Text = "",
) -> Choice:
    return Choice(per if per in VIEWS else "", dag.strip(), actor.strip(), object_.strip(), actie)


@router.get("/logboek", response_class=HTMLResponse)
def logbook(
    request: Request,
    who: Who,
    session: PageSession,
    choice: Annotated[Choice, Depends(_choice)],
    voor: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    tot: Text = "",
    na: Text = "",
) -> Response:
    """A page of the log, or of counts of it. voor, tot, na: the line, day or name where the page before ended."""
    require(who, READERS)
    codes, offered = _scope(who), dict(VIEWS)
    if codes is not None:
        del offered[BY_USER]  # to count what each colleague does is the auditor's
        choice = Choice(**{**vars(choice), "per": "" if choice.per == BY_USER else choice.per})
    day, zone = choice.day, request.app.state.settings.zone
    asked = Asked(zone, codes, day, choice.actor, choice.object, choice.actie)
    wrong = bool(choice.dag) and day is None
    shown = {} if wrong else _shown(session, choice, asked, voor, Choice(dag=tot).day, na)
    return render(
        request,
        "logbook.html",
        status=400 if wrong else 200,
        choice=choice,
        views=offered,
        reasons=(NO_DAY,) if wrong else (),
        actions=views.actions(session),
        names=display_names(session),
        further=bool(voor or tot or na),
        whole=codes is None,
        day=day,
        most=views.MOST_COUNTED,
        newest=views.NEWEST,
        **{"entries": (), "counts": (), "onward": "", **shown},
    )


def _scope(who: SignedIn) -> frozenset[str] | None:
    """Whose lines: of all for the auditor, of the own municipality for a teamleider."""
    if who.has(Role.AUDITOR):
        return None
    codes = who.access.actor.rollen[Role.TEAMLEIDER]
    return frozenset() if codes is None else codes


def _shown(
    session: PageSession, choice: Choice, asked: Asked, voor: int | None, tot: date | None, na: str
) -> dict[str, object]:
    """Lines or counts, and the address of the next page."""
    if choice.per == "dag":
        found, day = views.days(session, Asked(asked.zone, asked.codes), tot)
        return {"counts": found, "onward": choice.address(tot=day.isoformat()) if day else ""}
    if choice.per:
        by = Asked(asked.zone, asked.codes, asked.dag)
        told, last = views.counts(session, by, COLUMNS[choice.per], na)
        return {"counts": told, "onward": choice.address(na=last) if last else ""}
    entries, number = views.lines(session, asked, voor)
    return {"entries": entries, "onward": choice.address(voor=str(number)) if number else ""}
