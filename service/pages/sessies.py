"""The sessies: what comes and what was, one of them with all that is said in it, and a form for each thing to write.

No page here shows a person: organisations ask and do, and leerpunten come without the case they were written in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from service import sessie_packs
from service.access import access_of
from service.db import session_scope
from service.identity.accounts import desk_of
from service.log import audit
from service.pages.figures import READERS
from service.pages.forms import Sent, claim, given, new_key, version_of
from service.pages.rendering import by_field, render, require, see_other
from service.pages.sessie_forms import STOOD, VERSION, Form, form_of, planning, standing
from service.web.csrf import SAFE_METHODS, CsrfChecked
from service.web.dependencies import Now, SignedIn, Who, engine_of
from service.web.errors import status_of
from signals.errors import DomainError, NotFound, Stale
from signals.models import Delivery
from workflow import sessie_notes as notes
from workflow import sessies
from workflow.phases import Role
from workflow.sessie_models import Sessie, SessieActie, SessieStaat
from workflow.sessies import Agenda

router = APIRouter()

MOST_PAST = 200
DONE: Mapping[str, str] = {
    "gepland": "De sessie is gepland. Wie meedoet, kan nu vragen stellen.",
    "wijzigen": "De sessie is gewijzigd.",
    "gehouden": "Vastgelegd: de sessie is gehouden.",
    "afgelasten": "Vastgelegd: de sessie gaat niet door.",
    "vragen": "Uw vraag staat bij de sessie.",
    "weghalen": "Uw vraag is weggehaald.",
    "antwoorden": "Het antwoord is vastgelegd.",
    "leerpunten": "Vastgelegd wat over dit leerpunt is gezegd.",
    "acties": "De actie is vastgelegd.",
    "gedaan": "Vastgelegd: de actie is gedaan.",
    "heropenen": "Vastgelegd: de actie staat weer open.",
}


def _sessie_session(request: Request, who: Who) -> Iterator[Session]:
    """A session in the name of who is signed in. Who leads sessies and UWV are in all of them, and see what every
    municipality asked; a dossier is nowhere on these pages."""
    access = who.access.widened() if sessies.sees_all(who.access.actor) else who.access
    with session_scope(engine_of(request), access, write=request.method not in SAFE_METHODS) as session:
        yield session


SessieSession = Annotated[Session, Depends(_sessie_session, scope="function")]


@router.get("/sessies", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: SessieSession, now: Now) -> Response:
    """What comes, what the own organisation has to do, and what was."""
    require(who, sessies.VISITORS)
    actor = who.access.actor
    coming, past = sessies.coming(session, actor, now.date()), sessies.past(session, actor, MOST_PAST)
    todo = notes.owned_actions(session, actor)
    seen = {each.sessie.nummer for each in (*coming, *past)}
    return render(
        request,
        "sessies.html",
        coming=coming,
        past=past,
        todo=[_row(action, earlier, who, seen) for action, earlier in todo],
        leads=sessies.leads(actor),
        names=notes.organisation_names(session, [*_organisations((*coming, *past)), *_owners(todo)]),
    )


@router.get("/sessies/nieuw", response_class=HTMLResponse)
def new(request: Request, who: Who, session: SessieSession, now: Now) -> Response:
    """The form of a new sessie."""
    require(who, sessies.LEADERS)
    return _form_page(request, planning(session, now), None)


@router.post("/sessies/nieuw", response_class=HTMLResponse, dependencies=[CsrfChecked])
def plan(request: Request, who: Who, session: SessieSession, now: Now, sent: Sent) -> Response:
    """Plans it, once; when it is refused everything typed stays."""
    require(who, sessies.LEADERS)
    taken = claim(session, sent, request.url.path, now)
    if taken.location:
        return see_other(taken.location)
    try:
        made = sessies.plan(session, desk_of(session, now), given(sessies.FIELDS, sent))
    except DomainError as error:
        session.rollback()
        return _form_page(request, planning(session, now), None, sent=sent, error=error)
    audit.record(session, "sessie_gepland", made.nummer, now)
    return taken.finish(f"/sessies/{made.nummer}?gedaan=gepland")


@router.get("/sessies/{nummer}", response_class=HTMLResponse)
def page(request: Request, who: Who, session: SessieSession, now: Now, nummer: str, gedaan: str = "") -> Response:
    """One sessie: when and who, the figures, the questions, the leerpunten and the actions."""
    require(who, sessies.VISITORS)
    actor, today = who.access.actor, now.date()
    agenda = sessies.find(session, nummer, actor)
    earlier, agreed = notes.returning(session, agenda), notes.actions(session, agenda)
    open_to = {each.sessie.nummer for each in sessies.visible(session, actor, _distinct(one for _, one in earlier))}
    asked = notes.questions(session, agenda, actor)
    owners = [action.organisatie for action in agreed]
    return render(
        request,
        "sessie.html",
        agenda=agenda,
        sessie=agenda.sessie,
        figures=_figures(session, agenda, who, today),
        packs=sessie_packs.published(session, agenda) if sessies.takes_part(agenda, actor) else (),
        earlier_packs=sessie_packs.earlier(session, agenda, actor),
        has_pack=sessie_packs.may_have(agenda.sessie) and sessies.takes_part(agenda, actor),
        questions=[(one, notes.asker(one), notes.may_edit(agenda, one, actor)) for one in asked],
        lessons=_by_kind(notes.lessons(session, agenda, actor, today)),
        counted_until=notes.counted_until(agenda.sessie, today),
        earlier=[_row(action, one, who, open_to) for action, one in earlier],
        agreed=[_row(action, agenda.sessie, who, {nummer}) for action in agreed],
        may_ask=agenda.sessie.staat == SessieStaat.GEPLAND and bool(sessies.voices(session, agenda, actor, today)),
        leads=sessies.leads(actor),
        whole=sessies.takes_part(agenda, actor),
        names=notes.organisation_names(
            session, [*agenda.deelnemers, *map(notes.asker, asked), *owners, *_owners(earlier)]
        ),
        notice=DONE.get(gedaan, ""),
        form_key=new_key(),
    )


@router.get("/sessies/{nummer}/{wat}", response_class=HTMLResponse)
def form(request: Request, who: Who, session: SessieSession, now: Now, nummer: str, wat: str) -> Response:
    """The form for something about the sessie as a whole, or for something new in it."""
    return _show(request, who, session, now, nummer, wat)


@router.post("/sessies/{nummer}/{wat}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def write(request: Request, who: Who, session: SessieSession, now: Now, nummer: str, wat: str, sent: Sent) -> Response:
    """Writes it, once; when it is refused everything typed stays."""
    return _carry_out(request, who, session, now, sent, nummer, wat)


@router.get("/sessies/{nummer}/{wat}/{deel}", response_class=HTMLResponse)
def part_form(
    request: Request, who: Who, session: SessieSession, now: Now, nummer: str, wat: str, deel: str
) -> Response:
    """The form for one question, leerpunt or action."""
    return _show(request, who, session, now, nummer, wat, deel)


@router.post("/sessies/{nummer}/{wat}/{deel}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def write_part(
    request: Request, who: Who, session: SessieSession, now: Now, nummer: str, wat: str, deel: str, sent: Sent
) -> Response:
    """Writes it, once; when it is refused everything typed stays."""
    return _carry_out(request, who, session, now, sent, nummer, wat, deel)


def _show(
    request: Request, who: SignedIn, session: Session, now: datetime, nummer: str, wat: str, deel: str | None = None
) -> Response:
    require(who, sessies.VISITORS)
    agenda = sessies.find(session, nummer, who.access.actor)
    asked = form_of(session, agenda, now, wat, deel)
    asked.require()
    return _form_page(request, asked, agenda)


def _carry_out(
    request: Request,
    who: SignedIn,
    session: Session,
    now: datetime,
    sent: Mapping[str, str],
    nummer: str,
    wat: str,
    deel: str | None = None,
) -> Response:
    require(who, sessies.VISITORS)
    taken = claim(session, sent, request.url.path, now)
    if taken.location:
        return see_other(taken.location)
    agenda = sessies.find(session, nummer, who.access.actor, lock=True)
    asked = form_of(session, agenda, now, wat, deel)
    try:
        stood = {VERSION: str(version_of(sent)), STOOD: sent.get("stond", "")}
        asked.act(desk_of(session, now), given(asked.fields, sent) | stood)
    except DomainError as error:
        session.rollback()
        agenda = sessies.find(session, nummer, who.access.actor)
        return _form_page(request, form_of(session, agenda, now, wat, deel), agenda, sent=sent, error=error)
    audit.record(session, asked.actie, nummer, now)
    session.flush()
    return taken.finish(_back(session, who, sent, nummer) + f"?gedaan={asked.gedaan}")


def _back(session: Session, who: SignedIn, sent: Mapping[str, str], nummer: str) -> str:
    """To the sessie on whose page somebody was: an action of an earlier one is done from where it came back."""
    asked = sent.get("terug", "")
    try:
        return f"/sessies/{sessies.find(session, asked, who.access.actor).sessie.nummer}"
    except NotFound:
        return f"/sessies/{nummer}"


def _form_page(
    request: Request,
    asked: Form,
    agenda: Agenda | None,
    *,
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    reasons, stale = error.reasons if error else (), isinstance(error, Stale)
    if sent is not None and error and not stale:  # what was changed since the form was opened was not seen yet
        asked = replace(asked, versie=asked.versie and version_of(sent), stond=sent.get("stond", ""))
    return render(
        request,
        "sessie_form.html",
        status=status_of(error) if error else 200,
        form=asked,
        sessie=agenda.sessie if agenda else None,
        values=asked.values if sent is None else sent,
        standing=standing(asked, sent or {}) if stale else None,
        terug=(sent or request.query_params).get("terug", "")[:20],
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )


# --- as the pages show it


@dataclass(frozen=True)
class ActionRow:
    """An action as it stands on a page: of which sessie, whether that can be opened, and whether who looks may say
    that it was done, or was not done after all."""

    action: SessieActie
    sessie: Sessie
    may_finish: bool
    may_take_back: bool
    may_open: bool

    def late(self, today: date) -> bool:
        """Whether it should have been done."""
        return self.action.gedaan_op is None and self.action.voor < today


def _row(action: SessieActie, sessie: Sessie, who: SignedIn, open_to: set[str]) -> ActionRow:
    actor, may_open = who.access.actor, sessie.nummer in open_to
    may_finish, may_take_back = notes.may_finish(action, actor), notes.may_take_back(action, actor)
    return ActionRow(action, sessie, may_open and may_finish, may_open and may_take_back, may_open)


def _distinct(some: Iterator[Sessie]) -> list[Sessie]:
    return list({sessie.nummer: sessie for sessie in some}.values())


def _organisations(agendas: Sequence[Agenda]) -> set[str]:
    return {one for each in agendas for one in each.deelnemers}


def _owners(actions: Sequence[tuple[SessieActie, Sessie]]) -> set[str]:
    return {action.organisatie for action, _ in actions}


def _by_kind(lessons: Sequence[notes.Lesson]) -> Mapping[str, Sequence[notes.Lesson]]:
    kinds: dict[str, list[notes.Lesson]] = {}
    for one in lessons:
        kinds.setdefault(one.soort, []).append(one)
    return kinds


def _figures(session: Session, agenda: Agenda, who: SignedIn, today: date) -> Sequence[tuple[str, str]]:
    """(levering, address of its figures on the peildatum) of what this person may count."""
    if not who.has(*READERS):
        return ()
    day = notes.counted_until(agenda.sessie, today).isoformat()
    wanted = col(Delivery.leveringsnummer).in_(agenda.leveringen)
    loaded = session.exec(select(Delivery.leveringsnummer).where(wanted).order_by(col(Delivery.leveringsnummer)))
    return [(one, f"/cijfers?{urlencode({'levering': one, 'peildatum': day})}") for one in loaded]


def next_for(session: Session, who: SignedIn, today: date) -> Agenda | None:
    """The first sessie ahead in which this person has a place, for the page where everybody begins."""
    if not who.has(*sessies.VISITORS):
        return None
    ahead = (each for each in sessies.coming(session, who.access.actor, today) if each.sessie.datum >= today)
    return next(ahead, None)


def actions_for(session: Session, who: SignedIn, today: date) -> tuple[int, bool]:
    """How many actions the organisations of this person still have to do, and whether one is late."""
    if not who.has(*sessies.ASKERS, Role.UWV_LIAISON, *sessies.LEADERS):
        return 0, False
    mine = [action for action, _ in notes.owned_actions(session, access_of(session).actor)]
    return len(mine), any(action.voor < today for action in mine)
