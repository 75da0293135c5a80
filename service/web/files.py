"""Files that come with a request and leave with an answer, the same for pages and API."""

import hashlib
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import FileResponse, Response
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as Received

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


ONE_FILE = Reason("een_bestand", "Kies één bestand per keer. Voeg het volgende daarna toe.", "bestand")


async def files_sent(request: Request) -> list[Received]:
    """Every file that was chosen in a form, whatever its field is called; a field without a choice is none."""
    return _files(await request.form())


FilesSent = Annotated[list[Received], Depends(files_sent)]


def the_one(files: list[Received]) -> Received | None:
    """The file that was chosen, if any; Invalid for more than one, because all but one would be lost unnoticed."""
    if len(files) > 1:
        raise Invalid(ONE_FILE)
    return files[0] if files else None


def require_single(form: FormData, known: Collection[str]) -> None:
    """Invalid when a form to the API names a field twice or brings two files: only one of them would count.

    known: the names of its fields; another name is never repeated in an answer.
    """
    the_one(_files(form))
    twice = [name for name, times in Counter(name for name, _ in form.multi_items()).items() if times > 1]
    if twice:
        named: list[str | None] = [name for name in twice if name in known]
        uitleg = "Dit veld staat er meer dan eens in. Stuur elk veld één keer."
        raise Invalid(Reason("veld_dubbel", uitleg, name) for name in named or [None])


async def upload_form(request: Request) -> None:
    """Dependency of the routes of the API that take a delivery or a yield."""
    require_single(await request.form(), ("bestand", "datumOntvangst"))


def _files(form: FormData) -> list[Received]:
    return [value for _, value in form.multi_items() if isinstance(value, Received) and value.filename]


def file_name(upload: Received) -> str:
    """The name the sender gave the file, without any folder; it is only ever shown."""
    name = shown_name(upload.filename or "")
    if not name:
        raise Invalid(Reason("verplicht_leeg", "Geef het bestand een naam.", "bestand"))
    return name


def digest_of(upload: Received) -> str:
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
