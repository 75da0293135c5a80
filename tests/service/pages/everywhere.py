"""Every page there is, and how to get before it: with nothing in it, full, with a refused form, and closed.

What holds for every page (tests/service/pages: axe, reflow, print) takes the pages from here; the routes come from the
application itself, so that a new page or form that nobody put here is told (`unknown_routes`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import delete
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from service import pages, saved_lists
from service.access import Access
from service.connector_models import (
    LineState,
    MessageState,
    RegisterCase,
    RegisterLine,
    RegisterState,
    SubscriptionMessage,
)
from service.connectors import outbox, subscriptions
from service.connectors.configuration import FILE
from service.db import session_scope
from service.identity import accounts
from service.models import Mail, MailState, SecondFactor, Shipment, ShipmentState, Work, WorkKind, WorkState
from service.pages.rendering import MENU
from service.web.csrf import cookie_name
from tests import evidence
from tests.databases import Databases
from tests.elsewhere import zgw
from tests.elsewhere.process import running as elsewhere
from tests.service.pages import busy_service, destroyed, held_sessies
from tests.service.pages.addresses import (
    CLOSED,
    ELSEWHERE,
    FILES,
    FULL,
    LEADS_ON,
    LISTS,
    NOBODY,
    OPEN,
    SENT,
    UNDER_WAY,
    Sent,
)
from tests.service.pages.conftest import PEOPLE, ROTTERDAM, Site, password, site_in
from tests.service.pages.test_other_pages import delivery
from workflow import moves
from workflow.actors import Desk
from workflow.models import Case, CaseTask, ReceivedPart
from workflow.phases import Phase, Role
from workflow.visit_models import UnplacedReport, VisitReport
from workflow.visit_planning import Visitor, plan


@dataclass(frozen=True)
class View:
    """A page in front of somebody, in one of its states."""

    route: str
    naam: str
    path: str
    state: str
    sent: Sent | None = None

    def __str__(self) -> str:
        return f"{self.state:11} {self.naam or 'niemand':8} {'POST' if self.sent is not None else 'GET'} {self.path}"


@dataclass
class World:
    """A site, and everybody at a browser of their own in front of it."""

    site: Site
    browser: Browser
    known: dict[str, str] = field(default_factory=dict)
    _at: dict[str, tuple[BrowserContext, Page]] = field(default_factory=dict)

    def page(self, naam: str = NOBODY) -> Page:
        """The one page of this person, who is signed in without the forms of it."""
        if naam not in self._at:
            context = self.browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam")
            context.set_default_timeout(15_000)
            if naam:
                context.add_cookies([{"name": self._cookie, "value": self._enter(naam), "url": self.site.url}])
            self._at[naam] = context, context.new_page()
        return self._at[naam][1]

    @property
    def _cookie(self) -> str:
        return cookie_name(self.site.settings)

    def _enter(self, naam: str) -> str:
        with session_scope(self.site.engine, Access.system()) as session:
            user = accounts.find_user(session, naam)
            return accounts.start_session(session, user, now=self.site.settings.now(), hours=10, toestel="Chromium")

    def go(self, naam: str, path: str) -> tuple[Page, int]:
        """Somebody opens an address; gives the page and the status of the answer."""
        page = self.page(naam)
        answer = page.goto(self.site.url + path.format(**self.known))
        assert answer is not None
        return page, answer.status

    def send(self, naam: str, path: str, sent: Sent) -> tuple[Page, int]:
        """Somebody sends a form that holds just this, whatever a browser would have asked to be filled in first."""
        page = self.page(naam)
        page.goto(f"{self.site.url}/account" if naam else f"{self.site.url}/inloggen")
        fields = {name: value.format(**self.known) for name, value in sent.items()}
        with page.expect_navigation() as answer:
            page.evaluate(SEND, [path.format(**self.known), fields])
        return page, answer.value.status if answer.value else 0

    def open(self, view: View) -> tuple[Page, int]:
        """Somebody before a page."""
        return self.go(view.naam, view.path) if view.sent is None else self.send(view.naam, view.path, view.sent)

    def close(self) -> None:
        """Everybody leaves."""
        for context, _ in self._at.values():
            context.close()


SEND = """([path, fields]) => {
    const form = document.createElement("form");
    const token = document.querySelector("input[name=csrf]");
    for (const [name, value] of Object.entries({csrf: token ? token.value : "", ...fields})) {
        const input = document.createElement("input");
        Object.assign(input, {type: "hidden", name, value});
        form.append(input);
    }
    Object.assign(form, {method: "post", action: path});
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
}"""


def routes(method: str) -> set[str]:
    """The paths of the pages with this method."""
    return {
        route.path  # type: ignore[attr-defined]
        for noun in pages._NOUNS
        for route in noun.router.routes
        if method in route.methods  # type: ignore[attr-defined]
    }


def unknown_routes() -> list[str]:
    """What the application has and this file does not, and the other way round."""
    gets = FILES | UNDER_WAY | ELSEWHERE | LISTS | FULL.keys() | set(OPEN)
    posts = LEADS_ON | UNDER_WAY | SENT.keys()
    return sorted(f"GET {path}" for path in routes("GET") ^ gets) + sorted(
        f"POST {path}" for path in routes("POST") ^ posts
    )


def people_of_each_role() -> dict[str, Role]:
    """The first of the cast in each role, by name."""
    first: dict[Role, str] = {}
    for naam, (_, (given, *_), *_) in PEOPLE.items():
        first.setdefault(Role(given.partition(":")[0]), naam)
    return {naam: role for role, naam in first.items()}


def _menus(state: str) -> list[View]:
    """Every page of the menu of each role."""
    return [
        View(item.path, naam, item.path, state)
        for naam, role in people_of_each_role().items()
        for item in MENU
        if item.roles is None or role in item.roles
    ]


def empty_views() -> list[View]:
    """Every page that can be empty, for each role and for nobody."""
    open_ = [View(path, NOBODY, path, "leeg") for path in OPEN]
    beside = [View(path, "anna", path, "leeg") for path in ("/zaken/zoek", "/bezoeken/te-plaatsen")]
    return open_ + _menus("leeg") + beside


def full_views() -> list[View]:
    """Every page with something in it, those of the menu for each role; and those that say no."""
    things = [View(route, naam, path, "vol") for route, (naam, paths) in FULL.items() for path in paths]
    closed = [View(route, naam, path, "geblokkeerd") for route, (naam, path) in CLOSED.items()]
    return _menus("vol") + things + closed


def sent_views() -> list[View]:
    """What comes back when a form is sent: refused, or a page of its own."""
    return [View(route, naam, path, state, sent) for route, (naam, path, state, sent) in SENT.items()]


def signing_in(world: World) -> Iterator[tuple[Page, View]]:
    """The pages between the password and the first page of one's own, and those of a form that came too late."""
    page, _ = world.go(NOBODY, "/inloggen")
    page.get_by_label("Gebruikersnaam").fill("anna")
    page.get_by_label("Wachtwoord").fill(password("anna"))
    page.get_by_role("button", name="Inloggen").click()
    page.get_by_label("Code").fill("000000")
    yield page, View("/inloggen/code", NOBODY, "/inloggen/code", "vol")
    page.get_by_role("button", name="Inloggen").click()
    page.get_by_role("alert").wait_for()
    yield page, View("/inloggen/code", NOBODY, "/inloggen/code", "fout", {})
    with session_scope(world.site.engine, Access.system()) as session:
        kees = accounts.find_user(session, "kees")
        session.execute(delete(SecondFactor).where(col(SecondFactor.gebruiker_id) == kees.id))
    page, _ = world.go(NOBODY, "/inloggen")
    page.get_by_label("Gebruikersnaam").fill("kees")
    page.get_by_label("Wachtwoord").fill(password("kees"))
    page.get_by_role("button", name="Inloggen").click()
    page.get_by_label("Code").fill("000000")
    yield page, View("/inloggen/koppelen", NOBODY, "/inloggen/koppelen", "vol")
    page, _ = world.go("noor", "/begrippen")
    page.context.clear_cookies()
    page.evaluate(SEND, ["/zaken/zoek", {"zoek": "Wat ik typte."}])
    page.get_by_role("heading", name="U bent niet meer aangemeld").wait_for()
    yield page, View("/zaken/zoek", "noor", "/zaken/zoek", "geblokkeerd", {})


