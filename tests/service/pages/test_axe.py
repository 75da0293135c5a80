"""axe finds nothing wrong on any page, for any role, in any state: empty, full, refused, closed; light and dark.

And nothing has to be scrolled sideways there on the smallest screen or at 400 %, and no link within it leads nowhere:
one walk, because it is a long one.

`pytest -rP` prints how many pages of each state were looked at, and how many violations each kind of rule gave.
"""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from tests.nodejs import module
from tests.service.pages import everywhere, reflow
from tests.service.pages.conftest import DESK, TELEPHONE
from tests.service.pages.everywhere import NOBODY, View, World
from tests.soak import SOAKING

pytestmark = pytest.mark.browser

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that look at colours: all that is different in the dark, and most of the time that axe takes."""

RUN = """([tags, rules, colours]) => axe.run(document, {
    runOnly: colours ? {type: "rule", values: rules} : {type: "tag", values: tags},
    rules: colours ? {} : Object.fromEntries(rules.map((rule) => [rule, {enabled: false}])),
    resultTypes: ["violations"],
    iframes: false,
}).then((found) => found.violations.flatMap((each) => each.nodes.map((node) => [
    each.id, node.target.join(" "), (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? each.help,
])))"""
LOOKS = """() => {
    const counts = /^(class|type|role|aria-(current|invalid|disabled)|href|open)$/;
    const told = (one) => one.parentElement === null ? "" : told(one.parentElement) + ">" + one.localName
        + [...one.attributes].filter(({name}) => counts.test(name))
            .map(({name, value}) => name === "href" ? "[href]" : `[${name}=${value}]`).join("");
    return [...new Set([...document.querySelectorAll("body *")].map(told))];
}"""
"""What decides the colours of each element: the elements it is in, with all that our style sheets go by."""

ASTRAY = """() => [...document.querySelectorAll('a[href^="#"]')].map((each) => each.getAttribute("href").slice(1))
    .filter((id) => !document.getElementById(id))"""
"""Links within the page that lead nowhere, as from a summary of errors to a field."""

LAID_DOWN = """() => document.querySelectorAll(".blijft").forEach((bar) => { bar.style.position = "static"; })"""
"""What stays in sight lies over whatever row is scrolled there, which is then too small to hit for axe: by chance.

That one can always scroll past it, and nothing that has the focus is under it, is asked in test_worklist_actions."""


@dataclass
class Looked:
    """What axe saw, and what it found wrong."""

    axe: str
    pages: Counter[str] = field(default_factory=Counter)
    coloured: Counter[str] = field(default_factory=Counter)
    wrong: Counter[tuple[str, ...]] = field(default_factory=Counter)
    where: dict[tuple[str, ...], str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def at(self, page: Page, view: View) -> None:
        """Every rule, on a telephone too, and colours light and dark, where something stands as it never stood before.

        A handler and a teamleider see the same page with another menu: that needs no second look, but in a soak.
        """
        self.pages[view.state] += 1
        new = set(page.evaluate(LOOKS)) - self.seen
        if not new and not SOAKING:
            return
        page.evaluate(self.axe)
        page.evaluate(LAID_DOWN)
        self.seen |= new
        for viewport in (DESK, TELEPHONE) if new else (DESK,):
            page.set_viewport_size(viewport)
            size = viewport["width"]
            self._run(page, view, f"{size} licht", colours=False)
            for scheme in ("licht", "donker") if new else ():
                page.emulate_media(color_scheme="dark" if scheme == "donker" else "light")
                self._run(page, view, f"{size} {scheme}", colours=True)
                self.coloured[f"{size} {scheme}"] += 1

    def _run(self, page: Page, view: View, how: str, *, colours: bool) -> None:
        for found in page.evaluate(RUN, [RULES, COLOURS, colours]):
            self.wrong[tuple(found)] += 1
            self.where.setdefault(tuple(found), f"{view}, {how}")

    def __str__(self) -> str:
        lines = [f"{count:4} pagina's {state}: {self._of(state)} overtredingen" for state, count in self.pages.items()]
        lines += [f"{count:4} keer kleuren {how}" for how, count in self.coloured.items()]
        lines += [f"{count:4} keer {' | '.join(each)}: {self.where[each]}" for each, count in self.wrong.most_common()]
        return "\n".join(lines)

    def _of(self, state: str) -> int:
        return sum(where.startswith(state) for where in self.where.values())


def test_every_page_and_every_form_is_looked_at() -> None:
    unknown = everywhere.unknown_routes()
    assert not unknown, f"{unknown}: put it in a table of everywhere.py (FULL, LISTS, OPEN, SENT), or take it out there"


@pytest.mark.soak
def test_axe_finds_nothing_on_any_page_in_any_state_and_all_of_it_fits(full: World, empty: World) -> None:
    look, faults = Looked(module("axe-core/axe.min.js").read_text()), []
    for world, views in ((full, everywhere.full_views() + everywhere.sent_views()), (empty, everywhere.empty_views())):
        for view in views:
            page, status = world.open(view)
            meant = {"fout": range(400, 500), "geblokkeerd": range(200, 500)}.get(view.state, (200,))
            assert status in meant, f"{view}: {status} at {page.url}"
            look.at(page, view)
            faults += [f"{view}, leads nowhere: #{each}" for each in page.evaluate(ASTRAY)]
            faults += [f"{view}, {fault}" for fault in reflow.faults_at_every_size(page)]
    for world in (full, empty):
        for page, view in everywhere.signing_in(world):
            look.at(page, view)
    print(look)
    assert not look.wrong, str(look)
    assert not faults, "\n".join(faults)
    assert {"vol", "leeg", "fout", "geblokkeerd"} <= look.pages.keys()


def test_axe_finds_what_is_wrong(empty: World) -> None:
    """The proof that the look above sees something, and under the policy of our pages."""
    page, _ = empty.go(NOBODY, "/inloggen")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    page.evaluate("document.querySelector('footer a').href = '#nergens'")
    assert page.evaluate(ASTRAY) == ["nergens"]
    look = Looked(module("axe-core/axe.min.js").read_text())
    look.at(page, View("/inloggen", NOBODY, "/inloggen", "stuk"))
    assert {"label", "color-contrast"} <= {rule for rule, *_ in look.wrong}
