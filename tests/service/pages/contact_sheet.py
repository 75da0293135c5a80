"""A contact sheet: a picture of every page at each size, and one sheet of them all that opens in a browser."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from tests.service.pages.everywhere import View

SIZES: dict[str, ViewportSize] = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}
ACROSS = {"1280": 5, "390": 10}
LOOK = """body{font:14px/1.3 sans-serif;margin:16px;background:#eee}
ol{display:grid;grid-template-columns:repeat(ACROSS,1fr);gap:12px;list-style:none;padding:0}
li{overflow-wrap:anywhere}img{display:block;width:100%;aspect-ratio:SHAPE;object-fit:cover;object-position:top;background:#fff}"""


@dataclass
class ContactSheet:
    """What was seen so far. folder: where the pictures go, in a folder for each size, and the sheets beside them."""

    folder: Path
    seen: list[tuple[str, View]] = field(default_factory=list)

    def add(self, page: Page, view: View) -> None:
        """The whole page as it stands there, at every size: a form is sent once."""
        number = len(self.seen) + 1
        named = re.sub(r"\W+", "-", view.path).strip("-")[:50] or "begin"
        name = f"{number:03}-{view.state}-{view.naam or 'niemand'}-{named}.png"
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            (self.folder / size).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.folder / size / name, full_page=True)
        self.seen.append((name, view))

    def finish(self, browser: Browser) -> None:
        """One sheet for each size, as a page with the whole pictures behind it and as a picture of that page."""
        for size in SIZES:
            sheet = self.folder / f"{size}.html"
            sheet.write_text(self._html(size), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1600, "height": 900})
            page.goto(sheet.as_uri())
            page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
            page.close()

    def _html(self, size: str) -> str:
        shape = f"{SIZES[size]['width']}/{SIZES[size]['height']}"
        figures = "".join(
            f'<li><a href="{path}"><img src="{path}" alt=""></a>{escape(str(view))}</li>\n'
            for path, view in ((escape(f"{size}/{name}"), view) for name, view in self.seen)
        )
        look = LOOK.replace("ACROSS", str(ACROSS[size])).replace("SHAPE", shape)
        return (
            f'<!doctype html><html lang="nl"><meta charset="utf-8"><title>Alle pagina\'s, {size} breed</title>'
            f"<style>{look}</style><h1>Alle pagina's, {size} breed</h1><p>{escape(self.counts())}</p><ol>{figures}</ol>"
        )

    def counts(self) -> str:
        """How many pages of each state."""
        states = Counter(view.state for _, view in self.seen)
        return f"{len(self.seen)} pagina's: " + ", ".join(f"{count} {state}" for state, count in states.items())
