"""The service as people meet it: a real server on a loaded database, and Chromium in front of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect
from pytest_playwright.pytest_playwright import CreateContextCallback
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.settings import Settings
from signals import municipalities
from tests import authenticator, chromium, factories, postgres
from tests.databases import Databases
from tests.importers.deliveries import take_in
from tests.postgres import as_owner
from tests.serving import Installation, beside, free_port, serving
from tests.soak import SOAKING
from workflow import dossier, moves
from workflow.actors import Actor, Desk
from workflow.models import Case
from workflow.phases import Phase, Role

if TYPE_CHECKING:
    from tests.service.pages.everywhere import World

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "tests" / "samples" / "demo" / "LRNI-2026-07.csv"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=nl",
]
ROTTERDAM = "0599"
PEOPLE = {
    "anna": ("Anna de Vries", ["behandelaar:0599"], "010 555 01 01", "a.devries@rotterdam.example"),
    "noor": ("Noor Smit", ["behandelaar:0599"], "010 555 01 02", "n.smit@rotterdam.example"),
    "bram": ("Bram Bakker", ["toezichthouder:0599"], "", ""),
    "carla": ("Carla Jansen", ["beslisser:0599"], "", ""),
    "kees": ("Kees Visser", ["beslisser:0599"], "", ""),
    "tess": ("Tess Mulder", ["teamleider:0599"], "", ""),
    "dirk": ("Dirk Peters", ["behandelaar:0983"], "", ""),
    "ulla": ("Ulla Hendriks", ["uwv_liaison"], "", ""),
    "coen": ("Coen Dekker", ["coordinator"], "", ""),
    "bea": ("Bea Kok", ["beheerder"], "", ""),
    "aad": ("Aad Vos", ["auditor"], "", ""),
}


def password(naam: str) -> str:
    return f"wachtwoord-van-{naam}"


@dataclass
class Site:
    """A running service and the data under it."""

    url: str
    settings: Settings
    engine: Engine
    known: dict[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.settings.now().date()

    def days(self, number: int) -> str:
        """A day before or after today, as a form takes it."""
        return (self.today + timedelta(days=number)).isoformat()

    def new_case(
        self, days_ago: int = 60, gemeentecode: str = ROTTERDAM, phase: Phase = Phase.ONTVANGEN, **columns: object
    ) -> str:
        """The number of a case received so many days ago; beyond ontvangen it is walked there by real steps.

        All are about one person, unless a column says otherwise.
        """
        received = self.today - timedelta(days=days_ago)
        with session_scope(self.engine, Access.system()) as session:
            make = factories.new_case if phase == Phase.ONTVANGEN else factories.case_at
            walked = (session,) if phase == Phase.ONTVANGEN else (session, phase)
            case: Case = make(*walked, received=received, gemeentecode=gemeentecode, **columns)
            return case.zaaknummer

    def case(self, zaaknummer: str) -> Case:
        with session_scope(self.engine, Access.system(), write=False) as session:
            return session.exec(select(Case).where(Case.zaaknummer == zaaknummer)).one()

    def move_in(self, zaaknummer: str, with_: str) -> None:
        """From now on this person is looked for at the address of another case."""
        with session_scope(self.engine, Access.system()) as session:
            case, there = moves.find_case(session, zaaknummer), moves.find_case(session, with_)
            for name in ("postcode", "straatnaam", "huisnummer", "woonplaats", "adressleutel"):
                setattr(case, name, getattr(there, name))
            session.add(case)

    def move_to(self, zaaknummer: str, huisnummer: int) -> None:
        """From now on this person is looked for at another number in the street, where nobody else is."""
        with session_scope(self.engine, Access.system()) as session:
            case = moves.find_case(session, zaaknummer)
            case.huisnummer, case.adressleutel = huisnummer, f"{case.postcode}/{huisnummer}"
            session.add(case)

    def take(self, zaaknummer: str, naam: str, stap: str, **gegevens: object) -> None:
        """A step by somebody who is not at this browser."""
        with session_scope(self.engine, Access.system()) as session:
            case = moves.find_case(session, zaaknummer)
            moves.take(session, case, stap, self._desk(session, naam), versie=case.versie, gegevens=gegevens)

    def add(self, zaaknummer: str, naam: str, kind: str, **gegevens: object) -> None:
        """A dossier entry by somebody who is not at this browser."""
        with session_scope(self.engine, Access.system()) as session:
            dossier.add(session, moves.find_case(session, zaaknummer), kind, self._desk(session, naam), gegevens)

    def _desk(self, session: object, naam: str) -> Desk:
        user, today = accounts.find_user(session, naam), self.settings.now().date()  # type: ignore[arg-type]
        actor = accounts.actor_of(session, user, today)  # type: ignore[arg-type]
        return accounts.desk(session, actor, self.settings.now())  # type: ignore[arg-type]


KIND = "postgresql" if postgres.program("initdb") else "sqlite"
"""One kind is enough in front of a browser: what differs between the two lies below the pages, and is tested there."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other kind of database, and of a journey on both screens one: this one here, the next one there.

    Both screens in a soak, and where tests are chosen. Every page is looked at on both each time: see test_axe.
    """
    here = Path(__file__).parent
    chosen = {item: here not in item.path.parents or _kind_of(item) in (None, KIND) for item in items}
    if not (SOAKING or config.option.keyword or any("::" in argument for argument in config.args)):
        chosen |= {item: False for item in items if here in item.path.parents and _is_other_screen(item)}
    for item in items:
        if chosen[item] and _is_other_screen(item):
            item.add_marker("soak")
    config.hook.pytest_deselected(items=[item for item in items if not chosen[item]])
    items[:] = [item for item in items if chosen[item]]


def _kind_of(item: pytest.Item) -> str | None:
    asked = getattr(item, "callspec", None)
    return asked.params.get("databases") if asked else None


def _is_other_screen(item: pytest.Item) -> bool:
    asked = getattr(item, "callspec", None)
    if asked is None or asked.params.get("screen") not in (DESK, TELEPHONE):
        return False
    name = item.nodeid.partition("[")[0]
    return bool(asked.params["screen"] != (DESK, TELEPHONE)[crc32(name.encode()) % 2])


@pytest.fixture(scope="session")
def site(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests of the pages; every test makes the cases it changes."""
    with site_in(tmp_path_factory.mktemp("site"), databases) as made:
        yield made


