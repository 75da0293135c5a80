"""Pictures of the pages for README and manual; with DOCS=1 they replace those in docs/.

And the contact sheets of every page there is, which PICTURES=1 (`make pictures`) leaves in var/beelden.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.service.pages import everywhere
from tests.service.pages.conftest import ROOT, SignIn, Site
from tests.service.pages.contact_sheet import SIZES, ContactSheet
from tests.service.pages.everywhere import View, World
from tests.service.pages.test_visits import plan
from workflow.phases import Phase

pytestmark = pytest.mark.browser

WIDTHS = {"": (1280, 900), "-telefoon": (390, 844)}
PICTURES = os.environ.get("PICTURES") == "1"


def shoot(page: Page, folder: Path, name: str, *, screens: float = 1) -> None:
    """A picture of the page, so many screens high; never a person's real data: the samples are made up."""
    path = folder / f"{name}.png"
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": int(size["height"] * screens)})
    page.screenshot(path=path)
    page.set_viewport_size(size)
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize("kind", WIDTHS, ids=["1280", "390"])
def test_pictures_of_worklist_case_and_delivery(site: Site, sign_in: SignIn, tmp_path: Path, kind: str) -> None:
    folder = ROOT / "docs" if os.environ.get("DOCS") == "1" else tmp_path
    anna = sign_in("anna", *WIDTHS[kind])
    shoot(anna, folder, f"begin{kind}")
    anna.goto(f"{site.url}/zaken?lijst=mijn")
    shoot(anna, folder, f"worklist{kind}")
    anna.locator("tbody tr", has_text="Aanschrijving").first.get_by_role("link").first.click()
    shoot(anna, folder, f"zaak{kind}", screens=1.6)
    anna.get_by_role("link", name="Verstuur het voornemen").click()
    shoot(anna, folder, f"stap{kind}")
    plan(anna, site, site.new_case(days_ago=30, phase=Phase.HUISBEZOEK), site.days(1), opmerking="Achterom lopen.")
    bram = sign_in("bram", *WIDTHS[kind])
    bram.goto(f"{site.url}/bezoeken?dag={site.days(1)}")
    shoot(bram, folder, f"bezoeken{kind}")
    bram.get_by_role("link", name="Maak het verslag").first.click()
    shoot(bram, folder, f"verslag{kind}", screens=1.3)
    site.new_case(days_ago=90, phase=Phase.VOORNEMEN)
    carla = sign_in("carla", *WIDTHS[kind])
    carla.goto(f"{site.url}/besluiten")
    shoot(carla, folder, f"besluiten{kind}")
    ulla = sign_in("ulla", *WIDTHS[kind])
    ulla.goto(f"{site.url}/ladingen/{site.known['lading']}")
    shoot(ulla, folder, f"levering{kind}")


def test_a_contact_sheet_holds_every_page_at_both_sizes(
    request: pytest.FixtureRequest, site: Site, browser: Browser, tmp_path: Path
) -> None:
    """Two pages to see that the sheet is made; with PICTURES=1 every page there is, in minutes."""
    sheet = ContactSheet(ROOT / "var" / "beelden" if PICTURES else tmp_path / "beelden")
    if PICTURES:
        shutil.rmtree(sheet.folder, ignore_errors=True)
        full, empty = request.getfixturevalue("full"), request.getfixturevalue("empty")
        _take(sheet, full, everywhere.full_views() + everywhere.sent_views())
        _take(sheet, empty, everywhere.empty_views())
        for page, view in everywhere.signing_in(full):
            sheet.add(page, view)
    else:
        world = World(site, browser)
        _take(sheet, world, [each for each in everywhere.empty_views() if each.path in ("/inloggen", "/account")][:2])
        world.close()
    sheet.finish(browser)
    print(sheet.counts())
    for size in SIZES:
        taken = sorted(path.name for path in (sheet.folder / size).iterdir())
        told = (sheet.folder / f"{size}.html").read_text()
        assert len(taken) == len(sheet.seen) >= 2
        assert all(f'src="{size}/{name}"' in told for name in taken)
        assert (sheet.folder / f"{size}.png").stat().st_size > 10_000


def _take(sheet: ContactSheet, world: World, views: Sequence[View]) -> None:
    for view in views:
        page, status = world.open(view)
        assert status < 500, f"{view}: {status}"
        sheet.add(page, view)
