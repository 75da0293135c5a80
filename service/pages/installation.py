"""What the beheerder decides: legal bases, own terms and visit policy, and who takes part; with a form for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service import installation
from service.identity.accounts import desk_of
from service.pages.forms import Sent, claim, given, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.pages.steps import municipalities
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, Who
from service.web.errors import status_of
from signals.errors import DomainError
from signals.models import Grondslag
from workflow.dated_settings import SETTINGS, setting
from workflow.fields import Field, read
from workflow.phases import Role

router = APIRouter()

BEHEERDER = frozenset({Role.BEHEERDER})
VANAF = Field("vanaf", "datum", "Geldt vanaf", toekomst=True)
TOT = Field("tot", "datum", "Eerste dag waarop het niet meer geldt", verplicht=False, toekomst=True)
BESLOTEN_DOOR = Field(
    "besloten_door",
    "tekst",
    "Besloten door",
    langste=installation.LONGEST_DECIDED_BY,
    hint="Wie dit heeft besloten, en met welk besluit.",
)


class Kind(StrEnum):
    """What can be recorded, by the word in the address of its form."""

    GRONDSLAG = "grondslagen"
    WAARDE = "waarden"
    DEELNEMER = "deelnemers"


@dataclass(frozen=True)
class Question:
    """A form: its title, what is good to know, and what it asks."""

    title: str
    hint: str
    fields: Sequence[Field]


QUESTIONS: Mapping[Kind, Question] = {
    Kind.GRONDSLAG: Question(
        "Leg een grondslag voor verstrekking vast",
        "Zonder geldige grondslag maakt de service in productie geen terugkoppeling over deze signalen.",
        (
            Field("grondslag", "keuze", "Signalen met grondslag", keuzes=tuple(Grondslag)),
            Field(
                "tekst",
                "lange_tekst",
                "Wat de verstrekking toestaat",
                langste=installation.LONGEST_TEXT,
                hint="Het artikel, de aanwijzing of de afspraak.",
            ),
            BESLOTEN_DOOR,
            VANAF,
            TOT,
        ),
    ),
    Kind.WAARDE: Question(
        "Geef een instelling een waarde",
        "De waarde geldt tot een volgende waarde begint. Termijnen die al lopen, houden hun lengte.",
        (
            Field("naam", "keuze", "Instelling", keuzes=tuple(SETTINGS)),
            Field("waarde", "getal", "Waarde"),
            Field("gemeentecode", "gemeente", "Gemeente", verplicht=False, hint="Leeg betekent: alle gemeenten."),
            BESLOTEN_DOOR,
            VANAF,
        ),
    ),
    Kind.DEELNEMER: Question(
        "Voeg een deelnemende gemeente toe",
        "Zodra er één deelnemer is vastgelegd, doen alleen de vastgelegde gemeenten mee.",
        (Field("gemeentecode", "gemeente", "Gemeente"), BESLOTEN_DOOR, VANAF, TOT),
    ),
}


@router.get("/instellingen", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: PageSession, now: Now, gedaan: str = "") -> Response:
    """What is in force, what will be and what was."""
    require(who, BEHEERDER)
    today = now.date()
    return render(
        request,
        "installation.html",
        bases=[(row, installation.state(row, today)) for row in installation.bases(session)],
        missing=_without_basis(session, today),
        national=[(known.omschrijving, setting(session, naam, None, today)) for naam, known in SETTINGS.items()],
        descriptions={naam: known.omschrijving for naam, known in SETTINGS.items()},
        values=[(row, installation.state(row, today)) for row in installation.values(session)],
        participants=[(row, installation.state(row, today)) for row in installation.participants(session)],
        names=municipalities(session, desk_of(session, now)),
        notice="Vastgelegd." if gedaan else "",
    )


def _without_basis(session: Session, today: date) -> list[Grondslag]:
    valid = {row.grondslag for row in installation.bases(session) if installation.state(row, today) == "geldt"}
    return [grondslag for grondslag in Grondslag if grondslag not in valid]


@router.get("/instellingen/{soort}", response_class=HTMLResponse)
def form(request: Request, who: Who, session: PageSession, now: Now, soort: Kind) -> Response:
    """The form for one kind."""
    require(who, BEHEERDER)
    return _form(request, session, now, soort, {"vanaf": now.date().isoformat()})


@router.post("/instellingen/{soort}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def record(request: Request, who: Who, session: PageSession, now: Now, soort: Kind, sent: Sent) -> Response:
    """Records it, once; when it is refused everything typed stays."""
    require(who, BEHEERDER)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    try:
        fields = QUESTIONS[soort].fields
        _record(session, soort, read(fields, given(fields, sent), now), now)
    except DomainError as error:
        session.rollback()
        return _form(request, session, now, soort, sent, error)
    return claimed.finish("/instellingen?gedaan=ja")


def _record(session: Session, soort: Kind, values: Mapping[str, Any], now: datetime) -> None:
    door, vanaf, tot = values["besloten_door"], values["vanaf"], values.get("tot")
    if soort == Kind.GRONDSLAG:
        installation.add_basis(session, values["grondslag"], values["tekst"], door, vanaf, tot, now)
    elif soort == Kind.WAARDE:
        code = values.get("gemeentecode")
        installation.set_value(session, values["naam"], str(values["waarde"]), code, door, vanaf, now)
    else:
        installation.add_participant(session, values["gemeentecode"], door, vanaf, tot, now)


def _form(
    request: Request,
    session: Session,
    now: datetime,
    soort: Kind,
    values: Mapping[str, str],
    error: DomainError | None = None,
) -> Response:
    question = QUESTIONS[soort]
    reasons = error.reasons if error else ()
    return render(
        request,
        "installation_form.html",
        status=status_of(error) if error else 200,
        question=question,
        choices={
            "naam": {naam: known.omschrijving for naam, known in SETTINGS.items()},
            "gemeentecode": municipalities(session, desk_of(session, now)),
        },
        values=values,
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )
