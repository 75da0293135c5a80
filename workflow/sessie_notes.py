"""What is said in a sessie: questions prepared for it, leerpunten discussed, and actions that come back until done."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.bsn import mask_in
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused, Stale
from signals.models import Delivery
from signals.municipalities import Municipalities
from workflow.actors import Actor, Desk
from workflow.fields import Field, read
from workflow.models import Case, Leerpunt
from workflow.sessie_models import (
    Sessie,
    SessieActie,
    SessieLeerpunt,
    SessieLevering,
    SessieStaat,
    SessieVraag,
)
from workflow.sessies import (
    UWV,
    Agenda,
    leads,
    require_leader,
    require_planned,
    speaks_for,
    takes_part,
    voices,
    without_bsn,
)

NO_PERSON = "Zonder persoonsgegevens: iedereen die meedoet leest dit."
NAMENS = "namens"
QUESTION = (Field("tekst", "lange_tekst", "Uw vraag", langste=1000, hint=NO_PERSON),)
ANSWER = (
    Field("besproken", "ja_nee", "Is de vraag besproken", hint="Een vraag die is besproken, wijzigt niemand meer."),
    Field("antwoord", "lange_tekst", "Het antwoord", verplicht=False, langste=2000, hint=NO_PERSON),
)
LESSON = (
    Field("besproken", "ja_nee", "Is dit leerpunt besproken"),
    Field("conclusie", "lange_tekst", "Wat is de conclusie", verplicht=False, langste=1000, hint=NO_PERSON),
)
ACTION = (
    Field(
        "tekst",
        "lange_tekst",
        "Wat is afgesproken",
        langste=1000,
        hint=f"Wie later meedoet, leest dit ook. {NO_PERSON}",
    ),
    Field("organisatie", "keuze", "Wie doet het", hint="Een organisatie, geen persoon."),
    Field("voor", "datum", "Uiterlijk op", toekomst=True),
)
DONE = (
    Field("gedaanOp", "datum", "Gedaan op"),
    Field(
        "hoe",
        "lange_tekst",
        "Hoe is het gedaan",
        langste=1000,
        hint="Of waarom het niet meer nodig is. Wie later meedoet, leest dit ook. Zonder persoonsgegevens.",
    ),
)


def questions(session: Session, agenda: Agenda, actor: Actor) -> Sequence[SessieVraag]:
    """The questions for a sessie, the first one first: all for who takes part, else those of the own municipality."""
    asked = select(SessieVraag).where(SessieVraag.sessie_id == agenda.id).order_by(col(SessieVraag.id))
    if takes_part(agenda, actor):
        asked = asked.execution_options(**ACROSS)
    else:
        asked = asked.where(col(SessieVraag.gemeentecode).in_(speaks_for(actor)))
    return session.exec(asked).all()


def asker(question: SessieVraag) -> str:
    """The organisation that asks."""
    return question.gemeentecode or UWV


def question_of(session: Session, agenda: Agenda, number: int, actor: Actor) -> SessieVraag:
    """One question of a sessie; NotFound when it is not there for this person."""
    found = next((one for one in questions(session, agenda, actor) if one.id == number), None)
    if found is None:
        raise NotFound(Reason("vraag_onbekend", "Deze vraag is er niet (meer)."))
    return found


def question_fields(own: Sequence[str]) -> tuple[Field, ...]:
    """What is asked of who asks: also in whose name, when it could be in more than one."""
    if len(own) < 2:
        return QUESTION
    return (Field(NAMENS, "keuze", "Namens", keuzes=tuple(own)), *QUESTION)


def ask(session: Session, agenda: Agenda, desk: Desk, gegevens: Mapping[str, Any]) -> SessieVraag:
    """A question of the own organisation, as long as the sessie is ahead."""
    own = voices(session, agenda, desk.actor, desk.today)
    require_asker(own, agenda.sessie)
    values = without_bsn(read(question_fields(own), gegevens, desk.now))
    namens = values.get(NAMENS, own[0])
    question = SessieVraag(
        sessie_id=agenda.id,
        gemeentecode="" if namens == UWV else namens,
        tekst=values["tekst"],
        gesteld_door=desk.actor.naam,
        gesteld_op=desk.now,
    )
    session.add(question)
    session.flush()
    return question


def require_asker(own: Sequence[str], sessie: Sessie) -> None:
    """Forbidden for who speaks for nobody, Refused once the sessie is over."""
    if not own:
        raise Forbidden(Reason("rol_ontbreekt", "Vragen stellen is voor behandelaars, teamleiders en UWV."))
    require_planned(sessie)


def may_edit(agenda: Agenda, question: SessieVraag, actor: Actor) -> bool:
    """Whether this person can still change the question: of the own organisation, not yet discussed or answered."""
    ahead = agenda.sessie.staat == SessieStaat.GEPLAND
    return ahead and not question.besproken and not question.antwoord and asker(question) in speaks_for(actor)


def rephrase(
    session: Session, agenda: Agenda, question: SessieVraag, desk: Desk, stond: str, gegevens: Mapping[str, Any]
) -> None:
    """Other words for a question of the own organisation. Stale when a colleague changed it meanwhile."""
    require_editable(agenda, question, desk.actor)
    require_as_it_stood(question, stond)
    question.tekst = without_bsn(read(QUESTION, gegevens, desk.now))["tekst"]
    session.add(question)


def withdraw(session: Session, agenda: Agenda, question: SessieVraag, desk: Desk, stond: str) -> None:
    """The own organisation takes a question back. Stale when it reads otherwise by now."""
    require_editable(agenda, question, desk.actor)
    require_as_it_stood(question, stond)
    session.delete(question)


def require_editable(agenda: Agenda, question: SessieVraag, actor: Actor) -> None:
    """Forbidden for who does not speak for the asker; Refused once it was discussed or the sessie is over."""
    if asker(question) not in speaks_for(actor):
        raise Forbidden(Reason("rol_ontbreekt", "Deze vraag is van een andere organisatie."))
    require_planned(agenda.sessie)
    if not may_edit(agenda, question, actor):
        uitleg = "Deze vraag is al besproken of beantwoord en verandert niet meer. Stel een nieuwe vraag."
        raise Refused(Reason("vraag_besproken", uitleg))


def answer(
    session: Session, agenda: Agenda, question: SessieVraag, desk: Desk, stond: str, gegevens: Mapping[str, Any]
) -> None:
    """Whether a question was discussed, and the answer to it. Stale when either reads otherwise by now."""
    require_leader(desk.actor)
    require_not_off(agenda.sessie)
    require_as_it_stood(question, stond)
    values = without_bsn(read(ANSWER, gegevens, desk.now))
    question.besproken, question.antwoord = values["besproken"], values.get("antwoord", "")
    question.beantwoord_op = desk.now
    session.add(question)


def require_not_off(sessie: Sessie) -> None:
    """Refused when a sessie was called off: nothing is said in it."""
    if sessie.staat == SessieStaat.AFGELAST:
        raise Refused(Reason("sessie_afgelast", "Deze sessie is afgelast. Leg dit vast bij een andere sessie."))


@dataclass(frozen=True)
class Lesson:
    """Leerpunten of one kind with the same words: in how many dossiers, of how many municipalities, and what came of
    them here. Without a row here nobody said anything about it yet."""

    sleutel: str
    soort: str
    toelichting: str
    aantal: int
    gemeenten: int
    besproken: bool = False
    conclusie: str = ""


def counted_until(sessie: Sessie, today: date) -> date:
    """The day up to which what was recorded is looked at."""
    held = sessie.datum if sessie.staat == SessieStaat.GEHOUDEN else today
    return min(sessie.peildatum or held, today)


def lessons(session: Session, agenda: Agenda, actor: Actor, today: date, until: date | None = None) -> Sequence[Lesson]:
    """The leerpunten from the dossiers of the leveringen, alike ones together, by kind and the most frequent first.

    What was said about one stays, also when the dossiers it came from were destroyed; whoever does not take part sees
    those of the own municipality alone. until: another day than that of the figures of the sessie.
    """
    asked = (
        select(Leerpunt.soort, Leerpunt.toelichting, Leerpunt.gemeentecode)
        .join(Case, col(Case.id) == Leerpunt.zaak_id)
        .where(col(Case.leveringsnummer).in_(agenda.leveringen))
        .where(Leerpunt.vastgelegd_op <= (until or counted_until(agenda.sessie, today)))
    )
    if takes_part(agenda, actor):
        asked = asked.execution_options(**ACROSS)
    else:
        asked = asked.where(col(Leerpunt.gemeentecode).in_(speaks_for(actor)))
    found: dict[str, tuple[str, str, list[str]]] = {}
    for soort, toelichting, code in session.exec(asked):
        text = mask_in(" ".join(toelichting.split()))
        found.setdefault(_key(soort, text), (soort, text, []))[2].append(code)
    said = {one.sleutel: one for one in _said(session, agenda)}
    groups = [
        Lesson(key, soort, text, len(codes), len({*codes}), *_what(said.get(key)))
        for key, (soort, text, codes) in found.items()
    ]
    gone = [
        Lesson(key, one.soort, one.toelichting, one.aantal, 0, *_what(one))
        for key, one in said.items()
        if key not in found and takes_part(agenda, actor)
    ]
    return sorted([*groups, *gone], key=lambda one: (one.soort, -one.aantal, one.toelichting))


def _key(soort: str, text: str) -> str:
    return hashlib.sha256(f"{soort} {text.casefold()}".encode()).hexdigest()[:16]


def _said(session: Session, agenda: Agenda) -> Sequence[SessieLeerpunt]:
    return session.exec(select(SessieLeerpunt).where(SessieLeerpunt.sessie_id == agenda.id)).all()


def _what(said: SessieLeerpunt | None) -> tuple[bool, str]:
    return (said.besproken, said.conclusie) if said else (False, "")


def lesson_of(session: Session, agenda: Agenda, key: str, actor: Actor, today: date) -> Lesson:
    """One group of leerpunten; NotFound for any other."""
    found = next((one for one in lessons(session, agenda, actor, today) if one.sleutel == key), None)
    if found is None:
        raise NotFound(Reason("leerpunt_onbekend", "Dit leerpunt is er niet (meer) bij deze sessie."))
    return found


def conclude(
    session: Session, agenda: Agenda, lesson: Lesson, desk: Desk, stond: str, gegevens: Mapping[str, Any]
) -> None:
    """Whether leerpunten were discussed, and what was concluded. Stale when somebody else wrote that down meanwhile."""
    require_leader(desk.actor)
    require_not_off(agenda.sessie)
    require_as_it_stood(lesson, stond)
    values = without_bsn(read(LESSON, gegevens, desk.now))
    row = next((one for one in _said(session, agenda) if one.sleutel == lesson.sleutel), None)
    if row is None:
        parts = {name: getattr(lesson, name) for name in ("sleutel", "soort", "toelichting")}
        row = SessieLeerpunt(sessie_id=agenda.id, **parts, aantal=lesson.aantal, vastgelegd_op=desk.now)
    row.besproken, row.conclusie = values["besproken"], values.get("conclusie", "")
    row.aantal, row.vastgelegd_op = lesson.aantal, desk.now
    session.add(row)
    session.flush()


def actions(session: Session, agenda: Agenda) -> Sequence[SessieActie]:
    """What was agreed in this sessie, what must be done first on top."""
    agreed = select(SessieActie).where(SessieActie.sessie_id == agenda.id)
    return session.exec(agreed.order_by(col(SessieActie.voor), col(SessieActie.id))).all()


def returning(session: Session, agenda: Agenda) -> Sequence[tuple[SessieActie, Sessie]]:
    """What was agreed in earlier sessies of these or earlier leveringen and is not done, what is due first on top.

    Of a sessie that is over: what was open on its day, with what came of it since. Nobody has to bring them along.
    """
    here = agenda.sessie
    if here.staat == SessieStaat.AFGELAST:
        return []
    asked = select(SessieActie, Sessie).join(Sessie, col(Sessie.id) == SessieActie.sessie_id)
    asked = asked.where(SessieActie.sessie_id != here.id, Sessie.datum <= here.datum)
    rows = session.exec(asked.order_by(col(SessieActie.voor), col(SessieActie.id))).all()
    order = _order(session)
    last = max((order.get(one, _FIRST) for one in agenda.leveringen), default=None)
    begins = _begins(session, order)
    return [
        (action, earlier)
        for action, earlier in rows
        if (earlier.datum, earlier.id or 0) < (here.datum, here.id or 0)
        and _was_open(action, here)
        and (last is None or begins.get(earlier.id or 0, _FIRST) <= last)
    ]


_FIRST = (date.min, "")


def _was_open(action: SessieActie, here: Sessie) -> bool:
    if here.staat == SessieStaat.GEPLAND:
        return action.gedaan_op is None
    return action.gedaan_op is None or action.gedaan_op >= here.datum


def _order(session: Session) -> Mapping[str, tuple[date, str]]:
    """Which levering came before which."""
    return {one.leveringsnummer: (one.eerste_ontvangst, one.leveringsnummer) for one in session.exec(select(Delivery))}


def _begins(session: Session, order: Mapping[str, tuple[date, str]]) -> Mapping[int, tuple[date, str]]:
    """The first levering of each sessie; one without any is of before all leveringen."""
    first: dict[int, tuple[date, str]] = {}
    for one in session.exec(select(SessieLevering)):
        place = order.get(one.leveringsnummer, _FIRST)
        first[one.sessie_id] = min(first.get(one.sessie_id, place), place)
    return first


def owned_actions(session: Session, actor: Actor) -> Sequence[tuple[SessieActie, Sessie]]:
    """What the organisations of this person still have to do, what is due first on top; of who leads, everybody's."""
    open_ = select(SessieActie, Sessie).join(Sessie, col(Sessie.id) == SessieActie.sessie_id)
    open_ = open_.where(col(SessieActie.gedaan_op).is_(None))
    if not leads(actor):
        open_ = open_.where(col(SessieActie.organisatie).in_(speaks_for(actor)))
    return session.exec(open_.order_by(col(SessieActie.voor), col(SessieActie.id))).all()


