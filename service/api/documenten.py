"""/zaken/{zaaknummer}/documenten: a document comes in, with its content or as a reference, and goes out again."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile

from service.api.shapes import Vastlegging
from service.api.zaken import works_on_cases
from service.files import documents
from service.identity.accounts import desk_of
from service.log import audit
from service.web.dependencies import ApiSession, Bearer, Config, Database, Now, RowNumber
from service.web.files import content_answer, require_single
from workflow import dossier, moves
from workflow.document_kinds import DOCUMENT_KINDS

router = APIRouter(prefix="/zaken", tags=["Zaken"], dependencies=[Depends(works_on_cases)])


@dataclass(frozen=True)
class Offered:
    """What was sent: the fields by name, and the file if there is one."""

    gegevens: Mapping[str, Any]
    bestand: UploadFile | None = None


async def offered(request: Request) -> Offered:
    """A form with a file, or JSON; a RequestValidationError for anything else."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return Offered(await _json(request))
    form = await request.form()
    require_single(form, (*(field.naam for field in dossier.KINDS[documents.KIND].velden), "bestand"))
    files = [each for each in form.getlist("bestand") if isinstance(each, UploadFile) and each.filename]
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    fields.pop("bestand", None)  # an empty choice of file
    return Offered(fields, files[0] if files else None)


async def _json(request: Request) -> Mapping[str, Any]:
    try:
        sent = await request.json()
    except (ValueError, RecursionError):
        raise _faulty("json_invalid") from None
    if not isinstance(sent, dict):
        raise _faulty("dict_type")
    return sent


def _faulty(kind: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body",), "msg": kind, "input": None}])


def _fields() -> dict[str, Any]:
    """What a document asks, as the OpenAPI document says it."""
    told = {}
    for field in dossier.KINDS[documents.KIND].velden:
        shape: dict[str, Any] = {"type": "string", "description": field.label}
        if field.soort == "datum":
            shape["format"] = "date"
        if field.soort == "ja_nee":
            shape["description"] += ": ja of nee"
        if field.keuzes:
            shape["enum"] = list(field.keuzes)
        told[field.naam] = shape
    return told


_REQUIRED = [field.naam for field in dossier.KINDS[documents.KIND].velden if field.verplicht]
_FILE = {"type": "string", "contentMediaType": "application/octet-stream", "description": "Hoogstens 20 MB."}
_FORM = {"type": "object", "title": "DocumentMetInhoud", "required": [*_REQUIRED, "bestand"]}
_REFERENCE = {"type": "object", "title": "DocumentVerwijzing", "required": _REQUIRED}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {**_REFERENCE, "properties": _fields()}},
        "multipart/form-data": {"schema": {**_FORM, "properties": {**_fields(), "bestand": _FILE}}},
    },
}


@router.post(
    "/{zaaknummer}/documenten",
    status_code=201,
    summary="Een document in het dossier, met zijn inhoud of als verwijzing",
    openapi_extra={"requestBody": BODY},
)
def voeg_document_toe(
    session: ApiSession,
    engine: Database,
    access: Bearer,
    settings: Config,
    now: Now,
    zaaknummer: str,
    sent: Annotated[Offered, Depends(offered)],
) -> Vastlegging:
    """Add a document; answers with the entry."""
    file = sent.bestand
    with (
        documents.received(engine, settings, access, zaaknummer, file.file, file.filename or "", now)
        if file
        else nullcontext()
    ) as content:
        case = moves.find_case(session, zaaknummer)
        row = documents.add(session, case, desk_of(session, now), sent.gegevens, content)
        action = f"vastgelegd_{documents.KIND}"
        audit.record(session, action, zaaknummer, now, gemeentecode=case.gemeentecode)
        return Vastlegging(dossier.as_dict(documents.KIND, row))


@router.get(
    "/{zaaknummer}/documenten/{nummer}/inhoud",
    summary="De inhoud van een document, zoals die binnenkwam",
    response_class=FileResponse,
    responses={200: {"content": {mediatype: {} for mediatype in DOCUMENT_KINDS}}},
)
def inhoud(
    session: ApiSession,
    engine: Database,
    access: Bearer,
    settings: Config,
    now: Now,
    zaaknummer: str,
    nummer: RowNumber,
) -> FileResponse:
    """The bytes, for whoever sees the case; who took them stands in the log."""
    case = moves.find_case(session, zaaknummer)
    document = documents.find(session, case, nummer)
    path = documents.stored(settings, document)
    documents.log_reading(engine, access, case, document, now)
    return content_answer(path, document)
