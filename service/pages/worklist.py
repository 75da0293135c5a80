"""The worklist: the cases of one's own municipality, what is due first on top; and finding one case."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service import case_list, saved_lists
from service.identity import accounts
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.models import SavedList, User, UserRole
from service.pages import labels
from service.pages.forms import Sent, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import LARGEST_NUMBER, Database, ListSession, Now, PageSession, SignedIn, Who
from signals.address import mended_postcode
from signals.bsn import may_hold_bsn
from signals.dates import as_date, eight_digits
from signals.errors import NotFound, Reason
from signals.municipalities import alphabetical, name_on, standing_for
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
POSTING = frozenset({Role.BEHANDELAAR, Role.BESLISSER, Role.TEAMLEIDER})


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
    bewaard: str = ""

    def query(self, **other: str) -> str:
        """What stands behind the question mark of this list, or of one that differs in what is named."""
        values = {**vars(self), **other}
        return urlencode({name: value for name, value in values.items() if value})

    def address(self, **other: str) -> str:
        """The address of this list, or of one that differs in what is named.

        A list that was kept has an address of its own, of which only the place in it is another.
        """
        if self.bewaard and other.keys() <= {"na", "alles"}:
            rest = urlencode({name: value for name, value in other.items() if value})
            return f"/zaken/lijsten/{self.bewaard}" + (f"?{rest}" if rest else "")
        return f"/zaken?{self.query(**{'bewaard': '', **other})}"

    @property
    def kept(self) -> str:
        """What is kept of this list under a name."""
        return self.query(bewaard="")

    @property
    def sort(self) -> str:
        """In which order."""
        return self.sorteer or case_list.SORTS[0]

    @property
    def chosen(self) -> int:
        """How much was chosen beside the list and its order."""
        return sum(bool(value) for name, value in vars(self).items() if name not in ("lijst", "sorteer", "bewaard"))

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
    """What became of one case of those that were ticked. told: why not, or what came of it. path: where that is.

    there: whether it can be opened still.
    """

    zaaknummer: str
    done: bool
    told: str
    path: str = ""
    there: bool = True


@dataclass(frozen=True)
class Told:
    """What is said above the list after something was done with what was ticked, or could not be."""

    title: str = ""
    results: Sequence[Result] = ()
    reasons: Sequence[Reason] = ()
    refused: str = ""
    chosen: Collection[str] = ()


NOTHING: Told = Told()


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
    bewaard: str = "",
) -> Filters:
    own = "mijn" if who.has(Role.BEHANDELAAR) else "alle"
    day = as_date(eight_digits(voor.strip()) or "")
    return Filters(
        lijst if lijst in LISTS else own,
        fase if fase in list(Phase) else "",
        behandelaar if accounts.USER_NAME.fullmatch(behandelaar) else "",
        "ja" if aangehouden else "",
        "ja" if terugbelverzoek else "",
        resultaat if resultaat in list(Outcome) else "",
        "" if may_hold_bsn(levering) else levering.strip(),
        day.isoformat() if day else "",
        taak if taak in TASKS else "",
        sorteer if sorteer in case_list.SORTS[1:] else "",
        bewaard if re.fullmatch(r"[1-9][0-9]{0,9}", bewaard) and int(bewaard) <= LARGEST_NUMBER else "",
    )


def filters_of(who: SignedIn, kept: SavedList) -> Filters:
    """What was kept, for the eyes of who looks; what no longer exists of it chooses nothing."""
    values = {name: value for name, value in parse_qsl(kept.keuzes) if name in Filters.__dataclass_fields__}
    return _filters(who, **{**values, "bewaard": str(kept.id)})


Chosen = Annotated[Filters, Depends(_filters)]
After = Annotated[str, Query(max_length=400)]


@router.get("/zaken", response_class=HTMLResponse)
def worklist(
    request: Request,
    who: Who,
    session: ListSession,
    engine: Database,
    now: Now,
    filters: Chosen,
    na: After = "",
    alles: str = "",
) -> Response:
    """One page of the list, in the order that was chosen: without a choice what is due first on top."""
    require(who, MUNICIPAL_ROLES)
    return read(request, session, engine, Viewer(who, now), replace(filters, bewaard=""), na, alles=alles)


@dataclass(frozen=True)
class Viewer:
    """Who looks, and when."""

    who: SignedIn
    now: datetime


def read(
    request: Request,
    session: Session,
    engine: Engine,
    viewer: Viewer,
    filters: Filters,
    na: str,
    *,
    alles: str = "",
    kept: SavedList | None = None,
    notice: str = "",
) -> Response:
    """The list when nothing is changed: who was seen stands in the log before it leaves."""
    who = viewer.who
    page = case_list.page(session, filters.wanted(who.naam), sort=filters.sort, size=PAGE, after=na or None)
    audit.record_reading(engine, who.access, "lijst_bekeken", "zaken", viewer.now, about=subjects_of_cases(page.cases))
    told = Told(chosen=[case.zaaknummer for case in page.cases] if alles else ())
    return _page(request, session, viewer, filters, page, na, told, kept=kept, notice=notice)


def show(
    request: Request,
    session: Session,
    viewer: Viewer,
    filters: Filters,
    na: str,
    told: Told,
    *,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The list after a form: with what came of it, or with why it was refused. typed: the form that keeps the list."""
    # Who is on this page now may be others than before: what was assigned may be no longer on this list.
    page = case_list.page(session, filters.wanted(viewer.who.naam), sort=filters.sort, size=PAGE, after=na or None)
    audit.record(session, "lijst_bekeken", "zaken", viewer.now, about=subjects_of_cases(page.cases))
    return _page(request, session, viewer, filters, page, na, told, kept=_kept(session, filters), typed=typed or {})


