"""The page of one case: who, where, what is due, what can be done now, and everything that happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from exports.dossier import PURPOSES
from service import case_signals
from service.connectors import brp
from service.files import documents, letter_file
from service.files.dossier_print import may_print
from service.log.subjects import subjects_of_cases
from service.models import User
from service.pages import labels
from service.pages.opened import Opened, OpenedCase
from service.pages.rendering import render, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, ReadingPageSession, RowNumber, Who, now_of
from signals.address import address_line
from signals.models import Signal
from signals.municipalities import name_on
from workflow import (
    address_group,
    case_terms,
    dossier,
    earlier_cases,
    legal_holds,
    letters,
    moves,
    timeline,
    visit_planning,
    voornemen,
)
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.case_terms import TermView
from workflow.deadlines import Term
from workflow.document_kinds import size_text
from workflow.elsewhere import known_elsewhere
from workflow.models import CallbackRequest, Case, CaseEvent, Document
from workflow.move import targets
from workflow.moves import StepView
from workflow.phases import OPEN, Phase, Role
from workflow.transfer import went_outside
from workflow.transitions import BY_NAME

router = APIRouter()

PATH = tuple(phase for phase in Phase if phase != Phase.BEZWAAR)
NO_OCCASION = frozenset(
    {"niet_ingetrokken", "niet_overgedragen", "niet_aangehouden", "al_aangehouden", "geen_aangifte", "geen_brief_uit"}
)
"""Codes of refusals that say that nothing gave occasion for the step, rather than what must come first."""

DONE: Mapping[str, str] = {
    "taak": "De taak is afgehandeld.",
    "teruggebeld": "Het terugbelverzoek is afgehandeld.",
    "vastgelegd": "Vastgelegd in het dossier.",
}
"""What the page says after a redirect, by a word in its address; the name of a step is also such a word."""


@dataclass(frozen=True)
class PhaseMark:
    """A phase in the row of phases: gone through, where the case stands, or neither."""

    fase: Phase
    state: str


def top(session: Session, file: CaseFile, desk: Desk) -> dict[str, Any]:
    """What stands above every page of a case."""
    case = file.case
    next_term = case_terms.next_term(file, desk.today)
    return {
        "case": case,
        "person": letters.full_name(case),
        "address": address_line(case),
        "phases": _phases(file),
        "next_term": next_term,
        "next_urgency": labels.urgency(next_term.term, next_term.einde, desk.today) if next_term else None,
        "walaa_waits": _walaa_waits(case, next_term),
        "contact": _user(session, case.behandelaar),
        "municipality": name_on(session, case.gemeentecode, desk.today),
        "waiting_aangifte": file.waiting_aangifte,
        "rectified": bool(file.rectifications),
    }


def _walaa_waits(case: Case, next_term: TermView | None) -> bool:
    """The clock runs on although the answer was given: it must still be entered in WALAA."""
    if next_term is None or next_term.term not in (Term.LAA_EERSTE_ANTWOORD, Term.LAA_RESULTAAT):
        return False
    final = case.resultaat is not None
    return bool(dossier.given_answers(case)) and (final or next_term.term == Term.LAA_EERSTE_ANTWOORD)


def _phases(file: CaseFile) -> list[PhaseMark]:
    been = {event.naar for event in file.events}
    here = file.case.fase
    path = [*PATH, Phase.BEZWAAR] if here == Phase.BEZWAAR else PATH
    return [
        PhaseMark(fase, "hier" if fase == here else "geweest" if fase in been and here != Phase.ONTVANGEN else "")
        for fase in path
    ]


def _user(session: Session, naam: str | None) -> User | None:
    return session.exec(select(User).where(col(User.naam) == naam)).first() if naam else None


@router.get("/zaken/{zaaknummer}", response_class=HTMLResponse)
def case_page(opened: Opened, gedaan: str = "", verloop: str = "") -> Response:
    """Everything about a case on one page; who opened it stands in the log. verloop: of which kind it tells alone."""
    return _page(opened, notice=notice_of(gedaan), verloop=verloop)


@router.post("/zaken/{zaaknummer}/bsn", response_class=HTMLResponse, dependencies=[CsrfChecked])
def show_number(
    request: Request, who: Who, session: ReadingPageSession, engine: Database, now: Now, zaaknummer: str
) -> Response:
    """The same page with the whole BSN, to be typed over elsewhere; the asking stands in the log."""
    opened = OpenedCase(request, who, session, engine, now, zaaknummer)
    opened.log_reading("bsn_getoond", subjects_of_cases([opened.case]))
    return _page(opened, bsn=opened.case.bsn)


@router.get("/zaken/{zaaknummer}/bsn")
def masked_again(opened: Opened) -> Response:
    """Whoever opens that address anew must ask anew."""
    return see_other(f"/zaken/{opened.zaaknummer}")


def _page(opened: OpenedCase, *, notice: str = "", bsn: str | None = None, verloop: str = "") -> Response:
    """`bsn`: shown whole instead of masked."""
    request, session, case, desk = opened.request, opened.session, opened.case, opened.desk
    file = CaseFile(session, case)
    same_address = address_group.others_at(session, case, desk.today)
    earlier_here = earlier_cases.of_address(session, case, desk.today)
    opened.log_reading("zaak_geopend", subjects_of_cases([case, *same_address, *earlier_here]))
    names = display_names(session)
    steps = [step for step in moves.steps(file, desk) if step.stap != "trek_signaal_in"]
    callbacks = [one for one in file.entries(CallbackRequest) if one.teruggebeld_op is None]
    shown = kinds(file, desk, request)
    signals = _signals(session, case)
    received = [(part, name_on(session, part.van_gemeente, desk.today)) for part in file.received]
    entries = {kind["word"]: kind["rows"] for kind in shown}
    parts = timeline.gather(file, desk, entries, received, [signal for signal, _ in signals])
    happened = timeline.timeline(parts, labels.words, desk.today, request.app.state.settings.zone)
    return render(
        request,
        "case.html",
        **top(session, file, desk),
        **_timeline(session, happened, verloop, request, names),
        notice=notice,
        whole_bsn=bsn,
        possible=_grouped(case, [step for step in steps if step.mag]),
        blocked=[step for step in steps if not step.mag and not _idle(step)],
        elsewhere=[step for step in steps if _idle(step)],
        tasks=[task for task in file.tasks if task.afgehandeld_op is None],
        callbacks=callbacks,
        terms=case_terms.views(file, desk.today),
        addresses=[(one, address_line(one)) for one in file.addresses],
        same_address=same_address,
        signals=signals,
        handles=Role.BEHANDELAAR in desk.actor.roles_in(case.gemeentecode),
        letters=file.letters,
        other_municipalities=known_elsewhere(session, case, desk),
        received=received,
        sends_file=may_print(case, desk) and went_outside(file),
        with_pdf=letters.with_pdf(session, file.letters),
        aangiften=file.aangiften,
        bezwaren=file.bezwaren,
        kinds=shown,
        names=names,
        conditions=voornemen.conditions(file, desk) if any(map(_is_voornemen, steps)) else (),
        earlier=earlier_cases.of_person(session, case, desk.today),
        earlier_here=earlier_here,
        watches=Role.TEAMLEIDER in desk.actor.roles_in(case.gemeentecode),
        prints=PURPOSES if may_print(case, desk) else {},
        holds=legal_holds.standing(session, case),
        planned_visits=visit_planning.standing_at(session, case, desk.today),
        may_plan=case.fase in OPEN and parts.may_plan,
        brp_purpose=brp.offered(session, case, desk),
    )


def _timeline(
    session: Session, happened: Sequence[timeline.Happened], soort: str, request: Request, names: Mapping[str, str]
) -> dict[str, Any]:
    """The lines of one kind or of all, each with what was filled in at it, and how many there are of each kind."""
    return {
        "lines": [
            (line, event_details(session, line.bij, request, names) if line.bij else ())
            for line in timeline.chosen(happened, soort)
        ],
        "timeline_kinds": timeline.KINDS,
        "timeline_counts": timeline.counts(happened),
        "timeline_total": len(happened),
        "timeline_chosen": soort if soort in timeline.KINDS else "",
    }


def _idle(step: StepView) -> bool:
    """A step that cannot be taken because nothing asks for it: another phase, or what it answers did not happen."""
    return not step.past_bij_fase or any(reason.code in NO_OCCASION for reason in step.belemmeringen)


def _is_voornemen(step: StepView) -> bool:
    return step.stap == "verstuur_voornemen" and step.past_bij_fase


def _grouped(case: Case, possible: Sequence[StepView]) -> list[tuple[str, list[StepView]]]:
    """Steps that can be taken, by where they lead: on, nowhere, or to the end; only groups with a step in them.

    What leads back comes after what leads on: a beslisser decides more often than he returns a voornemen.
    """
    groups: dict[str, list[StepView]] = {"Verder": [], "Bijhouden": [], "Afsluiten": []}
    for step in possible:
        ends = targets(BY_NAME[step.stap], case.fase)
        closes = ends == (Phase.AFGESLOTEN,)
        groups["Bijhouden" if ends == (case.fase,) else "Afsluiten" if closes else "Verder"].append(step)
    path = list(Phase)
    groups["Verder"].sort(
        key=lambda step: max(map(path.index, targets(BY_NAME[step.stap], case.fase))) < path.index(case.fase)
    )
    return [(title, steps) for title, steps in groups.items() if steps]


def led_on(zaaknummer: str, terug: str, gedaan: str) -> str:
    """Where a form of a case leads when it was carried out: to the step for which it was asked, or to the case."""
    page = f"/zaken/{zaaknummer}/stappen/{terug}" if terug in BY_NAME else f"/zaken/{zaaknummer}"
    return f"{page}?gedaan={gedaan}"


def notice_of(gedaan: str) -> str:
    """What a page of a case says of what was done just before."""
    return DONE.get(gedaan) or (f"Gedaan: {BY_NAME[gedaan].label}." if gedaan in BY_NAME else "")


def event_details(
    session: Session, event: CaseEvent, request: Request, names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What was filled in with a step, as label and text."""
    fields = BY_NAME[event.stap].fields if event.stap in BY_NAME else ()
    people = {field.naam for field in fields if field.soort == "gebruiker"}
    places = {field.naam for field in fields if field.soort == "gemeente"}
    named = {naam: names.get(value, value) if naam in people else value for naam, value in event.gegevens.items()}
    today = now_of(request).date()
    placed = {naam: f"{name_on(session, named[naam], today)} ({named[naam]})" for naam in places & named.keys()}
    return labels.told(named | placed, fields, request.app.state.settings.zone)


