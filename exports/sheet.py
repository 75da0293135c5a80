"""The one writer of CSV and XLSX: what is text stays text, and no cell of ours is ever run as a formula.

Rows are written by columns, a piece at a time: what repeats itself in a column is told once, and the rows of a workbook
are put as text into the sheets that openpyxl made without them, which for each cell takes it sixty times as long.
"""

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from html import escape
from itertools import islice
from math import ceil, isfinite
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

Cell: TypeAlias = str | int | float | Decimal | bool | date | None

LINE_HEIGHT = 15
"""Points."""
MAKER = "Langdurig RNI"
"""Who made a file: the service, never a person."""
AT_ONCE = 1000
"""Rows of a piece."""
_QUICK = 1
"""How hard a workbook is pressed: a fifth larger than by 6, in a third of the time."""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_LETTERS = "Calibri"  # what the library takes for a cell that says nothing
_ODD = frozenset(_STARTS_FORMULA)
_FAULTY = PatternFill("solid", fgColor="FFF4B6B6")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
"""Also a telephone number: + and digits."""


class Kind(StrEnum):
    """What the cells of a column are, with the number format a spreadsheet shows them in."""

    TEKST = "@"
    DATUM = "dd-mm-yyyy"
    GETAL = "0"
    DECIMAAL = "0.0"
    PERCENTAGE = "0.0%"
    BEDRAG = "#,##0.00"
    MOMENT = "dd-mm-yyyy hh:mm"


_NUMBERS = frozenset({Kind.GETAL, Kind.DECIMAAL, Kind.PERCENTAGE, Kind.BEDRAG})
_NUMBER_APART = Alignment(horizontal="right", indent=1)  # or it lies against the words of the next column
_OVER_NUMBERS = Alignment(horizontal="right", vertical="top", wrap_text=True, indent=1)
_OVER_WORDS = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True)
class Shown:
    """A cell of a workbook that looks otherwise than its column: another kind, or coloured because it is faulty."""

    waarde: Cell
    soort: Kind | None = None
    fout: bool = False


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it means (for `Toelichting`), what its cells are, its width in characters."""

    naam: str
    uitleg: str
    soort: Kind = Kind.TEKST
    breedte: int = 16


@dataclass(frozen=True)
class InColumns:
    """Rows as pieces of columns, each with as many cells as the others: as a database that is read in bulk has them."""

    stukken: Iterable[Sequence[Sequence[Cell]]]


@dataclass(frozen=True)
class Sheet:
    """A sheet with one header row; the rows are read once, in order, and may be a stream.

    boven: lines above the header. grafieken: charts with their place.
    """

    naam: str
    kolommen: Sequence[Column]
    rijen: Iterable[Sequence[Cell | Shown]] | InColumns
    boven: Sequence[str] = ()
    grafieken: Sequence[Any] = ()


def safe_text(value: str) -> str:
    """The text with a `'` before it when a spreadsheet would take it for a formula; numbers stay numbers."""
    if value.startswith(_STARTS_FORMULA) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


def csv_text(value: Cell) -> str:
    """A cell as the CSV shows it: J/N, JJJJMMDD, decimal comma, empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "J" if value else "N"
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, (float, Decimal)):
        return str(value).replace(".", ",")
    return safe_text(str(value))


def write_csv(stream: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Cell]] | InColumns) -> None:
    """`;`, UTF-8 with BOM, CRLF, one header row. The stream stays open."""
    for _ in along_csv(stream, columns, rows).stukken:
        pass


def along_csv(stream: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Cell]] | InColumns) -> InColumns:
    """The same rows, to be read once: each piece is in the CSV of `write_csv` by the time it comes by."""
    return InColumns(_along_csv(stream, columns, rows))


def _along_csv(
    stream: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Cell]] | InColumns
) -> Iterator[Sequence[Sequence[Cell]]]:
    stream.write(codecs.BOM_UTF8 + _csv_lines([[column.naam] for column in columns]))
    for piece in _pieces(rows):
        stream.write(_csv_lines([_csv_texts(cells) for cells in piece]))
        yield piece


def _csv_lines(columns: Sequence[Sequence[str]]) -> bytes:
    lines = "\r\n".join(map(";".join, zip(*columns, strict=True))) + "\r\n"
    rows = len(columns[0])
    plain = {'"': 0, ";": (len(columns) - 1) * rows, "\r": rows, "\n": rows}
    # A sign too many stands in a cell, which then has to be quoted; so has an empty one that is a line by itself.
    if len(columns) == 1 or any(lines.count(sign) != times for sign, times in plain.items()):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(zip(*columns, strict=True))
        lines = text.getvalue()
    return lines.encode()


def _pieces(rows: Iterable[Sequence[Any]] | InColumns) -> Iterator[Sequence[Sequence[Any]]]:
    """The columns of some rows at a time."""
    if isinstance(rows, InColumns):
        yield from rows.stukken
        return
    coming = iter(rows)
    while piece := list(islice(coming, AT_ONCE)):
        yield list(zip(*piece, strict=True))


