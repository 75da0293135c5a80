"""Style sheets and scripts: read and compressed once, and addressed by what they hold, so that a browser keeps them."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.settings import Misconfigured
from signals.errors import Reason

FOLDER = Path(__file__).parents[1] / "static"
MADE = ("made/design-system.css", "made/htmx.js")
"""What no commit holds: made at set-up of npm's packages, and in the wheel (service/look/build.py)."""
FOR_GOOD = "public, max-age=31536000, immutable"
FOR_A_WHILE = "max-age=3600"
"""Of what is asked for without its digest, or with that of another version of this program."""


@dataclass(frozen=True)
class Static:
    """A file as the process found it; what is put beside it later is for the next one."""

    content: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def files() -> dict[str, Static]:
    """Every file by its path within the folder: some hundreds of kilobytes."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _read(path: Path) -> Static:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Static(content, gzip.compress(content, mtime=0), media_type, digest)


def address(name: str) -> str:
    """The address of a file; it changes with the file, so that no browser uses an old one."""
    return f"/static/{name}?v={files()[name].digest}"


def require_made() -> None:
    """Misconfigured, with how to mend it, when what set-up makes is not there: every page would fail without it."""
    missing = [name for name in MADE if name not in files()]
    if missing:
        uitleg = (
            f"De opmaak van de pagina's ontbreekt ({', '.join(missing)} in {FOLDER}). Installeer de wheel, of maak "
            "haar in de map van de broncode met: make service/static/made/design-system.css"
        )
        raise Misconfigured(Reason("opmaak_ontbreekt", uitleg))


def serve(request: Request) -> Response:
    """A file; kept for good by whoever asks for what it holds now."""
    found = files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    kept = FOR_GOOD if request.query_params.get("v") == found.digest else FOR_A_WHILE
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding", "ETag": f'"{found.digest}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = found.packed, "gzip"
    return Response(content, headers=headers, media_type=found.media_type)
