"""Files in the data directory: each that a row names is there and unchanged, and none lies there unknown."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, select

from service.files.storage import DOCUMENTS, RECEIVED
from service.loading import findings, uploads
from service.models import Upload
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.models import Load, LoadStatus
from workflow.models import Case, Document
from workflow.retention_models import FileToErase

_erased = table(FileToErase)
_upload, _load, _document, _case = table(Upload), table(Load), table(Document), table(Case)
_BLOCK = 1024 * 1024
SWEPT_WITHIN = timedelta(days=1)
"""The clock takes away each night what nothing knows for a day."""


def digest_of(path: Path) -> tuple[str, int] | None:
    """sha256 and size of a file, read a block at a time; None when it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError:
        return None
    return digest.hexdigest(), size


def _compare(
    look: Look, column: Column[Any], name: str, folder: str, number: str, told: tuple[str, int]
) -> Iterator[Finding]:
    """A file beside what its row tells of it; one that went with its row meanwhile is not missed."""
    found = digest_of(look.settings.data_dir / folder / name)
    if found == told:
        return
    assert isinstance(column.table, Table)
    if look.now_too(column.table, column == name):
        yield Finding("bestand_weg" if found is None else "bestand_gewijzigd", f"{folder}/{name}", _of(number))


def _of(number: str) -> str:
    return f"Het hoort bij {number}."


@check("ontvangen bestanden")
def uploads_are_kept(look: Look) -> Findings:
    """The bytes of every upload, but of what may not be kept; and what was found in one that waits to be loaded."""
    columns = (_upload.c.bestand, _load.c.ladingnummer, _load.c.status, _load.c.reden, _load.c.sha256, _load.c.bytes)
    asked = select(*columns).join(_load, _load.c.ladingnummer == _upload.c.ladingnummer).order_by(_load.c.id)
    waits = _load.c.status == LoadStatus.GECONTROLEERD
    for name, number, status, reden, sha256, size in look.rows(asked):
        if status == LoadStatus.GEWEIGERD and reden in uploads.NOT_KEPT:
            continue
        for finding in _compare(look, _upload.c.bestand, name, RECEIVED, number, (sha256, size)):
            if look.now_too(_load, _load.c.ladingnummer == number, _load.c.status == status):
                yield finding  # one that was refused meanwhile may not be kept
        if status == LoadStatus.GECONTROLEERD:
            for path in findings.files_of(look.settings, name):
                if not path.is_file() and look.now_too(_load, _load.c.ladingnummer == number, waits):
                    yield Finding("bestand_weg", f"{findings.FOLDER}/{path.name}", _of(number))


@check("documenten van dossiers")
def documents_are_kept(look: Look) -> Findings:
    """The bytes of every document that has content; after a hand-over two dossiers may name the same ones."""
    columns: tuple[Any, ...] = (_document.c.bestand, _case.c.zaaknummer, _document.c.sha256, _document.c.omvang)
    asked = select(*columns).join(_case, _case.c.id == _document.c.zaak_id)
    for name, number, sha256, size in look.rows(asked.where(_document.c.bestand.is_not(None)), at_once=500):
        yield from _compare(look, _document.c.bestand, name, DOCUMENTS, number, (sha256, size))


@check("onbekende bestanden")
def nothing_lies_there_unknown(look: Look) -> Findings:
    """What the clock should have taken away by now: a day old, and a night since."""
    waits = waiting_to_go(look)
    for path in uploads.unknown_files(look.session, look.settings, look.now - SWEPT_WITHIN):
        look.looked += 1
        name = str(path.relative_to(look.settings.data_dir))
        if name not in waits:
            yield Finding("bestand_onbekend", name)


def waiting_to_go(look: Look) -> frozenset[str]:
    """Files of what was destroyed that are still to be erased; told when they wait too long."""
    return frozenset(name for (name,) in look.rows(select(_erased.c.pad)))