def _kept(session: Session, filters: Filters) -> SavedList | None:
    """The list under a name from which a form was sent; none when it is gone by now, or is not what is looked at."""
    try:
        return saved_lists.find(session, int(filters.bewaard)) if filters.bewaard else None
    except NotFound:
        return None


def _page(
    request: Request,
    session: Session,
    viewer: Viewer,
    filters: Filters,
    page: case_list.Page,
    na: str,
    told: Told,
    *,
    kept: SavedList | None = None,
    notice: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    who, today = viewer.who, viewer.now.date()
    wanted = filters.wanted(who.naam)
    filters = filters if kept else replace(filters, bewaard="")
    return render(
        request,
        "worklist.html",
        status=422 if told.reasons else 200,
        rows=lines(session, page.cases),
        total=case_list.count(session, wanted, at_most=MOST_COUNTED + 1),
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
        open_phases=OPEN if who.has(*ASSIGNERS, *PLANNERS, *POSTING) else (),
        assigns=who.has(*ASSIGNERS),
        visits=who.has(*PLANNERS),
        posts=who.has(*POSTING),
        all_ticked=filters.address(na=na, alles="ja"),
        gives=who.has(Role.TEAMLEIDER),
        query=filters.query(na=na),
        form_key=new_key(),
        told=told,
        reasons=told.reasons,
        notice=notice,
        empty=() if page.cases or na else empty_state(session, who, filters),
        saved=saved_lists.seen(session),
        most_saved=saved_lists.MOST,
        kept=kept,
        may_remove=kept is not None and saved_lists.may_remove(session, kept),
        municipalities=own_municipalities(session, who, today),
        typed=typed or {},
        errors=by_field(told.reasons),
    )


def own_municipalities(session: Session, who: SignedIn, today: date) -> Mapping[str, str]:
    """Those of whoever asks as they are called today: name by code."""
    codes = {standing_for(session, code, today) for code in who.access.codes or ()}
    called = [(code, name_on(session, code, today)) for code in codes]
    return dict(sorted(called, key=lambda each: alphabetical(each[1])))


@dataclass(frozen=True)
class Next:
    """A sentence that says what to do, with the place in it: before it, where, what that is called, after it."""

    before: str
    path: str
    label: str
    after: str = "."


def empty_state(session: Session, who: SignedIn, filters: Filters) -> tuple[str, Sequence[Next]]:
    """Of a list with nothing on it: what that means, and what to do next; it offers no other empty list."""

    def has(lijst: str, **other: str) -> bool:
        return case_list.count(session, Filters(lijst, **other).wanted(who.naam), at_most=1) > 0

    everything = Next("Bekijk", "/zaken?lijst=alle", "alle zaken van uw gemeente")
    nexts = []
    if filters.chosen:
        title = "Geen zaken met deze keuzes."
        if has(filters.lijst):
            whole = f"/zaken?lijst={filters.lijst}"
            nexts.append(Next("Haal de keuzes weg:", whole, "toon alles in deze lijst"))
        if filters.lijst != "alle" and has("alle"):
            nexts.append(everything)
    elif filters.lijst == "mijn":
        title = "U hebt geen lopende zaken." if who.has(Role.BEHANDELAAR) else "U behandelt zelf geen zaken."
        if who.has(Role.BEHANDELAAR) and has("vrij"):
            free = Next("Kies een zaak uit", "/zaken?lijst=vrij", "Zonder behandelaar", " en wijs die aan uzelf toe.")
            nexts.append(free)
        elif has("alle"):
            nexts.append(everything)
    elif filters.lijst == "vrij" and has("alle"):
        title, nexts = "Alle lopende zaken hebben een behandelaar.", [everything]
    else:
        title = "Uw gemeente heeft geen lopende zaken."
    return title, nexts or _where_cases_come_from(who, closed=has("alle", fase=Phase.AFGESLOTEN))


def _where_cases_come_from(who: SignedIn, *, closed: bool) -> Sequence[Next]:
    """For a municipality in which nothing runs."""
    done = Next("Wat klaar is, staat bij", "/zaken?lijst=alle&fase=afgesloten", "de afgesloten zaken")
    old = [done] if closed else []
    if who.has(Role.TEAMLEIDER):
        return [Next("Zaken ontstaan als een levering van UWV is geladen. Kijk bij", "/leveringen", "Leveringen"), *old]
    text = "Zaken ontstaan als een levering van UWV is geladen; dat doet UWV of uw teamleider. Lees intussen"
    return [Next(text, "/handleiding", "hoe u een zaak behandelt"), *old]


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
