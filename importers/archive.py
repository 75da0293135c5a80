"""What an XLSX may hold: its zip is judged here, part by part and in constant memory, before calamine reads a cell.

What holds for every zip with parts (no password, macro, bomb or DOCTYPE) other documents are asked too.
"""

import mmap
import re
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from defusedxml.ElementTree import fromstring

from importers.file_type import wrong_type
from importers.grid import Grid, Strings, Way
from importers.layout import MAX_COLUMNS
from importers.refusals import FileRefused

MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 200
MAX_PARTS = 5_000
MAX_CELLS = 35_000_000
"""From the first to the last cell of a sheet: reading it takes memory for every cell between, filled or not.

A full sheet (1,048,576 rows) of 33 columns still fits.
"""
MAX_TEXT = 256 * 1024
"""Bytes of one text: the 32,767 characters that a cell can hold, also when all are written as entities."""

MAX_TOLD = 1_000_000
"""Bytes of a part that says what the others are."""

_TYPES = "[content_types].xml"
_BLOCK = 256 * 1024  # so that what is counted in a block stays in the processor's cache
_CENTRAL, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_KINDS = (
    ("xl/workbook.bin", "een binaire Excel-werkmap (.xlsb)"),
    ("word/document.xml", "een Word-document (.docx)"),
    ("ppt/presentation.xml", "een presentatie (.pptx)"),
    ("index/document.iwa", "een Numbers-, Pages- of Keynote-bestand"),
    ("meta-inf/manifest.xml", "een OpenDocument-bestand (.ods)"),
)
_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)""")
_ACTIVE_NAMES = ("vbaproject", "/macrosheets/", "/embeddings/", "/activex/", "/ctrlprops/")
_ACTIVE_TYPES = ("vbaproject", "macroenabled", "intlmacrosheet", "macrosheet", "oleobject", "activex")


def inspect(path: Path, file_name: str) -> int:
    """Refuses what is no plain XLSX: other zips, passwords, macros, bombs, DOCTYPEs. Raises FileRefused.

    Gives the number of cells that are read as empty though they hold a formula (without a stored value) or an error.
    """
    with _damage_told(file_name), path.open("rb") as file, _mapped(file) as raw:
        _require_few_parts(raw, file_name)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _judge_kind(entries, file_name)
            _judge_sizes(entries, len(raw), file_name, MAX_UNPACKED)
            places = _places(raw, entries, archive.start_dir)
        return _judge_parts(raw, entries, places, file_name)


def inspect_any(path: Path, file_name: str, *, largest: int, wanted: Collection[str]) -> dict[str, bytes]:
    """The same for any other zip: its parts by their names in small letters, with the content of those `wanted`.

    largest: bytes that it may hold unpacked. Whether it holds the right parts is for the caller to say.
    """
    found = {}
    with _damage_told(file_name), path.open("rb") as file, _mapped(file) as raw:
        _require_few_parts(raw, file_name)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _judge_names(entries, file_name)
            _require_single(entries, file_name)
            _judge_sizes(entries, len(raw), file_name, largest)
            places = _places(raw, entries, archive.start_dir)
        for entry in entries:
            name = entry.filename.lower()
            blocks = _unpacked(raw, entry, places[entry.filename])
            if name.endswith((".xml", ".rels")):
                blocks = _checked(blocks, entry, file_name)
            keeps = name in wanted or name == _TYPES
            if keeps and entry.file_size > MAX_TOLD:
                raise FileRefused("te_groot_uitgepakt", file_name, entry.filename)
            found[name] = b"".join(blocks) if keeps else b""
            deque(blocks, maxlen=0)
    if _TYPES in found:
        with _damage_told(file_name):
            _judge_types(found[_TYPES], file_name)
    return found


def _mapped(file: BinaryIO) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


@contextmanager
def _damage_told(file_name: str) -> Iterator[None]:
    """Whatever a damaged zip makes of reading it is one refusal."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        SyntaxError,
        struct.error,
        zlib.error,
    ) as fault:
        raise FileRefused("onleesbaar", file_name, "het zip-archief is beschadigd") from fault


