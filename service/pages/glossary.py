"""The words of the work and what they mean."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.pages.rendering import render
from service.web.dependencies import Who
from signals.terms import TERMS

router = APIRouter()


@router.get("/begrippen", response_class=HTMLResponse)
def glossary(request: Request, who: Who) -> Response:
    """Every term, by the alphabet."""
    return render(request, "glossary.html", terms=sorted(TERMS, key=lambda each: each.term))
