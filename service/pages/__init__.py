"""The pages: one router, one file per noun."""

from collections.abc import Sequence
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()


def error_page(request: Request, status: int, title: str, sentences: Sequence[str]) -> HTMLResponse:
    """A refusal as a page, with every sentence that says why and how to mend it."""
    reasons = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    html = f'<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
    return HTMLResponse(f"{html}<body><main><h1>{escape(title)}</h1>{reasons}</main></body></html>", status)
