"""A printed dossier as files: one PDF with the pieces behind it, or a ZIP with that PDF and every document as it came.

Made in a folder on disk; at most one piece is held in memory beside the PDF that grows.
"""

import io
import re
import shutil
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typst
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from exports.dossier import PURPOSES, Dossier
from exports.dossier_chapters import Origin, Piece
from exports.print import typeset
from exports.sheet import Column, write_csv
from signals.dates import dutch_date
from workflow.document_kinds import DOCUMENT_KINDS, PDF, PNG

PDF_FAULTS = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What reading a damaged PDF may end in."""
MAX_JOINED = 200_000_000
"""Bytes of documents that are joined behind the dossier; joining holds them in memory."""
MAX_PNG = 120_000_000
"""Bytes of a PNG, unpacked as its size says (three for every point); a JPEG is taken over as it is."""
COLUMNS = (
    Column("nummer", "Het nummer van het stuk in dossier.pdf."),
    Column("naam", "De naam van het bestand in dit ZIP-bestand; leeg voor een verwijzing."),
    Column("omschrijving", "Wat het is."),
    Column("datum", "De datum van het document."),
    Column("type", "Het mediatype."),
    Column("sha256", "Waaraan te zien is dat het bestand niet veranderd is."),
)

Stored = Callable[[Origin], Path | None]
"""Where the bytes of a document or letter lie; None when it has none, or they are gone."""

_OWN = Path(__file__).with_name("dossier.typ")
_PIECE = Path(__file__).with_name("dossier_piece.typ")


def write_pdf(dossier: Dossier, stored: Stored, folder: Path) -> Path:
    """The dossier with its pieces behind it, in this folder."""
    joined = PdfWriter(clone_from=PdfReader(io.BytesIO(_own_part(dossier))))
    room = MAX_JOINED
    for piece in dossier.pieces:
        path = stored(piece.origin)
        size = path.stat().st_size if path else 0
        _append(joined, piece, path, folder, fits=size <= room)
        room -= min(size, room)
    target = folder / "dossier.pdf"
    with target.open("wb") as file:
        joined.write(file)
    joined.close()
    return target


def write_zip(dossier: Dossier, stored: Stored, folder: Path) -> Path:
    """dossier.pdf, every document under a safe name with its number, and inhoud.csv."""
    target, rows = folder / "dossier.zip", []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(write_pdf(dossier, stored, folder), "dossier.pdf")
        for piece in dossier.pieces:
            path = stored(piece.origin)
            name = safe_name(piece) if path else ""
            if path:
                archive.write(path, name)
            rows.append((piece.nummer, name, piece.omschrijving, piece.datum, piece.mediatype, piece.sha256))
        listed = io.BytesIO()
        write_csv(listed, COLUMNS, rows)
        archive.writestr("inhoud.csv", listed.getvalue())
    return target


def safe_name(piece: Piece) -> str:
    """`stuk-003-huurovereenkomst.pdf`: letters and digits of what it is called, and an ending by its content."""
    plain = unicodedata.normalize("NFKD", piece.omschrijving).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    words = re.sub(r"[0-9]{9}", "", words)  # it may be a BSN
    ending = DOCUMENT_KINDS[piece.mediatype].extension
    return f"stuk-{piece.nummer:03d}{'-' if words else ''}{words}{ending}"


def _own_part(dossier: Dossier) -> bytes:
    data = {
        "titel": f"Dossier {dossier.zaaknummer}",
        "gemeente": f"Gemeente {dossier.municipality}",
        "doel": PURPOSES[dossier.purpose],
        "voorblad": dossier.front,
        "toelichting": dossier.remarks,
        "delen": [
            {
                "titel": part.titel,
                "uitleg": part.uitleg,
                "leeg": part.leeg,
                "stukken": [{"kop": entry.kop, "regels": entry.regels} for entry in part.stukken],
            }
            for part in dossier.parts
        ],
    }
    return typeset(_OWN, data)


def _append(joined: PdfWriter, piece: Piece, path: Path | None, folder: Path, *, fits: bool) -> None:
    """A sheet that names the piece, and the piece itself where it can be printed."""
    kind = DOCUMENT_KINDS.get(piece.mediatype)
    image = kind is not None and kind.image and fits and path is not None and not _too_large(path, kind.mediatype)
    pages: PdfReader | None = None
    if path is None:
        where = "De inhoud is hier niet" + (f"; zie {piece.kenmerk}." if piece.kenmerk else ".")
    elif kind == PDF and fits:
        pages, where = _opened(path), "De bladzijden staan hierachter."
        if pages is None:
            where = "Dit document kon niet worden afgedrukt. Het zit in het ZIP-bestand."
    elif image:
        where = ""
    else:
        where = "Dit document zit alleen in het ZIP-bestand, onder dit nummer."
    began = len(joined.pages)
    joined.append(io.BytesIO(_sheet(piece, where, path if image else None, folder)), import_outline=False)
    if pages is not None:
        with pages:
            joined.append(pages, import_outline=False)
    for page in joined.pages[began:]:
        _disarm(page)
    joined.add_outline_item(title=piece.title, page_number=began)


def _opened(path: Path) -> PdfReader | None:
    """None when a page of it cannot be taken over."""
    try:
        reader = PdfReader(path)
        PdfWriter().append(reader, import_outline=False)
    except PDF_FAULTS:
        return None
    return reader


def _sheet(piece: Piece, where: str, image: Path | None, folder: Path) -> bytes:
    lines = [f"{piece.soort}, {dutch_date(piece.datum)}", where]
    data = {"kop": piece.title, "regels": [line for line in lines if line], "beeld": ""}
    if image is None:
        return typeset(_PIECE, data)
    shown = folder / f"beeld{DOCUMENT_KINDS[piece.mediatype].extension}"  # by which typst knows what it is
    shown.symlink_to(image.resolve())
    template = Path(shutil.copy(_PIECE, folder))  # it sees no more than the folder it lies in
    try:
        return typeset(template, {**data, "beeld": shown.name})
    except typst.TypstError:
        data["regels"] = [lines[0], "Deze afbeelding kon niet worden afgedrukt. Zij zit in het ZIP-bestand."]
        return typeset(_PIECE, data)
    finally:
        shown.unlink()


def _too_large(path: Path, mediatype: str) -> bool:
    """Of a PNG every point is unpacked to print it."""
    if mediatype != PNG.mediatype:
        return False
    with path.open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:])
    return bool(3 * width * height > MAX_PNG)


def _disarm(page: Any) -> None:
    """Nothing in what people brought does something when the dossier is opened or clicked."""
    page.pop("/AA", None)
    for reference in page.get("/Annots") or ():
        annotation = reference.get_object()
        for action in ("/A", "/AA"):
            annotation.pop(action, None)
