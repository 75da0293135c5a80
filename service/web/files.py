"""Files that come with a request and leave with an answer, the same for pages and API."""

import hashlib
from pathlib import Path

from fastapi import UploadFile
from fastapi.responses import FileResponse, Response

from service.files import documents
from service.files.storage import shown_name
from signals.errors import Invalid, Reason
from workflow.models import Document

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SANDBOX = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what people brought: shown by itself it can run nothing and is of no origin."""


def file_name(upload: UploadFile) -> str:
    """The name the sender gave the file, without any folder; it is only ever shown."""
    name = shown_name(upload.filename or "")
    if not name:
        raise Invalid(Reason("verplicht_leeg", "Geef het bestand een naam.", "bestand"))
    return name


def digest_of(upload: UploadFile) -> str:
    """sha256 of what was sent, by which a repeated request is known."""
    digest = hashlib.sha256()
    while block := upload.file.read(1024 * 1024):
        digest.update(block)
    upload.file.seek(0)
    return digest.hexdigest()


def download(media_type: str, name: str, content: bytes) -> Response:
    """A file made here, as a download."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def content_answer(path: Path, document: Document) -> FileResponse:
    """The bytes as a download; a browser that opens them all the same runs nothing."""
    return FileResponse(
        path,
        media_type=document.mediatype,
        filename=documents.name_outside(document),
        headers={"Content-Security-Policy": SANDBOX},
    )