def action_of(session: Session, agenda: Agenda, number: int) -> SessieActie:
    """An action that was agreed in this sessie; NotFound for any other."""
    found = next((one for one in actions(session, agenda) if one.id == number), None)
    if found is None:
        raise NotFound(Reason("actie_onbekend", "Deze actie is er niet bij deze sessie."))
    return found


def action_fields(agenda: Agenda) -> tuple[Field, ...]:
    """What is asked of an action: its owner is one of the organisations at the table."""
    text, owner, day = ACTION
    at_the_table = tuple(dict.fromkeys((*agenda.deelnemers, UWV)))
    return text, Field(owner.naam, owner.soort, owner.label, keuzes=at_the_table, hint=owner.hint), day


def agree(session: Session, agenda: Agenda, desk: Desk, gegevens: Mapping[str, Any]) -> SessieActie:
    """An action that was agreed."""
    require_leader(desk.actor)
    require_not_off(agenda.sessie)
    values = without_bsn(read(action_fields(agenda), gegevens, desk.now))
    if values["voor"] < agenda.sessie.datum:
        uitleg = "Kies een dag op of na de dag van de sessie."
        raise Invalid(Reason("datum_voor_sessie", uitleg, "voor"))
    action = SessieActie(sessie_id=agenda.id, **values, afgesproken_op=desk.now)
    session.add(action)
    session.flush()
    return action


