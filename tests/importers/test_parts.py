"""Rows that go to their tables in parts come out as they do without, however many parts there are."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from importers import delimited, writing
from signals import staging
from signals.bsn import passes_elfproef
from signals.models import RejectedRow, Signal, SignalChange
from tests.importers.deliveries import row, take_in, write_csv
from workflow.models import Case, CaseSignal

ROWS = 400


def delivery(path: Path) -> Path:
    """Persons at a few addresses, every seventh row faulty, every eleventh about the person of the row before it."""
    persons = [str(number) for number in range(999900000, 999909000) if passes_elfproef(str(number))]
    rows = []
    for place in range(ROWS):
        person = persons[place - 1 if place % 11 == 10 else place]
        cells = {"huisnummer": "nul" if place % 7 == 6 else str(place % 5 + 1), "postcode": f"30{place % 9}4EA"}
        rows.append(row(signaalnummer=f"T-{place}", bsn=person, **cells))
    rows += [row(signaalnummer="T-0", mutatiesoort="V", bsn=persons[0]), row(signaalnummer="X-1", mutatiesoort="V")]
    return write_csv(path, rows)


def became(session: Session, path: Path) -> list[Any]:
    """What the load made, without the ids and the numbers that it gave out."""
    with session.begin_nested() as attempt:
        loaded = take_in(session, path)
        counts = (loaded.geaccepteerd, loaded.ingetrokken, loaded.afgekeurd, loaded.zaken, loaded.redenen)
        signals = select(*map(col, (Signal.signaalnummer, Signal.regel, Signal.datum_ontvangst, Signal.adressleutel)))
        opened = select(col(Case.bsn), col(Case.fase), col(Signal.signaalnummer)).join(
            Signal, col(Signal.id) == Case.eerste_signaal_id
        )
        linked = select(CaseSignal.actueel, Signal.signaalnummer).join(Signal, col(Signal.id) == CaseSignal.signal_id)
        rejected = select(RejectedRow.regel, RejectedRow.codes, RejectedRow.cellen)
        assert {*session.exec(select(Signal.load_id)), *session.exec(select(RejectedRow.load_id))} == {loaded.id}
        told = [counts, *(sorted(map(repr, session.exec(rows))) for rows in (signals, opened, linked, rejected))]
        told.append(sorted(map(repr, session.exec(select(SignalChange.regel, SignalChange.soort)))))
        numbers = session.exec(select(Case.zaaknummer).order_by(col(Case.id))).all()
        assert sorted(numbers) == [f"Z-2026-{number:07d}" for number in range(1, len(numbers) + 1)]
        attempt.rollback()
    return told


def test_many_parts_make_what_one_makes(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = delivery(tmp_path / "levering.csv")
    whole = became(session, path)
    monkeypatch.setattr(delimited, "FIRST_BLOCK", 700)
    monkeypatch.setattr(delimited, "BLOCK", 700)
    monkeypatch.setattr(writing, "FEW", 3)
    monkeypatch.setattr(writing, "SORTED_TOGETHER", 7)
    for name, size in (("FEW", 1), ("SMALLEST_PART", 1), ("STORED_TOGETHER", 5)):
        monkeypatch.setattr(staging, name, size)
    assert became(session, path) == whole
    if session.get_bind().dialect.name == "sqlite":
        attached = session.connection().execute(text("PRAGMA database_list")).all()
        assert len(attached) > 1 + len(staging.SHARES) // 2
