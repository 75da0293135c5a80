"""A day of home visits without a connection: taken along, filled in with the service gone, sent once it is back."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Route, expect
from pytest_playwright.pytest_playwright import ArtifactsRecorder
from sqlmodel import select

from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.models import AuditEntry
from service.settings import Settings
from tests import authenticator, chromium
from tests.service.pages.conftest import FLAGS, PEOPLE, Site, enter_as, fits_the_width, lightly, password, served
from tests.service.pages.test_walk import fill
from tests.serving import free_port
from workflow import moves, visit_planning
from workflow.actors import Desk
from workflow.models import Visit
from workflow.phases import Phase
from workflow.visit_planning import Visitor

pytestmark = pytest.mark.browser

CODE = "regenpijp7"
DUMP = """async () => {
    const open = indexedDB.open("rni-bezoeken");
    const database = await new Promise((done) => (open.onsuccess = () => done(open.result)));
    const all = database.transaction("kluis").objectStore("kluis").getAll();
    const rows = await new Promise((done) => (all.onsuccess = () => done(all.result)));
    database.close();
    const plain = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
        ? new TextDecoder("latin1").decode(value) : value;
    return rows.map((row) => JSON.stringify(Object.values(row).map(plain))).join("\\n");
}"""
"""Everything that lies in the browser's database, bytes as text."""


KEPT = """async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().map((request) => new URL(request.url).pathname).sort();
}"""
"""The addresses of what the browser keeps by itself."""
SCRIPTS = [f"/static/visits/{name}.js" for name in ("journey", "outbox", "vault")]


