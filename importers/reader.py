"""CSV and XLSX as chunks of text cells, numbered as a spreadsheet numbers its rows; only the file is judged here."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pandas as pd

from importers import xlsx
from importers.layout import Layout, header_name
from importers.refusals import FileRefused

MAX_ROWS = 2_000_000
CHUNK_ROWS = 20_000
TITLE_ROWS = 20
_BLOCK = 1024 * 1024
SEPARATORS = ";,\t"
LONGEST_CELL = 16 * 1024 * 1024
"""A longer cell is no cell any more but the rest of the file behind a quote that was never closed."""

csv.field_size_limit(LONGEST_CELL)
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)

Row = tuple[int, list[str]]
Identify = Callable[[Sequence[str], str], Layout]


@dataclass(frozen=True)
class Chunk:
    """A piece of the table. `cells`: one text column per heading as delivered, indexed by `regel`.

    `beyond` holds the filled cells to the right of the header, by `regel`.
    """

    cells: pd.DataFrame
    beyond: dict[int, list[str]]

    def delivered(self, rows: Sequence[int]) -> dict[int, dict[str, str]]:
        """Of these rows, by position, the cells as delivered by heading; those beyond the header as `kolom N`."""
        headings = list(self.cells.columns)
        picked = self.cells.iloc[list(rows)]
        found = {}
        for row, regel, cells in zip(rows, picked.index, picked.to_numpy().tolist(), strict=True):
            beyond = enumerate(self.beyond.get(regel, []), len(headings) + 1)
            found[row] = dict(zip(headings, cells, strict=True)) | {f"kolom {number}": cell for number, cell in beyond}
        return found


@dataclass(frozen=True)
class Table:
    """A file whose header is known; `chunks` can be walked once."""

    layout: Layout
    headings: dict[str, str]  # our column name -> the heading as delivered
    unknown: tuple[str, ...]  # headings that no column has
    chunks: Iterator[Chunk]


def fingerprint(path: Path) -> str:
    """The sha256 of the file's bytes, 64 hexadecimal digits."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def open_table(path: Path, file_name: str, identify: Identify) -> Table:
    """The table in a file of either kind; `identify` gives the layout of a header or refuses it. Raises FileRefused."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PK\x03\x04"):
        rows, title_rows = xlsx.rows(path, file_name), TITLE_ROWS
    else:
        _refuse_other_types(path, start, file_name)
        rows, title_rows = _csv_rows(path, file_name), 0
    regel, header, layout = _find_header(rows, title_rows, file_name, identify)
    return _table(rows, regel, header, layout, file_name)


def _find_header(
    rows: Iterator[Row], title_rows: int, file_name: str, identify: Identify
) -> tuple[int, list[str], Layout]:
    """The first row that fits a layout, below a title block of at most so many rows; blank rows above it do not count.

    When none fits, the refusal is about the fullest row: that is the one meant as header.
    """
    refusals: list[tuple[int, FileRefused]] = []
    for regel, cells in rows:
        if any(cells):
            try:
                return regel, cells, identify(cells, file_name)
            except FileRefused as refused:
                refusals.append((sum(1 for cell in cells if cell), refused))
                if title_rows == 0:
                    break
        if title_rows and regel > title_rows:
            break
    if not refusals:
        raise FileRefused("kop_onbekend", file_name, "Het bestand is leeg.")
    raise max(refusals, key=lambda refusal: refusal[0])[1]


def _table(rows: Iterator[Row], regel: int, header: list[str], layout: Layout, file_name: str) -> Table:
    while header and not header[-1].strip():
        header = header[:-1]
    ours = layout.by_heading()
    headings: dict[str, str] = {}
    unknown: list[str] = []
    shown: list[str] = []
    for number, heading in enumerate(header, 1):
        name = header_name(heading)
        text = heading.strip() or f"kolom {number}"
        if name and any(name == header_name(earlier) for earlier in shown):
            raise FileRefused("kolom_dubbel", file_name, f"regel {regel}: de kolom '{text}' staat er twee keer")
        shown.append(text)
        if name in ours:
            headings[ours[name]] = text
        elif name not in layout.ignored:
            unknown.append(text)
    chunks = _chunks(rows, shown, file_name, f"regel {regel}")
    return Table(layout, headings, tuple(unknown), chunks)


def _chunks(rows: Iterator[Row], header: list[str], file_name: str, place: str) -> Iterator[Chunk]:
    """At most CHUNK_ROWS rows at a time; rows without a filled cell are counted as lines, but are no data."""
    width, total = len(header), 0
    filled = (row for row in rows if (row[1] and row[1][0].strip()) or any(cell.strip() for cell in row[1]))
    while batch := list(islice(filled, CHUNK_ROWS)):
        total += len(batch)
        if total > MAX_ROWS:
            raise FileRefused("te_veel_rijen", file_name, f"{MAX_ROWS:,}".replace(",", "."))
        beyond: dict[int, list[str]] = {}
        for regel, cells in batch:
            if len(cells) < width:
                cells.extend([""] * (width - len(cells)))
            elif len(cells) > width:
                if any(cell.strip() for cell in cells[width:]):
                    beyond[regel] = cells[width:]
                del cells[width:]
        index = pd.Index([regel for regel, _ in batch])
        yield Chunk(pd.DataFrame([cells for _, cells in batch], index=index, columns=header, dtype=object), beyond)
    if total == 0:
        raise FileRefused("geen_gegevensrij", file_name, place)


# CSV


def _refuse_other_types(path: Path, start: bytes, file_name: str) -> None:
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # the container of old Excel and of encrypted new Excel
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise FileRefused("versleuteld", file_name)
        raise FileRefused("verkeerd_type", file_name, "een oude Excel-werkmap (.xls)")
    known = (
        (b"\xff\xfe", "tekst in UTF-16"),
        (b"\xfe\xff", "tekst in UTF-16"),
        (b"\x1f\x8b", "een gzip-archief"),
        (b"%PDF", "een PDF"),
        (b"PK", "een zip-archief"),
        (b"{\\rtf", "een RTF-document"),
        (b"<", "HTML of XML"),
    )
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    for sign, kind in known:
        if start.startswith(sign) or text.startswith(sign):
            raise FileRefused("verkeerd_type", file_name, kind)
    if b"\x00" in start:
        raise FileRefused("verkeerd_type", file_name, "binair (geen tekst)")


def _encoding(path: Path, file_name: str) -> str:
    """UTF-8 when every byte of the file fits it, else Windows-1252 when that fits."""
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileRefused("onleesbaar", file_name, "de tekens zijn geen UTF-8 en geen Windows-1252")


def _csv_rows(path: Path, file_name: str) -> Iterator[Row]:
    """Numbered from 1, a line `sep=` not counted; a quoted line end does not start a new row."""
    regel = 0
    try:
        with path.open(encoding=_encoding(path, file_name), newline="") as file:
            first = file.readline()
            sep_line = _SEP_LINE.fullmatch(first)
            if sep_line:
                separator = sep_line[1]
                if separator not in SEPARATORS:
                    place = f"de regel sep={separator} noemt een ander scheidingsteken dan ; , of tab"
                    raise FileRefused("onleesbaar", file_name, place)
            else:
                separator = _separator(first)
                file.seek(0)
            for regel, cells in enumerate(csv.reader(file, delimiter=separator, strict=True), 1):
                yield regel, cells
    except csv.Error as fault:
        raise FileRefused("onleesbaar", file_name, f"na regel {regel} kloppen de aanhalingstekens niet") from fault


def _separator(line: str) -> str:
    """The one of `;`, `,` and tab that cuts the header in the most pieces."""
    return max(SEPARATORS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))


def walk(chunks: Iterable[Chunk], progress: Callable[[int], None] | None) -> Iterator[Chunk]:
    """The same chunks; tells `progress` how many rows were dealt with each time one is done."""
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk.cells)
        if progress:
            progress(done)