def may_finish(action: SessieActie, actor: Actor) -> bool:
    """Whether this person can say that it was done: of the organisation whose it is, or who leads sessies."""
    return action.gedaan_op is None and _speaks_of(action, actor)


def may_take_back(action: SessieActie, actor: Actor) -> bool:
    """Whether this person can say that it was not done after all: who could say that it was."""
    return action.gedaan_op is not None and _speaks_of(action, actor)


def _speaks_of(action: SessieActie, actor: Actor) -> bool:
    return leads(actor) or action.organisatie in speaks_for(actor)


def require_speaks_of(action: SessieActie, actor: Actor) -> None:
    """Forbidden for who is of another organisation and does not lead sessies."""
    if not _speaks_of(action, actor):
        uitleg = "Dit is een actie van een andere organisatie. Die legt zelf vast dat zij is gedaan, of de coördinator."
        raise Forbidden(Reason("actie_van_ander", uitleg))


def require_finishable(action: SessieActie, actor: Actor) -> None:
    """Refused when it was done already, Forbidden for who does not speak of it."""
    if action.gedaan_op is not None:
        raise Refused(Reason("actie_al_gedaan", "Van deze actie is al vastgelegd dat zij is gedaan."))
    require_speaks_of(action, actor)


def require_done(action: SessieActie, actor: Actor) -> None:
    """Refused when nobody said that it was done, Forbidden for who does not speak of it."""
    if action.gedaan_op is None:
        raise Refused(Reason("actie_staat_open", "Deze actie staat al open: er is niets om terug te nemen."))
    require_speaks_of(action, actor)


