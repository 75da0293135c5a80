"""/terugkoppelingen: what UWV is told, in which file, and what becomes of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery
from service import audit
from service.access import Access
from service.api.shapes import ApiModel, IdempotencyKey, Lijst, Moment
from service.dependencies import Bearer, Config, Now, WideApiSession
from service.idempotency import once
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

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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


def _shown(delivery: FeedbackDelivery) -> Terugkoppeling:
    return Terugkoppeling(
        terugkoppelingsnummer=delivery.nummer, **delivery.model_dump(include=set(Terugkoppeling.model_fields))
    )


@router.post("", status_code=201, summary="De volgende terugkoppeling maken", response_model=Gemaakt)
def maak_terugkoppeling(
    session: WideApiSession,
    access: Bearer,
    settings: Config,
    now: Now,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Tell what is due: 201 with the delivery, or 200 with `regels` 0 when there is nothing to tell."""
    require_role(access, Role.COORDINATOR)

    def work() -> tuple[int, Any]:
        made = feedback.make(session, door=access.actor.naam, now=now, production=settings.production)
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
        chosen = chosen.where(col(FeedbackDelivery.id) < feedback.find(session, na).id)
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
def bestand(session: WideApiSession, access: Bearer, now: Now, nummer: str, soort: Literal["csv", "xlsx"]) -> Response:
    """The stored bytes. For the liaison only: there are BSNs in it, which a coordinator does not see."""
    require_role(access, Role.UWV_LIAISON)
    content = feedback.file_bytes(session, nummer, soort)
    file = next(each for each in feedback.files(session, nummer) if each.soort == soort)
    headers = {"Content-Disposition": f'attachment; filename="{file.naam}"'}
    return Response(content, media_type=MEDIA_TYPES[soort], headers=headers)


@router.post("/{nummer}/verzendingen", status_code=201, summary="Vastleggen dat zij is verzonden")
def leg_verzending_vast(session: WideApiSession, access: Bearer, now: Now, nummer: str) -> Terugkoppeling:
    """aangemaakt -> verzonden: from now on the rows are told."""
    require_role(access, Role.COORDINATOR)
    return _noted(session, "verzonden", feedback.sent(session, nummer, access.actor.naam, now), now)


@router.post("/{nummer}/ontvangstbevestigingen", status_code=201, summary="Vastleggen dat UWV haar ontving")
def leg_ontvangst_vast(
    session: WideApiSession, access: Bearer, now: Now, nummer: str, ontvangst: Ontvangst
) -> Terugkoppeling:
    """verzonden -> ontvangen, with UWV's reference."""
    require_role(access, Role.UWV_LIAISON)
    received = feedback.received(session, nummer, ontvangst.kenmerk, access.actor.naam, now)
    return _noted(session, "ontvangen", received, now)


@router.post("/{nummer}/weigeringen", status_code=201, summary="Vastleggen dat UWV haar weigert, geheel of deels")
def leg_weigering_vast(
    session: WideApiSession, access: Bearer, now: Now, nummer: str, weigering: Weigering
) -> Terugkoppeling:
    """Refused rows become due again."""
    require_role(access, Role.UWV_LIAISON)
    refused = feedback.refused(session, nummer, weigering.reden, weigering.regels, access.actor.naam, now)
    return _noted(session, "geweigerd", refused, now)


def _noted(session: Session, what: str, delivery: FeedbackDelivery, now: Now) -> Terugkoppeling:
    audit.record(session, f"terugkoppeling_{what}", delivery.nummer, now)
    return _shown(delivery)
