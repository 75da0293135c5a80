"""/ladingen and /leveringen: deliveries come in, are checked, confirmed and counted."""

import hashlib
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import JSONResponse, Response
from sqlmodel import col, select

from service import load_report, uploads
from service.api.shapes import ApiModel, IdempotencyKey, Lijst, Moment
from service.dependencies import Bearer, Config, Database, Now, WideApiSession
from service.idempotency import once
from signals.errors import Invalid, Reason
from signals.models import Delivery, Load, LoadStatus


def _loads(access: Bearer) -> None:
    uploads.require_loader(access)


router = APIRouter(tags=["Ladingen"], dependencies=[Depends(_loads)])
reports = APIRouter(tags=["Ladingen"])
"""Not for loaders as such: a report that is not somebody's own is not there."""


class Lading(ApiModel):
    """An upload: where it stands and what became of its rows."""

    ladingnummer: str
    leveringsnummer: str | None
    layout: str | None
    status: LoadStatus
    bestandsnaam: str
    sha256: str
    datum_ontvangst: date
    aangeboden_op: Moment
    geladen_op: Moment | None
    door: str
    geleverd: int
    geaccepteerd: int
    gewijzigd: int
    ingetrokken: int
    dubbel: int
    afgekeurd: int
    zaken: int
    redenen: dict[str, int]
    waarschuwingen: dict[str, int]
    seconden: float
    voortgang: int
    reden: str | None = None
    uitleg: str | None = None


class Levering(ApiModel):
    """What the supplier calls one batch; it may come in several loads."""

    leveringsnummer: str
    eerste_ontvangst: date
    ladingen: list[str]


def _shown(load: Load) -> Lading:
    """Progress in percent: the work is done in the request, so what can be asked for is complete."""
    return Lading(**load.model_dump(include=set(Lading.model_fields)), voortgang=100)


@router.post("/ladingen", status_code=202, summary="Een levering aanbieden", response_model=Lading)
def bied_lading_aan(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    now: Now,
    bestand: Annotated[UploadFile, File(description="CSV of XLSX")],
    datum_ontvangst: Annotated[
        date | None, Form(alias="datumOntvangst", description="Ontvangst in WALAA of TMV; standaard vandaag.")
    ] = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Keep and check a file; nothing is loaded before it is confirmed."""
    received = datum_ontvangst or now.date()
    asked = {"pad": "/ladingen", "sha256": digest_of(bestand), "ontvangst": received}

    def work() -> tuple[int, Any]:
        name = file_name(bestand)
        path = uploads.keep(settings, bestand.file)
        with uploads.dropped_on_failure(path):
            load = uploads.offer(session, access, path, name, received=received, now=now)
        return 202, _shown(load)

    return once(session, key, asked, now, work)


def file_name(upload: UploadFile) -> str:
    """The name the sender gave the file, without any folder; it is only ever shown."""
    name = uploads.shown_name(upload.filename or "")
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


@router.get("/ladingen", summary="Ladingen, de nieuwste eerst")
def ladingen(
    session: WideApiSession,
    access: Bearer,
    aantal: Annotated[int, Query(ge=1, le=100)] = 50,
    na: Annotated[
        str | None, Query(max_length=20, description="Het laatste ladingnummer van de vorige bladzijde.")
    ] = None,
) -> Lijst[Lading]:
    """The loads that the bearer may see."""
    chosen = select(Load).where(uploads.visible(access)).order_by(col(Load.id).desc()).limit(aantal + 1)
    if na is not None:
        before = uploads.find_load(session, access, na)
        chosen = chosen.where(col(Load.id) < before.id)
    found = session.exec(chosen).all()
    more = len(found) > aantal
    return Lijst(
        items=[_shown(load) for load in found[:aantal]], volgende=found[aantal - 1].ladingnummer if more else None
    )


@router.get("/ladingen/{ladingnummer}", summary="Een lading: stand, tellingen en voortgang")
def lading(session: WideApiSession, access: Bearer, ladingnummer: str) -> Lading:
    """One load."""
    return _shown(uploads.find_load(session, access, ladingnummer))


@router.post(
    "/ladingen/{ladingnummer}/bevestigingen",
    status_code=201,
    summary="Laden wat is gecontroleerd",
    response_model=Lading,
)
def bevestig_lading(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    now: Now,
    ladingnummer: str,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Load what was checked; what turns out to be refused by now is answered as such."""
    asked = {"pad": f"/ladingen/{ladingnummer}/bevestigingen"}

    def work() -> tuple[int, Any]:
        return 201, _shown(uploads.confirm_in(session, access, ladingnummer, settings, now))

    return once(session, key, asked, now, work)


@router.post(
    "/ladingen/{ladingnummer}/annuleringen",
    status_code=201,
    summary="Een lading ongedaan maken",
    response_model=Lading,
)
def annuleer_lading(
    session: WideApiSession, access: Bearer, now: Now, ladingnummer: str, key: IdempotencyKey = None
) -> JSONResponse:
    """Take a load back while nothing was done with its signals; 409 with every reason why not."""
    asked = {"pad": f"/ladingen/{ladingnummer}/annuleringen"}

    def work() -> tuple[int, Any]:
        return 201, _shown(uploads.undo_in(session, access, ladingnummer, now))

    return once(session, key, asked, now, work)


@reports.get(
    "/ladingen/{ladingnummer}/verwerkingsverslag",
    summary="Het verwerkingsverslag (XLSX), om te verbeteren en weer aan te bieden",
    response_class=Response,
    responses={200: {"content": {load_report.MEDIA_TYPE: {}}}},
)
def verwerkingsverslag(
    session: WideApiSession, access: Bearer, engine: Database, settings: Config, now: Now, ladingnummer: str
) -> Response:
    """The report, for who loaded it and the liaison: there are BSNs in it. For others it does not exist."""
    return report_answer(*load_report.download(session, engine, access, ladingnummer, settings, now))


def report_answer(name: str, content: bytes) -> Response:
    """A report as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=load_report.MEDIA_TYPE, headers=headers)


@router.get("/leveringen", tags=["Leveringen"], summary="Leveringen met hun ladingen, de nieuwste eerst")
def leveringen(session: WideApiSession, access: Bearer) -> Lijst[Levering]:
    """The deliveries of which the bearer may see a load."""
    loads = session.exec(select(Load).where(uploads.visible(access), col(Load.leveringsnummer).is_not(None)))
    by_delivery: dict[str, list[str]] = {}
    for load in loads:
        by_delivery.setdefault(str(load.leveringsnummer), []).append(load.ladingnummer)
    chosen = select(Delivery).where(col(Delivery.leveringsnummer).in_(by_delivery))
    found = session.exec(chosen.order_by(col(Delivery.leveringsnummer).desc())).all()
    return Lijst(
        items=[
            Levering(
                leveringsnummer=each.leveringsnummer,
                eerste_ontvangst=each.eerste_ontvangst,
                ladingen=sorted(by_delivery[each.leveringsnummer]),
            )
            for each in found
        ]
    )
