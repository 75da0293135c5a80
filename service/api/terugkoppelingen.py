"""/terugkoppelingen: what UWV is told, in which file, and what becomes of it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery
from service import shipments
from service.access import Access
from service.api.shapes import ApiModel, IdempotencyKey, Lijst, Moment, cursor
from service.log import audit, disclosure
from service.models import Shipment, ShipmentState
from service.web.dependencies import Bearer, Config, Database, Now, WideApiSession
from service.web.files import MEDIA_TYPES, download
from service.web.idempotency import once
from signals.errors import Forbidden, Reason
from workflow.phases import Role


def _feedback(access: Bearer) -> None:
    require_role(access, Role.COORDINATOR, Role.UWV_LIAISON)


def require_role(access: Access, *roles: Role) -> None:
    """Forbidden without one of these roles; the command line outside production has all of them."""
    if not access.may(*roles, Role.SYSTEEM):
        named = " of ".join(role.value for role in roles)
        raise Forbidden(Reason("rol_ontbreekt", f"Dit is voor de rol {named}."))


router = APIRouter(prefix="/terugkoppelingen", tags=["Terugkoppelingen"], dependencies=[Depends(_feedback)])


class Bestand(ApiModel):
    """A file as it was made."""

    pad: str
    sha256: str
    bytes: int


class Gemaakt(ApiModel):
    """What was made; without anything to tell the number is null and there are no files."""

    terugkoppelingsnummer: str | None
    regels: int
    soorten: dict[str, int]
    bestanden: list[Bestand]
    afstemming: dict[str, int]


class Terugkoppeling(ApiModel):
    """A feedback delivery and where it stands."""

    terugkoppelingsnummer: str
    staat: DeliveryState
    regels: int
    aangemaakt_op: Moment
    aangemaakt_door: str
    verzonden_op: Moment | None
    verzonden_door: str | None
    ontvangen_op: Moment | None
    ontvangen_door: str | None
    kenmerk: str | None
    geweigerd_op: Moment | None
    geweigerd_door: str | None
    reden: str | None


class Ontvangst(ApiModel):
    """UWV's reference of the receipt."""

    kenmerk: Annotated[str, Field(min_length=1, max_length=100)]


class Weigering(ApiModel):
    """Why UWV refuses, and which rows; no rows = the whole delivery."""

    reden: Annotated[str, Field(min_length=1, max_length=1000)]
    regels: Annotated[list[int] | None, Field(min_length=1)] = None


class Bezorging(ApiModel):
    """A file on its way to the server of UWV; `naam` and `sha256` are of the file as it goes there."""

    soort: str
    staat: ShipmentState
    gevraagd_op: Moment
    gevraagd_door: str
    pogingen: int
    volgende_poging: Moment | None
    bezorgd_op: Moment | None
    fout: str | None
    naam: str | None
    sha256: str | None


class Bezorgd(ApiModel):
    """Where the files stand together; each of them for the liaison alone."""

    staat: ShipmentState | None
    bestanden: list[Bezorging] | None


def _brought(access: Access, found: Sequence[Shipment]) -> Bezorgd:
    files = [
        Bezorging(
            **each.model_dump(include={"soort", "staat", "gevraagd_op", "gevraagd_door", "pogingen", "bezorgd_op"}),
            volgende_poging=each.niet_voor if each.staat == ShipmentState.WACHT else None,
            fout=each.fout or None,
            naam=each.naam or None,
            sha256=each.sha256 or None,
        )
        for each in found
    ]
    liaison = access.may(Role.UWV_LIAISON, Role.SYSTEEM)
    return Bezorgd(staat=shipments.whole_state(found), bestanden=files if liaison else None)


def _shown(delivery: FeedbackDelivery) -> Terugkoppeling:
    return Terugkoppeling(
        terugkoppelingsnummer=delivery.nummer, **delivery.model_dump(include=set(Terugkoppeling.model_fields))
    )


@router.post(
    "",
    status_code=201,
    summary="De volgende terugkoppeling maken",
    response_model=Gemaakt,
    responses={200: {"model": Gemaakt}},
)
def maak_terugkoppeling(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    now: Now,
    key: IdempotencyKey = None,
) -> Response:
    """Tell what is due: 201 with the delivery, or 200 with `regels` 0 when there is nothing to tell."""
    require_role(access, Role.COORDINATOR)

    def work() -> tuple[int, Any]:
        made = feedback.make(
            session, door=access.actor.naam, now=now, production=settings.production, folder=settings.data_dir
        )
        if made is not None:
            audit.record(session, "terugkoppeling_gemaakt", made.nummer, now)
        return 201 if made else 200, Gemaakt(**feedback.summary(session, made))

    return once(session, key, {"pad": "/terugkoppelingen"}, now, work)


