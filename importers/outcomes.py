"""What is told of the rows of a chunk: those that change nothing, those with a warning, whose they are."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from importers.judgement import Verdicts
from importers.rules import Fault, Reading, Rulebook
from signals.models import Uitkomst
from signals.rows import WarnedRow

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


def rejected_rows(
    load_id: int | None, book: Rulebook, reading: Reading, verdicts: Verdicts
) -> Iterator[dict[str, Any]]:
    """The rows that change nothing, as columns of RejectedRow, with their cells as delivered."""
    found: dict[int, tuple[Uitkomst, list[Fault]]] = {
        **{row: (Uitkomst.DUBBEL, [fault]) for row, fault in verdicts.double.items()},
        **{row: (Uitkomst.AFGEKEURD, faults) for row, faults in verdicts.rejected.items()},
    }
    rows = sorted(found)
    own = reading.values.select("signaalnummer", "gemeentecode")[rows]
    told = zip(rows, own.iter_rows(), reading.chunk.regels.gather(rows), reading.chunk.delivered(rows), strict=True)
    for row, (nummer, gemeentecode), regel, delivered in told:
        uitkomst, faults = found[row]
        faulty = {fault.column for fault in faults if fault.code not in _OF_A_GOOD_CELL}
        yield {
            "signaalnummer": None if "signaalnummer" in faulty or not nummer else nummer,
            "gemeentecode": None if "gemeentecode" in faulty or not gemeentecode else gemeentecode,
            "load_id": load_id,
            "regel": regel,
            "uitkomst": uitkomst,
            "codes": sorted({fault.code for fault in faults}),
            "fouten": [book.explain(fault) for fault in faults],
            "cellen": delivered,
        }


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
