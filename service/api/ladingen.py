"""/ladingen and /leveringen: deliveries come in, are checked, confirmed and counted."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.shapes import ApiModel, IdempotencyKey, Lijst, Moment, cursor
from service.db import session_scope
from service.files import storage
from service.loading import deliveries, load_report, uploads
from service.models import Work, WorkKind, WorkState
from service.web.dependencies import Bearer, Config, Database, Now, WideApiSession
from service.web.files import digest_of, download, file_name, upload_form
from service.web.idempotency import once
from service.work import OPEN, latest, latest_of
from service.work_signs import Progress, Signs, signs_of
from signals.models import Delivery, Load, LoadStatus


def _signs(engine: Database, settings: Config) -> Signs:
    return signs_of(engine, settings)


Told = Annotated[Signs, Depends(_signs)]
"""How far work is."""


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
    rijen_gedaan: int
    rijen_totaal: int | None
    werk: WorkState
    werk_soort: WorkKind | None = None
    werk_uitleg: str | None = None
    bewijs: str | None = None
    reden: str | None = None
    uitleg: str | None = None


class Levering(ApiModel):
    """What the supplier calls one batch; it may come in several loads."""

    leveringsnummer: str
    eerste_ontvangst: date
    ladingen: list[str]


def _shown(signs: Signs, load: Load, work: Work | None) -> Lading:
    """With how far the work on it is; work that was done within a request left no trace and is complete."""
    staat = work.staat if work else WorkState.KLAAR
    told = signs.progress(work) if work else Progress()
    done = staat == WorkState.KLAAR
    return Lading(
        **load.model_dump(include=set(Lading.model_fields)),
        voortgang=100 if done else told.percent,
        rijen_gedaan=load.geleverd if done else told.gedaan,
        rijen_totaal=load.geleverd if done else told.totaal,
        werk=staat,
        werk_soort=work.soort if work else None,
        werk_uitleg=work.foutzin if work else None,
        bewijs=work.bewijs if work else None,
    )


def _answer(session: Session, signs: Signs, load: Load, done: int = 201) -> tuple[int, Lading]:
    """202 while it waits or goes on."""
    asked = latest(session, load.ladingnummer)
    return 202 if asked and asked.staat in OPEN else done, _shown(signs, load, asked)


@router.post(
    "/ladingen",
    status_code=202,
    summary="Een levering aanbieden",
    response_model=Lading,
    dependencies=[Depends(upload_form)],
)
def bied_lading_aan(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    signs: Told,
    now: Now,
    bestand: Annotated[UploadFile, File(description="CSV of XLSX")],
    datum_ontvangst: Annotated[
        date | None, Form(alias="datumOntvangst", description="Ontvangst in WALAA of TMV; standaard vandaag.")
    ] = None,
    key: IdempotencyKey = None,
) -> Response:
    """Keep and check a file; nothing is loaded before it is confirmed."""
    received = datum_ontvangst or now.date()
    asked = {"pad": "/ladingen", "sha256": digest_of(bestand), "ontvangst": received}

    def work() -> tuple[int, Any]:
        name = file_name(bestand)
        path = storage.keep(settings, bestand.file)
        with storage.dropped_on_failure(path):
            load = deliveries.offer(session, settings, access, path, name, received=received, now=now)
        return _answer(session, signs, load, 202)

    return once(session, key, asked, now, work)


@router.get("/ladingen", summary="Ladingen, de nieuwste eerst")
def ladingen(
    session: WideApiSession,
    access: Bearer,
    signs: Told,
    aantal: Annotated[int, Query(ge=1, le=100)] = 50,
    na: Annotated[
        str | None, Query(max_length=20, description="Het laatste ladingnummer van de vorige bladzijde.")
    ] = None,
) -> Lijst[Lading]:
    """The loads that the bearer may see."""
    chosen = select(Load).where(uploads.visible(access)).order_by(col(Load.id).desc()).limit(aantal + 1)
    if na is not None:
        with cursor():
            before = uploads.find_load(session, access, na)
        chosen = chosen.where(col(Load.id) < before.id)
    found = session.exec(chosen).all()
    more = len(found) > aantal
    asked = latest_of(session, [load.ladingnummer for load in found])
    return Lijst(
        items=[_shown(signs, load, asked.get(load.ladingnummer)) for load in found[:aantal]],
        volgende=found[aantal - 1].ladingnummer if more else None,
    )


@router.get("/ladingen/{ladingnummer}", summary="Een lading: stand, tellingen en voortgang")
def lading(session: WideApiSession, access: Bearer, signs: Told, ladingnummer: str) -> Lading:
    """One load."""
    return _shown(signs, uploads.find_load(session, access, ladingnummer), latest(session, ladingnummer))


@router.post(
    "/ladingen/{ladingnummer}/stopzettingen",
    status_code=202,
    summary="Stoppen wat met een lading bezig is",
    response_model=Lading,
)
def stop_lading(engine: Database, access: Bearer, signs: Told, ladingnummer: str) -> Lading:
    """Ask that the check, load or undoing stops; nothing of it stays. 409 when nothing goes on."""
    with session_scope(engine, access.widened(), write=False) as session:  # no lock: a load may hold it
        load = deliveries.stop(session, signs, access, ladingnummer)
        return _shown(signs, load, latest(session, ladingnummer))


@router.post(
    "/ladingen/{ladingnummer}/controles",
    status_code=202,
    summary="Opnieuw controleren, na een gestopte of mislukte controle",
    response_model=Lading,
)
def controleer_lading(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    signs: Told,
    engine: Database,
    now: Now,
    ladingnummer: str,
    key: IdempotencyKey = None,
) -> Response:
    """Check the kept file once more."""
    asked = {"pad": f"/ladingen/{ladingnummer}/controles"}

    def work() -> tuple[int, Any]:
        deliveries.require_idle(engine, ladingnummer)
        return _answer(session, signs, deliveries.check_again(session, settings, access, ladingnummer, now), 202)

    return once(session, key, asked, now, work)


@router.post(
    "/ladingen/{ladingnummer}/bevestigingen",
    status_code=201,
    summary="Laden wat is gecontroleerd",
    response_model=Lading,
    responses={202: {"model": Lading}},
)
def bevestig_lading(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    signs: Told,
    engine: Database,
    now: Now,
    ladingnummer: str,
    key: IdempotencyKey = None,
) -> Response:
    """Load what was checked; what turns out to be refused by now is answered as such. 202 when it takes longer."""
    asked = {"pad": f"/ladingen/{ladingnummer}/bevestigingen"}

    def work() -> tuple[int, Any]:
        deliveries.require_idle(engine, ladingnummer)
        return _answer(session, signs, deliveries.confirm(session, settings, access, ladingnummer, now))

    return once(session, key, asked, now, work)


@router.post(
    "/ladingen/{ladingnummer}/annuleringen",
    status_code=201,
    summary="Een lading ongedaan maken",
    response_model=Lading,
    responses={202: {"model": Lading}},
)
def annuleer_lading(
    session: WideApiSession,
    access: Bearer,
    signs: Told,
    engine: Database,
    now: Now,
    ladingnummer: str,
    key: IdempotencyKey = None,
) -> Response:
    """Take a load back while nothing was done with its signals; 409 with every reason why not. 202: it goes on."""
    asked = {"pad": f"/ladingen/{ladingnummer}/annuleringen"}

    def work() -> tuple[int, Any]:
        deliveries.require_idle(engine, ladingnummer)
        return _answer(session, signs, deliveries.undo(session, access, ladingnummer, now))

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
    return download(load_report.MEDIA_TYPE, *load_report.download(session, engine, access, ladingnummer, settings, now))


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
