"""What came before: the cases of the same person and of the same address, of the last ten years."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, or_, select

from signals.municipalities import same_municipality
from workflow.models import Case

YEARS = 10
"""As long as a dossier is kept (Circulaire 3.2)."""


def of_person(session: Session, case: Case, today: date) -> Sequence[Case]:
    """The other cases of this person that the session's owner sees, the newest first."""
    if case.bsn is None:
        return ()
    return _recent(session, case, today, Case.bsn == case.bsn)


def of_address(session: Session, case: Case, today: date) -> Sequence[Case]:
    """The closed cases of others at the current address, the newest first."""
    here = col(Case.adressleutel) == case.adressleutel
    others = or_(col(Case.bsn) != case.bsn, col(Case.bsn).is_(None))
    closed = col(Case.afgesloten_op).is_not(None)
    own = col(Case.gemeentecode).in_(same_municipality(session, {case.gemeentecode}, today))
    return _recent(session, case, today, own, here, others, closed)


def _recent(session: Session, case: Case, today: date, *wanted: object) -> Sequence[Case]:
    since = date(today.year - YEARS, today.month, min(today.day, 28))
    kept = or_(col(Case.afgesloten_op).is_(None), col(Case.afgesloten_op) >= since)
    chosen = select(Case).where(*wanted, kept, col(Case.id) != case.id)  # type: ignore[arg-type]  # conditions, all of them
    return session.exec(chosen.order_by(col(Case.id).desc()).limit(100)).all()