def content_of(document: Document) -> dict[str, Any] | None:
    """What the pages say of the content of a document, and where it is; None for a reference."""
    if document.bestand is None:
        return None
    kind = documents.kind_stored(document)
    return {
        "naam": document.bestandsnaam,
        "soort": kind.label,
        "omvang": size_text(document.omvang or 0),
        "sha256": document.sha256,
        "toont": kind.shows,
        "nummer": document.id,
    }


def _signals(session: Session, case: Case) -> list[tuple[Signal, str]]:
    assert case.id is not None
    found = case_signals.of_cases(session, [case.id]).get(case.id, ())
    return [(signal, address_line(signal)) for signal in found]


def kinds(
    file: CaseFile,
    desk: Desk,
    request: Request,
    asked: Mapping[str, dossier.EntryKind] = dossier.KINDS,
) -> list[dict[str, Any]]:
    """Every kind of dossier entry: its word, its label, what is in it, and whether this person may add one now."""
    zone = request.app.state.settings.zone
    case, roles = file.case, desk.actor.roles_in(file.case.gemeentecode)
    shown = []
    for word, kind in asked.items():
        rows = [(row, dossier.as_dict(word, row)) for row in dossier.entries(file, word)]
        extra = {"nummer", "vastgelegdOp", "door", *(kind.kept if word == "documenten" else ())}
        entries = [
            {
                "nummer": told["nummer"],
                "details": labels.told({k: v for k, v in told.items() if k not in extra}, kind.velden, zone),
                "recorded": labels.day(told["vastgelegdOp"]),
                "door": told["door"],
                "content": content_of(row) if isinstance(row, Document) else None,
            }
            for row, told in rows
        ]
        may = bool(kind.roles & roles) and case.fase in kind.phases
        here = {"word": word, "label": kind.label, "entries": entries, "may": may}
        shown.append(here | {"rows": [row for row, _ in rows]})
    return shown


