"""Letters that wait are posted: each by itself, with its line in the log, whichever of them is refused."""

from dataclasses import dataclass

from sqlmodel import Session

from service.log import audit
from signals.errors import DomainError
from workflow import posting_list, prepared_letters
from workflow.actors import Desk
from workflow.models import Case, PreparedLetter

MANY = 40
"""More letters than this are posted outside the request."""


@dataclass(frozen=True)
class Result:
    """What became of one letter."""

    zaaknummer: str
    step: str
    done: bool
    told: str


def post(session: Session, row: PreparedLetter, desk: Desk) -> Result:
    """Posts one letter, or tells why it stays."""
    case = session.get_one(Case, row.zaak_id)
    zaaknummer, code, stap, step = case.zaaknummer, case.gemeentecode, row.stap, posting_list.step_of(row)
    try:
        prepared_letters.post(session, row, desk)
    except DomainError as error:
        session.expire_all()
        audit.record(session, f"stap_{stap}", zaaknummer, desk.now, resultaat="geweigerd", gemeentecode=code)
        return Result(zaaknummer, step, False, error.uitleg)
    audit.record(session, f"stap_{stap}", zaaknummer, desk.now, gemeentecode=code)
    return Result(zaaknummer, step, True, "Verstuurd.")
