"""Where each role begins: at what waits for it."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from service.pages.rendering import see_other
from service.web.dependencies import Who
from workflow.phases import Role

router = APIRouter()

BEGINNINGS: Sequence[tuple[Role, str]] = (
    (Role.BEHANDELAAR, "/zaken?lijst=mijn"),
    (Role.TEAMLEIDER, "/zaken?lijst=vrij"),
    (Role.BESLISSER, "/zaken?lijst=alle&fase=voornemen"),
    (Role.TOEZICHTHOUDER, "/zaken?lijst=alle&fase=huisbezoek"),
    (Role.UWV_LIAISON, "/leveringen"),
    (Role.COORDINATOR, "/cijfers"),
    (Role.BEHEERDER, "/gebruikers"),
    (Role.AUDITOR, "/logboek"),
)


def beginning_of(who: Who) -> str:
    """The first page for this person; whoever has several roles begins with the daily work."""
    return next((path for role, path in BEGINNINGS if who.has(role)), "/begrippen")


@router.get("/")
def start(who: Who) -> RedirectResponse:
    """Sends each role to what it needs."""
    return see_other(beginning_of(who))
