"""The delivery as XLSX, the way Excel stores one: shared texts, real numbers and real dates, packed.

openpyxl takes half a minute for 100,000 rows and writes the texts in the cells, as Excel never does.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from tests.bench.deliveries import COLUMNS, Columns

_DATES = frozenset({"datum_signaal", "adresdatum", "datum_vanaf", "datum_tot"})
_NUMBERS = frozenset({"huisnummer"})
_DAY_0 = date(1899, 12, 30)

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets><sheet name="Levering" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="rId3" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def write_xlsx(path: Path, pieces: Iterator[Columns]) -> None:
    """One sheet with the header in row 1; an empty cell is not written."""
    shared: dict[str, int] = {}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=6) as book:
        for name, part in _PARTS.items():
            book.writestr(name, _XML + part)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"{_XML}<worksheet {_MAIN}><sheetData>".encode())
            for number, cells in enumerate(_rows(pieces), 1):
                line = "".join(
                    _cell(place, number, text, shared) for place, text in zip(_PLACES, cells, strict=True) if text
                )
                sheet.write(f'<row r="{number}">{line}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        book.writestr("xl/sharedStrings.xml", f"{_XML}<sst {_MAIN}>{texts}</sst>")


def _letters(column: int) -> str:
    return chr(64 + column) if column <= 26 else f"A{chr(38 + column)}"


_PLACES = [(name, _letters(column)) for column, name in enumerate(COLUMNS, 1)]


def _rows(pieces: Iterator[Columns]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for piece in pieces:
        yield from zip(*(piece[name].tolist() for name in COLUMNS), strict=True)


def _cell(place: tuple[str, str], number: int, text: str, shared: dict[str, int]) -> str:
    name, letters = place
    if name in _NUMBERS and text.isdigit():
        return f'<c r="{letters}{number}"><v>{text}</v></c>'
    day = _day(text) if name in _DATES else None
    if day is not None:
        return f'<c r="{letters}{number}" s="1"><v>{(day - _DAY_0).days}</v></c>'
    return f'<c r="{letters}{number}" t="s"><v>{shared.setdefault(text, len(shared))}</v></c>'


def _day(text: str) -> date | None:
    """The day of eight digits; None for what a spreadsheet keeps as text."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