def finish(session: Session, action: SessieActie, desk: Desk, stond: str, gegevens: Mapping[str, Any]) -> None:
    """It was done: on which day and how. Said once: Stale when somebody else said it meanwhile."""
    require_speaks_of(action, desk.actor)
    require_as_it_stood(action, stond)
    require_finishable(action, desk.actor)
    values = without_bsn(read(DONE, gegevens, desk.now))
    if values["gedaanOp"] < _earliest(session, action, desk):
        uitleg = "Deze dag ligt voor de dag waarop de actie is afgesproken."
        raise Invalid(Reason("datum_voor_afspraak", uitleg, "gedaanOp"))
    action.gedaan_op, action.hoe = values["gedaanOp"], values["hoe"]
    session.add(action)


def take_back(session: Session, action: SessieActie, desk: Desk, stond: str) -> None:
    """It was not done after all: it comes back until it is. Stale when something else was said of it meanwhile."""
    require_speaks_of(action, desk.actor)
    require_as_it_stood(action, stond)
    require_done(action, desk.actor)
    action.gedaan_op, action.hoe = None, ""
    session.add(action)


def _earliest(session: Session, action: SessieActie, desk: Desk) -> date:
    """The day of the sessie, or on which it was written down when that was before."""
    return min(
        session.get_one(Sessie, action.sessie_id).datum, action.afgesproken_op.astimezone(desk.now.tzinfo).date()
    )


