"""CSV and XLSX as chunks of text cells, numbered as a spreadsheet numbers its rows; only the file is judged here."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl

from importers import xlsx
from importers.delimited import Block, Delimited, Row
from importers.file_type import is_workbook
from importers.layout import Layout, header_name
from importers.refusals import FileRefused

MAX_ROWS = 2_000_000
CHUNK_ROWS = 20_000
TITLE_ROWS = 20
_PACKED_ROW = 130  # bytes that a row of a workbook takes, about
_READ = 1024 * 1024

Identify = Callable[[Sequence[str], str], Layout]


@dataclass(frozen=True)
class Chunk:
    """A piece of the table: `cells` has a text column per heading as delivered, `regels` the number of every row.

    `beyond` holds the filled cells to the right of the header, by position of the row.
    """

    cells: pl.DataFrame
    regels: pl.Series
    beyond: dict[int, list[str]]

    def only(self, rows: np.ndarray) -> "Chunk":
        """These rows alone, in this order."""
        places = {int(row): place for place, row in enumerate(rows)}
        beyond = {places[row]: cells for row, cells in self.beyond.items() if row in places}
        return Chunk(self.cells[rows], self.regels.gather(rows), beyond)

    def delivered(self, rows: Sequence[int]) -> pl.Series:
        """Of each of these rows, as JSON, the cells as delivered by heading; those beyond the header as `kolom N`."""
        cells = self.cells[list(rows)].select(pl.struct(pl.all()).struct.json_encode()).to_series()
        for place, row in enumerate(rows):
            if row in self.beyond:
                more = {f"kolom {n}": cell for n, cell in enumerate(self.beyond[row], self.cells.width + 1)}
                cells[place] = json.dumps(json.loads(cells[place]) | more, ensure_ascii=False)
        return cells


@dataclass(frozen=True)
class Table:
    """A file whose header is known; each call of `chunks` walks it from the start.

    `chunks` may be asked for some headings alone; it gives those at least, and more where that costs nothing. Two
    threads may walk it at once.
    """

    layout: Layout
    headings: dict[str, str]  # our column name -> the heading as delivered
    unknown: tuple[str, ...]  # headings that no column has
    chunks: Callable[..., Iterator[Chunk]]
    about: int  # so many rows, about
    without_value: int = 0  # cells that hold a formula or an error and are read as empty

    @property
    def warnings(self) -> dict[str, int]:
        """What is to be told about the file as a whole: code -> how many."""
        told = {"onbekende_kolom": len(self.unknown), "cel_zonder_waarde": self.without_value}
        return {code: number for code, number in told.items() if number}


def fingerprint(path: Path) -> str:
    """The sha256 of the file's bytes, 64 hexadecimal digits."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_READ):
            digest.update(block)
    return digest.hexdigest()


def open_table(path: Path, file_name: str, identify: Identify) -> Table:
    """The table in a file of either kind; `identify` gives the layout of a header or refuses it. Raises FileRefused."""
    if is_workbook(path, file_name):
        book = xlsx.opened(path, file_name)
        rows = book.rows
        above = ((regel, [*xlsx.texts(cells)]) for regel, cells in rows)
        regel, header, layout = _find_header(above, TITLE_ROWS, file_name, identify)
        kept: list[Chunk] = []  # a workbook lies in memory as a whole anyway, and reading it is what takes time
        reading = Lock()

        def sheet(shown: list[str], only: Sequence[str]) -> Iterator[Chunk]:
            with reading:
                if not kept:
                    kept.extend(_chunks(iter(lambda: list(islice(rows, CHUNK_ROWS)), []), shown, file_name, regel))
            yield from kept

        about = path.stat().st_size // _PACKED_ROW
        return replace(_table(sheet, regel, header, layout, file_name, about), without_value=book.without_value)
    text = Delimited(path, file_name)
    regel, header, layout = _find_header(text.rows(), 0, file_name, identify)

    def lines(shown: list[str], only: Sequence[str]) -> Iterator[Chunk]:
        places = sorted(map(shown.index, only))
        return _chunks(text.below(regel, len(shown), places or None), shown, file_name, regel)

    return _table(lines, regel, header, layout, file_name, text.lines)


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


def _table(
    walk: Callable[[list[str], Sequence[str]], Iterator[Chunk]],
    regel: int,
    header: list[str],
    layout: Layout,
    file_name: str,
    about: int,
) -> Table:
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
    return Table(layout, headings, tuple(unknown), lambda only=(): walk(shown, only), about)


def _chunks(
    pieces: Iterable[Block | list[tuple[int, list[Any]]]], header: list[str], file_name: str, regel: int
) -> Iterator[Chunk]:
    """The pieces as columns; rows without a filled cell are counted as lines, but are no data."""
    total = 0
    for piece in pieces:
        chunk = _of_block(piece, header) if isinstance(piece, Block) else _of_rows(piece, header)
        total += len(chunk.regels)
        if total > MAX_ROWS:
            raise FileRefused("te_veel_rijen", file_name, f"{MAX_ROWS:,}".replace(",", "."))
        if len(chunk.regels):
            yield chunk
    if total == 0:
        raise FileRefused("geen_gegevensrij", file_name, f"regel {regel}")


def _of_block(block: Block, header: list[str]) -> Chunk:
    cells = block.frame.rename({place: header[int(place)] for place in block.frame.columns})
    regels = pl.int_range(block.first, block.first + cells.height, eager=True)
    if (cells.to_series(0).str.strip_chars() == "").any():
        filled = cells.select(pl.any_horizontal(pl.all().str.strip_chars() != "")).to_series()
        cells, regels = cells.filter(filled), regels.filter(filled)
    return Chunk(cells, regels, {})


def _of_rows(rows: Iterable[tuple[int, list[Any]]], header: list[str]) -> Chunk:
    """Cells of a workbook may be numbers and dates; they become text a column at a time."""
    width = len(header)
    beyond: dict[int, list[str]] = {}
    regels: list[int] = []
    kept: list[list[str]] = []
    for regel, cells in rows:
        if not any(type(cell) is not str or cell.strip() for cell in cells):
            continue
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        elif len(cells) > width:
            more = xlsx.texts(cells[width:])
            if any(cell.strip() for cell in more):
                beyond[len(kept)] = [*more]
            del cells[width:]
        regels.append(regel)
        kept.append(cells)
    columns = zip(*kept, strict=True) if kept else [()] * width
    frame = pl.DataFrame(
        [pl.Series(name, xlsx.texts(column), pl.String) for name, column in zip(header, columns, strict=True)]
    )
    return Chunk(frame, pl.Series(regels, dtype=pl.Int64), beyond)
