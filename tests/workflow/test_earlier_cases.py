"""Earlier cases of a person and of an address: ten years back, and never of another municipality's address."""

from datetime import date

from sqlmodel import Session

from tests.factories import RECEIVED, VENLO, new_case
from workflow import earlier_cases
from workflow.models import Case
from workflow.phases import Phase

LONG_AGO = date(2016, 3, 1)
OTHER = "999990020"


def closed(session: Session, on: date, bsn: str = "999990019", **columns: object) -> Case:
    case = new_case(session, bsn=bsn, **columns)  # type: ignore[arg-type]
    case.fase, case.afgesloten_op = Phase.AFGESLOTEN, on
    session.flush()
    return case


def test_the_cases_of_the_person_of_the_last_ten_years_are_found_the_newest_first(session: Session) -> None:
    first = closed(session, date(2016, 3, 2))
    closed(session, LONG_AGO)
    second = closed(session, date(2025, 1, 7))
    case = new_case(session)
    assert list(earlier_cases.of_person(session, case, RECEIVED)) == [second, first]
    assert not earlier_cases.of_address(session, case, RECEIVED)


def test_the_closed_cases_of_others_at_the_address_are_found(session: Session) -> None:
    case = new_case(session)
    here = {"adressleutel": case.adressleutel}
    others = [closed(session, date(2024, 5, 6), OTHER) for _ in range(3)]
    for other in others:
        other.adressleutel = here["adressleutel"]
    others[1].gemeentecode = VENLO
    others[2].afgesloten_op, others[2].fase = None, Phase.ONTVANGEN
    session.flush()
    assert list(earlier_cases.of_address(session, case, RECEIVED)) == [others[0]]


def test_of_somebody_without_a_bsn_nothing_is_supposed(session: Session) -> None:
    unknown, other = new_case(session), new_case(session)
    unknown.bsn = other.bsn = None
    session.flush()
    assert not earlier_cases.of_person(session, unknown, RECEIVED)
