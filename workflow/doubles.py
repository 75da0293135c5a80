"""One open case per person in a municipality: what was closed does not open beside one that runs."""

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.municipalities import same_municipality
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseTask
from workflow.phases import OPEN


def other_open_case(session: Session, case: Case, desk: Desk) -> Case | None:
    """The case in the same municipality in which this person is being investigated as well."""
    if case.bsn is None:
        return None
    here = same_municipality(session, {case.gemeentecode}, desk.today)
    others = select(Case).where(
        Case.bsn == case.bsn, col(Case.gemeentecode).in_(here), col(Case.fase).in_(OPEN), col(Case.id) != case.id
    )
    return session.exec(others.order_by(col(Case.id)).execution_options(**ACROSS)).first()


def tell_of_double(session: Session, case: Case, desk: Desk) -> None:
    """Where the law or another municipality opens a case again, a person must close one of the two."""
    other = other_open_case(session, case, desk)
    if other is None:
        return
    uitleg = f"Over deze persoon loopt ook zaak {other.zaaknummer}. Ga verder in een van beide, en sluit de andere."
    own = CaseFile(session, case).own(desk)
    session.add(CaseTask(**own, soort="dubbele_zaak", sleutel=f"dubbele_zaak:{case.versie}", uitleg=uitleg))
