"""What does not fit on the smallest screen and at 400 % (WCAG 1.4.10)."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.service.pages.conftest import fits_the_width

SIZES = {"320 breed": (320, 640), "400 % van 1280 bij 1024": (320, 256)}
HIDDEN_AWAY = """() => [...document.querySelectorAll("body *")].filter((one) => {
    const style = getComputedStyle(one);
    return /auto|scroll/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1 && one.localName !== "textarea"
        && !(one.tabIndex === 0 && one.getAttribute("role") === "region" && one.getAttribute("aria-label"));
}).map((one) => `${one.localName}.${one.className}`)"""
"""What scrolls sideways inside the page, and cannot be reached or named with the keyboard."""


def faults_at_every_size(page: Page) -> Iterator[str]:
    """Each with the size it shows at."""
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        yield from (f"{name}: {fault}" for fault in faults_of(page))


def faults_of(page: Page) -> list[str]:
    if not fits_the_width(page):
        wide = """() => [...document.querySelectorAll("main *, .kop *, .voet *")].filter(
            (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        ).map((one) => `${one.localName}.${one.className}`).slice(0, 4)"""
        return [f"te breed: {page.evaluate(wide)}"]
    return [f"onbereikbaar: {each}" for each in page.evaluate(HIDDEN_AWAY)]
