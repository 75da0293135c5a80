"""How a single case is opened beside the bulk of a load: for a hand-over and for bijvangst."""

from typing import Any

from signals.numbers import take_numbers
from workflow import case_terms
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Address, Case, CaseEvent
from workflow.phases import PROCEDURE_VERSION, Phase

CASE_SERIES = "zaak"
OPENING_BASIS = "Wet BRP 2.37d; Circulaire 3.2"


def case_number(year: int, number: int) -> str:
    """`Z-2026-0000123`: what people quote."""
    return f"Z-{year}-{number:07d}"


def open_case(origin: CaseFile, desk: Desk, stap: str, with_terms: bool, **values: Any) -> Case:
    """A new case in `ontvangen` about the person and the address of `origin`, but for what `values` says otherwise.

    values: columns of Case. Its address is the current one of the origin.
    """
    session, old = origin.session, origin.case
    (number,) = take_numbers(session, CASE_SERIES, desk.today.year)
    person = {
        name: getattr(old, name) for name in ("bsn", "voornamen", "voorvoegsel", "geslachtsnaam", "geboortedatum")
    }
    case = Case(
        **{
            **person,
            "gemeentecode": old.gemeentecode,
            "zaaknummer": case_number(desk.today.year, number),
            "fase": Phase.ONTVANGEN,
            "grondslag": old.grondslag,
            "datum_ontvangst": old.datum_ontvangst,
            "geopend_op": desk.today,
            "adressleutel": old.adressleutel,
            **values,
        }
    )
    session.add(case)
    session.flush()
    assert case.id is not None
    where = origin.address.model_dump(exclude={"id", "zaak_id", "gemeentecode", "signal_id", "vanaf", "bron"})
    elsewhere = case.gemeentecode != old.gemeentecode
    bron = "overgenomen van de andere gemeente" if elsewhere else f"overgenomen uit zaak {old.zaaknummer}"
    session.add(Address(**where, zaak_id=case.id, gemeentecode=case.gemeentecode, vanaf=desk.today, bron=bron))
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
    if with_terms:
        case_terms.open_terms(CaseFile(session, case), desk)
    session.flush()
    return case
