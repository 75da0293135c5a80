"""No cell that leaves is ever run as a formula, and what is text comes back as text."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.sheet import Column, Kind, Sheet, csv_text, safe_text, write_csv, write_xlsx

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
