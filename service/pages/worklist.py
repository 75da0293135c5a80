"""The worklist: the cases of one's own municipality, what is due first on top; and finding one case."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from service import case_list
from service.identity.accounts import desk_of
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.models import User, UserRole
from service.pages import labels
from service.pages.forms import Sent, claim, new_key
from service.pages.rendering import render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, SignedIn, Who
from signals.address import mended_postcode
from signals.dates import as_date, eight_digits
from signals.errors import DomainError, Reason
from workflow import moves
from workflow.actors import Desk
from workflow.models import CallbackRequest, Case
from workflow.opening import case_number
from workflow.phases import MUNICIPAL_ROLES, OPEN, Outcome, Phase, Role
from workflow.visit_planning import PLANNERS

router = APIRouter()

PAGE = 50
MOST_COUNTED = 1000
"""Counting further costs more than anybody gains by it: the page says "meer dan 1000"."""
LISTS: Mapping[str, str] = {"mijn": "Mijn zaken", "vrij": "Zonder behandelaar", "alle": "Alle zaken"}
VISITED = (Phase.INLICHTINGEN, Phase.HUISBEZOEK)
"""The phases in which a home visit is what comes next; the page of a case offers it in every open one."""
RUNNING = tuple(phase for phase in Phase if phase != Phase.AFGESLOTEN)
SORTS: Mapping[str, str] = {
    "termijn": "Eerste termijn bovenaan",
    "-termijn": "Laatste termijn bovenaan",
    "datumOntvangst": "Oudste ontvangst bovenaan",
    "-datumOntvangst": "Nieuwste ontvangst bovenaan",
    "zaaknummer": "Laagste zaaknummer bovenaan",
    "-zaaknummer": "Hoogste zaaknummer bovenaan",
}
TASKS: Mapping[str, str] = {case_list.ANY_TASK: "Iets om naar te kijken", "brief_retour": "Een brief kwam retour"}
ASSIGNERS = frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER})


@dataclass(frozen=True)
class Filters:
    """What is asked of the worklist; every value may be empty. None of it says anything about a person."""

    lijst: str = "alle"
    fase: str = ""
    behandelaar: str = ""
    aangehouden: str = ""
    terugbelverzoek: str = ""
    resultaat: str = ""
    levering: str = ""
    voor: str = ""
    taak: str = ""
    sorteer: str = ""

    def query(self, **other: str) -> str:
        """What stands behind the question mark of this list, or of one that differs in what is named."""
        values = {**vars(self), **other}
        return urlencode({name: value for name, value in values.items() if value})

    def address(self, **other: str) -> str:
        """The address of this list, or of one that differs in what is named."""
        return f"/zaken?{self.query(**other)}"

    @property
    def sort(self) -> str:
        """In which order."""
        return self.sorteer or case_list.SORTS[0]

    @property
    def narrowed(self) -> bool:
        """Whether anything was chosen beside the list and its order."""
        return any(value for name, value in vars(self).items() if name not in ("lijst", "sorteer"))

    def wanted(self, naam: str) -> case_list.Filter:
        """As the list of cases is asked by this user; without a phase or an outcome everything that is not closed."""
        return case_list.Filter(
            fase=(Phase(self.fase),) if self.fase else () if self.resultaat else RUNNING,
            behandelaar=naam if self.lijst == "mijn" else self.behandelaar or None,
            toegewezen=False if self.lijst == "vrij" else None,
            aangehouden=True if self.aangehouden else None,
            terugbelverzoek=True if self.terugbelverzoek else None,
            resultaat=Outcome(self.resultaat) if self.resultaat else None,
            leveringsnummer=self.levering or None,
            termijn_voor=date.fromisoformat(self.voor) if self.voor else None,
            taak=self.taak or None,
        )


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    case: Case
    callback: bool

    def urgency(self, today: date) -> tuple[str, str]:
        """How the next term looks: style and words."""
        term = self.case.eerste_termijn
        return labels.urgency(term, self.case.eerste_termijn_tot, today) if term else ("rustig", "")


@dataclass(frozen=True)
class Result:
    """What became of one case of those that were ticked. told: why not."""

    zaaknummer: str
    done: bool
    told: str


_TICKED = re.compile(r"(Z-[0-9]{4}-[0-9]{1,9}):([0-9]{1,9})(?![0-9])")
"""What a tick sends: the case, and the version that the page showed."""
NOTHING_TICKED = Reason("niets_aangevinkt", "Vink eerst aan welke zaken u wilt toewijzen.", "zaak")
TOO_MANY = Reason("te_veel_aangevinkt", f"Wijs hooguit {PAGE} zaken tegelijk toe.", "zaak")


def lines(session: Session, cases: Sequence[Case]) -> list[Row]:
    """Each case with the running term that ends first, and whether somebody waits to be called back."""
    ids = [case.id for case in cases]
    asked = select(CallbackRequest.zaak_id).where(
        col(CallbackRequest.zaak_id).in_(ids), col(CallbackRequest.teruggebeld_op).is_(None)
    )
    waiting = set(session.exec(asked))
    return [Row(case, case.id in waiting) for case in cases]


def _filters(
    who: Who,
    lijst: str = "",
    fase: str = "",
    behandelaar: Annotated[str, Query(max_length=100)] = "",
    aangehouden: str = "",
    terugbelverzoek: str = "",
    resultaat: str = "",
    levering: Annotated[str, Query(max_length=20)] = "",
    voor: Annotated[str, Query(max_length=20)] = "",
    taak: str = "",
    sorteer: str = "",
) -> Filters:
    own = "mijn" if who.has(Role.BEHANDELAAR) else "alle"
    day = as_date(eight_digits(voor.strip()) or "")
    return Filters(
        lijst if lijst in LISTS else own,
        fase if fase in list(Phase) else "",
        behandelaar,
        "ja" if aangehouden else "",
        "ja" if terugbelverzoek else "",
        resultaat if resultaat in list(Outcome) else "",
        levering.strip(),
        day.isoformat() if day else "",
        taak if taak in TASKS else "",
        sorteer if sorteer in case_list.SORTS[1:] else "",
    )


Chosen = Annotated[Filters, Depends(_filters)]
After = Annotated[str, Query(max_length=400)]


@router.get("/zaken", response_class=HTMLResponse)
def worklist(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    filters: Chosen,
    na: After = "",
    alles: str = "",
) -> Response:
    """One page of the list, in the order that was chosen: without a choice what is due first on top."""
    require(who, MUNICIPAL_ROLES)
    page = case_list.page(session, filters.wanted(who.naam), sort=filters.sort, size=PAGE, after=na or None)
    audit.record_reading(engine, who.access, "lijst_bekeken", "zaken", now, about=subjects_of_cases(page.cases))
    ticked = [case.zaaknummer for case in page.cases] if alles else ()
    return _page(request, session, who, filters, page, na, chosen=ticked)


def _page(
    request: Request,
    session: Session,
    who: SignedIn,
    filters: Filters,
    page: case_list.Page,
    na: str,
    *,
    results: Sequence[Result] = (),
    reasons: Sequence[Reason] = (),
    chosen: Collection[str] = (),
    status: int = 200,
) -> Response:
    return render(
        request,
        "worklist.html",
        status=status,
        rows=lines(session, page.cases),
        total=case_list.count(session, filters.wanted(who.naam), at_most=MOST_COUNTED + 1),
        most=MOST_COUNTED,
        filters=filters,
        lists=_lists(who),
        phases=list(Phase),
        outcomes=list(Outcome),
        sorts=SORTS,
        kinds_of_task=TASKS,
        plans=VISITED if who.has(*PLANNERS) else (),
        handlers=_handlers(session, who),
        names=display_names(session),
        following=filters.address(na=page.volgende) if page.volgende else "",
        further=bool(na),
        open_phases=OPEN if who.has(*ASSIGNERS) else (),
        all_ticked=filters.address(na=na, alles="ja"),
        gives=who.has(Role.TEAMLEIDER),
        own=who.naam,
        action=f"/zaken/toewijzen?{filters.query(na=na)}",
        form_key=new_key(),
        results=results,
        reasons=reasons,
        chosen=chosen,
    )


@router.get("/zaken/toewijzen")
def assigned_again(who: Who, filters: Chosen) -> Response:
    """Whoever opens that address anew sees the list."""
    return see_other(filters.address())


@router.post("/zaken/toewijzen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def assign(
    request: Request, who: Who, session: PageSession, now: Now, sent: Sent, filters: Chosen, na: After = ""
) -> Response:
    """Gives the cases that were ticked to one handler, each by its own step; tells of each what became of it."""
    require(who, ASSIGNERS)
    ticked = dict(_TICKED.findall(sent.get("zaak", "")))
    results: Sequence[Result] = ()
    reasons = [NOTHING_TICKED] if not ticked else [TOO_MANY] if len(ticked) > PAGE else []
    if not reasons:
        results = _assign_all(session, sent, ticked, now)
    # Who is on this page now may be others than before: what was assigned may be no longer on this list.
    page = case_list.page(session, filters.wanted(who.naam), sort=filters.sort, size=PAGE, after=na or None)
    audit.record(session, "lijst_bekeken", "zaken", now, about=subjects_of_cases(page.cases))
    return _page(
        request,
        session,
        who,
        filters,
        page,
        na,
        results=results,
        reasons=reasons,
        chosen=[one.zaaknummer for one in results if not one.done],
        status=422 if reasons else 200,
    )


def _assign_all(session: Session, sent: Mapping[str, str], ticked: Mapping[str, str], now: datetime) -> list[Result]:
    """What became of each; the same form sent once more does nothing and is told the same."""
    form = claim(session, sent, "/zaken/toewijzen", now)
    if form.location:
        return [Result(*each) for each in json.loads(form.location)]
    desk, handler = desk_of(session, now), sent.get("behandelaar", "")
    # Always in the same order: two people who tick the same cases then wait for each other, and never both.
    results = [_assigned(session, desk, zaaknummer, int(ticked[zaaknummer]), handler) for zaaknummer in sorted(ticked)]
    form.finish(json.dumps([astuple(each) for each in results]))
    return results


def _assigned(session: Session, desk: Desk, zaaknummer: str, versie: int, handler: str) -> Result:
    case = moves.find_case(session, zaaknummer)
    code, given_to = case.gemeentecode, {"behandelaar": handler} if handler else {}
    try:
        moves.take(session, case, "wijs_toe", desk, versie=versie, gegevens=given_to)
    except DomainError as error:
        session.expire_all()
        audit.record(session, "stap_wijs_toe", zaaknummer, desk.now, resultaat="geweigerd", gemeentecode=code)
        return Result(zaaknummer, False, error.uitleg)
    audit.record(session, "stap_wijs_toe", zaaknummer, desk.now, gemeentecode=code)
    return Result(zaaknummer, True, "")


def _lists(who: SignedIn) -> Mapping[str, str]:
    return {name: label for name, label in LISTS.items() if name != "mijn" or who.has(Role.BEHANDELAAR)}


def _handlers(session: Session, who: SignedIn) -> Sequence[str]:
    """Who handles cases in the municipalities of whoever asks."""
    chosen = (
        select(User.naam)
        .join(UserRole, col(UserRole.gebruiker_id) == col(User.id))
        .where(
            col(UserRole.rol) == Role.BEHANDELAAR,
            col(UserRole.gemeentecode).in_(who.access.codes or ()),
            col(User.uitgeschakeld_op).is_(None),
        )
        .order_by(col(User.naam))
        .distinct()
    )
    return session.exec(chosen).all()


def display_names(session: Session) -> Mapping[str, str]:
    """How users are called on the screen, by user name."""
    return dict(session.exec(select(User.naam, User.weergavenaam)).all())


@router.get("/zaken/zoek")
def search_again(who: Who) -> Response:
    """What was searched stands in no address, so there is nothing to show again."""
    return see_other("/zaken")


@router.post("/zaken/zoek", response_class=HTMLResponse, dependencies=[CsrfChecked])
def search(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> Response:
    """Finds by zaaknummer, signaalnummer, BSN, postcode with number, or name with birth date; one hit opens at once.

    A POST, so that what was typed never stands in an address, a history or a log.
    """
    require(who, MUNICIPAL_ROLES)
    typed = sent.get("zoek", "")[:100]
    found = find(session, typed) if typed else []
    audit.record(session, "gezocht", "zaken", now, about=subjects_of_cases(found))
    if len(found) == 1:
        return see_other(f"/zaken/{found[0].zaaknummer}")
    rows, more = lines(session, found), len(found) == case_list.LARGEST_PAGE
    return render(request, "search.html", rows=rows, typed=typed, more=more, names=display_names(session))


def find(session: Session, typed: str) -> Sequence[Case]:
    """Cases that fit what was typed, the newest first."""
    compact = re.sub(r"\s", "", typed).upper()
    if re.fullmatch(r"[0-9]{8,9}", compact):
        return case_list.search(session, bsn=compact.zfill(9))
    where = re.fullmatch(r"([1-9][0-9]{3}[A-Z]{2})([0-9]{1,5}).*", compact)
    if where and mended_postcode(where[1]):
        return case_list.search(session, postcode=where[1], huisnummer=int(where[2]))
    number = re.fullmatch(r"Z-?([0-9]{4})-?([0-9]{1,9})", compact)
    if number:
        return session.exec(select(Case).where(Case.zaaknummer == case_number(int(number[1]), int(number[2])))).all()
    named = _NAMED.fullmatch(typed)
    born = eight_digits("-".join(part.zfill(2) for part in _BETWEEN.split(named[2]))) if named else None
    if named and born:
        return _by_name(session, named[1].split(), born)
    return case_list.search(session, signaalnummer=typed.strip())


_NAMED = re.compile(r"\s*([^\d,]*[^\d,\s])[\s,]+(\d[\d./ -]*\d)\s*")
"""A name and a birth date, in that order."""
_BETWEEN = re.compile(r"[./ -]+")


def _by_name(session: Session, words: Sequence[str], born: str) -> Sequence[Case]:
    """What stands before the family name, given names or a prefix, may have been typed along."""
    for first in range(len(words)):
        if found := case_list.search(session, geslachtsnaam=" ".join(words[first:]), geboortedatum=born):
            return found
    return ()
