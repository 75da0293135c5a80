"""Every router of the API, in the order of the OpenAPI document."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from service.api import cijfers, documenten, gemeenten, ladingen, opbrengsten, termijnen, terugkoppelingen, zaken

ROUTERS: Sequence[APIRouter] = (
    ladingen.router,
    ladingen.reports,
    documenten.router,  # before the dossier entries in general, whose paths fit these too
    zaken.router,
    terugkoppelingen.router,
    opbrengsten.router,
    cijfers.router,
    termijnen.router,
    gemeenten.router,
)
TAGS: list[dict[str, Any]] = [
    {"name": "Ladingen", "description": "Leveringen van UWV aanbieden, controleren en laden."},
    {"name": "Leveringen", "description": "Wat UWV één levering noemt."},
    {"name": "Zaken", "description": "Zaken, hun stappen en hun dossier."},
    {"name": "Terugkoppelingen", "description": "Wat UWV is verteld."},
    {"name": "Opbrengsten", "description": "Wat UWV met de resultaten deed."},
    {"name": "Cijfers", "description": "Tellingen, percentages en doorlooptijden."},
    {"name": "Termijnen", "description": "De termijnrekenaar."},
    {"name": "Gemeenten", "description": "De landelijke tabel 33."},
]