def _require_few_parts(raw: mmap.mmap, file_name: str) -> None:
    """Counted by their mark in the bytes, so that nothing has to believe the directory to read it."""
    at = count = 0
    while (at := raw.find(_CENTRAL, at)) >= 0:
        at, count = at + 4, count + 1
        if count > MAX_PARTS:
            raise FileRefused("te_groot_uitgepakt", file_name, f"meer dan {MAX_PARTS} onderdelen")


def _judge_names(entries: list[zipfile.ZipInfo], file_name: str) -> None:
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise FileRefused("versleuteld", file_name)
    for name in sorted(entry.filename.lower() for entry in entries):
        if any(sign in name for sign in _ACTIVE_NAMES):
            raise FileRefused("macro", file_name, name)


def _judge_kind(entries: list[zipfile.ZipInfo], file_name: str) -> None:
    _judge_names(entries, file_name)
    names = {entry.filename.lower() for entry in entries}
    if "xl/workbook.xml" not in names:
        kind = next((kind for name, kind in _KINDS if name in names), "een zip-archief")
        raise wrong_type(file_name, kind)
    _require_single(entries, file_name)


def _require_single(entries: list[zipfile.ZipInfo], file_name: str) -> None:
    if len({entry.filename.lower() for entry in entries}) < len(entries):
        raise FileRefused("onleesbaar", file_name, "een onderdeel staat er twee keer in")


