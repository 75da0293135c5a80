"""A person with a case in another municipality too: each learns the other's name and contact person, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.bulk import reach_across
from signals.municipalities import name_on, same_municipality
from workflow.actors import ContactPerson, Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseTask
from workflow.phases import OPEN


@dataclass(frozen=True)
class Elsewhere:
    """Where, and who can be called or written to there; nobody as long as nobody handles the case."""

    gemeente: str
    contact: ContactPerson | None


def known_elsewhere(session: Session, case: Case, desk: Desk) -> list[Elsewhere]:
    """As it stands today: who handles the case there may have changed since the signal came."""
    return [
        Elsewhere(
            name_on(session, other.gemeentecode, desk.today),
            desk.contact(other.behandelaar) if other.behandelaar else None,
        )
        for other in _open_elsewhere(session, case, desk.today)
    ]


def ask_to_consult(file: CaseFile, desk: Desk) -> None:
    """The person was registered here: the other asks the BRP and this municipality; what was found is not told."""
    session, case = file.session, file.case
    here = name_on(session, case.gemeentecode, desk.today)
    contact = desk.contact(case.behandelaar).naam if case.behandelaar else "nog niemand"
    uitleg = f"Raadpleeg de BRP opnieuw, en stem af met {here}; contactpersoon daar: {contact}."
    sleutel = f"stem_af:{case.gemeentecode}:{desk.today}"
    for other in _open_elsewhere(session, case, desk.today):
        known = select(CaseTask.id).where(CaseTask.zaak_id == other.id, CaseTask.sleutel == sleutel)
        if session.exec(known.execution_options(**ACROSS)).first() is None:
            own = CaseFile(session, other).own(desk) | {"door": "systeem"}
            reach_across(session)
            session.add(CaseTask(**own, soort="stem_af", sleutel=sleutel, uitleg=uitleg))


def _open_elsewhere(session: Session, case: Case, today: date) -> Sequence[Case]:
    if case.bsn is None:
        return ()
    here = same_municipality(session, {case.gemeentecode}, today)
    others = select(Case).where(Case.bsn == case.bsn, col(Case.gemeentecode).not_in(here), col(Case.fase).in_(OPEN))
    return session.exec(others.order_by(col(Case.id)).execution_options(**ACROSS)).all()
