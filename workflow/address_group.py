"""The open cases at one current address: they share home visits, and each person has an outcome of his own."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlmodel import Session, col, select

from signals.municipalities import same_municipality
from workflow.models import Case
from workflow.phases import OPEN


def open_at(session: Session, keys: Collection[str], codes: Collection[str]) -> Sequence[Case]:
    """The open cases at these addresses (`adressleutel`) of these municipalities, the oldest first."""
    there = select(Case).where(
        col(Case.gemeentecode).in_(codes), col(Case.adressleutel).in_(keys), col(Case.fase).in_(OPEN)
    )
    return session.exec(there.order_by(col(Case.id))).all()


def others_at(session: Session, case: Case, today: date) -> Sequence[Case]:
    """The other open cases at the current address of this one, under every code its municipality has on that day."""
    codes = same_municipality(session, {case.gemeentecode}, today)
    return [each for each in open_at(session, {case.adressleutel}, codes) if each.id != case.id]
