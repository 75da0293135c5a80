"""The one gate: who may take which step now, and the taking of it; nothing else sets a case's phase."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from signals.errors import Invalid, NotFound, Reason, Refused, Stale
from workflow import case_terms, course, effects, letters, parcels
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.detours import INSTEAD
from workflow.doubles import tell_of_double
from workflow.fields import Field, read
from workflow.models import Case, CaseEvent
from workflow.move import Move, OneOf, targets
from workflow.phases import PROCEDURE_VERSION, Phase
from workflow.questions import ASKED_RVIG, POSTED
from workflow.transitions import BY_NAME, STEPS

OWN_TERMS = frozenset({Term.INLICHTINGEN_HUISBEZOEK, Term.RICHTLIJN_ONDERZOEK, Term.BESLISSING_OP_BEZWAAR})
"""Terms of which the start hangs on more than the step: their effect starts them."""


SENDING = frozenset(move.name for move in STEPS if POSTED in move.fields)
"""The steps that send a letter, or may."""


@dataclass(frozen=True)
class StepView:
    """A step as a person at the desk sees it: whether it can be taken, all reasons why not, and what it asks."""

    stap: str
    label: str
    mag: bool
    belemmeringen: tuple[Reason, ...]
    velden: tuple[Field, ...]
    grondslag: str
    past_bij_fase: bool


NUMBER = re.compile(r"Z-[0-9-]{1,20}")
STEP = re.compile(r"[a-z_]{1,40}")


def find_case(session: Session, zaaknummer: str) -> Case:
    """The case with this number; NotFound also when it is another municipality's."""
    case = session.exec(select(Case).where(Case.zaaknummer == zaaknummer)).first()
    if case is None:
        # Anything else that somebody asks for may be a person's: it is not repeated.
        named = f"zaak {zaaknummer}" if NUMBER.fullmatch(zaaknummer) else "zaak met dit nummer"
        raise NotFound(Reason("zaak_onbekend", f"Er is geen {named}, of niet bij uw gemeente."))
    return case


def blockers(file: CaseFile, move: Move, desk: Desk) -> tuple[Reason, ...]:
    """Every reason why this step cannot be taken now, whatever is filled in; asked by the page and by `take`."""
    case = file.case
    reasons: list[Reason] = []
    if case.fase not in move.van:
        phases = ", ".join(move.van)
        uitleg = f"'{move.label}' past niet bij de fase {case.fase}; wel bij: {phases}."
        if instead := INSTEAD.get((move.name, case.fase)):
            uitleg += f" {instead}"
        reasons.append(Reason("fase_past_niet", uitleg))
    if not move.by & desk.actor.roles_in(case.gemeentecode):
        uitleg = f"Deze stap is voor: {', '.join(sorted(move.by))}."
        reasons.append(Reason("rol_ontbreekt", uitleg))
    if case.fase in move.van:
        reasons += [reason for guard in move.needs if (reason := guard(file, desk))]
    return tuple(reasons)


def steps(file: CaseFile, desk: Desk) -> list[StepView]:
    """Every step of the procedure, in its order, as this actor may or may not take it now."""
    shown = []
    for move in STEPS:
        reasons = blockers(file, move, desk)
        fields = tuple(_with_choices(one, file, desk) for one in move.fields)
        fits = file.case.fase in move.van
        shown.append(StepView(move.name, move.label, not reasons, reasons, fields, move.basis, fits))
    return shown


def _with_choices(field: Field, file: CaseFile, desk: Desk) -> Field:
    if field.soort == "brief":
        return replace(field, keuzes=tuple(str(one.nummer) for one in file.letters_out))
    if field.soort == "stukken":
        return replace(field, keuzes=tuple(part.sleutel for part in parcels.offered(file, desk.now.tzinfo)))
    if field.soort == "gebruiker":
        return replace(field, keuzes=tuple(sorted(desk.staff(file.case.gemeentecode))))
    return field


def find_step(stap: str) -> Move:
    """The step with this name; NotFound for another."""
    move = BY_NAME.get(stap)
    if move is None:
        named = f"De stap '{stap}'" if STEP.fullmatch(stap) else "Deze stap"
        raise NotFound(Reason("stap_onbekend", f"{named} bestaat niet. Stappen zijn: {', '.join(BY_NAME)}."))
    return move


def take(session: Session, case: Case, stap: str, desk: Desk, *, versie: int, gegevens: Mapping[str, Any]) -> CaseEvent:
    """Take a step: phase, event, term, letter and state together, or nothing.

    gegevens: by the names of the step's fields, dates as jjjj-mm-dd. Raises NotFound for a step that does not exist,
    Stale when the case moved on since `versie`, Refused with every blocker, Invalid with every faulty field.
    """
    move, file = find_step(stap), CaseFile(session, case)
    _compare_version(file, versie)
    if reasons := blockers(file, move, desk):
        raise Refused(reasons)
    values = read(move.fields, gegevens, desk.now)
    if faults := [reason for check in move.valid if (reason := check(file, desk, values))]:
        raise Invalid(faults)
    if reasons := tuple(reason for check in move.checks if (reason := check(file, desk, values))):
        raise Refused(reasons)
    with session.begin_nested():
        return _write(effects.Taking(file, desk, move, values), versie)


def preview(session: Session, case: Case, stap: str, desk: Desk, *, versie: int, gegevens: Mapping[str, Any]) -> bytes:
    """The letter that this step would send, marked as an example; the step itself is taken back. As `rehearse`."""
    example = replace(desk, voorbeeld=True)
    return rehearse(session, case, stap, example, versie=versie, gegevens=gegevens)[1]


