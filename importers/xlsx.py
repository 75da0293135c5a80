"""The rows of an XLSX as text, numbered as a spreadsheet numbers them; which sheet is read is decided here."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from importers import archive
from importers.refusals import FileRefused

REPORT_SHEET = "Afgekeurd"


def rows(path: Path, file_name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first worksheet, or of the rejected rows when it is a verwerkingsverslag. Raises FileRefused."""
    archive.inspect(path, file_name)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            if not names:
                raise FileRefused("onleesbaar", file_name, "er is geen werkblad")
            sheet = workbook.get_sheet_by_name(REPORT_SHEET if REPORT_SHEET in names else names[0])
            for regel, cells in enumerate(sheet.iter_rows(), 1):
                yield regel, [cell if type(cell) is str else cell_text(cell) for cell in cells]
    except CalamineError as fault:
        raise FileRefused("onleesbaar", file_name, "de werkmap is beschadigd") from fault


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