class Country:
    """A service that can be away, two visits of Bram today, and a device with one browser profile."""

    def __init__(self, folder: Path, playwright: Playwright, chromium: str, followed: ArtifactsRecorder) -> None:
        address = f"http://127.0.0.1:{free_port()}"
        data = folder / "data"
        self.settings = Settings(database_url=f"sqlite:///{folder}/rni.sqlite3", data_dir=data, base_url=address)
        upgrade(self.settings.database_url)
        self.site = Site(address, self.settings, make_engine(self.settings.database_url))
        self.folder, self.playwright, self.chromium, self.followed = folder, playwright, chromium, followed
        self.service, self.device = ExitStack(), ExitStack()
        self.faults: list[str] = []
        self.cases = [self._case() for _ in range(2)]
        self._hire()
        self.visits = [self._plan(number) for number in self.cases]

    def _case(self) -> str:
        return self.site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)

    def _hire(self) -> None:
        with session_scope(self.site.engine, Access.system()) as session:
            for naam in ("anna", "bram"):
                shown, (role,), phone, mail = PEOPLE[naam]
                given, contact = accounts.role_given(role), {"telefoonnummer": phone, "emailadres": mail}
                now = self.settings.now()
                known = {"password": password(naam), "weergavenaam": shown} | contact
                accounts.create_user(session, naam, given, now=now, **known)
            authenticator.link_all(session, ("anna", "bram"))

    def _plan(self, number: str) -> int:
        early = self.settings.now().replace(hour=0, minute=5)
        asked = {"dag": self.site.days(0), "begin": "18:00", "einde": "23:59", "veiligheid": "met_twee_personen"}
        with session_scope(self.site.engine, Access.system()) as session:
            actor = accounts.actor_of(session, accounts.find_user(session, "anna"), self.site.today)
            desk = Desk(actor, early, visitors=lambda code: ["bram"])
            case = moves.find_case(session, number)
            visit, _ = visit_planning.plan(session, case, desk, asked, [Visitor("bram", "4471")])
            session.flush()
            assert visit.id is not None
            return visit.id

    def arrive(self) -> None:
        """The connection is back."""
        self.service.enter_context(served(self.settings, self.folder / "server.log"))

    def leave(self) -> None:
        """The service cannot be reached."""
        self.service.close()

    def page(self, path: str = "") -> Page:
        """The browser, opened anew from the same profile."""
        self.device.close()
        context: BrowserContext = self.playwright.chromium.launch_persistent_context(
            self.folder / "profile",
            executable_path=self.chromium,
            args=FLAGS,
            env={**os.environ, "LANGUAGE": "nl"},
            viewport={"width": 360, "height": 740},
            locale="nl-NL",
            timezone_id="Europe/Amsterdam",
        )
        self.device.callback(context.close)
        lightly(context)
        self.followed.on_did_create_browser_context(context)
        self.device.callback(self.followed.on_will_close_browser_context, context)
        context.set_default_timeout(15_000)
        page = context.pages[0]
        page.on("console", lambda message: self.faults.append(message.text) if "Content Sec" in message.text else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        if path:
            page.goto(self.site.url + path)
        return page

    def visits_of(self, number: str) -> list[Visit]:
        with session_scope(self.site.engine, Access.system(), write=False) as session:
            case = moves.find_case(session, number)
            return list(session.exec(select(Visit).where(Visit.zaak_id == case.id)))


@pytest.fixture
def country(
    tmp_path: Path,
    playwright: Playwright,
    engine_path: Callable[..., str],
    _artifacts_recorder: ArtifactsRecorder,  # asked by hand: `new_context` makes no browser with a profile on disk
) -> Iterator[Country]:
    made = Country(tmp_path, playwright, engine_path(*chromium.PROGRAMS), _artifacts_recorder)
    made.arrive()
    try:
        yield made
        assert not made.faults
    finally:
        made.device.close()
        made.leave()
        made.site.engine.dispose()


def take_along(page: Page, told: str = "Meegenomen: 2 bezoeken.", code: str = CODE) -> None:
    page.get_by_label("Code, minstens 10 tekens").fill(code)
    page.get_by_label("Nog een keer dezelfde code").fill(code)
    page.get_by_role("button", name="Neem deze dag mee").click()
    expect(page.locator("#meenemen [data-melding]")).to_contain_text(told)


def unlock(page: Page, code: str = CODE) -> None:
    page.get_by_label("Uw code").fill(code)
    page.get_by_role("button", name="Open", exact=True).click()


def assert_nothing_left(page: Page) -> None:
    """No name, no address and no typed word stands in the page."""
    assert not page.locator("#verslag textarea").count()
    for secret in ("Kowalska", "Groesbeek", "Eigen bed"):
        assert secret not in page.content(), secret


LOSE = """() => {
    const send = window.fetch;
    window.fetch = async (address, request) => {
        const answer = await send(address, request);
        if (request?.method === "POST" && !document.body.dataset.verloren) {
            document.body.dataset.verloren = await answer.text();
            throw new TypeError("de verbinding is weg");
        }
        return answer;
    };
}"""
"""The first report arrives, and what the service says of it gets lost: in the page, for whatever a service worker lets
pass is not always seen outside it."""


def fill_in(page: Page, site: Site, number: str, **other: str) -> None:
    """A report of yesterday, so that no hour of today is too early for it."""
    told = {"datum": site.days(-1), "begin": "18:10", "einde": "18:30", "opengedaan": "ja", "gelegitimeerd": "ja"}
    told |= {"doelGemeld": "ja", "toestemming": "geweigerd", f"gevonden-{number}": "ja"}
    fill(page, **told | other)


def test_a_day_is_walked_without_a_connection_and_goes_in_once(country: Country) -> None:
    site, (number, closing), (visit, other) = country.site, country.cases, country.visits
    page = country.page("/bezoeken")
    enter_as(page, country.site, "bram")
    take_along(page)
    country.leave()
    page.context.set_offline(True)

    page.goto(f"{site.url}/bezoeken")  # what a bookmark opens
    unlock(page, "regenpijp8")
    expect(page.get_by_role("status").first).to_contain_text("Deze code klopt niet.")
    unlock(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bezoeken op")
    card = page.locator(f"[data-bezoek='{visit}']")
    expect(card).to_contain_text("Ewa Kowalska")
    assert fits_the_width(page)
    card.get_by_role("button", name="Maak het verslag").click()
    fill_in(page, site, number, bevindingen="Haar naam staat op de bel.")
    expect(page.locator("#bewaard")).to_contain_text("Bewaard op dit toestel om")

    page = country.page()
    page.context.set_offline(True)
    page.goto(f"{site.url}/bezoeken/onderweg")
    unlock(page)
    page.locator(f"[data-bezoek='{visit}']").get_by_role("button", name="Ga verder met het verslag").click()
    expect(page.locator("[name=bevindingen]")).to_have_value("Haar naam staat op de bel.")
    page.get_by_role("button", name="Klaar").click()
    expect(page.locator(f"[data-bezoek='{visit}']")).to_contain_text("klaar, nog niet verstuurd")
    page.locator(f"[data-bezoek='{other}']").get_by_role("button", name="Maak het verslag").click()
    fill_in(page, site, closing, bevindingen="Niemand kent haar.")
    page.get_by_role("button", name="Klaar").click()
    expect(page.get_by_text("klaar, nog niet verstuurd")).to_have_count(2)
    stored = page.evaluate(DUMP)
    assert page.evaluate(KEPT) == ["/bezoeken/onderweg", "/static/made/design-system.css", "/static/rni.css", *SCRIPTS]
    assert "verslag-" in stored and len(stored) > 10_000
    for secret in ("Kowalska", "Ewa", "Groesbeek", "6523", "naam staat", "bram", "Bram", CODE, number):
        assert secret not in stored, secret

    site.take(closing, "anna", "sluit_zonder_mutatie", resultaat="niet_vastgesteld", reden="adres wisselt")
    country.arrive()
    page = country.page("/bezoeken/onderweg")
    unlock(page)
    expect(page.get_by_role("status").first).to_contain_text("U bent uitgelogd. Alles staat er nog.")
    page.get_by_role("link", name="Log in").click()
    enter_as(page, country.site, "bram")
    expect(page.get_by_label("Uw code")).to_be_visible()
    page.evaluate(LOSE)
    unlock(page)
    expect(page.get_by_role("status").first).to_contain_text(re.compile("Er is geen verbinding|Alles is verstuurd"))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("status").first).to_contain_text("Alles is verstuurd.", timeout=15_000)
    assert page.locator("body[data-verloren]").count() == 1
    assert len(country.visits_of(number)) == 1
    expect(page.locator("#lijst")).to_contain_text(f"Zaak {number}: Vastgelegd als bezoek 1 op dit adres")
    expect(page.locator("#lijst")).to_contain_text("Sluit zonder mutatie (Anna de Vries")
    assert_nothing_left(page)
    assert page.evaluate(DUMP) == ""
    assert [(row.bevindingen, row.aangetroffen) for row in country.visits_of(number)] == [
        ("Haar naam staat op de bel.", True)
    ]
    assert country.visits_of(closing) == []
    with session_scope(site.engine, Access.system(), write=False) as session:
        logged = session.exec(select(AuditEntry.actie).where(AuditEntry.object == closing)).all()
    assert {"daglijst_meegenomen", "bezoekverslag_bewaard"} <= set(logged)


def test_what_is_refused_stays_and_nobody_sends_for_another(country: Country) -> None:
    site, number, visit = country.site, country.cases[0], country.visits[0]
    page = country.page("/bezoeken")
    enter_as(page, country.site, "bram")
    quota = page.context.new_cdp_session(page)
    quota.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 20_000})
    take_along(page, "Er is niets meegenomen. De browser kon de pagina voor onderweg niet bewaren.")
    assert page.evaluate(DUMP) == ""
    quota.send("Storage.overrideQuotaForOrigin", {"origin": site.url})
    take_along(page)

    page.clock.set_system_time(site.settings.now() + timedelta(days=1))
    page.goto(f"{site.url}/bezoeken/onderweg")
    expect(page.get_by_role("status").first).to_contain_text("de dag is voorbij")
    assert page.evaluate(DUMP) == ""
    page.clock.set_system_time(site.settings.now())
    page.goto(f"{site.url}/bezoeken?dag={site.days(-1)}")
    expect(page.get_by_role("heading", name="Zonder verbinding")).to_have_count(0)
    page.goto(f"{site.url}/bezoeken")
    take_along(page)
    page.get_by_role("link", name="Open Onderweg").click()
    unlock(page)
    card = page.locator(f"[data-bezoek='{visit}']")
    card.get_by_role("button", name="Maak het verslag").click()
    entered = {"toestemming": "gegeven", "binnengetreden": "ja", "gelegitimeerd": "nee"}
    fill_in(page, site, number, **entered, bevindingen="Eigen bed.")
    page.get_by_role("button", name="Klaar").click()
    expect(card).to_contain_text("Wie binnentreedt, legitimeert zich vooraf")
    assert country.visits_of(number) == []

    told: list[str] = []
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.accept()))
    page.goto(f"{site.url}/bezoeken")
    expect(page.locator("#meenemen")).to_contain_text("wachten nog verslagen")
    page.get_by_role("button", name="Uitloggen").click()
    page.wait_for_url("**/inloggen")
    assert told and "wacht nog 1 verslag" in told[0]
    enter_as(page, country.site, "anna")
    page.goto(f"{site.url}/bezoeken/onderweg")
    unlock(page)
    card.get_by_role("button", name="Open het verslag").click()
    expect(page.locator("[name=bevindingen]")).to_have_value("Eigen bed.")
    fill(page, gelegitimeerd="ja")
    page.get_by_role("button", name="Klaar").click()
    expect(page.get_by_role("status").first).to_contain_text("uit naam van een ander wordt niets verstuurd")
    expect(card).to_contain_text("klaar, nog niet verstuurd")
    assert country.visits_of(number) == []
    page.get_by_role("button", name="Gooi weg").click()
    expect(page.get_by_text("Op dit toestel is niets meegenomen.")).to_be_visible()
    assert "1 verslag niet verstuurd" in told[1]
    assert page.evaluate(DUMP) == ""
    assert_nothing_left(page)


