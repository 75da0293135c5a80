"""What has the focus is in sight, however far the page is enlarged (WCAG 2.4.11); what fits is asked in test_axe."""

import pytest

from tests.service.pages.everywhere import World

pytestmark = pytest.mark.browser


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
