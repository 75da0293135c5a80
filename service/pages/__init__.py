"""The pages: one router, one file per noun."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from service.pages import (
    accessibility,
    account,
    brp,
    cases,
    codes,
    connectors,
    deadlines,
    documents,
    dossier,
    feedback,
    figures,
    glossary,
    holds,
    installation,
    journey,
    keys,
    labels,
    loads,
    logbook,
    manual,
    messages,
    organisation,
    oversight,
    post,
    prints,
    queue,
    register,
    retention,
    rights,
    running,
    saved_lists,
    sessie_packs,
    sessies,
    sign_in,
    start,
    steps,
    users,
    visit_reports,
    visits,
    walaa,
    well_known,
    work,
    worklist,
    worklist_actions,
    yields,
)
from service.pages.rendering import remember, render
from service.web.characters import readable_body
from service.web.errors import Kept

router = APIRouter(dependencies=[Depends(remember), Depends(readable_body)], include_in_schema=False)
_NOUNS = (
    sign_in,
    codes,
    organisation,
    start,
    worklist,
    worklist_actions,  # before the page of a case, whose number stands where these have a word
    saved_lists,
    queue,
    cases,
    brp,
    steps,
    journey,
    visit_reports,
    visits,  # after what has a word where this has a number
    documents,  # before the dossier entries in general, whose paths fit these too
    holds,
    dossier,
    post,
    prints,
    walaa,
    loads,
    feedback,
    yields,
    figures,
    work,
    sessie_packs,  # before the forms of a sessie, whose paths fit these too
    sessies,
    deadlines,
    glossary,
    manual,
    users,
    account,
    installation,
    keys,
    connectors,
    messages,
    running,
    logbook,
    well_known,
    oversight,
    retention,
    rights,
    register,
    accessibility,
)
for _noun in _NOUNS:
    router.include_router(_noun.router)


def _as_text(kept: Kept) -> str:
    return "\n\n".join(f"{labels.spaced(name)}:\n{value}" for name, value in kept.typed)


def session_ended(request: Request, kept: Kept, wanted: str) -> HTMLResponse:
    """A form came in after the sign-in ended: what was typed, to be copied, and the way back. `wanted`: an own path."""
    return render(request, "session_ended.html", status=401, kept=kept, typed=_as_text(kept), wanted=wanted)


def form_outdated(request: Request, kept: Kept, wanted: str) -> HTMLResponse:
    """A form came in of a page from before signing in again: what was typed, to be looked at and sent once more.

    Never by itself: who is signed in now may be somebody else than whoever typed it. `wanted`: an own path.
    """
    path, query = request.url.path, request.url.query
    return render(
        request,
        "form_outdated.html",
        status=403,
        kept=kept,
        typed=_as_text(kept),
        wanted=wanted,
        action=f"{path}?{query}" if query else path,
    )


def error_page(request: Request, status: int, title: str, sentences: Sequence[str]) -> HTMLResponse:
    """A refusal as a page, with every sentence that says why and how to mend it."""
    return render(request, "error.html", status=status, title=title, sentences=sentences)
