"""What a file is by its first bytes, never by its name; and what to do with one that is no CSV or XLSX."""

import codecs
import mmap
from pathlib import Path

from importers.refusals import FileRefused

_SAVE = "Sla het bestand op als CSV (UTF-8) of XLSX"
_UNPACK = "Pak het bestand uit en lever de CSV of XLSX zelf aan"
_UTF8 = "Sla het bestand op als CSV (UTF-8); in Excel: Opslaan als, CSV UTF-8"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_XLSX = b"PK\x03\x04"
_UTF_16 = "tekst in UTF-16"

_SIGNS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, codecs.BOM_UTF32_LE, "tekst in UTF-32", _UTF8),
    (0, codecs.BOM_UTF32_BE, "tekst in UTF-32", _UTF8),
    (0, codecs.BOM_UTF16_LE, _UTF_16, _UTF8),
    (0, codecs.BOM_UTF16_BE, _UTF_16, _UTF8),
    (0, b"\x1f\x8b", "een gzip-archief (.gz)", _UNPACK),
    (0, b"BZh", "een bzip2-archief (.bz2)", _UNPACK),
    (0, b"\xfd7zXZ\x00", "een xz-archief (.xz)", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "een zstd-archief (.zst)", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "een lz4-archief (.lz4)", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "een 7-Zip-archief (.7z)", _UNPACK),
    (0, b"Rar!\x1a\x07", "een RAR-archief (.rar)", _UNPACK),
    (0, b"PK\x05\x06", "een leeg zip-archief", _SAVE),
    (0, b"PK\x07\x08", "een deel van een zip-archief", _SAVE),
    (257, b"ustar", "een tar-archief (.tar)", _UNPACK),
    (0, b"%PDF", "een PDF", _SAVE),
    (0, b"{\\rtf", "een RTF-document", _SAVE),
    (0, b"SQLite format 3\x00", "een SQLite-database", _SAVE),
    (0, b"PAR1", "een Parquet-bestand", _SAVE),
    (0, b"\x89PNG", "een afbeelding", _SAVE),
    (0, b"\xff\xd8\xff", "een afbeelding", _SAVE),
    (0, b"GIF8", "een afbeelding", _SAVE),
)
_TEXT_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "een PDF"),
    (b"<", "HTML of XML, ook als de naam op .xls eindigt"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)


def is_workbook(path: Path, file_name: str) -> bool:
    """True for a zip (perhaps an XLSX), False for text (perhaps a CSV). Raises FileRefused for anything else."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_XLSX):
        return True
    if start.startswith(_OLD_OFFICE):
        raise _old_office(path, file_name)
    for at, sign, kind, advice in _SIGNS:
        if start.startswith(sign, at):
            raise wrong_type(file_name, kind, advice)
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    for sign, kind in _TEXT_SIGNS:
        if text.startswith(sign):
            raise wrong_type(file_name, kind)
    if _is_utf_16(start):
        raise wrong_type(file_name, _UTF_16, _UTF8)
    if b"\x00" in start:
        raise wrong_type(file_name, "binair (geen tekst)")
    return False


def wrong_type(file_name: str, kind: str, advice: str = _SAVE) -> FileRefused:
    """The refusal of a file that is something else."""
    return FileRefused("verkeerd_type", file_name, f"{kind} en geen CSV of XLSX. {advice}")


def _old_office(path: Path, file_name: str) -> FileRefused:
    """The container of Office before 2007, in which an encrypted XLSX is wrapped too."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        if raw.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            return FileRefused("versleuteld", file_name)
        if raw.find("WordDocument".encode("utf-16-le")) >= 0:
            return wrong_type(file_name, "een oud Word-document (.doc)")
    return wrong_type(file_name, "een oude Excel-werkmap (.xls)")


def _is_utf_16(start: bytes) -> bool:
    """Without a BOM: of Latin text every other byte is zero."""
    return len(start) > 3 and any(
        start[at::2].count(0) > 0.9 * len(start[at::2]) and start[1 - at :: 2].count(0) == 0 for at in (0, 1)
    )