@router.get("", summary="Terugkoppelingen, de nieuwste eerst")
def terugkoppelingen(
    session: WideApiSession,
    aantal: Annotated[int, Query(ge=1, le=100)] = 50,
    na: Annotated[str | None, Query(max_length=20, description="Het laatste nummer van de vorige bladzijde.")] = None,
) -> Lijst[Terugkoppeling]:
    """Every feedback delivery."""
    chosen = select(FeedbackDelivery).order_by(col(FeedbackDelivery.id).desc()).limit(aantal + 1)
    if na is not None:
        with cursor():
            before = feedback.find(session, na)
        chosen = chosen.where(col(FeedbackDelivery.id) < before.id)
    found = session.exec(chosen).all()
    more = len(found) > aantal
    return Lijst(items=[_shown(each) for each in found[:aantal]], volgende=found[aantal - 1].nummer if more else None)


@router.get("/{nummer}", summary="Een terugkoppeling")
def terugkoppeling(session: WideApiSession, nummer: str) -> Terugkoppeling:
    """One feedback delivery."""
    return _shown(feedback.find(session, nummer))


@router.get(
    "/{nummer}/bestanden/{soort}",
    summary="Het bestand zoals het is gemaakt",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA_TYPES.values()}}},
)
def bestand(engine: Database, access: Bearer, now: Now, nummer: str, soort: disclosure.Kind) -> Response:
    """The stored bytes, for the liaison to fetch; each time it stands in the log."""
    require_role(access, Role.UWV_LIAISON)
    return download(MEDIA_TYPES[soort], *disclosure.fetch(engine, access, nummer, soort, now))


@router.post(
    "/{nummer}/verzendingen",
    status_code=201,
    summary="Vastleggen dat zij is verzonden",
    response_model=Terugkoppeling,
)
def leg_verzending_vast(
    session: WideApiSession, access: Bearer, now: Now, nummer: str, key: IdempotencyKey = None
) -> Response:
    """aangemaakt -> verzonden: from now on the rows are told."""
    require_role(access, Role.COORDINATOR)
    work = partial(shipments.sent, session, nummer, access.actor.naam, now)
    return _note(session, key, nummer, "verzonden", None, now, work)


@router.post(
    "/{nummer}/bezorgingen",
    status_code=201,
    summary="Laten bezorgen op de SFTP-server van UWV",
    response_model=Bezorgd,
)
def laat_bezorgen(
    session: WideApiSession, access: Bearer, settings: Config, now: Now, nummer: str, key: IdempotencyKey = None
) -> Response:
    """The clock brings the files; of those that failed, once more. When all are there the delivery is verzonden."""

    def work() -> tuple[int, Any]:
        return 201, _brought(access, shipments.ask(session, settings, nummer, now))

    return once(session, key, {"pad": f"/terugkoppelingen/{nummer}", "wat": "bezorgingen"}, now, work)


@router.get("/{nummer}/bezorgingen", summary="Hoe ver het bezorgen is")
def bezorgingen(session: WideApiSession, access: Bearer, nummer: str) -> Bezorgd:
    """The state for who may know of the delivery; files, faults and moments for the liaison alone."""
    return _brought(access, shipments.of_delivery(session, nummer))


@router.post(
    "/{nummer}/ontvangstbevestigingen",
    status_code=201,
    summary="Vastleggen dat UWV haar ontving",
    response_model=Terugkoppeling,
)
def leg_ontvangst_vast(
    session: WideApiSession, access: Bearer, now: Now, nummer: str, ontvangst: Ontvangst, key: IdempotencyKey = None
) -> Response:
    """verzonden -> ontvangen, with UWV's reference."""
    require_role(access, Role.UWV_LIAISON)
    door, kenmerk = access.actor.naam, ontvangst.kenmerk
    work = partial(feedback.received, session, nummer, kenmerk, door, now)
    return _note(session, key, nummer, "ontvangen", ontvangst, now, work)


@router.post(
    "/{nummer}/weigeringen",
    status_code=201,
    summary="Vastleggen dat UWV haar weigert, geheel of deels",
    response_model=Terugkoppeling,
)
def leg_weigering_vast(
    session: WideApiSession, access: Bearer, now: Now, nummer: str, weigering: Weigering, key: IdempotencyKey = None
) -> Response:
    """Refused rows become due again."""
    require_role(access, Role.UWV_LIAISON)
    door, reden, rows = access.actor.naam, weigering.reden, weigering.regels
    work = partial(feedback.refused, session, nummer, reden, rows, door, now)
    return _note(session, key, nummer, "geweigerd", weigering, now, work)


def _note(
    session: Session,
    key: str | None,
    nummer: str,
    what: str,
    gegevens: ApiModel | None,
    now: Now,
    change: Callable[[], FeedbackDelivery],
) -> Response:
    """Change the state of a delivery, once per key; answers with the delivery."""

    def work() -> tuple[int, Any]:
        delivery = change()
        audit.record(session, f"terugkoppeling_{what}", delivery.nummer, now)
        return 201, _shown(delivery)

    return once(session, key, {"pad": f"/terugkoppelingen/{nummer}", "wat": what, "gegevens": gegevens}, now, work)
