"""What a cell of an XLSX says, whatever program wrote it."""

from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from importers import identify, xlsx
from importers.reader import open_table
from tests.importers.deliveries import COLUMNS, PLAIN, SAMPLES
from tests.importers.workbooks import (
    DATE,
    MAIN,
    MOMENT,
    PERCENT,
    STRICT_MAIN,
    STRICT_OFFICE,
    TIME,
    inline,
    packed,
    parts,
    sheet,
)


def rows(path: Path) -> dict[int, list[str]]:
    read = ((regel, [*xlsx.texts(cells)]) for regel, cells in xlsx.opened(path, path.name).rows)
    return {regel: cells for regel, cells in read if any(cells)}


def cells(tmp_path: Path, content: str, **more: str) -> list[str]:
    """The cells of one row."""
    path = packed(tmp_path / "x.xlsx", parts(sheet(f'<row r="1">{content}</row>'), **more))  # type: ignore[arg-type]
    return rows(path).get(1, [])


@pytest.mark.parametrize(
    ("properties", "serial", "says"),
    [
        ("", "45000", "2023-03-15"),
        ("", "1", "1900-01-01"),
        ("", "59", "1900-02-28"),
        ("", "61", "1900-03-01"),
        ('<workbookPr date1904="1"/>', "45000", "2027-03-16"),
        ('<workbookPr date1904="true"/>', "1", "1904-01-02"),
        ('<workbookPr date1904="0"/>', "45000", "2023-03-15"),
        ("", "-1", "00:00:00"),
        ("", "3000000", "3000000"),
    ],
)
def test_a_date_is_the_day_that_excel_shows(tmp_path: Path, properties: str, serial: str, says: str) -> None:
    assert cells(tmp_path, f'<c r="A1" s="{DATE}"><v>{serial}</v></c>', properties=properties) == [says]


def test_times_percents_booleans_errors_and_numbers(tmp_path: Path) -> None:
    content = (
        f'<c r="A1" s="{TIME}"><v>0.5</v></c><c r="B1" s="{PERCENT}"><v>0.5</v></c><c r="C1" s="{MOMENT}"><v>45000.25'
        '</v></c><c r="D1" t="b"><v>1</v></c><c r="E1" t="b"><v>0</v></c><c r="F1" t="e"><v>#N/A</v></c>'
        '<c r="G1" t="e"><v>#DIV/0!</v></c><c r="H1"><v>999990019</v></c><c r="I1"><v>1E+3</v></c>'
        '<c r="J1" t="str"><v>012</v></c>'
    )
    assert cells(tmp_path, content) == [
        "12:00:00", "0.5", "2023-03-15 06:00:00", "WAAR", "ONWAAR", "", "", "999990019", "1000", "012",
    ]  # fmt: skip
    assert xlsx.opened(tmp_path / "x.xlsx", "x.xlsx").without_value == 2


def test_a_formula_is_its_stored_value_and_one_without_is_empty_and_counted(tmp_path: Path) -> None:
    content = (
        '<c r="A1"><v>1</v></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1" t="str"><f>A1</f><v>x</v></c><c r="D1" '
        't="str"><f>""</f><v></v></c><c r="E1"><f>WEBSERVICE("http://x")</f><v></v></c><c r="F1"><f>NOW()</f></c>'
        '<c r="G1"><f t="shared" si="0"/><v/></c><c r="H1"><v>8</v></c>'
    )
    assert cells(tmp_path, content) == ["1", "2", "x", "", "", "", "", "8"]
    assert xlsx.opened(tmp_path / "x.xlsx", "x.xlsx").without_value == 3


def test_texts_shared_in_the_cell_and_in_pieces(tmp_path: Path) -> None:
    strings = (
        "<si><t>een</t></si><si><r><t>t</t></r><r><t xml:space='preserve'>w &amp; </t></r><rPh><t>z</t></rPh></si>"
    )
    content = (
        '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><r><t>d</t></r><r>'
        '<t>rie</t></r></is></c><c r="D1" t="inlineStr"><is><t>a_x000D_b&#10;c</t></is></c>'
    )
    assert cells(tmp_path, content, strings=strings) == ["een", "tw & ", "drie", "a\rb\nc"]