def stands(of: SessieVraag | SessieActie | Lesson) -> str:
    """What is written of it by now, short enough to go along with a form: another text once anybody writes more."""
    written = [getattr(of, name) for name in _WRITTEN[type(of)]]
    return hashlib.sha256(json.dumps(written, default=str).encode()).hexdigest()[:16]


_WRITTEN: Mapping[type, Sequence[str]] = {
    SessieVraag: ("tekst", "besproken", "antwoord"),
    SessieActie: ("gedaan_op", "hoe"),
    Lesson: ("besproken", "conclusie"),
}


def require_as_it_stood(of: SessieVraag | SessieActie | Lesson, stond: str) -> None:
    """Stale when something else stands there than before somebody began to write; asked before what was written is
    judged, so that who mends a fault does not write over it."""
    if stands(of) != stond:
        uitleg = "Iemand anders heeft dit intussen gewijzigd. Hieronder staat hoe het nu is."
        raise Stale(Reason("intussen_gewijzigd", uitleg))


def organisation_names(session: Session, some: Sequence[str]) -> Mapping[str, str]:
    """How organisations are called: municipalities by their official name."""
    codes = [one for one in some if one.isdigit()]
    names = Municipalities.load(session) if codes else None
    return {one: f"gemeente {names.name(one)}" if names and one.isdigit() else one for one in some}