def _judge_sizes(entries: list[zipfile.ZipInfo], packed: int, file_name: str, largest: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > largest:
        raise FileRefused("te_groot_uitgepakt", file_name, f"{unpacked:,} bytes, hoogstens {largest:,}")
    if unpacked > MAX_RATIO * packed:
        raise FileRefused("te_groot_uitgepakt", file_name, f"meer dan {MAX_RATIO} keer de ingepakte grootte")


def _places(raw: mmap.mmap, entries: list[zipfile.ZipInfo], end: int) -> dict[str, int]:
    """Where the packed bytes of each part begin. ValueError when parts share bytes or are not where they should be."""
    places = {}
    for entry in sorted(entries, key=lambda entry: entry.header_offset, reverse=True):
        mark, name, extra = struct.unpack_from("<4s22xHH", raw, entry.header_offset)
        start = entry.header_offset + 30 + name + extra
        if mark != _LOCAL or start + entry.compress_size > end:
            raise ValueError(f"part {entry.filename} overlaps")
        places[entry.filename] = start
        end = entry.header_offset
    return places


def _judge_parts(raw: mmap.mmap, entries: list[zipfile.ZipInfo], places: dict[str, int], file_name: str) -> int:
    """Every part is unpacked to its end: no size and no checksum of the directory is believed."""
    strings = Strings()
    sheets: list[zipfile.ZipInfo] = []
    without_value = cells = 0
    for entry in entries:
        name = entry.filename.lower()
        blocks = _unpacked(raw, entry, places[entry.filename])
        if not name.endswith((".xml", ".rels")):
            deque(blocks, maxlen=0)
        elif name == _TYPES:
            _judge_types(b"".join(_checked(blocks, entry, file_name)), file_name)
        elif name.endswith("sharedstrings.xml"):
            strings.take(_checked(blocks, entry, file_name))
            _judge_text(strings.longest_text, file_name)
        else:
            grid = _measured(blocks, entry, file_name, Way.ROUNDED)
            if grid.plain and not _fits(grid):
                grid = _measured(_unpacked(raw, entry, places[entry.filename]), entry, file_name, Way.EXACT)
            if not grid.plain:
                grid = _measured(_unpacked(raw, entry, places[entry.filename]), entry, file_name, Way.ANY)
            _judge_grid(grid, entry.filename, file_name)
            if grid.cells:
                _judge_text(grid.longest_text, file_name)
                sheets.append(entry)
            without_value += grid.without_value
            cells += grid.cells
    if strings.longest * cells > MAX_UNPACKED:  # only then it is worth the time to add them up
        parts = (_unpacked(raw, entry, places[entry.filename]) for entry in sheets)
        if sum(map(strings.written, parts)) > MAX_UNPACKED:
            raise FileRefused("te_groot_uitgepakt", file_name, "dezelfde lange tekst staat in heel veel cellen")
    return without_value


def _measured(blocks: Iterator[bytes], entry: zipfile.ZipInfo, file_name: str, way: Way) -> Grid:
    """The size of the table in this part, or of its beginning when that alone is too large."""
    grid = Grid(way)
    for block in _checked(blocks, entry, file_name):
        grid.feed(block)
        if not (grid.plain and _fits(grid)):
            return grid
    grid.feed(b"", last=True)
    return grid


def _fits(grid: Grid) -> bool:
    return grid.width <= MAX_COLUMNS and grid.width * grid.height <= MAX_CELLS


def _judge_grid(grid: Grid, part: str, file_name: str) -> None:
    if not _fits(grid):
        place = f"{part}: {grid.height} rijen bij {grid.width} kolommen, hoogstens {MAX_COLUMNS} kolommen"
        raise FileRefused("te_groot_uitgepakt", file_name, f"{place} en {MAX_CELLS} cellen")


def _judge_text(longest: int, file_name: str) -> None:
    if longest > MAX_TEXT:
        raise FileRefused("onleesbaar", file_name, "een cel heeft meer dan 32.767 tekens")


def _judge_types(content: bytes, file_name: str) -> None:
    """What the parts say they are: a macro stays one by another name."""
    for part in fromstring(content, forbid_dtd=True):
        told = part.get("ContentType", "").lower()
        if any(kind in told for kind in _ACTIVE_TYPES) and part.tag.endswith("}Override"):
            raise FileRefused("macro", file_name, part.get("PartName", ""))


def _unpacked(raw: mmap.mmap, entry: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
    """The bytes of a part, a block at a time. ValueError when size, checksum or end are not as the directory says."""
    size = checksum = 0
    for block in _inflated(raw, entry, start):
        size += len(block)
        if size > entry.file_size:
            break
        checksum = zlib.crc32(block, checksum)
        yield block
    if size != entry.file_size or checksum != entry.CRC:
        raise ValueError(f"part {entry.filename} is not what the directory says")


def _inflated(raw: mmap.mmap, entry: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
    end = start + entry.compress_size
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (raw[at : min(at + _BLOCK, end)] for at in range(start, end, _BLOCK))
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError(f"part {entry.filename} is packed in a way no spreadsheet does")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(start, end, _BLOCK):
        packed = raw[at : min(at + _BLOCK, end)]
        while packed and not inflate.eof:
            yield inflate.decompress(packed, _BLOCK)
            packed = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof or inflate.unused_data:
        raise ValueError(f"part {entry.filename} does not end where it should")


def _checked(blocks: Iterator[bytes], entry: zipfile.ZipInfo, file_name: str) -> Iterator[bytes]:
    """The blocks of an XML part. Refuses a DOCTYPE or entity, and an encoding in which one could hide."""
    tail = b""
    for block in blocks:
        seam = tail + block[:8]
        if any(b"!" in piece and (b"<!D" in piece or b"<!E" in piece) for piece in (seam, block)):
            raise FileRefused("externe_entiteit", file_name, entry.filename)
        if b"\x00" in block:
            if any("<!D".encode(encoding) in seam + block for encoding in ("utf-16-le", "utf-16-be")):
                raise FileRefused("externe_entiteit", file_name, entry.filename)
            if b"<\x00" in block or b"\x00<" in block:
                raise FileRefused("onleesbaar", file_name, f"{entry.filename} is geen UTF-8")
        if not tail and (declared := _DECLARED.match(block)) and declared[1].lower() not in (b"utf-8", b"us-ascii"):
            raise FileRefused("onleesbaar", file_name, f"{entry.filename} is geen UTF-8")
        tail = (tail + block[-8:])[-8:]
        yield block