def test_strict_prefixed_and_without_places(tmp_path: Path) -> None:
    strict = sheet('<row r="1"><c r="A1" t="d"><v>2026-03-02</v></c></row>', main=STRICT_MAIN)
    path = packed(tmp_path / "strict.xlsx", parts(strict, main=STRICT_MAIN, office=STRICT_OFFICE))
    assert rows(path) == {1: ["2026-03-02"]}
    prefixed = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{inline([["a", "b"]], 3, "x:")}</x:sheetData></x:worksheet>'
    assert rows(packed(tmp_path / "prefix.xlsx", parts(prefixed))) == {3: ["a", "b"]}
    bare = sheet("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")
    assert rows(packed(tmp_path / "bare.xlsx", parts(bare))) == {1: ["1", "2"], 2: ["3", ""]}


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_delivery_as_any_program_writes_it_has_the_regel_that_is_shown(tmp_path: Path, prefix: str) -> None:
    lines = [list(COLUMNS), list(PLAIN.values()), [""], list(PLAIN.values())]
    about = f'xmlns:x="{MAIN}"' if prefix else f'xmlns="{MAIN}"'
    content = (
        f"<{prefix}worksheet {about}><{prefix}sheetData>{inline(lines, 4, prefix)}"
        f"</{prefix}sheetData></{prefix}worksheet>"
    )
    table = open_table(packed(tmp_path / "l.xlsx", parts(content)), "l.xlsx", identify)
    (chunk,) = table.chunks()
    assert chunk.regels.to_list() == [5, 7]
    assert chunk.cells["woonplaats"].to_list() == ["Rotterdam", "Rotterdam"]


def test_the_first_sheet_that_is_shown_is_read_with_its_hidden_rows_and_columns(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["lijst"])
    book.active.sheet_state = "veryHidden"
    shown = book.create_sheet("Levering")
    book.create_sheet("Later").append(["later"])
    book.active = 1
    shown.append(["a", "b"])
    shown.append([1, 2])
    shown.row_dimensions[2].hidden = True
    shown.column_dimensions["B"].hidden = True
    shown.merge_cells("A4:B5")
    shown["A4"] = CellRichText("c", TextBlock(InlineFont(b=True), "d"))
    shown.protection.sheet = True
    book.create_chartsheet("Grafiek")
    book.save(tmp_path / "x.xlsx")
    assert rows(tmp_path / "x.xlsx") == {1: ["a", "b"], 2: ["1", "2"], 4: ["cd", ""]}


def test_a_tail_of_formatted_empty_rows_is_no_data(tmp_path: Path) -> None:
    tail = "".join(f'<row r="{row}"><c r="A{row}" s="1"/><c r="AD{row}" s="1"/></row>' for row in range(2, 20_000))
    path = packed(tmp_path / "x.xlsx", parts(sheet(inline([["a"]]) + tail)))
    assert list(xlsx.opened(path, "x.xlsx").rows) == [(1, ["a"])]


def test_the_file_of_libreoffice_says_what_was_typed() -> None:
    """Title with merged cells, real dates, BSN as number, a hidden first sheet, row and column, a formula, a tail."""
    path = SAMPLES / "layouts" / "uwv_2026_1-libreoffice.xlsx"
    table = open_table(path, path.name, identify)
    (chunk,) = table.chunks()
    assert chunk.regels.to_list() == [5, 6, 7, 8]
    assert chunk.cells["bsn"].to_list()[0] == "999990019"
    assert set(chunk.cells["geboortedatum"]) == {"1988-04-12"}
    assert chunk.cells["toelichting"].to_list() == ["berekend 2", "", "regel 1\nregel 2", "rijk"]
