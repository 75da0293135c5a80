"""The files that UWV was given: still the bytes that were made, and in them the rows that are kept."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import Any
from zipfile import BadZipFile, ZipFile

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from exports import feedback_2026_1 as feedback
from exports.models import FeedbackDelivery, FeedbackFile
from exports.sheet import csv_text
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.bulk import run
from signals.keyring import KeyUnknown

_delivery, _file = table(FeedbackDelivery), table(FeedbackFile)
_BLOCK = 1024 * 1024


@check("bestanden van terugkoppelingen")
def files_are_as_they_were_made(look: Look) -> Findings:
    """Their sha256 and size; the rows of a CSV one by one, those of a workbook counted. One file is in memory."""
    columns = (_file.c.id, _file.c.soort, _file.c.sha256, _file.c.grootte, _file.c.terugkoppeling_id)
    asked = select(*columns).where(_file.c.inhoud.is_not(None)).order_by(_file.c.id)
    for file_id, kind, sha256, size, delivery_id in [tuple(row) for row in look.rows(asked)]:
        delivery = look.session.exec(select_rows(FeedbackDelivery).where(col(FeedbackDelivery.id) == delivery_id)).one()
        where = f"{delivery.nummer} {kind}"
        try:
            content = run(look.session, select(_file.c.inhoud).where(_file.c.id == file_id)).scalar_one()
            if hashlib.sha256(content).hexdigest() != sha256 or len(content) != size:
                yield Finding("terugkoppeling_bestand_gewijzigd", where)
                continue
            wrong = _csv_row(look.session, delivery, content) if kind == "csv" else _sheet_rows(delivery, content)
        except KeyUnknown:
            continue  # told as verzegeling_onleesbaar
        if wrong:
            yield Finding("terugkoppeling_bestand_wijkt_af", where, wrong)


def _csv_row(session: Session, delivery: FeedbackDelivery, content: bytes) -> str:
    """Which row differs first, empty when none does. By the columns that the file has and we still know."""
    known = [column.naam for column in feedback.COLUMNS]
    lines = csv.DictReader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), delimiter=";")
    shared = [name for name in known if name in (lines.fieldnames or ())]
    if "signaalnummer" not in shared:
        return "Er is geen kolom met signaalnummers in."
    places = [known.index(name) for name in shared]
    gone, read = 0, 0  # of rows that went with a dossier the line is in the file for as long as that is kept
    rows = _kept_rows(session, delivery)
    row = next(rows, None)
    for read, line in enumerate(lines, 1):
        if row is not None and [line[name] for name in shared] == [row[place] for place in places]:
            row = next(rows, None)
            continue
        gone += 1
        if gone > delivery.regels_vernietigd:
            return f"Regel {read} verschilt."
    if row is not None or gone < delivery.regels_vernietigd or read != delivery.regels:
        return f"Het heeft {read} regels; {delivery.regels} zijn geteld, en {delivery.regels_vernietigd} vernietigd."
    return ""


def _kept_rows(session: Session, delivery: FeedbackDelivery) -> Iterator[Sequence[str]]:
    """The rows as the CSV would tell them now."""
    for piece in feedback.file_rows(session, delivery).stukken:
        yield from zip(*(map(csv_text, column) for column in piece), strict=True)


def _sheet_rows(delivery: FeedbackDelivery, content: bytes) -> str:
    """Whether the first sheet has as many rows as the delivery, and a header."""
    try:
        with ZipFile(io.BytesIO(content)) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
            rows = _count(sheet, b"<row ") - 1
    except (BadZipFile, KeyError):
        return "Het is geen werkmap."
    return "" if rows == delivery.regels else f"Het heeft {rows} regels; {delivery.regels} zijn geteld."


def _count(stream: Any, sought: bytes) -> int:
    """How often these bytes come up, a block at a time."""
    count, rest = 0, b""
    while block := stream.read(_BLOCK):
        whole = rest + block
        count += whole.count(sought)
        rest = whole[-(len(sought) - 1) :]
    return count
