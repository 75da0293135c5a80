"""The rows of an XLSX as text, numbered as a spreadsheet numbers them; which sheet is read is decided here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from importers import archive
from importers.refusals import FileRefused

REPORT_SHEET = "Afgekeurd"


@dataclass(frozen=True)
class Sheet:
    """A worksheet that can be read once; `cell_text` says what its cells are as text.

    without_value: cells that hold a formula or an error, but no value.
    """

    rows: Iterator[tuple[int, list[Any]]]
    without_value: int


def opened(path: Path, file_name: str) -> Sheet:
    """The first visible worksheet, or that of the rejected rows when it is a verwerkingsverslag.

    Hidden rows and columns count as any other; a formula counts as its stored value. Raises FileRefused.
    """
    return Sheet(without_value=archive.inspect(path, file_name), rows=_rows(path, file_name))


def _rows(path: Path, file_name: str) -> Iterator[tuple[int, list[Any]]]:
    with _refused_when_broken(file_name), CalamineWorkbook.from_path(path) as workbook:
        sheet = workbook.get_sheet_by_name(_sheet(workbook.sheets_metadata, file_name))
        yield from enumerate(sheet.iter_rows(), 1)


def _sheet(sheets: list[SheetMetadata], file_name: str) -> str:
    tables = [sheet for sheet in sheets if sheet.typ == SheetTypeEnum.WorkSheet]
    if not tables:
        raise FileRefused("onleesbaar", file_name, "er is geen werkblad")
    if any(sheet.name == REPORT_SHEET for sheet in tables):
        return REPORT_SHEET
    return next((sheet for sheet in tables if sheet.visible == SheetVisibleEnum.Visible), tables[0]).name


@contextmanager
def _refused_when_broken(file_name: str) -> Iterator[None]:
    """The library's own error, or the panic of its Rust (no Exception), is a broken workbook."""
    try:
        yield
    except BaseException as fault:
        if isinstance(fault, CalamineError) or type(fault).__name__ == "PanicException":
            raise FileRefused("onleesbaar", file_name, "de werkmap is beschadigd") from fault
        raise


def texts(cells: Sequence[Any]) -> Sequence[str]:
    """Cells as text, a column of them quickest: the same date or number is written out once."""
    if set(map(type, cells)) == {str}:
        return cells
    distinct = {cell for cell in cells if type(cell) in (float, date, datetime)}
    written = {cell: cell_text(cell) for cell in distinct}
    return [
        cell if type(cell) is str else written[cell] if type(cell) in (float, date, datetime) else cell_text(cell)
        for cell in cells
    ]


def cell_text(value: float | str | bool | time | date | datetime | timedelta) -> str:
    """A cell as text: whole numbers without a point, days as JJJJ-MM-DD, anything else as a spreadsheet shows it."""
    match value:
        case bool():
            return "WAAR" if value else "ONWAAR"
        case float() if value.is_integer() and abs(value) < 1e16:
            return str(int(value))
        case datetime() if value.time() == time.min:
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
    return str(value)
