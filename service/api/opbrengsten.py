"""/opbrengsten: what UWV did with the results it was told."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, UploadFile
from fastapi.responses import Response

from service.api.shapes import ApiModel, IdempotencyKey
from service.api.terugkoppelingen import require_role
from service.loading import yields
from service.web.dependencies import Bearer, Config, Now, WideApiSession
from service.web.files import digest_of, file_name, upload_form
from service.web.idempotency import once
from workflow.phases import Role


def _yields(access: Bearer) -> None:
    require_role(access, Role.UWV_LIAISON)


router = APIRouter(prefix="/opbrengsten", tags=["Opbrengsten"], dependencies=[Depends(_yields)])


class Opbrengst(ApiModel):
    """A yield file and what became of its rows."""

    ladingnummer: str
    sha256: str
    geleverd: int
    geaccepteerd: int
    dubbel: int
    afgekeurd: int
    redenen: dict[str, int]


@router.post(
    "",
    status_code=201,
    summary="Een opbrengstbestand laden",
    response_model=Opbrengst,
    dependencies=[Depends(upload_form)],
)
def laad_opbrengst(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    now: Now,
    bestand: Annotated[UploadFile, File(description="CSV of XLSX")],
    key: IdempotencyKey = None,
) -> Response:
    """Load a yield file; a refused file changes nothing."""
    asked = {"pad": "/opbrengsten", "sha256": digest_of(bestand)}

    def work() -> tuple[int, Any]:
        name, door = file_name(bestand), access.actor.naam
        load = yields.load(session, settings, bestand.file, file_name=name, door=door, now=now)
        return 201, Opbrengst(**load.model_dump(include=set(Opbrengst.model_fields)))

    return once(session, key, asked, now, work)
