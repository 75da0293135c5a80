"""What an XLSX may hold: its zip is judged here before any program unpacks it to read cells."""

import lzma
import re
import zipfile
import zlib
from pathlib import Path

from importers.refusals import FileRefused

MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 200
MAX_CELLS = 50_000_000
"""From the first to the last filled cell of a sheet: reading it takes memory for every cell between, filled or not."""

_BLOCK = 1024 * 1024
_PLACE = re.compile(rb"""\sr\s*=\s*["']\s*([A-Za-z]{0,3})([0-9]{1,7})""")
"""The place of a cell (`r="XFD3"`, in any case) or of a row (`r="1048576"`), in whatever part the sheet is kept."""
_DOCTYPES = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)


def inspect(path: Path, file_name: str) -> None:
    """Refuses what is no plain XLSX: other zips, passwords, macros, bombs, DOCTYPEs. Raises FileRefused."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _judge_contents(entries, file_name)
            _judge_sizes(entries, path.stat().st_size, file_name)
            for entry in entries:
                _judge_entry(archive, entry, file_name)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, zlib.error, lzma.LZMAError) as fault:
        raise FileRefused("onleesbaar", file_name, "het zip-archief is beschadigd") from fault


def _judge_contents(entries: list[zipfile.ZipInfo], file_name: str) -> None:
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise FileRefused("versleuteld", file_name)
    names = {entry.filename.lower() for entry in entries}
    macro = next((name for name in sorted(names) if name.endswith("vbaproject.bin") or "/macrosheets/" in name), None)
    if macro:
        raise FileRefused("macro", file_name, macro)
    if "xl/workbook.xml" not in names:
        kind = "een binaire Excel-werkmap (.xlsb)" if "xl/workbook.bin" in names else "een zip-archief"
        raise FileRefused("verkeerd_type", file_name, kind)


def _judge_sizes(entries: list[zipfile.ZipInfo], packed: int, file_name: str) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        raise FileRefused("te_groot_uitgepakt", file_name, f"{unpacked:,} bytes, hoogstens {MAX_UNPACKED:,}")
    if unpacked > MAX_RATIO * packed:
        raise FileRefused("te_groot_uitgepakt", file_name, f"meer dan {MAX_RATIO} keer de ingepakte grootte")


def _judge_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file_name: str) -> None:
    """Reads the entry to its end, so that the sizes and checksums in the directory are proven true."""
    is_xml = entry.filename.lower().endswith((".xml", ".rels"))
    width = height = 0
    with archive.open(entry) as content:
        tail = b""
        while block := content.read(_BLOCK):
            block = tail + block
            if is_xml and any(word in block for word in _DOCTYPES):
                raise FileRefused("externe_entiteit", file_name, entry.filename)
            if is_xml and (places := _PLACE.findall(block)):
                width = max(width, *map(_column_number, {letters.upper() for letters, _ in places}))
                height = max(height, *(int(row) for _, row in places))
            tail = block[-32:]
    if width * height > MAX_CELLS:
        place = f"{entry.filename}: {height} rijen bij {width} kolommen"
        raise FileRefused("te_groot_uitgepakt", file_name, place)


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
