"""The files of a feedback: every row is in both, and a make that breaks off leaves nothing."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from sqlmodel import Session, select

from exports import feedback_2026_1 as feedback
from exports.models import FeedbackRow

FEBRUARY = date(2026, 2, 2)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def make(session: Session, **values: Any) -> Any:
    return feedback.make(session, door="coen", now=NOW, production=False, **values)


@pytest.mark.parametrize("breaks", ["along_csv", "write_xlsx", "_reserve"])
def test_a_make_that_breaks_half_way_takes_no_number_and_reserves_nothing(
    session, build, monkeypatch, tmp_path, breaks
):
    case = build.case()
    build.answer(case, FEBRUARY)
    session.commit()

    def break_off(stream: Any, *rest: Any) -> None:
        if breaks != "_reserve":
            stream.write(b"half")
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(feedback, breaks, break_off)
        with pytest.raises(MemoryError):
            make(session, folder=tmp_path)
    session.rollback()
    assert session.exec(select(FeedbackRow)).all() == [] and feedback.reconciliation(session)["nu_te_vertellen"] == 1
    assert list(tmp_path.iterdir()) == [], "nothing is left where the files were made"
    assert make(session, folder=tmp_path / "new").nummer == "TK-2026-0001"
    assert list((tmp_path / "new").iterdir()) == []


def test_every_row_is_in_both_files_in_order_however_many_pieces_they_are_read_in(session, build, monkeypatch):
    for _ in range(7):
        build.answer(build.case(), FEBRUARY)
    session.flush()
    monkeypatch.setattr(feedback, "AT_ONCE", 3)
    assert {str(kind): rows for kind, rows in feedback.due_by_kind(session).items()} == {"eerste_antwoord": 7}
    nummer = make(session).nummer
    text = feedback.file_bytes(session, nummer, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert [row["volgnummer"] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    book = openpyxl.load_workbook(io.BytesIO(feedback.file_bytes(session, nummer, "xlsx")))
    assert [row[1:5] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)] == [
        (int(row["volgnummer"]), row["leveringsnummer"], row["signaalnummer"], row["bsn"]) for row in rows
    ]
