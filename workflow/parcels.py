"""What of a dossier goes along when a case goes to another municipality, and how it lies in the dossier there.

The sender chooses; what is usually needed is ticked (Wet BRP 2.35 lid 3). Never offered: what the social domain said,
lessons, bijvangst, tasks, telephone numbers, WALAA. At the receiver a part is read and cited, and no act of its own:
it started no investigation there and is no visit or letter of its college. Whoever builds on one records it as a
source (Circulaire 4.4: research by another body may be used).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlmodel import select

from signals.base import ACROSS
from signals.dates import dutch_date
from signals.municipalities import name_on, standing_for
from workflow import letters, visits
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import column_name
from workflow.models import Case, Document, LetterKind, OfCase, ReceivedPart

NONE = "geen"
"""The choice of nothing at all."""
SOCIAL = frozenset({"sociaal_domein"})
"""Kinds of source that never leave the municipality."""
RECEIVED = "ontvangen_bij_overdracht"
"""The kind of a document that came with a hand-over."""
LONGEST = 300

Lines = list[list[str]]


@dataclass(frozen=True)
class Part:
    """A part that may go along. sleutel: `bron:12`, of one case. usual: whether it goes when nobody chose."""

    sleutel: str
    soort: str
    datum: date
    omschrijving: str
    usual: bool
    row: OfCase

    @property
    def told(self) -> str:
        """Key and words, as the step remembers them."""
        return f"{self.sleutel} {self.omschrijving}, {dutch_date(self.datum)}"


def offered(file: CaseFile, zone: tzinfo | None) -> list[Part]:
    """Everything in this dossier that may go to another municipality, by kind. zone: in which its days are told."""
    parts = [
        _part("bron", one, one.datum, one.soort.replace("_", " ")) for one in file.sources if one.soort not in SOCIAL
    ]
    parts += [
        _part("contact", one, one.wanneer.astimezone(zone).date(), f"{one.soort}, {one.kanaal}".replace("_", "-"))
        for one in file.contacts
    ]
    parts += [
        _part("huisbezoek", one, one.begin.astimezone(zone).date(), f"huisbezoek {one.poging}") for one in file.visits
    ]
    parts += [
        _part("brief", one, one.verzenddatum, f"brief {one.nummer}: {one.soort.value}", usual=bool(one.adressleutel))
        for one in file.letters
    ]
    parts += [
        _part("document", one, one.datum, one.omschrijving, usual=not one.derden)
        for one in file.documents
        if one.soort != RECEIVED
    ]
    parts += [
        _part("rectificatie", one, one.gevraagd_op, f"rectificatie: {one.uitkomst}") for one in file.rectifications
    ]
    about_others = {one.id for one in file.documents if one.derden}
    return parts + [
        _part("ontvangen", one, one.datum, one.omschrijving, usual=not _about_others(one, about_others))
        for one in file.received
    ]


def _about_others(part: ReceivedPart, documents: Collection[int | None]) -> bool:
    """A received document that is marked so, or a letter to somebody else."""
    asked_another = part.soort == "brief" and LetterKind.INLICHTINGENVERZOEK in part.omschrijving
    return asked_another or part.document_id in documents


def _part(soort: str, row: OfCase, day: date, words: str, usual: bool = True) -> Part:
    return Part(f"{soort}:{row.id}", soort, day, words[:LONGEST], usual, row)  # type: ignore[attr-defined]  # each has an id


def along(file: CaseFile, desk: Desk, keys: Sequence[str] | None, to: str) -> list[Part]:
    """The parts with these keys, or the usual ones when nobody chose; nothing goes back to where it came from."""

    def comes_from_there(part: Part) -> bool:
        row = part.row
        return isinstance(row, ReceivedPart) and standing_for(file.session, row.van_gemeente, desk.today) == to

    wanted = [one for one in offered(file, desk.now.tzinfo) if (one.usual if keys is None else one.sleutel in keys)]
    return [part for part in wanted if not comes_from_there(part)]


def keys_told(told: Collection[str]) -> list[str]:
    """The keys in what a step remembered."""
    return [one.partition(" ")[0] for one in told]


def put_down(file: CaseFile, to: Case, desk: Desk, parts: Sequence[Part]) -> None:
    """The parts lie in the dossier of the receiver; one that lay there before stays as it was."""
    session = file.session
    mine = select(ReceivedPart.sleutel).where(ReceivedPart.zaak_id == to.id)
    there = set(session.exec(mine.execution_options(**ACROSS)))
    own = CaseFile(session, to).own(desk)
    for part in parts:
        row = _received(file, part, desk)
        if row["sleutel"] in there:
            continue
        source = _document_in(file, part)
        document = _document(file, to, own, source, desk) if source else None
        if document is not None:
            session.add(document)
            session.flush()
        session.add(ReceivedPart(**own, **row, document_id=document.id if document else None))
    session.flush()


def _document_in(file: CaseFile, part: Part) -> Document | None:
    """The document that a part is, also when it came from another municipality itself."""
    if isinstance(part.row, ReceivedPart):
        return next((one for one in file.documents if one.id == part.row.document_id), None)
    return part.row if isinstance(part.row, Document) else None


def _received(file: CaseFile, part: Part, desk: Desk) -> dict[str, Any]:
    """The columns of a part as it is received."""
    row = part.row
    if isinstance(row, ReceivedPart):
        same = (
            "sleutel",
            "soort",
            "datum",
            "omschrijving",
            "regels",
            "van_gemeente",
            "vastgelegd_door",
            "sha256",
            "pdf",
        )
        return {name: getattr(row, name) for name in same}
    kept = letters.kept(file.session, row.id) if part.soort == "brief" else None  # type: ignore[attr-defined]
    return {
        "sleutel": f"{file.case.zaaknummer}/{part.sleutel}",
        "soort": part.soort,
        "datum": part.datum,
        "omschrijving": part.omschrijving,
        "regels": _LINES[part.soort](row, desk.now.tzinfo) if part.soort in _LINES else [],
        "van_gemeente": file.case.gemeentecode,
        "vastgelegd_door": desk.contact(row.door).naam,
        "sha256": kept.sha256 if kept else None,
        "pdf": kept.pdf if kept else None,
    }


def _document(file: CaseFile, to: Case, own: Mapping[str, Any], source: Document, desk: Desk) -> Document:
    """The same bytes under the same name on disk: they are never changed, and stay as long as a row names them."""
    same_bytes = select(Document).where(Document.zaak_id == to.id, Document.sha256 == source.sha256)
    if source.sha256 is not None:
        known = file.session.exec(same_bytes.execution_options(**ACROSS)).first()
        if known is not None:
            return known
    content = ("sha256", "bestand", "bestandsnaam", "mediatype", "omvang", "derden", "datum", "omschrijving")
    there = name_on(file.session, file.case.gemeentecode, desk.today)
    where = f"bij {there}: {source.kenmerk or 'geen kenmerk'}"[:100] if source.bestand is None else None
    return Document(**own, **{name: getattr(source, name) for name in content}, soort=RECEIVED, kenmerk=where)


def _told(row: OfCase, zone: tzinfo | None, *names: tuple[str, str]) -> Lines:
    """Label and text of the columns that are filled; moments in this zone."""
    shown = ((label, _text(getattr(row, name), zone)) for name, label in names)
    return [[label, text] for label, text in shown if text]


def _text(value: object, zone: tzinfo | None) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, datetime):
        there = value.astimezone(zone)
        return f"{dutch_date(there.date())}, {there:%H.%M} uur"
    if isinstance(value, date):
        return dutch_date(value)
    return "" if value is None else str(value)


STAYS_HERE = frozenset({"tijdvak", "veiligheid", "bezoekers"})
"""What of a visit is about our own people and plans."""
OF_A_VISIT = tuple(one for one in visits.FIELDS if one.naam not in STAYS_HERE)

_LINES: Mapping[str, Callable[[OfCase, tzinfo | None], Lines]] = {
    "bron": lambda row, zone: _told(row, zone, ("bevinding", "Bevinding"), ("gevorderd", "Gevorderd")),
    "contact": lambda row, zone: _told(
        row, zone, ("richting", "Richting"), ("taal", "Taal"), ("resultaat", "Resultaat"), ("afspraken", "Afspraken")
    ),
    "huisbezoek": lambda row, zone: _told(row, zone, *((column_name(one.naam), one.label) for one in OF_A_VISIT)),
    # Whom a thing was told, hears that it was mended (AVG 19).
    "rectificatie": lambda row, zone: _told(
        row, zone, ("betreft", "Wat klopte er niet"), ("uitkomst", "Besloten"), ("toelichting", "Toelichting")
    ),
    "brief": lambda row, zone: _told(
        row,
        zone,
        ("geadresseerde", "Aan"),
        ("adres", "Adres"),
        ("retour_op", "Retour gekomen op"),
        ("vervallen_op", "Vervallen op"),
    ),
}
