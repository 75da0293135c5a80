"""What the beheerder decides: legal bases, own terms and visit policy, and who takes part; with a form for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service import consequences, installation
from service.pages import labels
from service.pages.forms import Sent, claim, given, new_key, with_codes
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, Who, WidePageSession
from service.web.errors import status_of
from signals.errors import DomainError
from signals.models import Grondslag
from signals.municipalities import alphabetical, names_on
from workflow.dated_settings import SETTINGS, setting
from workflow.fields import Field, read
from workflow.phases import Role
from workflow.questions import MUNICIPALITY

router = APIRouter()

STEP, CONFIRM, CHANGE = "stap", "vastleggen", "wijzigen"
"""The name of the buttons, and what two of them say; the third is that of the form itself, which only looks."""
BEHEERDER = frozenset({Role.BEHEERDER})
VANAF = Field(
    "vanaf", "datum", "Geldt vanaf", toekomst=True, hint="Vanaf het begin van deze dag. Mag in de toekomst liggen."
)
TOT = Field(
    "tot",
    "datum",
    "Eerste dag waarop het niet meer geldt",
    verplicht=False,
    toekomst=True,
    hint="Leeg betekent: tot u er een einde aan maakt.",
)
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
            Field(
                "waarde",
                "getal",
                "Waarde",
                hint="Een heel getal: dagen bij een termijn, bezoeken bij het bezoekbeleid.",
            ),
            Field(
                "gemeentecode",
                "gemeente",
                "Gemeente",
                verplicht=False,
                hint=f"{MUNICIPALITY.hint} Leeg betekent: alle gemeenten.",
            ),
            BESLOTEN_DOOR,
            VANAF,
        ),
    ),
    Kind.DEELNEMER: Question(
        "Voeg een deelnemende gemeente toe",
        "Zodra er één deelnemer is vastgelegd, doen alleen de vastgelegde gemeenten mee.",
        (MUNICIPALITY, BESLOTEN_DOOR, VANAF, TOT),
    ),
}


@router.get("/instellingen", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: PageSession, now: Now, gedaan: str = "") -> Response:
    """What is in force, what will be and what was."""
    require(who, BEHEERDER)
    today = now.date()
    names = names_on(session, today)
    called = sorted(
        installation.participants(session), key=lambda row: alphabetical(names.get(row.gemeentecode, row.gemeentecode))
    )
    return render(
        request,
        "installation.html",
        bases=[(row, installation.state(row, today)) for row in installation.bases(session)],
        missing=_without_basis(session, today),
        national=[(known.omschrijving, setting(session, naam, None, today)) for naam, known in SETTINGS.items()],
        descriptions={naam: known.omschrijving for naam, known in SETTINGS.items()},
        values=[(row, installation.state(row, today)) for row in installation.values(session)],
        participants=[(row, installation.state(row, today)) for row in called],
        names=names,
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
def record(request: Request, who: Who, session: WidePageSession, now: Now, soort: Kind, sent: Sent) -> Response:
    """First shows what it would change, then records it, once; when it is refused everything typed stays.

    `stap`: what the button says; without one it is looked at, so that nothing is recorded that nobody saw.
    """
    require(who, BEHEERDER)
    stap = sent.get(STEP, "")
    if stap == CHANGE:
        return _form(request, session, now, soort, sent)
    claimed = claim(session, sent, request.url.path, now) if stap == CONFIRM else None
    if claimed and claimed.location:
        return see_other(claimed.location)
    fields = QUESTIONS[soort].fields
    try:
        values = read(fields, with_codes(session, fields, given(fields, sent), now.date()), now)
        if claimed is None:
            told = _tried(session, soort, values, now)
            return _preview(request, session, now, soort, sent, told)
        _record(session, soort, values, now)
    except DomainError as error:
        session.rollback()
        return _form(request, session, now, soort, sent, error)
    return claimed.finish("/instellingen?gedaan=ja")


def _tried(session: Session, soort: Kind, values: Mapping[str, Any], now: datetime) -> list[str]:
    """What it would change: recorded to see that it can be, and taken back at once."""
    vanaf, tot, code, today = values["vanaf"], values.get("tot"), values.get("gemeentecode"), now.date()
    if soort == Kind.WAARDE and values["naam"] in SETTINGS:
        before = consequences.in_force(session, values["naam"], code, vanaf)
        _record(session, soort, values, now)
        after = consequences.in_force(session, values["naam"], code, vanaf)
        session.rollback()
        return consequences.of_value(session, values["naam"], code, vanaf, before, after, today)
    first = not installation.participants(session)
    _record(session, soort, values, now)
    session.rollback()
    if soort == Kind.GRONDSLAG:
        return consequences.of_basis(session, values["grondslag"], vanaf, tot)
    return consequences.of_participant(session, values["gemeentecode"], vanaf, tot, first=first)


def _preview(
    request: Request,
    session: Session,
    now: datetime,
    soort: Kind,
    sent: Mapping[str, str],
    told: Sequence[str],
) -> Response:
    question = QUESTIONS[soort]
    choices = _choices(session, now)
    return render(
        request,
        "installation_preview.html",
        question=question,
        answers=[(field.label, _answer(field, sent, choices)) for field in question.fields if sent.get(field.naam)],
        told=told,
        values={field.naam: sent.get(field.naam, "") for field in question.fields},
        step=STEP,
        confirm=CONFIRM,
        change=CHANGE,
        form_key=new_key(),
    )


def _answer(field: Field, sent: Mapping[str, str], choices: Mapping[str, Mapping[str, str]]) -> str:
    value = given((field,), sent)[field.naam]
    if field.naam in choices:
        return choices[field.naam].get(value, value)
    if field.soort == "datum":
        return labels.day(value)
    return labels.words(value) if field.soort == "keuze" else value


def _record(session: Session, soort: Kind, values: Mapping[str, Any], now: datetime) -> None:
    door, vanaf, tot = values["besloten_door"], values["vanaf"], values.get("tot")
    if soort == Kind.GRONDSLAG:
        installation.add_basis(session, values["grondslag"], values["tekst"], door, vanaf, tot, now)
    elif soort == Kind.WAARDE:
        code = values.get("gemeentecode")
        installation.set_value(session, values["naam"], str(values["waarde"]), code, door, vanaf, now)
    else:
        installation.add_participant(session, values["gemeentecode"], door, vanaf, tot, now)


def _choices(session: Session, now: datetime) -> Mapping[str, Mapping[str, str]]:
    return {
        "naam": {naam: known.omschrijving for naam, known in SETTINGS.items()},
        "gemeentecode": names_on(session, now.date()),
    }


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
        choices=_choices(session, now),
        values=values,
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )
