"""Which rows are judged one by one changes what a load costs, never what becomes of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session, SQLModel, select

from importers.foresight import Foresight, Outlook
from importers.rules import Reading
from signals import bulk
from signals.models import RejectedRow, Signal, SignalChange
from tests.importers.deliveries import SAMPLES, row, take_in, write_csv
from workflow.models import Case

FILES = (
    [row(), row(signaalnummer="T-2", bsn="999990020")],
    [
        row(toelichting="Nieuw nummer."),  # known, and not the same
        row(signaalnummer="T-3", bsn=" 999990019 "),  # a person with a case
        row(signaalnummer="T-4", bsn="999990032"),
        row(signaalnummer="T-5", bsn="99990032"),  # eight digits: no such person
        row(signaalnummer=" T-6 ", bsn="999990044"),
        row(signaalnummer="T-6", bsn="999990044"),
        row(signaalnummer="T-2", mutatiesoort="V", bsn="999990020"),
    ],
)
STORED: Sequence[tuple[type[SQLModel], tuple[str, ...]]] = (
    (Signal, ("signaalnummer", "bsn", "regel", "waarschuwingen", "ingetrokken_op")),
    (SignalChange, ("regel", "soort")),
    (RejectedRow, ("regel", "uitkomst", "codes", "fouten", "cellen")),
    (Case, ("bsn", "gemeentecode", "fase", "adressleutel")),
)


def became(session: Session, *paths: Path) -> list[Any]:
    """Everything that loads of these files made, but for what numbers it got."""
    counts = []
    for path in paths:
        loaded = take_in(session, path)
        counts.append((loaded.geaccepteerd, loaded.ingetrokken, loaded.dubbel, loaded.afgekeurd, loaded.zaken))
    stored = [
        repr([kind.__name__, *(getattr(one, name) for name in names)])
        for kind, names in STORED
        for one in session.exec(select(kind))
    ]
    return [counts, sorted(stored)]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write_csv(tmp_path / f"{number}.csv", rows) for number, rows in enumerate(FILES)]


@pytest.mark.parametrize("times", [0, 10**9], ids=["asked for each", "read through"])
def test_what_is_known_is_found_either_way(
    session: Session, files: list[Path], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "READ_THROUGH", times)
    counts, _ = became(session, *files)
    assert counts == [(2, 0, 0, 0, 2), (3, 1, 1, 2, 2)]


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\u00a0", "\ufeff", " "])
def test_a_sign_that_is_not_read_hides_no_number_and_no_person(session: Session, tmp_path: Path, sign: str) -> None:
    rows = [row(), row(signaalnummer=f"T-1{sign}", bsn="999990020")]
    first = take_in(session, write_csv(tmp_path / "1.csv", rows))
    assert (first.geaccepteerd, first.afgekeurd) == (1, 1)
    rows = [row(signaalnummer=f"{sign}T-1", bsn="999990020"), row(signaalnummer="T-2", bsn=f"999990019{sign}")]
    again = take_in(session, write_csv(tmp_path / "2.csv", rows))
    assert (again.afgekeurd, again.geaccepteerd, again.zaken) == (1, 1, 0)
    assert again.waarschuwingen == {"bsn_heeft_lopende_zaak": 1}


def test_two_ways_to_write_one_sign_are_one_number(session: Session, tmp_path: Path) -> None:
    kelvin = [row(signaalnummer="T-K"), row(signaalnummer="T-\u212a", bsn="999990020")]
    loaded = take_in(session, write_csv(tmp_path / "kelvin.csv", kelvin))
    assert (loaded.geaccepteerd, loaded.afgekeurd) == (1, 1)


def test_a_row_judged_one_by_one_becomes_what_it_becomes_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SAMPLES / "demo" / "LRNI-2026-07.csv"
    with session.begin_nested() as attempt:
        at_once = became(session, sample)
        attempt.rollback()
    monkeypatch.setattr(Foresight, "of_rows", lambda self, reading: Outlook(nobody(reading), nobody(reading)))
    assert became(session, sample) == at_once


def nobody(reading: Reading) -> np.ndarray:
    return np.zeros(len(reading), dtype=bool)
