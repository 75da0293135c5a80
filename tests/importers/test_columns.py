"""Each kind of cell: what it takes, what it mends, what it refuses, and that nothing whatever makes it fall over."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.columns import (
    TRIMMED,
    Context,
    Fault,
    Mended,
    ParsedColumn,
    Parser,
    birth_date,
    bsn,
    cleaned,
    day,
    email,
    huisnummer,
    language,
    municipality,
    municipality_or_name,
    parse_column,
    past_day,
    phone,
    plain_cells,
    postcode,
    text,
)
from importers.explanations import CODES
from importers.uwv_2026_1 import LAYOUT
from signals.bsn import passes_elfproef
from signals.municipalities import TABLE_33, Municipalities, read_table_33

CONTEXT = Context(date(2026, 9, 1), Municipalities(read_table_33(TABLE_33)))


@given(st.text(min_size=1))
def test_every_parser_gives_a_value_or_a_known_code_for_whatever_text(value: str) -> None:
    for column in LAYOUT.columns:
        result = column.parse(value, CONTEXT)
        if isinstance(result, Fault):
            assert result.code in CODES
        elif isinstance(result, Mended):
            assert result.warning in CODES
        else:
            assert isinstance(result, str)


@given(st.text(min_size=1))
def test_a_value_once_read_reads_the_same_again(value: str) -> None:
    for column in LAYOUT.columns:
        result = column.parse(value, CONTEXT)
        kept = result.value if isinstance(result, Mended) else result
        if isinstance(kept, str):
            assert column.parse(kept, CONTEXT) == kept


@given(st.text())
def test_cleaning_trims_and_does_it_once(value: str) -> None:
    clean = cleaned(value)
    if clean is not None:
        assert clean == clean.strip(TRIMMED)
        assert not set("\t\r\n") & set(clean)
        assert cleaned(clean) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\u00a0Kowalska\u200b", "Kowalska"),
        ("\ufeffa\u2060", "a"),
        ("eerste\r\ntweede\tderde", "eerste tweede derde"),
        ("Mu\u006e\u0303oz", "Muñoz"),
        ("12\n", "12"),
        ("a\x07b", None),
        ("a\x7fb", None),
        ("a\x00b", None),
        ("\u200b", ""),
    ],
)
def test_what_cleaning_does(raw: str, clean: str | None) -> None:
    assert cleaned(raw) == clean


@given(st.from_regex(r"[0-9]{8,9}", fullmatch=True))
def test_a_bsn_passes_the_elfproef_with_its_zero_if_need_be(value: str) -> None:
    result = bsn(value, CONTEXT)
    whole = value.zfill(9)
    if not passes_elfproef(whole):
        assert result == Fault("bsn_ongeldig")
    else:
        assert result == (whole if len(value) == 9 else Mended(whole, "voorloopnul_aangevuld"))


@pytest.mark.parametrize(
    ("parse", "value", "result"),
    [
        (birth_date, "19000000", "19000000"),
        (birth_date, "18991231", Fault("datum_ongeldig")),
        (birth_date, "20270000", Fault("datum_in_toekomst")),
        (day, "20990101", "20990101"),
        (day, "20260600", Fault("datum_ongeldig")),
        (past_day, "20260902", Fault("datum_in_toekomst")),
        (past_day, "01-09-2026", "20260901"),
        (municipality, "50", "0050"),
        (municipality, "1999", Fault("gemeentecode_rni")),
        (municipality, "0000", Fault("gemeentecode_onbekend")),
        (municipality, "Venlo", Fault("gemeentecode_onbekend")),
        (municipality_or_name, "venlo", "0983"),
        (municipality_or_name, "983", "0983"),
        (huisnummer, "00012", "12"),
        (huisnummer, "²", Fault("huisnummer_ongeldig")),
        (postcode, "3074 ea", "3074EA"),
        (phone, "06-123 456 78", "0612345678"),
        (phone, "+31 (0)6 12345678", "+31612345678"),
        (phone, "0048 512 345 678", "+48512345678"),
        (phone, "(010) 123 45 67", "0101234567"),
        (phone, "612345678", Fault("telefoonnummer_ongeldig")),
        (email, "ewa@example", Fault("emailadres_ongeldig")),
        (email, "ewa..k@example.org", Fault("emailadres_ongeldig")),
        (email, "ewa.k+1@mail.example.org", "ewa.k+1@mail.example.org"),
        (language, "pl", "pl"),
        (language, "xx", Fault("code_onbekend")),
        (text(3), "abcd", Fault("te_lang")),
    ],
)
def test_single_cells(parse: Callable[[str, Context], object], value: str, result: object) -> None:
    assert parse(value, CONTEXT) == result


def read_column(cells: list[str], parse: Parser, *, required: bool) -> ParsedColumn:
    """A column read as a file's is."""
    column = pl.Series("cell", cells, pl.String)
    plain = column.to_frame().select(plain_cells(pl.col("cell"), parse, CONTEXT, required=required)).to_series()
    return parse_column(column, plain, parse, CONTEXT, required=required)


_ODD = st.text(alphabet=st.sampled_from("09 1234.-+@/AZazSsDdéßſ\u0301\u00a0\u0130ǅ²N"), max_size=12)
_LIKELY = st.sampled_from(
    [
        *("999990019", "000000000", "99999001", "20260231", "20991231", "19880412", "12-04-1988", "3074EA", "3074SA"),
        *("0612345678", "+31612345678", "a@b.nl", "a@b..nl", "pl", "PL", "N", "WW", "0", "00012", "100000", "A", "ß"),
    ]
)


@given(st.lists(st.one_of(_LIKELY, _ODD), max_size=8))
def test_a_column_at_once_reads_as_one_by_one(cells: list[str]) -> None:
    for column in LAYOUT.columns:
        parsed = read_column(cells, column.parse, required=column.required)
        for row, cell in enumerate(cells):
            text = cleaned(cell)
            result = Fault("ongeldig_teken") if text is None else column.parse(text, CONTEXT) if text else ""
            if text == "" and column.required:
                result = Fault("verplicht_leeg")
            assert parsed.faults.get(row) == (result.code if isinstance(result, Fault) else None), column.name
            if not isinstance(result, Fault):
                value = result.value if isinstance(result, Mended) else result
                assert (parsed.values[row], parsed.warnings.get(row)) == (value, getattr(result, "warning", None))


@given(st.lists(st.sampled_from(["3074EA", "3074 ea", "", " ", "x", "a\x07"])))
def test_a_column_reads_as_its_cells_do(cells: list[str]) -> None:
    parsed = read_column(cells, postcode, required=True)
    codes = {"3074EA": None, "3074 ea": None, "": "verplicht_leeg", " ": "verplicht_leeg", "x": "postcode_ongeldig"}
    assert [parsed.faults.get(row) for row in range(len(cells))] == [codes.get(c, "ongeldig_teken") for c in cells]
    for row, cell in enumerate(cells):
        if row not in parsed.faults:
            assert parsed.values[row] == "3074EA"
        assert parsed.values[row].strip() == (parsed.values[row] if cell != "a\x07" else "a\x07")