@contextmanager
def empty_world(folder: Path, databases: Databases, browser: Browser) -> Iterator[World]:
    """An installation of today: people and nothing else."""
    with site_in(folder, databases, empty=True) as site:
        world = World(site, browser)
        yield world
        world.close()


@contextmanager
def full_world(folder: Path, databases: Databases, browser: Browser) -> Iterator[World]:
    """An installation in which there is one at least of everything that a page can show."""
    with elsewhere("brp", folder / "brp") as brp:
        own = folder / "koppelingen" / ROTTERDAM
        own.mkdir(parents=True)
        (own / FILE).write_text(f'[brp]\nadres = "{brp.url}"\n{zgw.toml(brp.url)}')
        (own / "zgw-geheim").write_text("x" * 32)
        with site_in(folder, databases, RNI_CONNECTORS_DIR=str(own.parent)) as site:
            world = World(site, browser)
            _furnish(world, folder)
            yield world
            world.close()


def _connectors(session: Session, site: Site, number: str) -> None:
    """A zaaksystem that is away and refused a case, a subscriber who is told, and one who refuses."""
    now, case = site.settings.now(), moves.find_case(session, number)
    assert case.id is not None
    away = {"pogingen": 3, "niet_voor": now, "mislukt_sinds": now, "fout": "Het zaaksysteem is niet te bereiken."}
    session.add(RegisterLine(gemeentecode=ROTTERDAM, staat=LineState.UITGEZET, **away))
    refused = "Het zaaksysteem weigert deze zaak (code 400: statustype). Kijk de typen in koppelingen.toml na."
    session.add(
        RegisterCase(
            gemeentecode=ROTTERDAM,
            zaak_id=case.id,
            gevraagd=2,
            staat=RegisterState.MISLUKT,
            niet_voor=now,
            fout=refused,
        )
    )
    for place, kinds in enumerate((tuple(outbox.KINDS), (outbox.CLOSED,))):
        made, _ = subscriptions.subscribe(
            session,
            ROTTERDAM,
            f"https://ontvanger-met-een-lange-naam-{place}.rotterdam.example/haak/rni",
            kinds,
            (),
            now,
        )
        outbox.trial(session, made, now)
    assert made.id is not None
    session.flush()
    for message in session.exec(select(SubscriptionMessage).where(SubscriptionMessage.abonnement_id == made.id)):
        message.staat, message.fout = MessageState.GEWEIGERD, "De ontvanger weigert dit bericht (code 422)."
        session.add(message)


