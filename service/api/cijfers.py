"""/cijfers: the figures, the same as `rni figures --json`."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from exports.selection import Selection
from service.api.shapes import ApiModel
from service.reporting import figures_for
from service.web.dependencies import Bearer, Database, Now

router = APIRouter(prefix="/cijfers", tags=["Cijfers"])

Keuze = Annotated[list[str] | None, Query(max_length=400)]


class Cijfers(ApiModel):
    """Each figure by its name; a rate with numerator, denominator and interval."""

    peildatum: date
    openbaar: bool
    selectie: dict[str, Any]
    cijfers: dict[str, Any]
    per: dict[str, Any]


@router.get("", summary="De cijfers van een selectie op een peildatum")
def cijfers(
    engine: Database,
    access: Bearer,
    now: Now,
    peildatum: date | None = None,
    levering: Keuze = None,
    gemeente: Keuze = None,
    aanleiding: Keuze = None,
    uitkeringssoort: Keuze = None,
    adresbron: Keuze = None,
    maand_ontvangst: Annotated[list[str] | None, Query(alias="maandOntvangst", max_length=400)] = None,
    openbaar: Annotated[bool, Query(description="De openbare uitgave: afgerond, alleen vaste selecties.")] = False,
) -> Cijfers:
    """A municipality gets its own figures; no person is in them."""
    selection = Selection(
        leveringen=tuple(levering or ()),
        gemeenten=tuple(gemeente or ()),
        aanleiding=tuple(aanleiding or ()),
        uitkeringssoort=tuple(uitkeringssoort or ()),
        adresbron=tuple(adresbron or ()),
        maand_ontvangst=tuple(maand_ontvangst or ()),
    )
    today = now.date()
    return Cijfers(**figures_for(engine, access, selection, peildatum or today, today=today, openbaar=openbaar))
