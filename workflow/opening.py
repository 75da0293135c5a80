"""How a single case is opened beside the bulk of a load: for a hand-over and for bijvangst."""

from typing import Any

from sqlalchemy import update
from sqlmodel import Session

from signals.base import table
from signals.bulk import run
from signals.numbers import take_numbers
from signals.sealing import forms, kept
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.load_statements import PLACE
from workflow.models import Case, CaseEvent
from workflow.phases import OPENING_BASIS, PROCEDURE_VERSION, Phase
from workflow.running_terms import receipt_ends

CASE_SERIES = "zaak"
_case = table(Case)


def case_number(year: int, number: int) -> str:
    """`Z-2026-0000123`: what people quote."""
    return f"Z-{year}-{number:07d}"


def _bring_along(session: Session, bsn: str | None) -> None:
    """The cases of one person lie there under one key, so that they are found by each other."""
    older = forms([bsn])[1:] if bsn else []
    if older:
        run(session, update(_case).where(kept(_case.c.bsn).in_(older)).values(bsn=bsn))


def open_case(origin: CaseFile, desk: Desk, stap: str, with_terms: bool, **values: Any) -> Case:
    """A new case in `ontvangen` about the person and the address of `origin`, but for what `values` says otherwise.

    values: columns of Case. Its address is the current one of the origin.
    """
    session, old = origin.session, origin.case
    (number,) = take_numbers(session, CASE_SERIES, desk.today.year)
    same = ("bsn", "voornamen", "voorvoegsel", "geslachtsnaam", "geboortedatum", "gemeentecode")
    taken_over = (*same, "grondslag", "datum_ontvangst", *PLACE, "adressleutel")
    columns = {name: getattr(old, name) for name in taken_over} | values
    columns.setdefault("adresbron", f"overgenomen uit zaak {old.zaaknummer}")
    if with_terms:
        columns |= receipt_ends(columns["grondslag"], columns["datum_ontvangst"])
    case = Case(
        **columns,
        zaaknummer=case_number(desk.today.year, number),
        fase=Phase.ONTVANGEN,
        geopend_op=desk.today,
        adres_vanaf=desk.today,
    )
    _bring_along(session, case.bsn)
    session.add(case)
    session.flush()
    assert case.id is not None
    session.add(
        CaseEvent(
            **CaseFile(session, case).own(desk),
            volgnummer=1,
            stap=stap,
            naar=Phase.ONTVANGEN,
            rol="",
            grondslag=OPENING_BASIS,
            procedure=PROCEDURE_VERSION,
        )
    )
    session.flush()
    return case