def _furnish(world: World, folder: Path) -> None:
    site = world.site
    held_sessies.furnish(site)
    destroyed.furnish(site)
    busy_service.furnish(site)
    known = world.known = {**site.known}
    for phase in Phase:
        known[phase.value] = site.new_case(days_ago=70, phase=phase)
    busy = known["druk"] = site.new_case(days_ago=40, phase=Phase.HUISBEZOEK)
    beside = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)
    visited = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)
    site.move_in(beside, with_=busy)
    known["bewaarplicht"] = destroyed.hold(site, busy)
    site.add(busy, "anna", "terugbelverzoeken", telefoonnummer="0612345678", toelichting="na zes uur")
    site.add(busy, "anna", "bronnen", soort="buren", bevinding="De buurvrouw ziet hem elke dag.")
    with session_scope(site.engine, Access.system()) as session:
        _mark(session, site, busy)
        known["bezoek"] = _visit(session, site, busy, "18:00", "23:59")
        known["afgelegd"] = _visit(session, site, visited, "00:30", "00:45")
        known["rest"] = _report(session, site, known["afgelegd"], visited)
        _mails(session, site)
        _works(session, site, known)
    with session_scope(site.engine, _as(site, "anna")) as session:
        whose = {"gemeentecode": ROTTERDAM, "gedeeld": True}
        kept = saved_lists.save(session, "Op huisbezoek", "lijst=alle&fase=huisbezoek", site.settings.now(), **whose)  # type: ignore[arg-type]
        known["lijst"] = str(kept.id)
    _files(world, busy)
    _office(world, folder)
    known["ingezetene"] = site.new_case(days_ago=30, bsn="999993653")
    with session_scope(site.engine, Access.system()) as session:
        _connectors(session, site, known["ingezetene"])
    known["versie"] = str(site.case(busy).versie)