def rehearse(
    session: Session, case: Case, stap: str, desk: Desk, *, versie: int, gegevens: Mapping[str, Any]
) -> tuple[int, bytes]:
    """Number and PDF of the letter that this step would send; the step itself is taken back.

    Raises what `take` raises, and Refused when no letter would go out.
    """
    savepoint = session.begin_nested()
    try:
        event = take(session, case, stap, desk, versie=versie, gegevens=gegevens)
        number = event.gegevens.get("brief")
        if number is None or stap not in SENDING:
            uitleg = "Met deze stap gaat nu geen brief uit aan de betrokkene."
            raise Refused(Reason("geen_brief", uitleg))
        return number, letters.sent(session, case, number).pdf
    finally:
        savepoint.rollback()
        session.expire_all()


def _compare_version(file: CaseFile, versie: int) -> None:
    now = file.case.versie
    if versie == now:
        return
    since = [event for event in file.events if event.volgnummer > versie]
    told = [f"{event.stap} door {event.door} op {event.vastgelegd_op:%d-%m-%Y}" for event in since]
    changed = f"Intussen gebeurde: {'; '.join(told)}." if told else f"De zaak heeft versie {now}."
    raise Stale(Reason("versie_verouderd", f"De zaak is veranderd sinds u haar opende. {changed}", "versie"))


def _write(taking: effects.Taking, versie: int) -> CaseEvent:
    """The row settles a race: whoever comes second finds another version, and nothing of his is written."""
    session, case, move = taking.session, taking.case, taking.move
    started = move.implies == "start_onderzoek" and case.start_onderzoek is None
    last = versie + (2 if started else 1)
    mine = (col(Case.id) == case.id, col(Case.versie) == versie)
    raised = update(Case).where(*mine).values(versie=last).execution_options(synchronize_session=False)
    if session.execute(raised).rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result has it
        uitleg = "De zaak is zojuist door iemand anders veranderd. Open haar opnieuw en kijk wat er veranderde."
        raise Stale(Reason("versie_verouderd", uitleg, "versie"))
    set_committed_value(case, "versie", last)
    case_terms.settle(taking.file)
    if started:
        effects.begin_investigation(taking, taking.posted)
        implied = _event(taking, BY_NAME["start_onderzoek"], case.fase, case.fase, last - 1, implied=True)
        course.record(session, case, implied)
    before = case.fase
    after = _after(taking)
    effect = effects.EFFECTS.get(move.name)
    if effect is not None:
        effect(taking)
    if move.term is not None and move.term not in OWN_TERMS:
        case_terms.start(taking.file, taking.desk, move.term, taking.posted)
    if move.letter is not None:  # after its term: the letter says when it ends
        effects.send(taking, move.letter)
    case.fase = after
    event = _event(taking, move, before, after, last)
    session.add(case)
    course.record(session, case, event)
    if taking.reopens is not None:
        _reopen_sender(taking, taking.reopens)
    session.flush()
    return event


def _after(taking: effects.Taking) -> Phase:
    to = taking.move.to
    if isinstance(to, OneOf):
        return to.choose(taking.file, taking.values)
    (phase,) = targets(taking.move, taking.case.fase)
    return phase


def _event(
    taking: effects.Taking, move: Move, before: Phase, after: Phase, number: int, implied: bool = False
) -> CaseEvent:
    case, desk = taking.case, taking.desk
    roles = move.by & desk.actor.roles_in(case.gemeentecode)
    return CaseEvent(
        **taking.own(),
        volgnummer=number,
        stap=move.name,
        van=before,
        naar=after,
        rol=", ".join(sorted(roles)),
        grondslag=move.basis,
        procedure=PROCEDURE_VERSION,
        gegevens={name: _plain(value) for name, value in _told(taking, implied).items()},
        resultaat=case.resultaat,
        datum_resultaat=case.datum_resultaat,
        eerste_antwoord=case.eerste_antwoord,
        datum_eerste_antwoord=case.datum_eerste_antwoord,
        behandelaar=case.behandelaar,
        ingangsdatum=case.ingangsdatum,
        aangehouden=case.aangehouden_sinds is not None,
        afgeleid=implied,
    )


def _told(taking: effects.Taking, implied: bool) -> dict[str, Any]:
    """What the event remembers; a step that was taken along keeps what was asked for it alone."""
    if implied:
        return {field.naam: taking.values[field.naam] for field in ASKED_RVIG if field.naam in taking.values}
    posted = {"verzenddatum": taking.posted} if taking.move.letter is not None else {}
    return posted | dict(taking.values) | taking.remember


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _reopen_sender(taking: effects.Taking, sender: Case) -> None:
    """The sender's case goes on in vooronderzoek, by the step of the receiver; it is its event there too."""
    effects.reopen(sender)
    before, sender.fase, sender.teruggestuurd = sender.fase, Phase.VOORONDERZOEK, True
    sender.start_onderzoek = None  # the guideline counts anew, as after heropen
    sender.versie += 1
    reden = {"reden": taking.values["reden"]}
    back = effects.Taking(CaseFile(taking.session, sender), taking.desk, taking.move, {}, reden)
    event = _event(back, taking.move, before, sender.fase, sender.versie)
    event.stap, event.rol = "ontvang_teruggestuurd", ""
    taking.session.add(sender)
    course.record(taking.session, sender, event)
    tell_of_double(taking.session, sender, taking.desk)
