"""The one writer of CSV and XLSX: what is text stays text, and no cell of ours is ever run as a formula."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

Cell: TypeAlias = str | int | float | Decimal | bool | date | None

LINE_HEIGHT = 15
"""Points."""
MAKER = "Langdurig RNI"
"""Who made a file: the service, never a person."""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_LETTERS = "Calibri"  # what the library takes for a cell that says nothing
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
class Sheet:
    """A sheet with one header row; the rows are read once, in order, and may be a stream.

    boven: lines above the header. grafieken: charts with their place.
    """

    naam: str
    kolommen: Sequence[Column]
    rijen: Iterable[Sequence[Cell | Shown]]
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


def write_csv(stream: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """`;`, UTF-8 with BOM, CRLF, one header row. The stream stays open."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.naam for column in columns])
    writer.writerows([csv_text(value) for value in row] for row in rows)
    text.flush()
    text.detach()


def write_xlsx(target: BinaryIO | Path, sheets: Sequence[Sheet], remarks: Sequence[str] = (), titel: str = "") -> None:
    """A workbook with these sheets and a last one, `Toelichting`: the remarks and what every column means.

    Every sheet has column widths, a header that stays in sight and a filter. Numbers and dates are real ones.
    """
    book = Workbook(write_only=True)
    book.properties.creator, book.properties.title, book.properties.language = MAKER, titel or None, "nl-NL"
    for sheet in sheets:
        _write_sheet(book, sheet)
    explained = [(sheet.naam, column.naam, column.uitleg) for sheet in sheets for column in sheet.kolommen]
    general = [("", "", remark) for remark in remarks]
    columns = (
        Column("Blad", "Het blad waar de kolom in staat.", breedte=20),
        Column("Kolom", "De naam van de kolom.", breedte=28),
        Column("Uitleg", "Wat er in de kolom staat.", breedte=100),
    )
    _write_sheet(book, Sheet("Toelichting", columns, [*general, *explained]))
    book.save(target)


def _write_sheet(book: Workbook, sheet: Sheet) -> None:
    target: Any = book.create_sheet(sheet.naam)  # its type does not say that a write-only sheet has these too
    head = len(sheet.boven) + 1
    target.freeze_panes = f"A{head + 1}"
    target.print_title_rows = f"{head}:{head}"
    target.page_setup.orientation, target.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A4
    target.page_setup.fitToHeight = 0  # as many as it takes, each as wide as the sheet
    target.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for number, column in enumerate(sheet.kolommen, start=1):
        target.column_dimensions[get_column_letter(number)].width = column.breedte
    lines = max(math.ceil(len(column.naam) / max(column.breedte - 2, 1)) for column in sheet.kolommen)
    if lines > 1:  # not every spreadsheet makes room for words that go on below
        target.row_dimensions[head].height = LINE_HEIGHT * lines
    for line in sheet.boven:
        target.append([_above(target, line, first=line == sheet.boven[0])])
    target.append(_header(target, sheet.kolommen))
    # One cell per column is used again for every row: a million cells with a style each would cost several times more.
    cells = [_styled(target, column.soort) for column in sheet.kolommen]
    others: dict[tuple[int, Kind, bool], Any] = {}
    count = head
    for row in sheet.rijen:
        target.append(_filled(target, sheet.kolommen, cells, others, row))
        count += 1
    target.auto_filter.ref = f"A{head}:{get_column_letter(len(sheet.kolommen))}{count}"
    for chart in sheet.grafieken:
        target.add_chart(chart)


def _above(target: Any, line: str, *, first: bool) -> Any:
    cell = _styled(target, Kind.TEKST)
    cell.font = Font(name=_LETTERS, bold=first, size=14 if first else 11)
    _put(cell, line)
    return cell


def _header(target: Any, columns: Sequence[Column]) -> list[Any]:
    cells = []
    for column in columns:
        cell = _styled(target, Kind.TEKST)
        cell.font = Font(name=_LETTERS, bold=True, size=11)
        cell.alignment = _OVER_NUMBERS if column.soort in _NUMBERS else _OVER_WORDS
        _put(cell, column.naam)
        cells.append(cell)
    return cells


def _styled(target: Any, kind: Kind, faulty: bool = False) -> Any:
    cell: Any = WriteOnlyCell(target)
    cell.number_format = kind.value
    if kind in _NUMBERS:
        cell.alignment = _NUMBER_APART
    if faulty:
        cell.fill = _FAULTY
    return cell


def _filled(
    target: Any,
    columns: Sequence[Column],
    cells: Sequence[Any],
    others: dict[tuple[int, Kind, bool], Any],
    row: Sequence[Cell | Shown],
) -> Iterator[Any]:
    """The cells of a row; `others` keeps those that look otherwise than their column, by place and look."""
    for place, (column, cell, value) in enumerate(zip(columns, cells, row, strict=True)):
        if isinstance(value, Shown):
            look = (place, value.soort or column.soort, value.fout)
            if look not in others:
                others[look] = _styled(target, *look[1:])
            _put(others[look], value.waarde)
            yield others[look]
        else:
            _put(cell, value)
            yield cell


def _put(cell: Any, value: Cell) -> None:
    if isinstance(value, bool):
        value = "J" if value else "N"
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.replace(tzinfo=None)  # a spreadsheet knows no time zones
    if isinstance(value, float) and math.isfinite(value):
        cell.value, cell.data_type = repr(value), "n"  # openpyxl would round it to sixteen digits
        return
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    cell.data_type = "s"  # openpyxl would make a formula of "=..." and an error of "#N/A"
