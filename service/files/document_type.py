"""What a document is by its content, never by its name; and what to do with one that no dossier takes."""

import codecs
import struct
from collections.abc import Mapping
from email import policy
from email.parser import BytesParser
from pathlib import Path

from pypdf import PdfReader

from exports.dossier_files import PDF_FAULTS
from importers.archive import inspect_any
from importers.refusals import FileRefused
from signals.errors import Invalid, Reason
from workflow.document_kinds import DOCX, EMAIL, JPEG, ODT, PDF, PNG, TEXT, TIFF, DocumentKind

MAX_UNPACKED = 250_000_000
"""Bytes of a DOCX or ODT, unpacked."""
MAX_PAGES = 2_000
MAX_PIXELS = 100_000_000
"""Of one image: the largest scan of an A3 at 600 dots per inch has 70 million."""

_TAKEN = "PDF, JPEG, PNG, TIFF, tekst (UTF-8), e-mail (.eml), DOCX of ODT"
_AS_PDF = "Sla het op als PDF en voeg dat toe"
_UNPACK = "Pak het uit en voeg de bestanden zelf toe"
_AS_JPEG = "Sla de foto op als JPEG en voeg die toe"
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "een oud Office-bestand (.doc, .xls) of Outlook-bericht (.msg)", _AS_PDF),
    (0, b"{\\rtf", "een RTF-document", _AS_PDF),
    (0, b"%!PS", "een PostScript-bestand", _AS_PDF),
    (0, b"GIF8", "een GIF-afbeelding", _AS_JPEG),
    (0, b"BM", "een BMP-afbeelding", _AS_JPEG),
    (8, b"WEBP", "een WebP-afbeelding", _AS_JPEG),
    (4, b"ftyphei", "een HEIC-foto van een telefoon", _AS_JPEG),
    (4, b"ftypmif", "een HEIC-foto van een telefoon", _AS_JPEG),
    (4, b"ftyp", "een film of geluid", "Beschrijf wat erop te zien of te horen is in een verslag"),
    (0, b"\x1f\x8b", "een gzip-archief", _UNPACK),
    (0, b"BZh", "een bzip2-archief", _UNPACK),
    (0, b"\xfd7zXZ\x00", "een xz-archief", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "een 7-Zip-archief", _UNPACK),
    (0, b"Rar!\x1a\x07", "een RAR-archief", _UNPACK),
    (257, b"ustar", "een tar-archief", _UNPACK),
    (0, b"MZ", "een programma", f"Een dossier neemt {_TAKEN}"),
    (0, b"\x7fELF", "een programma", f"Een dossier neemt {_TAKEN}"),
    (0, b"#!", "een script", f"Een dossier neemt {_TAKEN}"),
    (0, codecs.BOM_UTF16_LE, "tekst in UTF-16", "Sla de tekst op als UTF-8"),
    (0, codecs.BOM_UTF16_BE, "tekst in UTF-16", "Sla de tekst op als UTF-8"),
)
_ZIPS: tuple[tuple[str, str, str], ...] = (
    ("xl/workbook.xml", "een Excel-werkmap", _AS_PDF),
    ("xl/workbook.bin", "een Excel-werkmap", _AS_PDF),
    ("ppt/presentation.xml", "een presentatie", _AS_PDF),
    ("index/document.iwa", "een Pages-, Numbers- of Keynote-bestand", _AS_PDF),
    ("meta-inf/manifest.xml", "een ander OpenDocument-bestand dan een tekst", _AS_PDF),
)
_ZIP_SENTENCES: Mapping[str, str] = {
    "versleuteld": "Dit bestand is met een wachtwoord beveiligd. Haal de beveiliging eraf en voeg het opnieuw toe.",
    "macro": "Dit document bevat macro's of ingesloten objecten. Sla het op als PDF en voeg dat toe.",
    "externe_entiteit": "Dit document verwijst naar buiten (DOCTYPE). Sla het op als PDF en voeg dat toe.",
    "te_groot_uitgepakt": "Dit document is uitgepakt te groot. Sla het op als PDF en voeg dat toe.",
}
_DAMAGED = "Dit bestand is beschadigd of onvolledig ({what}). Maak het opnieuw en voeg het dan toe."
_IN_TEXT = frozenset(range(32)) - frozenset(b"\t\n\f\r")


