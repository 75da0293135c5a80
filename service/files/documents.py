"""Documents of a dossier with their content: taken in at a door, kept outside the database, and read again."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.files.document_type import kind_of
from service.files.scan import scan
from service.identity.accounts import desk_of
from service.log import audit
from service.settings import Settings
from signals.errors import DomainError, Invalid, NotFound, Reason, Refused, TooLarge
from workflow import dossier, moves
from workflow.actors import Desk
from workflow.document_kinds import DOCUMENT_KINDS, DocumentKind
from workflow.models import Case, Document

KIND = "documenten"
LARGEST = 20_000_000
"""Bytes of one document."""
LONGEST_NAME = 255


@dataclass(frozen=True)
class Received:
    """A file that may come in, where its bytes lie by now, and what they are."""

    path: Path
    naam: str
    kind: DocumentKind
    omvang: int
    sha256: str


def digest_of(stream: BinaryIO) -> str:
    """sha256 of what was sent; the stream stands at its beginning again."""
    digest = sha256()
    while block := stream.read(1024 * 1024):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


@contextmanager
def received(
    engine: Engine, settings: Settings, access: Access, zaaknummer: str, stream: BinaryIO, name: str, now: datetime
) -> Iterator[Received]:
    """A file on its way into a dossier: kept, scanned and known by its content; gone again when nothing comes of it.

    Outside any transaction, because a scanner takes its time and a database in a file has one writer. Raises what
    `dossier.add` would for whoever may not add, TooLarge, FileRefused, Invalid.
    """
    with session_scope(engine, access, write=False) as session:
        case = moves.find_case(session, zaaknummer)
        dossier.require_open(case, KIND, desk_of(session, now))
        code = case.gemeentecode
    try:
        kept = take_in(settings, stream, name)
    except DomainError:
        audit.record_refusal(engine, access, f"vastgelegd_{KIND}", zaaknummer, now, gemeentecode=code)
        raise
    with storage.dropped_on_failure(kept.path):
        yield kept


def take_in(settings: Settings, stream: BinaryIO, name: str) -> Received:
    """Keep a file, have it scanned and know it by its content; nothing is kept when one of these says no."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size > LARGEST:
        uitleg = f"Een document is hoogstens {LARGEST // 1_000_000} MB. Verklein het, of splits het in delen."
        raise TooLarge(Reason("te_groot", uitleg, "bestand"))
    shown = storage.shown_name(name)[-LONGEST_NAME:]
    if not shown:
        raise Invalid(Reason("verplicht_leeg", "Geef het bestand een naam.", "bestand"))
    path = storage.keep(settings, stream, storage.DOCUMENTS)
    with storage.dropped_on_failure(path):
        scan(settings, path, shown)
        kind = kind_of(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())  # the row that will point here survives a power cut, so these must too
            return Received(path, shown, kind, size, digest_of(file))


def add(session: Session, case: Case, desk: Desk, gegevens: Mapping[str, Any], content: Received | None) -> Document:
    """Add a document to the dossier; without content it is a reference. Refused when these bytes are in it already."""
    if content is not None:
        _require_new(session, case, content)
    row = dossier.add(session, case, KIND, desk, gegevens)
    assert isinstance(row, Document)
    if content is not None:
        row.sha256, row.bestand, row.bestandsnaam = content.sha256, content.path.name, content.naam
        row.mediatype, row.omvang = content.kind.mediatype, content.omvang
        session.add(row)
        try:
            session.flush()  # of two at once the constraint lets one through
        except IntegrityError:
            uitleg = "Dit bestand wordt op dit moment ook door iemand anders toegevoegd. Kijk in het dossier."
            raise Refused(Reason("document_dubbel", uitleg, "bestand")) from None
    return row


def _require_new(session: Session, case: Case, content: Received) -> None:
    same = select(Document).where(Document.zaak_id == case.id, Document.sha256 == content.sha256)
    known = session.exec(same).first()
    if known is not None:
        uitleg = (
            f"Precies dit bestand zit al in dit dossier, sinds {known.vastgelegd_op:%d-%m-%Y}: "
            f"{known.omschrijving} (document {known.id}). Er is niets toegevoegd."
        )
        raise Refused(Reason("document_dubbel", uitleg, "bestand"))


def find(session: Session, case: Case, nummer: int) -> Document:
    """One document of a case; NotFound for that of another."""
    mine = select(Document).where(Document.zaak_id == case.id, Document.id == nummer)
    document = session.exec(mine).first()
    if document is None:
        raise NotFound(Reason("document_onbekend", "Dit document is er niet."))
    return document


def stored(settings: Settings, document: Document) -> Path:
    """Where the bytes lie, as they came in; NotFound for a reference, Refused when they are gone or changed."""
    if document.bestand is None:
        uitleg = "Van dit document is alleen vastgelegd waar het ligt; de inhoud is hier niet."
        raise NotFound(Reason("document_zonder_inhoud", uitleg))
    path = settings.data_dir / storage.DOCUMENTS / document.bestand
    try:
        with path.open("rb") as file:
            whole = digest_of(file) == document.sha256
    except OSError:
        whole = False
    if not whole:
        uitleg = "De inhoud van dit document is weg uit de opslag, of veranderd. Meld dit aan de beheerder."
        raise Refused(Reason("bestand_weg", uitleg))
    return path


def kind_stored(document: Document) -> DocumentKind:
    """The kind of a document that has content."""
    return DOCUMENT_KINDS[document.mediatype or ""]


def name_outside(document: Document) -> str:
    """The name under which it is downloaded: as it was sent, ending as its content asks."""
    kind, name = kind_stored(document), document.bestandsnaam or ""
    ending = (".jpg", ".jpeg") if kind.extension == ".jpg" else (".tif", ".tiff") if kind.extension == ".tif" else ()
    return name if name.lower().endswith((kind.extension, *ending)) else f"{name}{kind.extension}"


def log_reading(engine: Engine, access: Access, case: Case, document: Document, now: datetime) -> None:
    """Before the bytes leave: who took which document."""
    what = f"{case.zaaknummer}/documenten/{document.id}"
    audit.record_reading(engine, access, "document_gelezen", what, now, gemeentecode=case.gemeentecode)