def _as(site: Site, naam: str) -> Access:
    with session_scope(site.engine, Access.system(), write=False) as session:
        return accounts.access_of_user(session, naam, "test", site.today)


def _of(case: Case, site: Site) -> dict[str, Any]:
    now = site.settings.now()
    return {
        "zaak_id": case.id,
        "gemeentecode": case.gemeentecode,
        "vastgelegd_op": now.date(),
        "tijdstip": now,
        "door": "anna",
    }


def _mark(session: Session, site: Site, number: str) -> None:
    """All at once that can be said above a case."""
    case = moves.find_case(session, number)
    case.indicatie_geheim, case.ingetrokken_door_uwv = 7, site.today
    case.aangehouden_sinds, case.aangehouden_reden = site.today, "Wacht op de IND."
    session.add(CaseTask(**_of(case, site), soort="termijn_nadert", sleutel="x", uitleg="De termijn nadert."))
    part = ReceivedPart(
        **_of(case, site), sleutel="Z-1/brief:1", soort="brief", datum=site.today, omschrijving="voornemen",
        van_gemeente="0983", vastgelegd_door="Dirk", sha256="0" * 64, pdf=b"%PDF-1.4",
    )  # fmt: skip
    session.add(part)


def _visit(session: Session, site: Site, number: str, begin: str, einde: str) -> str:
    early = site.settings.now().replace(hour=0, minute=5)
    asked = {
        "dag": site.days(0), "begin": begin, "einde": einde, "veiligheid": "met_twee_personen",
        "veiligheidToelichting": "Er loopt een hond los.", "opmerking": "Achterom lopen.",
    }  # fmt: skip
    actor = accounts.actor_of(session, accounts.find_user(session, "anna"), site.today)
    desk = Desk(actor, early, visitors=lambda code: ["bram"])
    visit, _ = plan(session, moves.find_case(session, number), desk, asked, [Visitor("bram", "4471")])
    session.flush()
    return str(visit.id)


def _report(session: Session, site: Site, visit: str, number: str) -> str:
    """A report of which one part waits for a place."""
    told = {"zaaknummer": number, "soort": "bewaard", "uitleg": "De zaak was verder."}
    report = VisitReport(
        gemeentecode=ROTTERDAM, kenmerk="x" * 36, bezoek_id=int(visit), sha256="0" * 64, door="bram",
        ontvangen_op=site.settings.now(), antwoord=[told],
    )  # fmt: skip
    session.add(report)
    session.flush()
    of_case = _of(moves.find_case(session, number), site)
    kept = UnplacedReport(**of_case, verslag_id=report.id, gegevens={"bevindingen": "Thuis."}, reden="De zaak is weg.")
    session.add(kept)
    session.flush()
    return str(kept.id)


def _mails(session: Session, site: Site) -> None:
    now = site.settings.now()
    for place, state in enumerate(MailState):
        message = Mail(
            soort="dagbericht", ontvanger="anna", dag=site.today - timedelta(days=place), adres="a@rotterdam.example",
            onderwerp="Termijnen", tekst="x", staat=state, gemaakt_op=now, niet_voor=now, pogingen=1,
            verzonden_op=now if state is MailState.VERZONDEN else None, fout="De server antwoordt niet.",
        )  # fmt: skip
        session.add(message)


def _works(session: Session, site: Site, known: dict[str, str]) -> None:
    """Work that was stopped, that failed, and that waits; in the hands of somebody, so that nobody here takes it up."""
    now = site.settings.now()
    for name, state in (("gestopt", WorkState.GESTOPT), ("mislukt", WorkState.MISLUKT), ("wacht", WorkState.BEZIG)):
        asked = Work(
            sleutel=name, soort=WorkKind.TERUGKOPPELING, ladingnummer=name, door="coen", herkomst="test",
            gevraagd_op=now, staat=state, totaal=24_000, uitvoerder=name, begonnen_op=now + timedelta(days=1),
            foutzin="Er wacht nog een terugkoppeling. Verzend die eerst." if name == "mislukt" else None,
        )  # fmt: skip
        session.add(asked)
        session.flush()
        known[name] = str(asked.id)


