"""The files of one benchmark: deliveries of three sizes."""

from pathlib import Path

from tests.bench.deliveries import new, write_csv, write_known
from tests.bench.expected import Expected
from tests.bench.workbook import write_xlsx

SMALL, SAMPLE = 10, 100
"""By this the rows are divided for the small delivery, and for what is slow and there for comparison only."""


def make(folder: Path, rows: int) -> dict[str, Expected]:
    """`known` and `new` in full, `new` small as CSV and XLSX, and a still smaller XLSX; by name the counts expected."""
    expected = {"known.csv": write_known(folder / "known.csv", rows)}
    for name, size in (
        ("new.csv", rows),
        ("small.csv", rows // SMALL),
        ("small.xlsx", rows // SMALL),
        ("sample.xlsx", rows // SAMPLE),
    ):
        write = write_csv if name.endswith(".csv") else write_xlsx
        expected[name] = Expected()
        write(folder / name, new(size, rows, expected[name]))
    return expected