@contextmanager
def site_in(folder: Path, databases: Databases, *, empty: bool = False, **more: str) -> Iterator[Site]:
    """A running service with the cast, and with cases unless it is to be empty. `more`: settings of the service."""
    port = free_port()
    settings = Settings(database_url=databases.new(), data_dir=folder / "data", base_url=f"http://127.0.0.1:{port}")
    upgrade(settings.database_url, as_owner(settings.database_url))
    engine = make_engine(settings.database_url)
    made = Site(settings.base_url, settings, engine)
    _hire(made)
    if not empty:
        _fill(made)
    with served(settings, folder / "server.log", **more):
        yield made
    engine.dispose()


@contextmanager
def served(settings: Settings, log: Path, **more: str) -> Iterator[None]:
    """The service on the port of its own address, for as long as it is asked."""
    port = int(settings.base_url.rpartition(":")[2])
    with serving(Installation(settings.database_url, settings.data_dir), log, port, **more):
        yield


@pytest.fixture
def worker(site: Site, tmp_path: Path) -> Iterator[None]:
    """Somebody who does long work; on a database in a file the service itself does it."""
    with ExitStack() as stack:
        if site.settings.on_postgresql:
            installation = Installation(site.settings.database_url, site.settings.data_dir)
            stack.enter_context(beside(installation, tmp_path / "worker.log", "worker"))
        yield


def _hire(site: Site) -> None:
    """The cast."""
    now = site.settings.now()
    with session_scope(site.engine, Access.system()) as session:
        municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
        for naam, (shown, roles, phone, mail) in PEOPLE.items():
            accounts.create_user(
                session,
                naam,
                [each for role in roles for each in accounts.role_given(role)],
                now=now,
                password=password(naam),
                weergavenaam=shown,
                telefoonnummer=phone,
                emailadres=mail,
            )
        authenticator.link_all(session, PEOPLE)


