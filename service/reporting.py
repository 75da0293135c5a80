"""Figures for whoever asks: counted over every row, given back as aggregates only, for what the asker may know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from exports.destroyed import remark
from exports.figures import figures
from exports.selection import Selection
from exports.yields import Report, Yields, reports_since, yields_of
from service.access import Access
from service.db import session_scope
from signals.dates import dutch_date
from signals.errors import Forbidden, Invalid, Reason
from signals.models import Municipality
from signals.municipalities import Municipalities, name_on
from workflow.phases import MUNICIPAL_ROLES, Role

READERS = frozenset({Role.COORDINATOR, *MUNICIPAL_ROLES, Role.SYSTEEM})


def figures_for(
    engine: Engine, access: Access, selection: Selection, peildatum: date, *, today: date, openbaar: bool = False
) -> dict[str, Any]:
    """The object of `rni figures --json`; a municipality gets its own figures, the project's roles all of them.

    Forbidden for who may not see figures, and for another municipality's. Invalid for a day after today, because what
    will be recorded by then is not known, and for a selection of what does not exist.
    """
    if not access.may(*READERS):
        raise Forbidden(Reason("rol_ontbreekt", "Cijfers zijn er voor de coördinator en voor gemeenten."))
    if peildatum > today:
        uitleg = f"De peildatum {dutch_date(peildatum)} ligt na vandaag. Kies vandaag of een eerdere dag."
        raise Invalid(Reason("datum_in_toekomst", uitleg, "peildatum"))
    with session_scope(engine, access.widened(), write=False) as session:
        selection.check_known(session)
        eigen = sees_own_only(access)
        chosen = _own(session, access, selection, peildatum) if eigen and not openbaar else selection
        return figures(session, chosen, peildatum, openbaar=openbaar, eigen=eigen)


def destroyed_remark(
    engine: Engine, access: Access, selection: Selection, today: date, *, openbaar: bool = False
) -> str:
    """From which day on dossiers of this selection are gone; empty while none is."""
    with session_scope(engine, access.widened(), write=False) as session:
        own = sees_own_only(access) and not openbaar
        chosen = _own(session, access, selection, today) if own else selection
        return remark(session, chosen, today)


def sees_own_only(access: Access) -> bool:
    """Whether figures are those of the own municipality: who handles its cases is told no amount over a few of them."""
    return access.codes is not None and not access.may(Role.COORDINATOR)


def municipality_names(engine: Engine) -> dict[str, str]:
    """What every municipality is called, by code."""
    with session_scope(engine, Access.system(), write=False) as session:
        return {row.code: row.naam for row in session.exec(select(Municipality))}


def _own(session: Session, access: Access, selection: Selection, peildatum: date) -> Selection:
    assert access.codes is not None
    table = Municipalities.load(session)
    own = {table.successor(code, peildatum) for code in access.codes}
    asked = {table.successor(code, peildatum) for code in selection.gemeenten} or own
    if not asked <= own:
        raise Forbidden(
            Reason("andere_gemeente", "U ziet de cijfers van uw eigen gemeente. Kies die, of geen.", "gemeente")
        )
    return replace(selection, gemeenten=tuple(sorted(asked)))


@dataclass(frozen=True)
class YieldsShown:
    """What came of the results: of each own municipality, by its name of today; and what UWV reported since."""

    per: Mapping[str, Yields]
    reports: Sequence[Report] = ()


MOST_REPORTS = 3


def yields_for(engine: Engine, access: Access, today: date, since: datetime | None) -> YieldsShown | None:
    """What the own municipalities yielded; None for who works for none. since: when somebody was last here.

    A municipality that merged counts with its successor.
    """
    if not access.codes or not access.may(*MUNICIPAL_ROLES):
        return None
    with session_scope(engine, access.widened(), write=False) as session:
        found = yields_of(session, access.codes)
        reports = reports_since(session, access.codes, since, MOST_REPORTS) if since and found else ()
        per: dict[str, Yields] = {}
        for code in sorted(found):
            name = name_on(session, code, today)
            per[name] = per[name].with_those_of(found[code]) if name in per else found[code]
    return YieldsShown(per, reports)
