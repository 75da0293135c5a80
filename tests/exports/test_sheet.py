"""No cell that leaves is ever run as a formula, and what is text comes back as text."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from exports import sheet as sheets
from exports.sheet import Column, InColumns, Kind, Sheet, Shown, csv_text, safe_text, write_csv, write_xlsx

COLUMNS = (Column("tekst", "Een tekst."), Column("datum", "Een dag.", Kind.DATUM), Column("getal", "n", Kind.GETAL))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_text_that_looks_like_a_formula_gets_an_apostrophe(start):
    assert safe_text(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


@pytest.mark.parametrize("value", ["+31612345678", "-12", "+5", "-12,50", "3.5", "gewoon", "", "a=b"])
def test_telephone_numbers_and_numbers_stay_as_they_are(value):
    assert safe_text(value) == value


@pytest.mark.parametrize("value", ["+31 6 12345678", "-", "+", "-1+2", "+1;2", "--1", "-1e5"])
def test_what_only_resembles_a_number_does_not(value):
    assert safe_text(value) == "'" + value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "J"),
        (False, "N"),
        (date(2026, 3, 2), "20260302"),
        (7, "7"),
        (-7, "-7"),
        (Decimal("-2.50"), "-2,50"),
    ],
)
def test_cells_of_a_csv(value, expected):
    assert csv_text(value) == expected


def test_a_csv_has_a_bom_semicolons_and_crlf():
    stream = io.BytesIO()
    write_csv(stream, COLUMNS, [('a;"b"\nc', date(2026, 3, 2), 1)])
    assert stream.getvalue() == b'\xef\xbb\xbftekst;datum;getal\r\n"a;""b""\nc";20260302;1\r\n'


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20), max_size=10))
def test_every_text_comes_back_from_a_csv(texts):
    stream = io.BytesIO()
    write_csv(stream, COLUMNS[:1], [(text,) for text in texts])
    rows = csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""), delimiter=";")
    # An empty only cell is written as "" and comes back as one.
    read = [row[0] for row in rows][1:]
    assert read == [safe_text(text) for text in texts]
    assert not any(cell.startswith(("=", "@", "\t", "\r", "\0")) for cell in read)


@pytest.mark.parametrize("value", ["=1+1", "+31612345678", "#N/A", "001234567", "-5", "TRUE", "12:30"])
def test_text_in_a_workbook_is_text(value):
    stream = io.BytesIO()
    write_xlsx(stream, [Sheet("Blad", COLUMNS, [(value, date(2026, 3, 2), 4), ("", None, None)])])
    sheet = openpyxl.load_workbook(stream)["Blad"]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["A2"].number_format) == (value, "s", "@")
    assert sheet["B2"].is_date and sheet["B2"].number_format == "dd-mm-yyyy"
    assert (sheet["C2"].value, sheet["B3"].value) == (4, None)
    assert sheet.column_dimensions["A"].width == 16
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:C3")


def test_control_characters_are_left_out_of_a_workbook():
    stream = io.BytesIO()
    write_xlsx(stream, [Sheet("Blad", COLUMNS[:1], [("a\0b",)])], ["Let op."])
    book = openpyxl.load_workbook(stream)
    assert book["Blad"]["A2"].value == "ab"
    assert [row[2] for row in book["Toelichting"].iter_rows(values_only=True)] == ["Uitleg", "Let op.", "Een tekst."]


ALIKE = [(1,), (True,), (1.0,), (Decimal("1.0"),), (Decimal("1.00"),), (0,), (False,), (None,), ("",), ("1",)]
"""Equal to each other where Python compares them, and each with a look of its own."""


def test_what_is_equal_and_reads_otherwise_keeps_its_own_look():
    stream = io.BytesIO()
    write_csv(stream, COLUMNS[:1], ALIKE)
    assert stream.getvalue().decode("utf-8-sig").split()[1:] == [
        "1", "J", "1,0", "1,0", "1,00", "0", "N", '""', '""', "1",
    ]  # fmt: skip
    book = io.BytesIO()
    write_xlsx(book, [Sheet("Blad", COLUMNS[2:], ALIKE)])
    read = [cell.value for (cell,) in openpyxl.load_workbook(book)["Blad"]["A2:A11"]]
    assert list(map(repr, read)) == ["1", "'J'", "1.0", "1.0", "1.0", "0", "'N'", "None", "None", "'1'"]


TEXTS = st.text(alphabet=st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["<b>&amp;]]>", " voor", "na ", "a\nb", "a\r\nb", "\n", "_x0041_", "=1+1", "#N/A", "\ud800", "\uffff", "\x1f", "%s"]
)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e12, 1e12)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | st.dates(date(1900, 3, 1), date(2100, 1, 1)),
        st.none()
        | st.integers(-(10**9), 10**9)
        | st.floats(-1e12, 1e12)
        | TEXTS.map(lambda text: Shown(text, fout=True)),
    ),
    max_size=12,
)


@given(ROWS)
def test_every_cell_comes_back_from_a_workbook_by_two_readers(rows):
    stream = io.BytesIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sheets, "AT_ONCE", 5)
        write_xlsx(stream, [Sheet("Blad", COLUMNS, iter(rows)), Sheet("Leeg", COLUMNS[:1], ())])
    book = openpyxl.load_workbook(stream)
    assert book["Blad"].auto_filter.ref == f"A1:C{len(rows) + 1}"
    assert [book[name].auto_filter.ref for name in ("Leeg", "Toelichting")] == ["A1:A1", "A1:C5"]
    named = zipfile.ZipFile(stream).read("xl/workbook.xml").decode()
    assert f"'Blad'!$A$1:$C${len(rows) + 1}<" in named and "10485" not in named
    read = list(book["Blad"].iter_rows(min_row=2, max_col=3))
    assert len(read) == len(rows)
    for got, row in zip(read, rows, strict=True):
        for cell, value in zip(got, row, strict=True):
            assert_read(unescape(cell.value) if isinstance(cell.value, str) else cell.value, value)
            if isinstance(value, Shown):
                assert cell.fill.fgColor.rgb == "FFF4B6B6" and cell.data_type in "sn"
    assert all(cell.data_type == "s" for (cell, *_) in read if cell.value is not None)
    stream.seek(0)
    other = CalamineWorkbook.from_filelike(stream).get_sheet_by_name("Blad").to_python(skip_empty_area=False)[1:]
    for got, row in zip(other, rows, strict=False):  # it leaves out rows at the end without a cell in them
        for cell, value in zip(got, row, strict=False):
            assert_read(None if cell == "" else cell, value)


def assert_read(cell, value):
    value = value.waarde if isinstance(value, Shown) else value
    if isinstance(value, str):
        kept = "".join(sign for sign in value if sign in "\t\n\r" or (sign >= " " and not "\ud800" <= sign <= "\udfff"))
        kept = kept.replace("\ufffe", "").replace("\uffff", "")
        assert (cell or "").replace("\r", "") == kept.replace("\r", "")
    elif isinstance(value, date):
        assert (cell.date() if isinstance(cell, datetime) else cell) == value
    elif isinstance(value, float):
        assert cell == pytest.approx(value, rel=1e-14)
    else:
        assert cell == value


def test_a_moment_is_told_as_the_clock_stood_there():
    stream = io.BytesIO()
    column = Column("moment", "m", Kind.MOMENT)
    there = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    write_xlsx(stream, [Sheet("Blad", [column], [(there,), (there.astimezone(UTC),), (date(2026, 3, 2),)])])
    read = [cell.value.isoformat() for (cell,) in openpyxl.load_workbook(stream)["Blad"]["A2:A4"]]
    assert read == ["2026-03-02T12:00:00", "2026-03-02T11:00:00", "2026-03-02T00:00:00"]


def test_a_number_that_is_none_is_an_empty_cell():
    stream = io.BytesIO()
    write_xlsx(stream, [Sheet("Blad", COLUMNS[2:], [(float("nan"),), (float("-inf"),), (0.1 + 0.2,)])])
    read = [cell.value for (cell,) in openpyxl.load_workbook(stream)["Blad"]["A2:A4"]]
    assert read == [None, None, 0.1 + 0.2]


@pytest.mark.parametrize("rows", [[], [("=1+1", date(2026, 3, 2), 1), ("b", None, None), (None, date(2026, 3, 3), -1)]])
def test_rows_that_come_by_columns_are_the_same_rows(rows):
    as_columns = [list(zip(*rows[:2], strict=True)), list(zip(*rows[2:], strict=True))] if rows else []
    told = []
    for given_as in (rows, InColumns(iter(as_columns))):
        stream, book = io.BytesIO(), io.BytesIO()
        given_twice = rows if given_as is rows else InColumns(as_columns)
        write_csv(stream, COLUMNS, given_as)
        write_xlsx(book, [Sheet("Blad", COLUMNS, given_twice)])
        told.append((stream.getvalue(), zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml")))
    assert told[0] == told[1]


@pytest.mark.parametrize("rows", [[("a", None)], [("a", None, 1, 2)], [("a", None, 1), ("a", None)]])
def test_a_row_that_is_too_long_or_too_short_is_a_fault_of_ours(rows):
    with pytest.raises(ValueError, match="zip"):
        write_xlsx(io.BytesIO(), [Sheet("Blad", COLUMNS, rows)])


@pytest.mark.parametrize("text", ["x" * 40_000, "&" * 40_000])
def test_a_text_that_is_too_long_for_a_cell_is_cut_off(text):
    stream = io.BytesIO()
    write_xlsx(stream, [Sheet("Blad", COLUMNS[:1], [(text,)])])
    assert openpyxl.load_workbook(stream)["Blad"]["A2"].value == text[:32_767]
