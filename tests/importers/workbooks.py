"""Workbooks made part by part, as programs that write XLSX differ from each other, and as nobody should write it."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

DATE, TIME, PERCENT, MOMENT = 1, 2, 3, 4  # the styles of a cell


def sheet(rows: str, *, main: str = MAIN) -> str:
    """A worksheet around its rows, without a `dimension`."""
    return f'{DECLARATION}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'


def inline(lines: Sequence[Sequence[str]], first: int = 1, prefix: str = "") -> str:
    """Rows of text in the cells themselves; empty cells are left out, as programs do."""
    p = prefix
    return "".join(
        f'<{p}row r="{row}">'
        + "".join(
            f'<{p}c r="{get_column_letter(column)}{row}" t="inlineStr"><{p}is><{p}t>'
            f"{escape(cell)}</{p}t></{p}is></{p}c>"
            for column, cell in enumerate(cells, 1)
            if cell
        )
        + f"</{p}row>"
        for row, cells in enumerate(lines, first)
    )


def parts(
    first: str | bytes,
    *,
    main: str = MAIN,
    office: str = OFFICE,
    properties: str = "",
    sheets: Mapping[str, str] | None = None,
    strings: str | None = None,
) -> dict[str, str | bytes]:
    """The parts of a workbook whose first sheet is `first`; `sheets`: the others, and what stands in their tag."""
    more = sheets or {}
    entries = "".join(
        f'<sheet name="Blad{number}" sheetId="{number}" r:id="rId{number}"{state}/>'
        for number, state in enumerate([more.get("", ""), *(v for k, v in more.items() if k)], 1)
    )
    targets = ["worksheets/sheet1.xml", *(name for name in more if name)]
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{office}/worksheet" Target="{target}"/>'
        for number, target in enumerate(targets, 1)
    )
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 164, 20, 9, 22))
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{TYPES}"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{properties}<sheets>'
        f"{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{relations}'
        f'<Relationship Id="rId98" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId99" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts count="1"><numFmt numFmtId="164" formatCode='
        f'"dd-mm-yyyy"/></numFmts><cellXfs count="5">{cells}</cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": first,
    }
    if strings is not None:
        made["xl/sharedStrings.xml"] = f'{DECLARATION}<sst xmlns="{main}">{strings}</sst>'
    return made


def packed(path: Path, made: Mapping[str, str | bytes]) -> Path:
    """The parts in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in made.items():
            new.writestr(name, content)
    return path
