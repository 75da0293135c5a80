"""What is past its term, the lists that are made of it, and the verklaring: for a teamleider and the beheerder.

Numbers of cases and files, days, and who decided; never a person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from service import work
from service.log import audit
from service.models import WorkState
from service.pages.forms import Sent, claim, new_key, version_of
from service.pages.rendering import by_field, render, require, see_other
from service.pages.work import REFRESH
from service.pages.worklist import display_names
from service.retention import carrying_out, due, lists
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, SignedIn, Who, WidePageSession
from service.web.errors import status_of
from service.web.files import download
from service.work_signs import Signs, signs_of
from signals.errors import DomainError, Invalid, NotFound, Reason
from signals.municipalities import names_on
from workflow.models import Case
from workflow.phases import Role
from workflow.retention_models import Certificate, DestructionItem, DestructionList, Lijststaat, Regelstaat, Soort

router = APIRouter()

MOST_LISTS = 50
DONE: Mapping[str, str] = {
    "voorgesteld": "De lijst is gemaakt. Kijk haar na, en laat een ander haar goedkeuren.",
    "weglaten": "Weggelaten. Wat is weggelaten, kan op een volgende lijst komen.",
    "terugzetten": "Teruggezet: dit gaat toch weg.",
    "goedkeuren": "De lijst is goedgekeurd. Er is nog niets vernietigd.",
    "intrekken": "De lijst is ingetrokken. Er is niets vernietigd.",
    "vernietigen": "Het vernietigen is gevraagd. U kunt deze pagina sluiten: het gaat vanzelf door.",
}
"""What the page says after a redirect."""
_LOGGED: Mapping[str, str] = {
    "goedkeuren": "vernietiging_goedgekeurd",
    "intrekken": "vernietiging_ingetrokken",
    "vernietigen": "vernietiging_begonnen",
    "weglaten": "vernietiging_gewijzigd",
    "terugzetten": "vernietiging_gewijzigd",
}


@router.get("/vernietiging", response_class=HTMLResponse)
def overview(
    request: Request, who: Who, session: WidePageSession, settings: Config, now: Now, gedaan: str = ""
) -> Response:
    """What is due, which lists there are, and what to do next."""
    require(who, lists.WORKERS)
    return _overview(request, who, session, settings, now)


def _overview(
    request: Request, who: SignedIn, session: Session, settings: Any, now: Any, error: DomainError | None = None
) -> Response:
    codes = _codes(session, who)
    project = who.has(Role.BEHEERDER)
    found = due.overview(session, codes, now.date(), settings.zone, project=project)
    rows = lists.lists(session, who.access.actor, codes, MOST_LISTS)
    certificates = {
        one.lijst_id: one.nummer
        for one in session.exec(select(Certificate).where(col(Certificate.lijst_id).in_([row.id for row in rows])))
    }
    return render(
        request,
        "retention.html",
        status=status_of(error) if error else 200,
        due=[one for one in found if one.aantal],
        rules=[one.term for one in found if not one.gemeentecode or one.gemeentecode == codes[0]],
        lists=rows,
        most=MOST_LISTS,
        counts=lists.counted(session, rows),
        certificates=certificates,
        municipalities=names_on(session, now.date()),
        names=display_names(session),
        reasons=error.reasons if error else (),
        form_key=new_key(),
    )


def _codes(session: Session, who: SignedIn) -> Sequence[str]:
    """The municipalities that somebody makes lists for: a teamleider his own, a beheerder all that have cases."""
    if who.has(Role.BEHEERDER):
        return session.exec(select(Case.gemeentecode).distinct().order_by(col(Case.gemeentecode))).all()
    return sorted(who.access.actor.rollen.get(Role.TEAMLEIDER) or ())


@router.post("/vernietiging", response_class=HTMLResponse, dependencies=[CsrfChecked])
def propose(request: Request, who: Who, session: WidePageSession, settings: Config, now: Now, sent: Sent) -> Response:
    """Makes a list, once; nothing is destroyed by it."""
    require(who, lists.WORKERS)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    try:
        soort = _soort(sent.get("soort", ""))
        actor, code = who.access.actor, sent.get("gemeentecode", "")
        row = lists.propose(session, actor, now, settings.zone, soort, code)
    except DomainError as error:
        session.rollback()
        return _overview(request, who, session, settings, now, error)
    audit.record(session, "vernietiging_voorgesteld", row.nummer, now, gemeentecode=lists.whose(row))
    return form.finish(f"/vernietiging/{row.nummer}?gedaan=voorgesteld")


def _soort(text: str) -> Soort:
    if text not in [*Soort]:
        raise Invalid(Reason("soort_onbekend", f"Kies wat er op de lijst komt: {', '.join(Soort)}.", "soort"))
    return Soort(text)


@router.get("/vernietiging/{nummer}", response_class=HTMLResponse)
def list_page(
    request: Request,
    who: Who,
    session: WidePageSession,
    engine: Database,
    settings: Config,
    now: Now,
    nummer: str,
    gedaan: str = "",
) -> Response:
    """A list with its lines, and what may be done with it now."""
    require(who, lists.WORKERS)
    return _list(request, who, session, now, nummer, notice=DONE.get(gedaan, ""), signs=signs_of(engine, settings))


def _list(
    request: Request,
    who: SignedIn,
    session: Session,
    now: Any,
    nummer: str,
    *,
    notice: str = "",
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
    signs: Signs | None = None,
) -> Response:
    row = lists.find(session, who.access.actor, nummer)
    asked = work.latest(session, nummer)
    lines = lists.items(session, row)
    reasons = error.reasons if error else ()
    partial = "hx-request" in request.headers  # a list may have two thousand lines
    answer = render(
        request,
        "retention_list.html",
        status=status_of(error) if error else 200,
        row=row,
        term=lists.term_of(row),
        counted=lists.counted(session, [row])[row.id],
        going=[line for line in lines if line.staat == Regelstaat.OP_LIJST],
        gone=[line for line in lines if line.staat == Regelstaat.VERNIETIGD],
        others=[line for line in lines if line.staat in (Regelstaat.WEGGELATEN, Regelstaat.AFGEVALLEN)],
        certificate=lists.certificate(session, row),
        municipality=names_on(session, now.date()).get(row.gemeentecode, ""),
        names=display_names(session),
        may_approve=who.naam not in _touched(row, lines),
        leaving=lists.LEAVING_OUT,
        withdrawing=lists.WITHDRAWING,
        doing=(sent or {}).get("wat", ""),
        values=sent or {},
        errors=by_field(reasons),
        reasons=reasons,
        notice=notice,
        form_key=new_key(),
        asked=asked,
        alone=signs is not None and asked is not None and asked.staat == WorkState.WACHT and not signs.anybody_works(),
        refresh=REFRESH,
        partial=partial,
    )
    if partial and row.staat != Lijststaat.UITVOERING:
        answer.headers["HX-Refresh"] = "true"  # the part that asked is there no more: the whole page, once
    return answer


def _touched(row: DestructionList, lines: Sequence[DestructionItem]) -> set[str]:
    return {row.voorgesteld_door, *(line.door for line in lines if line.door)}


@router.post("/vernietiging/{nummer}/{wat}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def change(
    request: Request, who: Who, session: WidePageSession, engine: Database, now: Now, nummer: str, wat: str, sent: Sent
) -> Response:
    """Lines are left out or put back; the list is approved, withdrawn, or carried out by a worker. Each once."""
    require(who, lists.WORKERS)
    if wat not in _LOGGED:
        raise NotFound(Reason("pagina_onbekend", "Deze pagina is er niet."))
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    actor = who.access.actor
    try:
        row = lists.find(session, actor, nummer, lock=True, versie=version_of(sent))
        _deed(wat)(session, row, who, now, sent)
    except NotFound:
        raise
    except DomainError as error:
        session.rollback()
        audit.record_refusal(engine, who.access, _LOGGED[wat], nummer, now)
        return _list(request, who, session, now, nummer, sent={**sent, "wat": wat}, error=error)
    audit.record(session, _LOGGED[wat], nummer, now, gemeentecode=lists.whose(row))
    return form.finish(f"/vernietiging/{nummer}?gedaan={wat}")


Deed = Callable[[Session, DestructionList, SignedIn, Any, Mapping[str, str]], None]


def _deed(wat: str) -> Deed:
    return {
        "weglaten": _leave_out,
        "terugzetten": _put_back,
        "goedkeuren": lambda session, row, who, now, sent: lists.approve(session, row, who.access.actor, now),
        "intrekken": lambda session, row, who, now, sent: lists.withdraw(
            session, row, who.access.actor, now, sent.get("reden", "")
        ),
        "vernietigen": _start,
    }[wat]


def _start(session: Session, row: DestructionList, who: SignedIn, now: Any, sent: Mapping[str, str]) -> None:
    lists.start(session, row, who.access.actor, now)
    carrying_out.ask(session, row, now)


def _leave_out(session: Session, row: DestructionList, who: SignedIn, now: Any, sent: Mapping[str, str]) -> None:
    for nummer in _ticked(sent):
        lists.leave_out(session, row, nummer, who.access.actor, now, sent.get("reden", ""))


def _put_back(session: Session, row: DestructionList, who: SignedIn, now: Any, sent: Mapping[str, str]) -> None:
    for nummer in _ticked(sent):
        lists.put_back(session, row, nummer, who.access.actor, now)


def _ticked(sent: Mapping[str, str]) -> Iterator[str]:
    """The lines that were ticked; Invalid when none was."""
    chosen = [one for one in sent.get("regel", "").split(",") if one]
    if not chosen:
        raise Invalid(Reason("niets_gekozen", "Vink eerst aan wat u bedoelt.", "regel"))
    yield from dict.fromkeys(chosen)


@router.get("/vernietiging/{nummer}/verklaring", response_class=HTMLResponse)
def certificate_page(request: Request, who: Who, session: WidePageSession, nummer: str) -> Response:
    """What the verklaring says, as it was drawn up."""
    require(who, lists.WORKERS)
    row, made = _certificate(session, who, nummer)
    return render(request, "retention_certificate.html", row=row, made=made, said=made.inhoud)


@router.get("/vernietiging/{nummer}/verklaring/pdf")
def certificate_file(who: Who, session: WidePageSession, engine: Database, now: Now, nummer: str) -> Response:
    """The same as the PDF that is kept; who fetched it stands in the log."""
    require(who, lists.WORKERS)
    row, made = _certificate(session, who, nummer)
    code = lists.whose(row)
    audit.record_reading(engine, who.access, "verklaring_opgehaald", made.nummer, now, gemeentecode=code)
    return download("application/pdf", f"verklaring-{made.nummer}.pdf", made.pdf)


def _certificate(session: Session, who: SignedIn, nummer: str) -> tuple[DestructionList, Certificate]:
    row = lists.find(session, who.access.actor, nummer)
    made = lists.certificate(session, row)
    if made is None:
        raise NotFound(Reason("verklaring_onbekend", "Deze lijst is nog niet uitgevoerd. Er is nog geen verklaring."))
    return row, made
