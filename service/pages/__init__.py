"""The pages: one router, one file per noun."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from service.pages import cases, dossier, sign_in, start, steps, walaa, worklist
from service.pages.rendering import remember, render

router = APIRouter(dependencies=[Depends(remember)], include_in_schema=False)
for _noun in (sign_in, start, worklist, cases, steps, dossier, walaa):
    router.include_router(_noun.router)


def error_page(request: Request, status: int, title: str, sentences: Sequence[str]) -> HTMLResponse:
    """A refusal as a page, with every sentence that says why and how to mend it."""
    return render(request, "error.html", status=status, title=title, sentences=sentences)