def kind_of(path: Path) -> DocumentKind:
    """The kind of the file at `path`; raises Invalid, naming what it is and what to do, for any other."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise _refused("bestand_leeg", "Dit bestand is leeg. Kies het goede bestand.")
    if start.startswith(b"%PDF-"):
        _judge_pdf(path)
        return PDF
    for sign, kind in ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"II*\x00", TIFF), (b"MM\x00*", TIFF)):
        if start.startswith(sign):
            _judge_image(path, kind)
            return kind
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    for at, sign, what, advice in _OTHERS:
        if start.startswith(sign, at):
            raise _other(what, advice)
    return _kind_of_text(path, start)


def _refused(code: str, uitleg: str) -> Invalid:
    return Invalid(Reason(code, uitleg, "bestand"))


def _other(what: str, advice: str) -> Invalid:
    return _refused("bestandstype_onbekend", f"Dit is {what}, en dat neemt het dossier niet. {advice}.")


def _damaged(what: str) -> Invalid:
    return _refused("bestand_beschadigd", _DAMAGED.format(what=what))


def _judge_pdf(path: Path) -> None:
    """It opens, without a password, and has pages."""
    try:
        with PdfReader(path) as reader:
            locked = reader.is_encrypted
            pages = 0 if locked else len(reader.pages)
    except PDF_FAULTS:
        raise _damaged("de PDF gaat niet open") from None
    if locked:
        uitleg = "Deze PDF is beveiligd. Haal de beveiliging eraf, of druk hem af naar een nieuwe PDF."
        raise _refused("versleuteld", uitleg)
    if not pages:
        raise _damaged("de PDF heeft geen bladzijden")
    if pages > MAX_PAGES:
        raise _refused("te_veel_bladzijden", f"Deze PDF heeft meer dan {MAX_PAGES} bladzijden. Splits hem.")


def _judge_image(path: Path, kind: DocumentKind) -> None:
    content = path.read_bytes()
    try:
        width, height = {JPEG: _jpeg_size, PNG: _png_size, TIFF: _tiff_size}[kind](content)
    except (struct.error, IndexError, ValueError):
        raise _damaged("de afbeelding is niet te lezen") from None
    if not width or not height:
        raise _damaged("de afbeelding heeft geen afmetingen")
    if width * height > MAX_PIXELS:
        uitleg = f"Deze afbeelding is te groot: {width} bij {height} punten. Verklein haar en voeg haar dan toe."
        raise _refused("afbeelding_te_groot", uitleg)


def _png_size(content: bytes) -> tuple[int, int]:
    length, name, width, height = struct.unpack_from(">I4sII", content, 8)
    if (length, name) != (13, b"IHDR") or b"IEND" not in content[-64:]:
        raise ValueError("no header or no end")
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Of the frame: the segments before it are passed over by their lengths."""
    at = 2
    while True:
        mark, code = content[at], content[at + 1]
        if mark != 0xFF:
            raise ValueError("no segment")
        if code == 0xFF:  # filling
            at += 1
            continue
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 if code == 0x01 or 0xD0 <= code <= 0xD7 else 2 + struct.unpack_from(">H", content, at + 2)[0]


def _tiff_size(content: bytes) -> tuple[int, int]:
    """Of the first page."""
    order = "<" if content.startswith(b"II") else ">"
    (first,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, first)
    found = {}
    for place in range(first + 2, first + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, place)
        (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, place + 8)
    return found.get(256, 0), found.get(257, 0)


def _kind_of_zip(path: Path) -> DocumentKind:
    try:
        parts = inspect_any(path, "", largest=MAX_UNPACKED, wanted=("mimetype", "meta-inf/manifest.xml"))
    except FileRefused as refused:
        uitleg = _ZIP_SENTENCES.get(refused.reden, _DAMAGED.format(what="het is niet uit te pakken"))
        raise _refused(refused.reden, uitleg) from None
    if "word/document.xml" in parts and "[content_types].xml" in parts:
        return DOCX
    if parts.get("mimetype", b"").strip() == ODT.mediatype.encode() and "content.xml" in parts:
        if b"encryption-data" in parts.get("meta-inf/manifest.xml", b""):
            raise _refused("versleuteld", _ZIP_SENTENCES["versleuteld"])
        if any(name.startswith(("basic/", "scripts/")) for name in parts):
            raise _refused("macro", _ZIP_SENTENCES["macro"])
        return ODT
    for name, what, advice in _ZIPS:
        if name in parts:
            raise _other(what, advice)
    raise _other("een zip-archief", _UNPACK)


def _kind_of_text(path: Path, start: bytes) -> DocumentKind:
    content = path.read_bytes()
    if _IN_TEXT & set(content):
        raise _other("een bestand van een onbekende soort", f"Het dossier neemt {_TAKEN}")
    if _is_email(content):
        return EMAIL
    try:
        content.decode()
    except UnicodeDecodeError:
        raise _other("tekst in een andere tekenset dan UTF-8", "Sla de tekst op als UTF-8") from None
    if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        raise _other("HTML of XML", _AS_PDF)
    return TEXT


def _is_email(content: bytes) -> bool:
    """A sender, and what a mail server or program puts above a letter besides."""
    headers = BytesParser(policy=policy.compat32).parsebytes(content[: 64 * 1024], headersonly=True)
    return "from" in headers and any(name in headers for name in ("received", "message-id", "mime-version", "date"))
