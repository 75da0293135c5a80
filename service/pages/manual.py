"""The handler's manual as a page, with its pictures; for everybody, also who cannot get in yet."""

import re
import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.pages.rendering import render
from signals.errors import NotFound, Reason

router = APIRouter()

IN_THE_WHEEL = Path(__file__).parents[1] / "manual"
IN_THE_PROJECT = Path(__file__).parents[2] / "docs"
NAME = "handleiding.md"


@dataclass(frozen=True)
class Manual:
    """The manual as HTML, its chapters as (anchor, title), and the pictures that it names."""

    html: str
    chapters: tuple[tuple[str, str], ...]
    pictures: frozenset[str]


def folder() -> Path:
    """Where the manual and its pictures lie: put beside this package in a wheel, in docs/ of a working tree."""
    return IN_THE_WHEEL if (IN_THE_WHEEL / NAME).is_file() else IN_THE_PROJECT


@cache
def manual() -> Manual:
    """The manual, read once."""
    return written(folder() / NAME)


def written(path: Path) -> Manual:
    """A Markdown file as HTML: headings with an anchor, pictures from beside it; HTML that stands in it stays text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(path.read_text(encoding="utf-8"))
    chapters: list[tuple[str, str]] = []
    pictures: set[str] = set()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", anchor(following.content))
            if token.tag == "h2":
                chapters.append((anchor(following.content), following.content))
        elif token.type == "table_open":
            token.attrSet("class", "cijfers")
        for part in token.children or ():
            if part.type == "image":
                pictures.add(_placed(part, path.parent))
    return Manual(str(reader.renderer.render(tokens, reader.options, {})), tuple(chapters), frozenset(pictures))


def anchor(title: str) -> str:
    """`Nog in WALAA te zetten` -> `nog-in-walaa-te-zetten`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _placed(image: Token, beside: Path) -> str:
    """The name of a picture, which from now on comes by the route below, with room kept for it on the page."""
    name = Path(str(image.attrGet("src"))).name
    width, height = struct.unpack(">II", (beside / name).read_bytes()[16:24])
    for attribute, value in (("src", f"/handleiding/{name}"), ("width", width), ("height", height)):
        image.attrSet(attribute, value)
    image.attrSet("loading", "lazy")
    return name


@router.get("/handleiding", response_class=HTMLResponse)
def manual_page(request: Request) -> Response:
    """The whole manual on one page, so that searching in the page finds everything."""
    return render(request, "manual.html", manual=manual())


@router.get("/handleiding/{beeld}")
def picture(beeld: str) -> Response:
    """A picture of the manual; NotFound for any other file."""
    if beeld not in manual().pictures:
        raise NotFound(Reason("beeld_onbekend", "Deze afbeelding staat niet in de handleiding."))
    return Response((folder() / beeld).read_bytes(), media_type="image/png")
