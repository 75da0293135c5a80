"""/termijnen: the deadline calculator."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from service.api.shapes import ApiModel
from service.web.dependencies import Bearer
from workflow.deadlines import Term, deadline

router = APIRouter(prefix="/termijnen", tags=["Termijnen"])


class BerekendeTermijn(ApiModel):
    """The last day of a term and the sentences that explain it."""

    term: Term
    vanaf: date
    einde: date
    uitleg: list[str]


@router.get("", summary="Wanneer een termijn eindigt, en waarom dan")
def termijn(
    access: Bearer, term: Term, vanaf: Annotated[date, Query(description="De dag van de gebeurtenis.")]
) -> BerekendeTermijn:
    """For every user."""
    counted = deadline(term, vanaf)
    return BerekendeTermijn(term=term, vanaf=counted.vanaf, einde=counted.einde, uitleg=list(counted.uitleg))
