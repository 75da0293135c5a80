"""Figures for whoever asks: counted over every row, given back as aggregates only, for what the asker may know."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from exports.figures import figures
from exports.selection import Selection
from service.access import Access
from service.db import session_scope
from signals.dates import dutch_date
from signals.errors import Forbidden, Invalid, Reason
from signals.models import Municipality
from signals.municipalities import Municipalities
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
        chosen = selection if openbaar else _own(session, access, selection, peildatum)
        return figures(session, chosen, peildatum, openbaar=openbaar)


def municipality_names(engine: Engine) -> dict[str, str]:
    """What every municipality is called, by code."""
    with session_scope(engine, Access.system(), write=False) as session:
        return {row.code: row.naam for row in session.exec(select(Municipality))}


def _own(session: Session, access: Access, selection: Selection, peildatum: date) -> Selection:
    if access.codes is None or access.may(Role.COORDINATOR):
        return selection
    table = Municipalities.load(session)
    own = {table.successor(code, peildatum) for code in access.codes}
    asked = {table.successor(code, peildatum) for code in selection.gemeenten} or own
    if not asked <= own:
        raise Forbidden(
            Reason("andere_gemeente", "U ziet de cijfers van uw eigen gemeente. Kies die, of geen.", "gemeente")
        )
    return replace(selection, gemeenten=tuple(sorted(asked)))