@router.get("/zaken/{zaaknummer}/brieven/{nummer}")
def letter(opened: Opened, nummer: RowNumber) -> Response:
    """A letter as it was sent; who opened it stands in the log."""
    return letter_file.answer(opened.session, opened.engine, opened.who.access, opened.case, nummer, opened.now)


@router.get("/zaken/{zaaknummer}/ontvangen/{nummer}")
def received_letter(opened: Opened, nummer: RowNumber) -> Response:
    """A letter that another municipality sent, as it came with a hand-over; who opened it stands in the log."""
    access = opened.who.access
    return letter_file.received_answer(opened.session, opened.engine, access, opened.case, nummer, opened.now)


@router.post("/zaken/{zaaknummer}/taken/{nummer}", dependencies=[CsrfChecked])
def finish_task(opened: Opened, nummer: RowNumber) -> Response:
    """A person looked at it."""
    dossier.finish_task(opened.session, opened.case, nummer, opened.desk)
    opened.log("taak_afgehandeld")
    return see_other(f"/zaken/{opened.zaaknummer}?gedaan=taak")


@router.post("/zaken/{zaaknummer}/terugbelverzoeken/{nummer}", dependencies=[CsrfChecked])
def called_back(opened: Opened, nummer: RowNumber) -> Response:
    """The person was called back."""
    dossier.call_back_done(opened.session, opened.case, nummer, opened.desk)
    opened.log("teruggebeld")
    return see_other(f"/zaken/{opened.zaaknummer}?gedaan=teruggebeld")
