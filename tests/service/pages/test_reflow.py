"""Every page on the smallest screen and at 400 %: nothing has to be scrolled sideways (WCAG 1.4.10)."""

import pytest
from playwright.sync_api import Page

from tests.service.pages import everywhere
from tests.service.pages.conftest import fits_the_width
from tests.service.pages.everywhere import World

pytestmark = pytest.mark.browser

SIZES = {"320 breed": (320, 640), "400 % van 1280 bij 1024": (320, 256)}
HIDDEN_AWAY = """() => [...document.querySelectorAll("body *")].filter((one) => {
    const style = getComputedStyle(one);
    return /auto|scroll/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1 && one.localName !== "textarea"
        && !(one.tabIndex === 0 && one.getAttribute("role") === "region" && one.getAttribute("aria-label"));
}).map((one) => `${one.localName}.${one.className}`)"""
"""What scrolls sideways inside the page, and cannot be reached or named with the keyboard."""


def faults_of(page: Page) -> list[str]:
    if not fits_the_width(page):
        wide = """() => [...document.querySelectorAll("main *, .kop *, .voet *")].filter(
            (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        ).map((one) => `${one.localName}.${one.className}`).slice(0, 4)"""
        return [f"te breed: {page.evaluate(wide)}"]
    return [f"onbereikbaar: {each}" for each in page.evaluate(HIDDEN_AWAY)]


def test_no_page_has_to_be_scrolled_sideways(full: World) -> None:
    wrong = []
    for view in everywhere.full_views() + everywhere.sent_views():
        page, _ = full.open(view)
        for name, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            wrong += [f"{view}, {name}: {fault}" for fault in faults_of(page)]
    assert not wrong, "\n".join(wrong)


def test_what_is_focused_is_in_sight_at_400_percent(full: World) -> None:
    page, _ = full.go("anna", "/zaken/{druk}/stappen/verstuur_voornemen")
    page.set_viewport_size({"width": 320, "height": 256})
    for _ in range(25):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
                const box = document.activeElement.getBoundingClientRect();
                return box.bottom > 0 && box.top < innerHeight && box.left >= 0 && box.left < innerWidth;
            }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")
