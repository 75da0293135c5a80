"""The deadline calculator: when a term ends, and why on that day."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from service.pages.rendering import by_field, render
from service.web.dependencies import Who
from service.web.errors import status_of
from signals.dates import complete_date
from signals.errors import DomainError, Reason
from workflow.deadlines import TERMS, deadline

router = APIRouter()


@router.get("/termijnen", response_class=HTMLResponse)
def calculator(
    request: Request,
    who: Who,
    term: Annotated[str, Query(max_length=60)] = "",
    vanaf: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The form, and the answer when something was asked."""
    found = None
    reasons: Sequence[Reason] = ()
    status = 200
    if term or vanaf:
        try:
            digits = complete_date(vanaf)
            found = deadline(term, f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else vanaf)
        except DomainError as error:
            reasons, status = error.reasons, status_of(error)
    return render(
        request,
        "deadlines.html",
        status=status,
        terms=TERMS,
        term=term,
        vanaf=vanaf,
        found=found,
        reasons=reasons,
        errors=by_field(reasons),
    )