def _csv_texts(cells: Sequence[Cell]) -> Sequence[str]:
    values = set(cells)
    kinds = _kinds(values, cells)
    if kinds == {int}:
        return list(map(str, cells))
    if kinds == {str} and _ODD.isdisjoint(text[:1] for text in values):  # type: ignore[index]  # each is a text
        return cells  # type: ignore[return-value]
    return _once(values, kinds, cells, csv_text)


_ALIKE = frozenset({str, date, type(None)})
"""Of these kinds values that are equal also read the same; 1, 1.0 and True, or a moment in two time zones, do not."""


def _kinds(values: Set[Any], cells: Sequence[Any]) -> set[type]:
    """The kinds of the cells of a column. values: those that differ, which are fewer to ask."""
    kinds = set(map(type, values))
    return kinds if kinds <= _ALIKE else set(map(type, cells))


def _once(values: Set[Any], kinds: set[type], cells: Sequence[Any], tell: Callable[[Any], str]) -> list[str]:
    """Each cell as it is told; only once what a column says again and again."""
    if not (kinds <= _ALIKE or kinds == {bool}):
        return [tell(cell) for cell in cells]
    told = {value: tell(value) for value in values}
    return [told[cell] for cell in cells]


def write_xlsx(target: BinaryIO | Path, sheets: Sequence[Sheet], remarks: Sequence[str] = (), titel: str = "") -> None:
    """A workbook with these sheets and a last one, `Toelichting`: the remarks and what every column means.

    Every sheet has column widths, a header that stays in sight and a filter. Numbers and dates are real ones.
    """
    explained = [(sheet.naam, column.naam, column.uitleg) for sheet in sheets for column in sheet.kolommen]
    general = [("", "", remark) for remark in remarks]
    columns = (
        Column("Blad", "Het blad waar de kolom in staat.", breedte=20),
        Column("Kolom", "De naam van de kolom.", breedte=28),
        Column("Uitleg", "Wat er in de kolom staat.", breedte=100),
    )
    whole = (*sheets, Sheet("Toelichting", columns, [*general, *explained]))
    book = Workbook(write_only=True)
    book.properties.creator, book.properties.title, book.properties.language = MAKER, titel or None, "nl-NL"
    parts = {f"xl/worksheets/sheet{number}.xml": _Rows(book, sheet, number) for number, sheet in enumerate(whole, 1)}
    with tempfile.TemporaryFile() as frame:
        book.save(frame)
        with ZipFile(frame) as empty, ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_QUICK) as filled:
            for name in empty.namelist():  # the sheets come before the part that tells how many rows each has
                content = empty.read(name)
                if name in parts:
                    with filled.open(name, "w") as part:
                        parts[name].fill(part, content)
                    continue
                if name == "xl/workbook.xml":
                    for rows in parts.values():
                        content = rows.counted(content)
                filled.writestr(name, content)


