"""The worklist: the cases of one's own municipality, what is due first on top; and finding one case."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service import accounts
from service.csrf import CsrfChecked
from service.dependencies import Now, PageSession, SignedIn, Who
from service.pages import labels
from service.pages.forms import Sent
from service.pages.rendering import render, require, see_other
from signals.address import mended_postcode
from signals.errors import Invalid, Reason
from signals.models import Signal
from workflow.deadlines import TERMS
from workflow.models import Address, CallbackRequest, Case, CaseSignal, CaseTerm
from workflow.phases import MUNICIPAL_ROLES, Phase, Role

router = APIRouter()

PAGE = 50
MOST_COUNTED = 1000
"""Counting further costs more than anybody gains by it: the page says "meer dan 1000"."""
LISTS: Mapping[str, str] = {"mijn": "Mijn zaken", "vrij": "Zonder behandelaar", "alle": "Alle zaken"}
NEVER = date(9999, 12, 31)
_HELD = [term for term, rule in TERMS.items() if rule.held]


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
    address: Address
    term: CaseTerm | None
    callback: bool

    def urgency(self, today: date) -> tuple[str, str]:
        """How the next term looks: style and words."""
        return labels.urgency(self.term.term, self.term.einde, today) if self.term else ("rustig", "")


def _next_term() -> Any:
    """The running term that ends first; what stands still while a case is on hold does not count."""
    other = aliased(CaseTerm)
    waits = and_(other.term.in_(_HELD), col(Case.aangehouden_sinds).is_not(None))  # type: ignore[attr-defined]
    return (
        select(other.id)
        .where(other.zaak_id == Case.id, other.beeindigd_op.is_(None), not_(waits))  # type: ignore[union-attr]
        .order_by(other.einde, other.id)  # type: ignore[arg-type]
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )


def _rows(*chosen: ColumnElement[bool]) -> Select[Any]:
    """Cases with current address, next term and whether somebody waits to be called back."""
    callback = (
        select(CallbackRequest.id)
        .where(CallbackRequest.zaak_id == Case.id, col(CallbackRequest.teruggebeld_op).is_(None))
        .correlate(Case)
        .exists()
    )
    return (
        select(Case, Address, CaseTerm, callback)  # type: ignore[call-overload,no-any-return]
        .join(Address, and_(col(Address.zaak_id) == Case.id, col(Address.huidig)))
        .outerjoin(CaseTerm, col(CaseTerm.id) == _next_term())
        .where(*chosen)
    )


def _due() -> ColumnElement[date]:
    return func.coalesce(col(CaseTerm.einde), literal(NEVER))


def _chosen(filters: Filters, naam: str) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if filters.lijst == "mijn":
        chosen.append(col(Case.behandelaar) == naam)
    elif filters.lijst == "vrij":
        chosen.append(col(Case.behandelaar).is_(None))
    if filters.behandelaar:
        chosen.append(col(Case.behandelaar) == filters.behandelaar)
    if filters.fase:
        chosen.append(col(Case.fase) == Phase(filters.fase))
    else:
        chosen.append(col(Case.fase) != Phase.AFGESLOTEN)
    if filters.aangehouden:
        chosen.append(col(Case.aangehouden_sinds).is_not(None))
    if filters.terugbelverzoek:
        waiting = select(CallbackRequest.zaak_id).where(col(CallbackRequest.teruggebeld_op).is_(None))
        chosen.append(col(Case.id).in_(waiting))
    return chosen


def _after(cursor: str) -> ColumnElement[bool] | None:
    """`jjjj-mm-dd.id` of the last line shown; Invalid for anything else."""
    if not cursor:
        return None
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.(\d{1,15})", cursor)
    try:
        due, number = date.fromisoformat(found[1]), int(found[2])  # type: ignore[index]
    except (TypeError, ValueError):
        raise Invalid(
            Reason("plaats_onbekend", "Deze plaats in de lijst bestaat niet. Begin opnieuw bij Zaken.")
        ) from None
    return or_(_due() > due, and_(_due() == due, col(Case.id) > number))


def count(session: Session, chosen: Sequence[ColumnElement[bool]]) -> int:
    """How many cases, but never more than one above MOST_COUNTED."""
    some = select(Case.id).where(*chosen).limit(MOST_COUNTED + 1).subquery()
    return int(session.exec(select(func.count()).select_from(some)).one())


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
    filters: Annotated[Filters, Depends(_filters)],
    na: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """One page of the list, what is due first on top."""
    require(who, MUNICIPAL_ROLES)
    chosen = _chosen(filters, who.naam)
    query = _rows(*chosen).order_by(_due(), col(Case.id)).limit(PAGE + 1)
    after = _after(na)
    if after is not None:
        query = query.where(after)
    rows = [Row(*each) for each in session.execute(query)]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    following = f"{last.term.einde if last.term else NEVER}.{last.case.id}" if last else ""
    return render(
        request,
        "worklist.html",
        rows=rows[:PAGE],
        total=count(session, chosen),
        most=MOST_COUNTED,
        filters=filters,
        lists=_lists(who),
        phases=list(Phase),
        handlers=_handlers(session, who),
        names=display_names(session),
        following=filters.address(na=following) if following else "",
        further=bool(na),
    )


def _lists(who: SignedIn) -> Mapping[str, str]:
    return {name: label for name, label in LISTS.items() if name != "mijn" or who.has(Role.BEHANDELAAR)}


def _handlers(session: Session, who: SignedIn) -> list[str]:
    """Who handles cases in the municipalities of whoever asks."""
    return sorted({name for code in who.access.codes or () for name in accounts.staff(session, code)})


def display_names(session: Session) -> Mapping[str, str]:
    """How users are called on the screen, by user name."""
    return {user.naam: user.weergavenaam for user, _ in accounts.users(session)}


@router.post("/zaken/zoek", response_class=HTMLResponse, dependencies=[CsrfChecked])
def search(request: Request, who: Who, session: PageSession, now: Now, sent: Sent) -> Response:
    """Finds by zaaknummer, signaalnummer, BSN, or postcode with number; one hit opens at once.

    A POST, so that what was typed never stands in an address, a history or a log.
    """
    require(who, MUNICIPAL_ROLES)
    typed = sent.get("zoek", "")[:100]
    rows = find(session, typed) if typed else []
    if len(rows) == 1:
        return see_other(f"/zaken/{rows[0].case.zaaknummer}")
    return render(
        request, "search.html", rows=rows[:PAGE], typed=typed, more=len(rows) > PAGE, names=display_names(session)
    )


def find(session: Session, typed: str) -> list[Row]:
    """Cases that fit what was typed, the newest first; at most one more than a page."""
    compact = re.sub(r"\s", "", typed).upper()
    where = re.fullmatch(r"([1-9][0-9]{3}[A-Z]{2})([0-9]{1,5})(.*)", compact)
    if re.fullmatch(r"[0-9]{8,9}", compact):
        chosen: ColumnElement[bool] = col(Case.bsn) == compact.zfill(9)
    elif where and mended_postcode(where[1]):
        here = select(Address.zaak_id).where(Address.postcode == where[1], Address.huisnummer == int(where[2]))
        chosen = col(Case.id).in_(here)
    elif re.fullmatch(r"Z-[0-9]{4}-[0-9]{1,9}", compact):
        year, number = compact[2:].split("-")
        chosen = col(Case.zaaknummer) == f"Z-{year}-{int(number):07d}"
    else:
        signals = select(CaseSignal.zaak_id).join(Signal, col(Signal.id) == CaseSignal.signal_id)
        chosen = col(Case.id).in_(signals.where(Signal.signaalnummer == typed.strip()))
    found = session.execute(_rows(chosen).order_by(col(Case.id).desc()).limit(PAGE + 1))
    return [Row(*each) for each in found]