def _fill(site: Site) -> None:
    """A delivery whose cases of Rotterdam stand everywhere along the path."""
    received = site.settings.now() - timedelta(days=24)
    with session_scope(site.engine, Access.system(Actor("ulla", {Role.UWV_LIAISON: None}))) as session:
        done = take_in(session, SAMPLE, now=received)
        site.known["lading"] = done.ladingnummer
    _walk(site, received)


def _walk(site: Site, received: datetime) -> None:
    """Some of the cases are worked on, by Anna and Noor, on days that make sense."""
    with session_scope(site.engine, Access.system()) as session:
        query = select(Case).where(Case.gemeentecode == ROTTERDAM).order_by(Case.id)  # type: ignore[arg-type]
        cases = [case for case in session.exec(query.limit(24)) if case.fase == Phase.ONTVANGEN]
        users = {naam: accounts.find_user(session, naam) for naam in ("anna", "noor")}
        people = {naam: accounts.actor_of(session, user, received.date()) for naam, user in users.items()}

        def take(case: Case, naam: str, day: int, stap: str, **gegevens: object) -> None:
            desk = accounts.desk(session, people[naam], received + timedelta(days=day))
            moves.take(session, case, stap, desk, versie=case.versie, gegevens=gegevens)

        def note(case: Case, naam: str, day: int, kind: str, **gegevens: object) -> None:
            desk = accounts.desk(session, people[naam], received + timedelta(days=day))
            dossier.add(session, case, kind, desk, gegevens)

        for place, case in enumerate(cases):
            naam = "noor" if place % 3 == 2 else "anna"
            if place >= 18:
                continue
            take(case, naam, 1, "wijs_toe")
            if place % 6 == 0:
                continue
            take(case, naam, 2, "start_vooronderzoek")
            note(case, naam, 2, "bronnen", soort="bag", bevinding="Het adres heeft een woonfunctie.")
            if place % 6 == 1:
                continue
            take(case, naam, 3, "verstuur_aanschrijving")
            if place % 6 == 2:
                note(case, naam, 20, "terugbelverzoeken", telefoonnummer="0612345678", toelichting="na 18 uur")
            if place % 6 in (2, 3):
                continue
            take(case, naam, 6, "win_inlichtingen_in")
            note(case, naam, 7, "bronnen", soort="verhuurder", bevinding="Huurt sinds vorig jaar een kamer.")
            if place % 6 == 4:
                take(case, naam, 9, "houd_aan", reden="Wacht op het antwoord van de IND.")
                continue
            take(case, naam, 8, "ga_op_huisbezoek")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], engine_path: Callable[..., str]
) -> dict[str, Any]:
    """Debian's Chromium, with a fresh profile."""
    found = {"executable_path": engine_path(*chromium.PROGRAMS), "args": FLAGS, "env": {**os.environ, "LANGUAGE": "nl"}}
    return browser_type_launch_args | found


