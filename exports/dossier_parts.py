"""Which parts of a dossier are printed for another municipality, and how what came from one is printed."""

from collections.abc import Mapping
from datetime import date, tzinfo

from sqlmodel import Session

from signals.dates import dutch_date
from signals.municipalities import name_on
from workflow import parcels
from workflow.case_file import CaseFile
from workflow.models import LetterKind, ReceivedPart
from workflow.phases import Outcome
from workflow.questions import PARTS

PART_OF: Mapping[str, str] = {
    "bronnen": "bron",
    "contacten": "contact",
    "huisbezoeken": "huisbezoek",
    "rectificaties": "rectificatie",
}
"""Kinds of entry of which each may go along with a hand-over, or not; of the other kinds none does."""


def parts_along(file: CaseFile, zone: tzinfo | None) -> frozenset[str]:
    """The keys of what goes to another municipality: as chosen when it was handed over, else the usual ones."""
    event = file.last_event("draag_over")
    if event is not None and file.case.resultaat == Outcome.ANDERE_GEMEENTE:
        return frozenset(parcels.keys_told(event.gegevens.get(PARTS.naam, ())))
    return frozenset(part.sleutel for part in parcels.offered(file, zone) if part.usual)


def received_letters(file: CaseFile, along: frozenset[str] | None, own: bool) -> list[ReceivedPart]:
    """The letters that another municipality sent; the person gets those that were written to him."""
    with_bytes = [row for row in file.received if row.pdf is not None]
    mine = [row for row in with_bytes if not (own and LetterKind.INLICHTINGENVERZOEK in row.omschrijving)]
    return [row for row in mine if along is None or f"ontvangen:{row.id}" in along]


def received_lines(
    session: Session, row: ReceivedPart, today: date, recorded_by: str, content: str | None
) -> list[tuple[str, str]]:
    """A part that came from another municipality. content: what stands there instead of what it says."""
    origin = f"{name_on(session, row.van_gemeente, today)}, vastgelegd door {recorded_by}"
    said = [("Inhoud", content)] if content else [(label, text) for label, text in row.regels]
    return [("Datum", dutch_date(row.datum)), ("Van", origin), *said]