def test_what_is_typed_meanwhile_is_never_lost_and_a_page_left_alone_locks(country: Country) -> None:
    site, number, visit = country.site, country.cases[0], country.visits[0]
    page = country.page("/bezoeken")
    enter_as(page, country.site, "bram")
    take_along(page, "Kies een code van minstens 10 tekens, en niet alleen cijfers.", "01-02-1990")
    take_along(page)
    desk = page.context.new_page()
    desk.goto(f"{site.url}/bezoeken")  # opened while nothing waits
    expect(desk.locator("#meenemen [data-melding]")).to_contain_text("Op dit toestel staat al een dag.")
    page.goto(f"{site.url}/bezoeken/onderweg")
    unlock(page)
    card = f"[data-bezoek='{visit}']"
    page.locator(card).get_by_role("button", name="Maak het verslag").click()
    fill_in(page, site, number, bevindingen="Eigen bed.")
    expect(page.locator("#bewaard")).to_contain_text("Bewaard op dit toestel om")
    before = desk.evaluate(DUMP)
    take_along(desk, "Op dit toestel wachten nog verslagen.")
    assert desk.evaluate(DUMP) == before

    page.fill("[name=bevindingen]", "Eigen bed en kast.")
    page.clock.set_system_time(site.settings.now() + timedelta(minutes=11))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_label("Uw code")).to_be_visible()
    assert_nothing_left(page)
    unlock(page)
    page.locator(card).get_by_role("button", name="Ga verder met het verslag").click()
    expect(page.locator("[name=bevindingen]")).to_have_value("Eigen bed en kast.")

    held: list[Route] = []
    page.route("**/bezoeken/onderweg", lambda route: held.append(route))
    page.get_by_role("button", name="Klaar").click()
    expect(page.locator(card)).to_contain_text("wordt nu verstuurd")
    expect(page.locator(card).get_by_role("button")).to_have_count(0)
    second = page.context.new_page()
    second.goto(f"{site.url}/bezoeken/onderweg")
    second.route("**/bezoeken/aanmelding", lambda route: route.abort())
    unlock(second)
    second.locator(card).get_by_role("button", name="Open het verslag").click()
    second.fill("[name=bevindingen]", "Eigen bed, en kleding.")
    second.get_by_role("button", name="Klaar").click()
    expect(second.locator(card)).to_contain_text("klaar, nog niet verstuurd")
    held.pop().continue_()
    expect(page.locator(card)).to_contain_text("klaar, nog niet verstuurd")
    page.unroute("**/bezoeken/onderweg")
    page.get_by_role("button", name="Verstuur nu").click()
    expect(page.locator(card)).to_contain_text("Dit verslag is al vastgelegd, met een andere inhoud.")
    page.locator(card).get_by_role("button", name="Open het verslag").click()
    expect(page.locator("[name=bevindingen]")).to_have_value("Eigen bed, en kleding.")
    assert [row.bevindingen for row in country.visits_of(number)] == ["Eigen bed en kast."]

    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Uitloggen").click()
    expect(page.get_by_label("Uw code")).to_be_visible()
    assert_nothing_left(page)

    unlock(page)
    page.locator(card).get_by_role("button", name="Ga verder met het verslag").click()
    second.on("dialog", lambda dialog: dialog.accept())
    second.get_by_text("Code vergeten?").click()
    second.get_by_role("button", name="Gooi weg wat op dit toestel staat").click()
    expect(second.get_by_text("Op dit toestel is niets meegenomen.")).to_be_visible()
    page.fill("[name=bevindingen]", "Geen kast.")
    expect(page.locator("#bewaard")).to_contain_text("Niet bewaard. Wat u meenam, is intussen van dit toestel gewist")
    expect(page.locator("[name=bevindingen]")).to_have_value("Geen kast.")
    assert page.evaluate(DUMP) == ""
