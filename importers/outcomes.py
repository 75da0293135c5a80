"""What is told of the rows of a chunk: those that change nothing, those with a warning, whose they are."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from importers.judgement import Verdicts
from importers.rules import Fault, Reading, Rulebook
from signals.models import Uitkomst
from signals.rows import WarnedRow
from signals.sealing import sealed_text

_OF_A_GOOD_CELL = frozenset(
    {
        "signaalnummer_dubbel_in_levering",
        "signaal_bestaat_al_anders",
        "signaal_onbekend",
        "signaal_al_afgesloten",
        "signaal_ingetrokken",
    }
)
"""The codes of a faulty row whose signaalnummer is well written."""


_JSON = ("codes", "fouten", "cellen")


def turned_down(book: Rulebook, reading: Reading, verdicts: Verdicts) -> pl.DataFrame:
    """The rows that change nothing, cells as delivered: columns of RejectedRow as kept, without load_id."""
    rows = _turned_down(book, reading, verdicts)
    return rows.with_columns(pl.Series("cellen", map(sealed_text, rows["cellen"]), dtype=pl.String))


def _turned_down(book: Rulebook, reading: Reading, verdicts: Verdicts) -> pl.DataFrame:
    found: dict[int, tuple[Uitkomst, list[Fault]]] = {
        **{row: (Uitkomst.DUBBEL, [fault]) for row, fault in verdicts.double.items()},
        **{row: (Uitkomst.AFGEKEURD, faults) for row, faults in verdicts.rejected.items()},
    }
    rows = sorted(found)
    own = reading.values.select("signaalnummer", "gemeentecode")[rows]
    told: dict[tuple[Fault, ...], tuple[str, str]] = {}
    kept: dict[str, list[Any]] = {name: [] for name in ("uitkomst", "signaalnummer", "gemeentecode", "codes", "fouten")}
    for row, names in zip(rows, own.iter_rows(named=True), strict=True):
        uitkomst, faults = found[row]
        faulty = {fault.column for fault in faults if fault.code not in _OF_A_GOOD_CELL}
        if (key := tuple(faults)) not in told:
            codes = sorted({fault.code for fault in faults})
            told[key] = json.dumps(codes), json.dumps([book.explain(fault) for fault in faults])
        kept["uitkomst"].append(uitkomst.value)
        for name, value in names.items():
            kept[name].append(None if name in faulty or not value else value)
        for name, text in zip(("codes", "fouten"), told[key], strict=True):
            kept[name].append(text)
    return pl.DataFrame(kept, schema_overrides=dict.fromkeys(kept, pl.String)).with_columns(
        reading.chunk.regels.gather(rows).alias("regel"),
        reading.chunk.delivered(rows).alias("cellen"),
    )


def rejected_rows(book: Rulebook, reading: Reading, verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    """The same outside a load, as columns of RejectedRow."""
    for row in _turned_down(book, reading, verdicts).iter_rows(named=True):
        yield (
            {"load_id": None}
            | row
            | {name: json.loads(row[name]) for name in _JSON}
            | {"uitkomst": Uitkomst(row["uitkomst"])}
        )


def warned_rows(reading: Reading, rows: "Sequence[int] | np.ndarray") -> Iterator[WarnedRow]:
    """Those of these rows, which are taken in, that have a warning."""
    warned = np.intersect1d(reading.warnings.any(), np.asarray(rows, dtype=np.int64))
    regels, numbers = reading.chunk.regels.gather(warned), reading.values["signaalnummer"].gather(warned)
    for row, regel, number in zip(warned.tolist(), regels, numbers, strict=True):
        yield WarnedRow(regel, number, reading.warnings.of(row))


def delivered_codes(reading: Reading) -> set[str]:
    """The municipalities of the rows; of a faulty cell nobody can say whose row it is."""
    good = np.ones(len(reading), dtype=bool)
    for row, faults in reading.faults.items():
        if any(fault.column == "gemeentecode" for fault in faults):
            good[row] = False
    return set(reading.values["gemeentecode"].filter(good).unique())
