"""A CSV cut in blocks reads as the csv module reads it, wherever the cuts fall and whatever stands in its cells."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers import delimited
from importers.delimited import Block, Delimited

CELLS = st.text(alphabet=st.sampled_from('ab;,"é \n\r\t1'), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=30)


def read(path: Path, width: int) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    for piece in Delimited(path, path.name).below(1, width):
        if isinstance(piece, Block):
            rows += [(piece.first + number, [*cells]) for number, cells in enumerate(piece.frame.iter_rows())]
        else:
            rows += piece
    return rows


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "FIRST_BLOCK", 16)
    monkeypatch.setattr(delimited, "BLOCK", 24)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@given(table=TABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_read_as_rows(small_blocks: None, tmp_path: Path, line_end: str, table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator=line_end).writerows([["k1", "k2", "k3"], *table])
    path = tmp_path / "x.csv"
    path.write_bytes(text.getvalue().encode())
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(enumerate(csv.reader(file, delimiter=";", strict=True), 1))[1:]
    assert read(path, 3) == expected


def test_a_block_without_quotes_is_read_at_once(small_blocks: None, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"k1;k2\r\n" + b"a;\xe9\r\n" * 20)
    pieces = list(Delimited(path, "x.csv").below(1, 2))
    assert sum(isinstance(piece, Block) for piece in pieces) > 3
    assert read(path, 2) == [(regel, ["a", "é"]) for regel in range(2, 22)]