@pytest.fixture(scope="session")
def base_url() -> None:
    """None for all: each site has an address of its own. The one of the plugin is made in a way that pytest ends."""


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Whoever sits there, is in the Netherlands."""
    return browser_context_args | {"locale": "nl-NL", "timezone_id": "Europe/Amsterdam"}


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    """One for all tests of a process. Traces are without pictures, which the plugin cannot be told: see `lightly`."""
    made = browser.new_context

    def new_context(**asked: Any) -> BrowserContext:
        context = made(**asked)
        lightly(context)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    return browser


def lightly(context: BrowserContext) -> None:
    """What is followed of it leaves out pictures and the texts of the tests: those take a fifth more of a processor.

    A page as it was is in the trace all the same: its snapshots are HTML.
    """
    start = context.tracing.start

    def without(**asked: Any) -> None:
        start(**asked | {"screenshots": False, "sources": False})

    context.tracing.start = without  # type: ignore[method-assign]


@pytest.fixture
def output_path(output_path: str) -> str:
    """Where the traces of this test go when it fails; those of the last time it did are gone by then."""
    shutil.rmtree(output_path, ignore_errors=True)
    return output_path


@pytest.fixture(scope="session")
def full(databases: Databases, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator["World"]:
    """Every page there is, with something on it."""
    from tests.service.pages import everywhere  # which takes the cast from here

    with everywhere.full_world(tmp_path_factory.mktemp("vol"), databases, browser) as world:
        yield world


@pytest.fixture(scope="session")
def empty(databases: Databases, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator["World"]:
    """The same pages on the first day."""
    from tests.service.pages import everywhere

    with everywhere.empty_world(tmp_path_factory.mktemp("leeg"), databases, browser) as world:
        yield world


SignIn = Callable[..., Page]


def enter_as(page: Page, site: Site, naam: str) -> None:
    """The forms of signing in, as they are shown now; whoever does not exist gets no further than the first."""
    page.get_by_label("Gebruikersnaam").fill(naam)
    page.get_by_label("Wachtwoord").fill(password(naam))
    page.get_by_role("button", name="Inloggen").click()
    if naam in PEOPLE:
        page.get_by_label("Code").fill(authenticator.code(site.engine, naam))
        page.get_by_role("button", name="Inloggen").click()


@pytest.fixture(scope="session")
def cookies(site: Site) -> dict[str, StorageState]:
    """Who signed in before, so that most tests need not do it again."""
    return {}


DESK = ViewportSize(width=1280, height=900)
TELEPHONE = ViewportSize(width=390, height=844)
ON_BOTH = pytest.mark.parametrize("screen", [DESK, TELEPHONE], ids=["desk", "telephone"])
"""A journey that people make behind a desk and with a telephone in the hand."""


@pytest.fixture
def screen() -> ViewportSize:
    """What people look at where nothing else is said."""
    return DESK


TOO_WIDE = "has to be scrolled sideways"
MEASURE = f"""addEventListener("load", () => {{
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) console.error(`${{location.pathname}} {TOO_WIDE}`);
}})"""
"""Every page tells by itself, so that a journey does not have to ask at every step."""


def watch(page: Page, faults: list[str]) -> None:
    """What a browser may not have to tell of us: what our policy stopped, and what a narrow screen does not hold."""
    told = ("Content Security", TOO_WIDE)
    page.on("console", lambda message: faults.append(message.text) if any(w in message.text for w in told) else None)
    page.on("response", lambda answer: faults.append(answer.url) if answer.status >= 500 else None)


@pytest.fixture
def sign_in(
    new_context: CreateContextCallback, site: Site, cookies: dict[str, StorageState], screen: ViewportSize
) -> Iterator[SignIn]:
    """The first page of somebody who came in through the form; every answer is watched for faults of ours."""
    faults: list[str] = []

    def enter(naam: str, width: int = 0, height: int = 900, *, anew: bool = False) -> Page:
        size = ViewportSize(width=width, height=height) if width else screen
        telephone = size["width"] <= TELEPHONE["width"]
        known = None if anew else cookies.get(naam)
        context = new_context(viewport=size, has_touch=telephone, storage_state=known)
        context.set_default_timeout(15_000)
        page = context.new_page()
        watch(page, faults)
        if telephone:
            page.add_init_script(MEASURE)
        page.goto(site.url)
        if "/inloggen" in page.url:
            enter_as(page, site, naam)
            page.wait_for_load_state()
            if naam in PEOPLE and not anew:
                cookies[naam] = context.storage_state()
        return page

    yield enter
    assert not faults


def menu(page: Page, label: str) -> None:
    """Choose from the menu, on a telephone after opening it, and come to a page of its own."""
    nav = page.get_by_role("navigation", name="Hoofdmenu")
    folded = nav.locator("summary")
    if folded.is_visible():
        expect(nav.get_by_role("link")).to_have_count(0)
        folded.press("Enter")
    nav.get_by_role("link", name=label, exact=True).click()
    expect(nav.locator("[aria-current]")).to_have_text(label)
    expect(folded).to_have_text(f"Menu: {label}")


def fits_the_width(page: Page) -> bool:
    """Nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


__all__ = ["ROTTERDAM", "SignIn", "Site", "enter_as", "fits_the_width"]