class _Rows:
    """A sheet of a workbook: what openpyxl makes of it without rows, and the rows as it would have written them."""

    def __init__(self, book: Workbook, sheet: Sheet, number: int) -> None:
        self.sheet, self.head = sheet, len(sheet.boven) + 1
        self.last = self.head
        self.unknown = _HIGHEST - number  # stands for the last row, in the filter, until that is known
        target: Any = book.create_sheet(sheet.naam)  # its type does not say that a write-only sheet has these too
        target.freeze_panes = f"A{self.head + 1}"
        target.print_title_rows = f"{self.head}:{self.head}"
        target.page_setup.orientation, target.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A4
        target.page_setup.fitToHeight = 0  # as many as it takes, each as wide as the sheet
        target.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        self.letters = [get_column_letter(number) for number in range(1, len(sheet.kolommen) + 1)]
        for letter, column in zip(self.letters, sheet.kolommen, strict=True):
            target.column_dimensions[letter].width = column.breedte
        lines = max(ceil(len(column.naam) / max(column.breedte - 2, 1)) for column in sheet.kolommen)
        if lines > 1:  # not every spreadsheet makes room for words that go on below
            target.row_dimensions[self.head].height = LINE_HEIGHT * lines
        for line in sheet.boven:
            target.append([_above(target, line, first=line == sheet.boven[0])])
        target.append(_header(target, sheet.kolommen))
        self.looks = {(kind, faulty): _style(target, kind, faulty) for kind in Kind for faulty in (False, True)}
        target.auto_filter.ref = f"A{self.head}:{self.letters[-1]}{self.unknown}"
        for chart in sheet.grafieken:
            target.add_chart(chart)

    def counted(self, content: bytes) -> bytes:
        """A part of the workbook with the number of the last row in it."""
        for before in (f":{self.letters[-1]}", f":${self.letters[-1]}$"):
            content = content.replace(f"{before}{self.unknown}".encode(), f"{before}{self.last}".encode())
        return content

    def fill(self, part: Any, content: bytes) -> None:
        """The sheet with its rows."""
        before, end, after = content.partition(b"</sheetData>")
        part.write(before)
        for piece in _pieces(self.sheet.rijen):
            part.write(self._written(piece).encode())
        part.write(end + self.counted(after))

    def _written(self, piece: Sequence[Sequence[Any]]) -> str:
        form, filled = ['<row r="%s">'], list[Sequence[Any]]()
        first, self.last = self.last + 1, self.last + len(piece[0])
        numbers = range(first, self.last + 1)
        for letter, column, cells in zip(self.letters, self.sheet.kolommen, piece, strict=True):
            values, look = set(cells), self.looks[column.soort, False]
            kinds = _kinds(values, cells)
            if kinds == {int}:
                around, told = f"{look}{_NUMBER_CELL}", cells
            elif kinds == {str} and _are_plain(values):
                around, told = f"{look}{_TEXT_CELL}", cells
            else:
                around, told = "%s", _once(values, kinds, cells, partial(self._cell, column.soort))
            filled.append(numbers)
            if len(values) == 1 and kinds <= _ALIKE:  # a column that says one thing is part of the form
                around = (around % told[0]).replace("%", "%%")
            else:
                filled.append(told)
            form.append(f'<c r="{letter}%s"{around}')
        form.append("</row>")
        row = "".join(form)
        return "".join([row % cells for cells in zip(numbers, *filled, strict=True)])

    def _cell(self, kind: Kind, value: Cell | Shown) -> str:
        """What follows the place of a cell."""
        faulty = False
        if isinstance(value, Shown):
            kind, faulty, value = value.soort or kind, value.fout, value.waarde
        look = self.looks[kind, faulty]
        match value:
            case None | "":
                return f"{look}/>"
            case float() if not isfinite(value):
                return f"{look}/>"  # a spreadsheet has no number for it
            case bool():
                return f"{look}{_TEXT_CELL % ('J' if value else 'N')}"
            case datetime():
                value = _serial(value.replace(tzinfo=None))  # a spreadsheet knows no time zones
            case date():
                value = _serial(value)
            case str():
                kept = escape(_CODED.sub("_x005F_", _NEVER.sub("", value)[:_LONGEST]), quote=False).replace(
                    "\r", "&#13;"
                )
                return f"{look}{(_TEXT_CELL if kept == kept.strip() else _SPACED_CELL) % kept}"
        return f"{look}{_NUMBER_CELL % value}"


def _serial(day: date) -> float:
    """The number by which a spreadsheet knows a day or a moment."""
    number: float = to_excel(day)
    return number


_HIGHEST = 1_048_576
"""The last row that a sheet can have."""
_LONGEST = 32_767
"""Signs that a cell can hold; what is longer is cut off, or the whole workbook would not open."""
_TEXT_CELL = ' t="inlineStr"><is><t>%s</t></is></c>'
_SPACED_CELL = ' t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'
_NUMBER_CELL = "><v>%s</v></c>"
_NEVER = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What cannot stand in XML."""
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""The start of what a spreadsheet takes for a sign by its number: `_x0041_` would become an A."""


def _are_plain(texts: Set[str]) -> bool:
    """Whether each can stand in XML as it is; a few that could are not seen to be so."""
    whole = "".join(texts)
    if not (whole.isprintable() and all(texts)) or any(signs in whole for signs in ("&", "<", ">", " ", "_x")):
        return False
    return len(whole) <= _LONGEST or max(map(len, texts)) <= _LONGEST


def _above(target: Any, line: str, *, first: bool) -> Any:
    cell = _text(target, line)
    cell.font = Font(name=_LETTERS, bold=first, size=14 if first else 11)
    return cell


def _header(target: Any, columns: Sequence[Column]) -> list[Any]:
    cells = []
    for column in columns:
        cell = _text(target, column.naam)
        cell.font = Font(name=_LETTERS, bold=True, size=11)
        cell.alignment = _OVER_NUMBERS if column.soort in _NUMBERS else _OVER_WORDS
        cells.append(cell)
    return cells


def _text(target: Any, text: str) -> Any:
    cell = _styled(target, Kind.TEKST)
    cell.value = _NEVER.sub("", text)
    cell.data_type = "s"  # openpyxl would make a formula of "=..." and an error of "#N/A"
    return cell


def _styled(target: Any, kind: Kind, faulty: bool = False) -> Any:
    cell: Any = WriteOnlyCell(target)
    cell.number_format = kind.value
    if kind in _NUMBERS:
        cell.alignment = _NUMBER_APART
    if faulty:
        cell.fill = _FAULTY
    return cell


def _style(target: Any, kind: Kind, faulty: bool) -> str:
    """How a cell names its look."""
    return f' s="{_styled(target, kind, faulty).style_id}"'
