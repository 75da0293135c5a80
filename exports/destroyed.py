"""From which day on dossiers are gone: what figures count no more, said in a sentence beside them."""

from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from exports.selection import Selection
from signals.dates import dutch_date
from signals.municipalities import Municipalities, same_municipality
from workflow.retention_models import DestructionItem, Regelstaat

_ZAAK = "zaak"


def remark(session: Session, selection: Selection, today: date) -> str:
    """What a reader of figures must know of dossiers that are no more; empty while none is gone.

    session: one that sees every row. Days only: how many they were could say something of a few.
    """
    gone = select(func.min(DestructionItem.gewijzigd_op), func.max(DestructionItem.sinds)).where(
        DestructionItem.object == _ZAAK, DestructionItem.staat == Regelstaat.VERNIETIGD
    )
    if selection.gemeenten:
        table = Municipalities.load(session)
        asked = {table.successor(code, today) for code in selection.gemeenten}
        gone = gone.where(col(DestructionItem.gemeentecode).in_(same_municipality(session, asked, today)))
    first, last = session.exec(gone).one()
    if first is None or last is None:
        return ""
    return (
        f"Sinds {dutch_date(first.date())} zijn na de bewaartermijn dossiers vernietigd van zaken die tot en met "
        f"{dutch_date(last)} zijn gesloten. Die zaken en hun signalen tellen niet meer mee. Cijfers over die tijd "
        "zijn niet "
        "meer na te rekenen; gepubliceerde pakketten blijven zoals ze waren."
    )
