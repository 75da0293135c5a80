"""What of a report found no place by itself: somebody places it in the dossier, or sets it aside with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from signals.errors import Forbidden, NotFound, Reason, Refused
from workflow import case_terms, dossier, visits
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import LONGEST_TEXT, Field, read
from workflow.models import Case
from workflow.phases import OPEN
from workflow.visit_models import PlannedVisit, UnplacedReport, VisitReport

JOINED = tuple(
    replace(field, langste=2 * LONGEST_TEXT + 1) if field == visits.FINDINGS else field for field in visits.FIELDS
)
"""A visit as a report leaves it: what was seen of all and what of this person stand below each other."""
SETTING_ASIDE = (Field("reden", "tekst", "Waarom hoort dit niet in het dossier", langste=500),)


def waiting(session: Session) -> Sequence[tuple[UnplacedReport, Case]]:
    """What still has to be placed, with its case, as the session's owner sees it; the oldest first."""
    open_ones = select(UnplacedReport).where(col(UnplacedReport.afgehandeld_op).is_(None))
    rows = session.exec(open_ones.order_by(col(UnplacedReport.id))).all()
    found = select(Case).where(col(Case.id).in_([row.zaak_id for row in rows]))
    cases = {case.id: case for case in session.exec(found)}
    return [(row, cases[row.zaak_id]) for row in rows]


def find(session: Session, number: int) -> tuple[UnplacedReport, Case]:
    """One of them, with its case; NotFound for another."""
    row = session.exec(select(UnplacedReport).where(UnplacedReport.id == number)).first()
    if row is None:
        raise NotFound(Reason("verslag_onbekend", "Dit verslag is er niet."))
    return row, session.exec(select(Case).where(Case.id == row.zaak_id)).one()


def place(session: Session, row: UnplacedReport, case: Case, desk: Desk) -> None:
    """Into the dossier of its case, also when that is closed: the visit was made.

    Refused when somebody dealt with it before, or when a further person was found and the case is not open.
    """
    _require_handler(case, desk)
    found = row.gegevens.get("bijvangst")
    if found and case.fase not in OPEN:
        uitleg = (
            "Bij dit bezoek is nog iemand gevonden. Dat kan alleen in een lopende zaak worden vastgelegd. Laat de zaak "
            "heropenen, of leg het verslag terzijde en leg de bijvangst vast in een andere zaak op dit adres."
        )
        raise Refused(Reason("bijvangst_wacht", uitleg))
    _settle(session, row, desk, "geplaatst")
    about = (col(VisitReport.bezoek_id) == col(PlannedVisit.id)) & (col(VisitReport.id) == row.verslag_id)
    visit = session.exec(select(PlannedVisit).join(VisitReport, about)).one()
    file = CaseFile(session, case)
    with session.begin_nested():
        case_terms.settle(file)
        values = read(JOINED, _of_a_visit(row.gegevens), desk.now)
        held = visits.record(file, desk, file.own(desk), values, visit.adressleutel)
        held.bezoek_id = visit.id
        session.add(held)
        session.flush()
        if found:
            dossier.add(session, case, "bijvangst", desk, found)


def _of_a_visit(gegevens: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in gegevens.items() if name != "bijvangst"}


def set_aside(session: Session, row: UnplacedReport, case: Case, desk: Desk, gegevens: Mapping[str, Any]) -> None:
    """It does not belong in this dossier; what came in is kept with the reason. Invalid without one."""
    _require_handler(case, desk)
    values = read(SETTING_ASIDE, gegevens, desk.now)
    _settle(session, row, desk, "terzijde", values["reden"])


def _settle(session: Session, row: UnplacedReport, desk: Desk, how: str, why: str = "") -> None:
    """Of two at once the row settles who was first."""
    mine = (col(UnplacedReport.id) == row.id, col(UnplacedReport.afgehandeld_op).is_(None))
    done = {"afgehandeld_op": desk.today, "afgehandeld_door": desk.actor.naam, "afhandeling": how, "toelichting": why}
    changed = session.execute(update(UnplacedReport).where(*mine).values(**done))
    if not changed.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise Refused(Reason("al_afgehandeld", "Iemand anders heeft dit verslag al geplaatst of terzijde gelegd."))
    session.refresh(row)


def _require_handler(case: Case, desk: Desk) -> None:
    if not dossier.HANDLERS & desk.actor.roles_in(case.gemeentecode):
        roles = ", ".join(sorted(dossier.HANDLERS))
        raise Forbidden(Reason("rol_ontbreekt", f"Een verslag plaatsen of terzijde leggen is voor: {roles}."))
