"""What is asked to plan a sessie and to write down what is said in one: a form for each thing, and what it does."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from service.identity.accounts import desk_of
from service.models import UserRole
from service.pages import labels
from service.pages.forms import given
from signals.errors import NotFound, Reason
from signals.models import Delivery, Participant
from signals.municipalities import Municipalities
from workflow import sessie_notes as notes
from workflow import sessies
from workflow.actors import Desk
from workflow.fields import Field
from workflow.sessie_models import SessieActie
from workflow.sessies import Agenda

LAA = "LAA"
VERSION, STOOD = "_versie", "_stond"
"""The version of the sessie that a form was made for, and what stood there of its part, beside its fields."""


def _always() -> None:
    """Nothing about how things stand keeps this from being written."""


@dataclass(frozen=True)
class Form:
    """One thing to write: how it is asked, and what is done with it.

    about: what stands above the fields. names: words per value of a field. actie: for the log. ticked: fields of which
    the values are ticked. aside: address and words of what else can be done. require: raises why it cannot be written
    now; asked before it is shown. What comes in is judged by `act`, so that nothing typed is lost when that changed.
    versie, stond: what the form takes along of how things stand, to be refused when that changed. told: the fields of
    which is told then how they stand; those of the form itself unless others are named.
    """

    title: str
    fields: Sequence[Field]
    button: str
    act: Callable[[Desk, Mapping[str, str]], Any]
    actie: str
    gedaan: str
    about: Sequence[tuple[str, str]] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()
    versie: int | None = None
    stond: str = ""
    told: Sequence[Field] = ()
    aside: tuple[str, str] | None = None
    require: Callable[[], None] = _always


def standing(form: Form, sent: Mapping[str, str]) -> list[tuple[str, str]]:
    """What stands there now of all in which something else was filled in, as (label, words)."""
    found = []
    for each in form.told or form.fields:
        now = form.values.get(each.naam, "")
        if _parts(each, now) != _parts(each, given((each,), sent).get(each.naam, "")):
            found.append((each.label, _in_words(each, now, form.names.get(each.naam, {}))))
    return found


def _parts(asked: Field, value: str) -> list[str]:
    """In what order things are listed makes no difference."""
    return sorted(part.strip() for part in value.split(",")) if asked.soort == "lijst" else [value]


def _in_words(asked: Field, value: str, names: Mapping[str, str]) -> str:
    if not value:
        return "niet ingevuld"
    if asked.soort == "datum":
        return labels.day(value)
    if asked.soort == "lijst":
        return ", ".join(names.get(part.strip(), part.strip()) for part in value.split(","))
    if asked.soort in ("keuze", "ja_nee"):
        return labels.heading(names.get(value) or labels.words(value))
    return value


def form_of(session: Session, agenda: Agenda, now: datetime, wat: str, deel: str | None) -> Form:
    """The form at an address; NotFound for any other, Forbidden for what this person never writes."""
    desk = desk_of(session, now)
    if deel is None and wat in _WHOLE:
        return _WHOLE[wat](session, agenda, desk)
    if deel is not None and wat in _PARTS:
        return _PARTS[wat](session, agenda, desk, deel)
    raise NotFound(Reason("pagina_onbekend", "Deze pagina is er niet."))


# --- the sessie itself


def planning(session: Session, now: datetime) -> Form:
    """The form of a new sessie; its page carries it out."""
    return Form(
        "Plan een sessie",
        sessies.FIELDS,
        "Plan de sessie",
        lambda desk, values: None,
        "sessie_gepland",
        "gepland",
        names=_offered(session, now.date()),
        ticked=TICKED,
    )


TICKED = frozenset({"leveringen", "deelnemers"})


def _values(agenda: Agenda, names: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """A sessie as its form has it."""
    own = agenda.sessie
    at_the_table = [one for one in agenda.deelnemers if one in names["deelnemers"]]
    return {
        "soort": own.soort.value,
        "datum": own.datum.isoformat(),
        "tijd": f"{own.tijd:%H:%M}" if own.tijd else "",
        "plaats": own.plaats,
        "leveringen": ",".join(agenda.leveringen),
        "deelnemers": ",".join(at_the_table),
        "andere": ", ".join(one for one in agenda.deelnemers if one not in at_the_table),
        "peildatum": own.peildatum.isoformat() if own.peildatum else "",
    }


def _changing(session: Session, agenda: Agenda, desk: Desk) -> Form:
    sessies.require_leader(desk.actor)
    names, own = _offered(session, desk.today, agenda), agenda.sessie
    return Form(
        "Wijzig de sessie",
        sessies.FIELDS,
        "Bewaar",
        lambda desk, sent: sessies.change(session, own, desk, *_apart(sent)),
        "sessie_gewijzigd",
        "wijzigen",
        values=_values(agenda, names),
        names=names,
        ticked=TICKED,
        versie=own.versie,
        require=lambda: sessies.require_planned(own),
    )


def _apart(sent: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
    """The version, and the fields."""
    return int(sent[VERSION]), _plain(sent)


def _with_stood(sent: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """What stood there when the form was opened, and the fields."""
    return sent[STOOD], _plain(sent)


def _plain(sent: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in sent.items() if name not in (VERSION, STOOD)}


def _holding(session: Session, agenda: Agenda, desk: Desk) -> Form:
    sessies.require_leader(desk.actor)
    names = _offered(session, desk.today, agenda)
    return Form(
        "Leg vast dat de sessie is gehouden",
        (),
        "De sessie is gehouden",
        lambda desk, sent: sessies.hold(session, agenda.sessie, desk, _apart(sent)[0]),
        "sessie_gehouden",
        "gehouden",
        about=[("Wat er dan gebeurt", "Niemand stelt of wijzigt nog vragen. Antwoorden, leerpunten en acties kunt u "
                                      "ook daarna vastleggen.")],
        values=_values(agenda, names),
        names=names,
        told=sessies.FIELDS,
        versie=agenda.sessie.versie,
        require=lambda: sessies.require_planned(agenda.sessie),
    )  # fmt: skip


def _calling_off(session: Session, agenda: Agenda, desk: Desk) -> Form:
    sessies.require_leader(desk.actor)
    names = _offered(session, desk.today, agenda)
    return Form(
        "Gelast de sessie af",
        sessies.CALLING_OFF,
        "De sessie gaat niet door",
        lambda desk, sent: sessies.call_off(session, agenda.sessie, desk, *_apart(sent)),
        "sessie_afgelast",
        "afgelasten",
        values=_values(agenda, names),
        names=names,
        told=sessies.FIELDS,
        versie=agenda.sessie.versie,
        require=lambda: sessies.require_planned(agenda.sessie),
    )


def _offered(session: Session, today: date, agenda: Agenda | None = None) -> Mapping[str, Mapping[str, str]]:
    """What can be ticked: the leveringen, the newest first; UWV, the LAA and every municipality that works here."""
    newest = select(Delivery.leveringsnummer).order_by(
        col(Delivery.eerste_ontvangst).desc(), col(Delivery.leveringsnummer)
    )
    register = Municipalities.load(session)
    staff = select(UserRole.gemeentecode).where(col(UserRole.gemeentecode).is_not(None)).distinct()
    codes = {*session.exec(staff), *session.exec(select(Participant.gemeentecode).distinct())}
    here = {register.successor(code, today) for code in codes if code}
    here |= {one for one in (agenda.deelnemers if agenda else ()) if one.isdigit()}
    known = {code: f"gemeente {register.name(code)}" for code in sessies.in_order(session, here)}
    return {
        "leveringen": {one: one for one in session.exec(newest)},
        "deelnemers": {sessies.UWV: sessies.UWV, LAA: LAA, **known},
    }


# --- what is said in it


def _asking(session: Session, agenda: Agenda, desk: Desk) -> Form:
    own = sessies.voices(session, agenda, desk.actor, desk.today)
    return Form(
        "Stel een vraag",
        notes.question_fields(own),
        "Stel de vraag",
        lambda desk, sent: notes.ask(session, agenda, desk, _plain(sent)),
        "sessie_vraag_gesteld",
        "vragen",
        names={notes.NAMENS: notes.organisation_names(session, own)},
        require=lambda: notes.require_asker(own, agenda.sessie),
    )


def _rephrasing(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    question = notes.question_of(session, agenda, _number(deel), desk.actor)
    return Form(
        "Wijzig uw vraag",
        notes.QUESTION,
        "Bewaar",
        lambda desk, sent: notes.rephrase(session, agenda, question, desk, *_with_stood(sent)),
        "sessie_vraag_gewijzigd",
        "vragen",
        values={"tekst": question.tekst},
        stond=notes.stands(question),
        aside=(f"/sessies/{agenda.sessie.nummer}/weghalen/{deel}", "Haal de vraag weg"),
        require=lambda: notes.require_editable(agenda, question, desk.actor),
    )


def _withdrawing(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    question = notes.question_of(session, agenda, _number(deel), desk.actor)
    return Form(
        "Haal uw vraag weg",
        (),
        "Haal de vraag weg",
        lambda desk, sent: notes.withdraw(session, agenda, question, desk, sent[STOOD]),
        "sessie_vraag_ingetrokken",
        "weghalen",
        about=[("De vraag", question.tekst)],
        stond=notes.stands(question),
        require=lambda: notes.require_editable(agenda, question, desk.actor),
    )


def _answering(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    sessies.require_leader(desk.actor)
    question = notes.question_of(session, agenda, _number(deel), desk.actor)
    asker = notes.asker(question)
    begun = question.beantwoord_op is not None
    return Form(
        "Leg het antwoord vast",
        notes.ANSWER,
        "Leg vast",
        lambda desk, sent: notes.answer(session, agenda, question, desk, *_with_stood(sent)),
        "sessie_vraag_beantwoord",
        "antwoorden",
        about=[(f"De vraag van {notes.organisation_names(session, [asker])[asker]}", question.tekst)],
        values={"besproken": _yes(question.besproken), "antwoord": question.antwoord} if begun else {},
        stond=notes.stands(question),
        require=lambda: notes.require_not_off(agenda.sessie),
    )


def _concluding(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    sessies.require_leader(desk.actor)
    lesson = notes.lesson_of(session, agenda, deel, desk.actor, desk.today)
    said = lesson.besproken or bool(lesson.conclusie)
    about = [("Soort", labels.heading(labels.words(lesson.soort))), ("Wat er staat", lesson.toelichting)]
    return Form(
        "Leg vast wat over dit leerpunt is gezegd",
        notes.LESSON,
        "Leg vast",
        lambda desk, sent: notes.conclude(session, agenda, lesson, desk, *_with_stood(sent)),
        "sessie_leerpunt_besproken",
        "leerpunten",
        about=[(label, text) for label, text in about if text],
        values={"besproken": _yes(lesson.besproken), "conclusie": lesson.conclusie} if said else {},
        stond=notes.stands(lesson),
        require=lambda: notes.require_not_off(agenda.sessie),
    )


def _agreeing(session: Session, agenda: Agenda, desk: Desk) -> Form:
    sessies.require_leader(desk.actor)
    fields = notes.action_fields(agenda)
    owners = next(one for one in fields if one.naam == "organisatie").keuzes
    return Form(
        "Leg een actie vast",
        fields,
        "Leg de actie vast",
        lambda desk, sent: notes.agree(session, agenda, desk, _plain(sent)),
        "sessie_actie_afgesproken",
        "acties",
        names={"organisatie": notes.organisation_names(session, owners)},
        require=lambda: notes.require_not_off(agenda.sessie),
    )


def _finishing(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    action = notes.action_of(session, agenda, _number(deel))
    said = {"gedaanOp": action.gedaan_op.isoformat(), "hoe": action.hoe} if action.gedaan_op else {}
    return Form(
        "Leg vast dat de actie is gedaan",
        notes.DONE,
        "Leg vast",
        lambda desk, sent: notes.finish(session, action, desk, *_with_stood(sent)),
        "sessie_actie_gedaan",
        "gedaan",
        about=_of_action(session, action),
        values=said or {"gedaanOp": desk.today.isoformat()},
        stond=notes.stands(action),
        require=lambda: notes.require_finishable(action, desk.actor),
    )


def _taking_back(session: Session, agenda: Agenda, desk: Desk, deel: str) -> Form:
    action = notes.action_of(session, agenda, _number(deel))
    said = [("Gedaan op", labels.day(action.gedaan_op)), ("Hoe", action.hoe)] if action.gedaan_op else []
    return Form(
        "Zet de actie weer open",
        (),
        "De actie is nog niet gedaan",
        lambda desk, sent: notes.take_back(session, action, desk, sent[STOOD]),
        "sessie_actie_heropend",
        "heropenen",
        about=[*_of_action(session, action), *said, ("Wat er dan gebeurt", "De actie staat weer open en komt terug op "
               "de pagina van de volgende sessie. Wat er stond over hoe zij is gedaan, gaat weg.")],
        stond=notes.stands(action),
        require=lambda: notes.require_done(action, desk.actor),
    )  # fmt: skip


def _of_action(session: Session, action: SessieActie) -> list[tuple[str, str]]:
    owner = notes.organisation_names(session, [action.organisatie])[action.organisatie]
    return [("De actie", action.tekst), ("Wie", labels.heading(owner)), ("Uiterlijk", labels.day(action.voor))]


_WHOLE: Mapping[str, Callable[[Session, Agenda, Desk], Form]] = {
    "wijzigen": _changing,
    "gehouden": _holding,
    "afgelasten": _calling_off,
    "vragen": _asking,
    "acties": _agreeing,
}
_PARTS: Mapping[str, Callable[[Session, Agenda, Desk, str], Form]] = {
    "vragen": _rephrasing,
    "weghalen": _withdrawing,
    "antwoorden": _answering,
    "leerpunten": _concluding,
    "acties": _finishing,
    "heropenen": _taking_back,
}


def _number(deel: str) -> int:
    """The number of a question or an action; 0, which none has, for anything else."""
    return int(deel) if re.fullmatch(r"[0-9]{1,9}", deel) else 0


def _yes(value: bool) -> str:
    return "ja" if value else "nee"
