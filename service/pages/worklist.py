"""The worklist: the cases of one's own municipality, what is due first on top; and finding one case."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, select

from service import case_list
from service.log import audit
from service.log.subjects import subjects_of_cases
from service.models import User, UserRole
from service.pages import labels
from service.pages.forms import Sent
from service.pages.rendering import render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Database, Now, PageSession, SignedIn, Who
from signals.address import mended_postcode
from workflow.models import CallbackRequest, Case
from workflow.opening import case_number
from workflow.phases import MUNICIPAL_ROLES, Phase, Role
from workflow.running_terms import running_terms
from workflow.visit_planning import PLANNERS

router = APIRouter()

PAGE = 50
MOST_COUNTED = 1000
"""Counting further costs more than anybody gains by it: the page says "meer dan 1000"."""
LISTS: Mapping[str, str] = {"mijn": "Mijn zaken", "vrij": "Zonder behandelaar", "alle": "Alle zaken"}
VISITED = (Phase.INLICHTINGEN, Phase.HUISBEZOEK)
"""The phases in which a home visit is what comes next; the page of a case offers it in every open one."""
RUNNING = tuple(phase for phase in Phase if phase != Phase.AFGESLOTEN)


@dataclass(frozen=True)
class Filters:
    """What is asked of the worklist; every value may be empty. None of it says anything about a person."""

    lijst: str = "alle"
    fase: str = ""
    behandelaar: str = ""
    aangehouden: str = ""
    terugbelverzoek: str = ""

    def address(self, **other: str) -> str:
        """The address of this list, or of one that differs in what is named."""
        values = {**vars(self), **other}
        return "/zaken?" + urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    case: Case
    term: str | None
    einde: date | None
    callback: bool

    def urgency(self, today: date) -> tuple[str, str]:
        """How the next term looks: style and words."""
        return labels.urgency(self.term, self.einde, today) if self.term and self.einde else ("rustig", "")


def lines(session: Session, cases: Sequence[Case]) -> list[Row]:
    """Each case with the running term that ends first, and whether somebody waits to be called back."""
    ids = [case.id for case in cases]
    terms = running_terms()
    query = select(terms.c.zaak_id, terms.c.term, terms.c.einde).where(terms.c.zaak_id.in_(ids))
    first = {
        zaak_id: (term, einde)
        for zaak_id, term, einde in session.exec(query.order_by(terms.c.einde.desc(), terms.c.term.desc()))
    }
    asked = select(CallbackRequest.zaak_id).where(
        col(CallbackRequest.zaak_id).in_(ids), col(CallbackRequest.teruggebeld_op).is_(None)
    )
    waiting = set(session.exec(asked))
    return [Row(case, *first.get(case.id or 0, (None, None)), case.id in waiting) for case in cases]


def _wanted(filters: Filters, naam: str) -> case_list.Filter:
    """As the list of cases is asked; without a phase everything that is not closed."""
    return case_list.Filter(
        fase=(Phase(filters.fase),) if filters.fase else RUNNING,
        behandelaar=naam if filters.lijst == "mijn" else filters.behandelaar or None,
        toegewezen=False if filters.lijst == "vrij" else None,
        aangehouden=True if filters.aangehouden else None,
        terugbelverzoek=True if filters.terugbelverzoek else None,
    )


def _filters(
    who: Who,
    lijst: str = "",
    fase: str = "",
    behandelaar: Annotated[str, Query(max_length=100)] = "",
    aangehouden: str = "",
    terugbelverzoek: str = "",
) -> Filters:
    own = "mijn" if who.has(Role.BEHANDELAAR) else "alle"
    return Filters(
        lijst if lijst in LISTS else own,
        fase if fase in list(Phase) else "",
        behandelaar,
        "ja" if aangehouden else "",
        "ja" if terugbelverzoek else "",
    )


@router.get("/zaken", response_class=HTMLResponse)
def worklist(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    now: Now,
    filters: Annotated[Filters, Depends(_filters)],
    na: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """One page of the list, what is due first on top."""
    require(who, MUNICIPAL_ROLES)
    wanted = _wanted(filters, who.naam)
    page = case_list.page(session, wanted, size=PAGE, after=na or None)
    audit.record_reading(engine, who.access, "lijst_bekeken", "zaken", now, about=subjects_of_cases(page.cases))
    return render(
        request,
        "worklist.html",
        rows=lines(session, page.cases),
        total=case_list.count(session, wanted, at_most=MOST_COUNTED + 1),
        most=MOST_COUNTED,
        filters=filters,
        lists=_lists(who),
        phases=list(Phase),
        plans=VISITED if who.has(*PLANNERS) else (),
        handlers=_handlers(session, who),
        names=display_names(session),
        following=filters.address(na=page.volgende) if page.volgende else "",
        further=bool(na),
    )


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
    """Finds by zaaknummer, signaalnummer, BSN, or postcode with number; one hit opens at once.

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
    return case_list.search(session, signaalnummer=typed.strip())
