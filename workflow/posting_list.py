"""The bundle of a day: a posting list and every letter that waits, as one PDF to print."""

import io
import json
from collections.abc import Sequence
from datetime import date

import typst
from pypdf import PdfReader, PdfWriter
from sqlmodel import Session

from signals.address import address_line
from signals.dates import dutch_date
from workflow.letter_texts import FOLDER
from workflow.letters import addressee
from workflow.models import Case, PreparedLetter
from workflow.transitions import BY_NAME

HEADS = ("Nr.", "Kenmerk", "Aan", "Adres", "Bladzijden")


def bundle(session: Session, rows: Sequence[PreparedLetter], today: date) -> bytes:
    """The list first, then the letters in its order, each as it was made."""
    readers = [PdfReader(io.BytesIO(row.pdf)) for row in rows]
    lines = []
    for number, (row, reader) in enumerate(zip(rows, readers, strict=True), 1):
        case = session.get_one(Case, row.zaak_id)
        kenmerk = f"{case.zaaknummer}/{row.brief_nummer}"
        to = addressee(case, row.briefdatum)
        lines.append([str(number), kenmerk, to, address_line(case), str(len(reader.pages))])
    given = {
        "titel": f"Postlijst van {dutch_date(today)}",
        "datum": [today.year, today.month, today.day],
        "koppen": HEADS,
        "rijen": lines,
    }
    inputs = {"lijst": json.dumps(given, ensure_ascii=False)}
    made = typst.compile(
        str(FOLDER / "posting_list.typ"), root=str(FOLDER), ignore_system_fonts=True, sys_inputs=inputs
    )
    assert isinstance(made, bytes)
    writer = PdfWriter()
    for reader in (PdfReader(io.BytesIO(made)), *readers):
        writer.append(reader, import_outline=False)
    whole = io.BytesIO()
    writer.write(whole)
    return whole.getvalue()


def step_of(row: PreparedLetter) -> str:
    """What the step of a letter is called."""
    return BY_NAME[row.stap].label
