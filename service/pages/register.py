"""The register of processing activities as far as this service does them: what the lines of the log name."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.log.activities import ACTIVITIES
from service.pages.rendering import render
from signals.errors import NotFound, Reason

router = APIRouter()


@router.get("/verwerkingen", response_class=HTMLResponse)
def register(request: Request) -> Response:
    """Every activity and every version of it; open to all, as the law wants it to be known."""
    return render(request, "register.html", activities=ACTIVITIES)


@router.get("/verwerkingen/{naam}/{versie}", response_class=HTMLResponse)
def activity(request: Request, naam: str, versie: str) -> Response:
    """One version of one activity: the address that stands in the log."""
    found = [each for each in ACTIVITIES if (each.naam, str(each.versie)) == (naam, versie)]
    if not found:
        raise NotFound(Reason("verwerking_onbekend", "Deze verwerking staat niet in het register."))
    return render(request, "register.html", activities=found)