def _files(world: World, number: str) -> None:
    """A document that is shown as image, one in a frame, and a letter that waits for the post."""
    page = world.page("anna")
    for name, content in (("voordeur.png", evidence.PNG), ("huur.pdf", evidence.PDF)):
        page.goto(f"{world.site.url}/zaken/{number}/dossier/documenten")
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.get_by_label("Bestand").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label("Omschrijving").fill("Huurovereenkomst")
        page.get_by_role("radio", name="Bewijs").check()
        page.get_by_label("Datum").fill(world.site.days(-1))
        page.get_by_role("button", name="Vastleggen").click()
        page.get_by_role("status").wait_for()
    waiting = world.site.new_case(days_ago=12, phase=Phase.VOORONDERZOEK)
    page.goto(f"{world.site.url}/zaken/{waiting}/stappen/verstuur_aanschrijving")
    page.get_by_role("button", name="Zet klaar voor de post").click()
    page.get_by_role("status").wait_for()


def _office(world: World, folder: Path) -> None:
    """What the liaison, the coordinator and the beheerder have."""
    site, known = world.site, world.known
    _, known["gecontroleerd"] = _offered(world, delivery(site, folder, "LRNI-2026-61"))
    _, known["geweigerd"] = _offered(world, _headless(folder))
    number = site.new_case(days_ago=20)
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "niet_oppakken", reden="capaciteit")
    page, _ = world.send("coen", "/terugkoppelingen", {"formulier": "a"})
    known["terugkoppeling"] = page.url.rpartition("/")[2].partition("?")[0]
    world.send("coen", f"/terugkoppelingen/{known['terugkoppeling']}/verzendingen", {"formulier": "b"})
    with session_scope(site.engine, Access.system()) as session:
        _shipments(session, site, known["terugkoppeling"])
    world.send("coen", "/terugkoppelingen", {"formulier": "e"})  # it waits, so that another is refused
    page, _ = world.go("ulla", "/opbrengsten")
    signal = f"T-{int(number[-7:]):05d}"
    rows = f"signaalnummer;soort;bedrag;peildatum\r\n{signal};boete;162,50;20261001\r\n{signal};boete;veel;20261001\r\n"
    page.get_by_label("Bestand").set_input_files({"name": "o.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Laad het bestand").click()
    page.wait_for_url("**/opbrengsten/*")
    known["opbrengst"] = page.url.rpartition("/")[2]
    decided = {"besloten_door": "college", "vanaf": site.days(0)}
    for path, sent in (
        ("grondslagen", {"grondslag": "laa_2_37", "tekst": "artikel 1", "formulier": "c"}),
        ("waarden", {"naam": "", "waarde": "3", "formulier": "d"}),
    ):
        world.send("bea", f"/instellingen/{path}", decided | sent)


def _shipments(session: Session, site: Site, number: str) -> None:
    """Of a feedback delivery one file is at UWV, the other waits for a person."""
    now = site.settings.now()
    for file in feedback.files(session, number):
        came = file.soort == "csv"
        shipment = Shipment(
            terugkoppeling_id=file.terugkoppeling_id, soort=file.soort, gevraagd_op=now, gevraagd_door="coen",
            staat=ShipmentState.BEZORGD if came else ShipmentState.MISLUKT, niet_voor=now, pogingen=1,
            bezorgd_op=now if came else None, fout="" if came else "Op de SFTP-server staat al een ander bestand.",
            naam=file.naam, sha256=file.sha256,
        )  # fmt: skip
        session.add(shipment)


def _offered(world: World, path: Path) -> tuple[Page, str]:
    page, _ = world.go("ulla", "/leveringen")
    page.get_by_label("Bestand", exact=True).set_input_files(path)
    page.get_by_role("button", name="Controleer het bestand").click()
    page.wait_for_load_state()
    found = re.search(r"LD-\d{4}-\d{6}", page.url)
    return page, found[0] if found else ""


def _headless(folder: Path) -> Path:
    path = folder / "zonder-kop.csv"
    path.write_text("a;b\r\n1;2\r\n")
    return path
