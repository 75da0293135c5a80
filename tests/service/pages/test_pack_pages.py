"""A pack from its preview to what is fetched of it later, at the browsers of who takes part and of who does not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Page, expect
from sqlalchemy import delete
from sqlmodel import col, select

from exports.packs.parts import Message, Vorm
from service import sessie_packs
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry
from service.sessie_packs import Uitgave
from tests.databases import Databases
from tests.exports.builder import Builder
from tests.exports.packing import DAY, bare, fill, read_files, small_counts
from tests.exports.test_packs import check_book, check_deck, check_paper
from tests.service.pages.conftest import ON_BOTH, ROTTERDAM, SignIn, Site, fits_the_width, site_in
from tests.service.pages.everywhere import World
from tests.service.pages.test_sessies import LEVERING, delivered, part, plan
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import Phase
from workflow.sessie_models import (
    Sessie,
    SessieActie,
    SessieDeelnemer,
    SessieLeerpunt,
    SessieLevering,
    SessiePakket,
    SessiePakketBestand,
    SessieVraag,
)

pytestmark = pytest.mark.browser

FILES = {"Presentatie (PPTX)": ".pptx", "Werkboek (XLSX)": ".xlsx", "PDF": ".pdf"}
SAID = """() => [...document.querySelectorAll(".bericht")].map((section) => {
    const words = (one) => one.textContent.replace(/\\s+/g, " ").trim();
    const all = (chosen) => [...section.querySelectorAll(chosen)];
    return {
        naam: section.id, titel: words(section.querySelector("h2")), n: words(section.querySelector(".n")),
        koppen: all("thead th").map(words),
        rijen: all("tbody tr").map((row) => [...row.children].map(words)),
        waarden: all("tbody tr").map((row) =>
            [...row.children].map((cell) => cell.querySelector("data")?.value ?? null)),
        kanttekeningen: all(".kanttekening").map(words), definities: all(".definities div").map(words),
        tekening: all("svg[role=img] text").map(words).join(" "), beschrijving: all("desc").map(words),
        balken: all("svg[role=img] rect.balk").map((bar) => parseFloat(bar.getAttribute("width"))),
        delen: all("svg[role=img] rect.deel").map((bar) => parseFloat(bar.getAttribute("width"))),
        stippen: all("svg[role=img] circle.stip").map((dot) => parseFloat(dot.getAttribute("cx"))),
        lijn: all("path.lijn").map((line) => line.getAttribute("d")),
    };
})"""


@pytest.fixture(autouse=True)
def alone(site: Site) -> Iterator[None]:
    """Each test plans its own sessies, and leaves none for the next."""
    yield
    kinds = (SessiePakketBestand, SessiePakket, SessieActie, SessieLeerpunt, SessieVraag, SessieDeelnemer)
    with session_scope(site.engine, Access.system()) as session:
        for kind in (*kinds, SessieLevering, Sessie):
            session.execute(delete(kind))


def publish(page: Page, address: str, peildatum: str = "", reason: str = "") -> None:
    """The coordinator looks at the preview and publishes it."""
    page.goto(f"{address}/pakket/publiceren{'?peildatum=' + peildatum if peildatum else ''}")
    if reason:
        page.get_by_label("Waarom komt er een nieuw pakket").fill(reason)
    page.get_by_role("button", name="Publiceer pakket").click(no_wait_after=True)
    is_published(page)


def is_published(page: Page) -> None:
    """Six files are made, which takes seconds on a busy machine."""
    expect(page.get_by_role("status")).to_contain_text("Het pakket is gepubliceerd", timeout=60_000)


def fetch(page: Page) -> dict[str, APIResponse]:
    """The files that the page of a pack offers, by suffix."""
    links = {suffix: page.get_by_role("link", name=label, exact=True) for label, suffix in FILES.items()}
    root = page.url.partition("/sessies")[0]
    return {suffix: page.request.get(root + str(link.get_attribute("href"))) for suffix, link in links.items()}


def kept(site: Site) -> list[SessiePakket]:
    with session_scope(site.engine, Access.system(), write=False) as session:
        found = session.exec(select(SessiePakket).order_by(col(SessiePakket.volgnummer))).all()
        for one in found:
            session.refresh(one)
            session.expunge(one)
        return list(found)


def logged(site: Site, number: str) -> list[tuple[str, str, str]]:
    with session_scope(site.engine, Access.system(), write=False) as session:
        mine = select(AuditEntry).where(col(AuditEntry.object).startswith(number)).order_by(col(AuditEntry.id))
        return [(one.actor, one.actie, one.object.removeprefix(number).strip()) for one in session.exec(mine)]


def flat(words: object) -> str:
    return " ".join(str(words).split())


def check_message(told: dict[str, Any], message: Message) -> None:
    """A message on the page: its sentence, every cell in words and to the last digit, its drawing."""
    assert told["naam"] == f"bericht-{message.naam}"
    assert told["titel"] == flat(message.titel)
    assert told["n"] == flat(f"n: {message.n}.")
    assert told["kanttekeningen"] == [flat(one) for one in message.kanttekeningen]
    assert told["definities"] == [flat(f"{label}: {meaning}") for label, meaning in message.definities]
    rows = message.tabel.rijen
    assert told["koppen"] == ([flat(head) for head in message.tabel.koppen] if rows else [])
    assert told["rijen"] == [[flat(item.tekst) for item in row] for row in rows]
    values = [[None if one is None else float(one) for one in row] for row in told["waarden"]]
    assert values == [
        [item.waarde if place and isinstance(item.waarde, int | float) else None for place, item in enumerate(row)]
        for row in rows
    ]
    if message.figuur is None:
        assert not told["beschrijving"]
        return
    check_drawing(told, message)


def check_drawing(told: dict[str, Any], message: Message) -> None:
    figure = message.figuur
    assert figure is not None
    assert told["beschrijving"] == [flat(message.alternatief)]
    if figure.vorm is Vorm.VERLOOP:
        (line,) = told["lijn"]
        points = re.findall(r"[MH]([\d.]+)[ V]([\d.]+)", line)
        shares = dict(zip(figure.dagen, figure.reeksen[0].waarden, strict=True))
        drawn = [(float(across) / 1000 * figure.dagen[-1], 1 - float(down) / 1000) for across, down in points]
        assert drawn == [
            (pytest.approx(day, abs=0.1), pytest.approx(share, abs=0.001)) for day, share in shares.items()
        ]
        return
    said = bare(told["tekening"])
    for place, label in enumerate(figure.categorieen):
        assert bare(label) in said
        assert all(bare(each.items[place].tekst) in said for each in figure.reeksen)
    values = [[value or 0 for value in each.waarden] for each in figure.reeksen]
    most = max(map(sum, zip(*values, strict=True)))
    if figure.vorm is Vorm.BALKEN:
        assert told["balken"] == [pytest.approx(value / most * 80, abs=0.01) for value in values[0]]
    elif figure.vorm is Vorm.GESTAPELD:
        parts = [value for row in zip(*values, strict=True) for value in row if value]
        swatches = len(figure.reeksen)
        assert len(told["delen"]) == len(parts)
        assert told["delen"] == [pytest.approx(value / most * 80, abs=0.01) for value in parts], swatches
    else:
        shown = [value for value in figure.reeksen[0].waarden if value is not None]
        assert told["stippen"] == [pytest.approx(value * 100, abs=0.01) for value in shown]


@ON_BOTH
def test_a_pack_is_looked_at_published_once_and_read_by_who_takes_part(site: Site, sign_in: SignIn) -> None:
    site.add(delivered(site), "anna", "leerpunten", soort="adres_onvolledig", toelichting="Welke huisletter?")
    coen, anna = sign_in("coen"), sign_in("anna")
    address = plan(coen, site)
    expect(part(coen, "Cijfers")).to_contain_text("Er is nog geen pakket gepubliceerd.")
    anna.goto(f"{address}/vragen")
    anna.get_by_label("Uw vraag").fill("Wat doen we met een vakantiepark?")
    anna.get_by_role("button", name="Stel de vraag").click()
    assert anna.goto(f"{address}/pakket").status == 404  # type: ignore[union-attr]
    assert anna.goto(f"{address}/pakket/publiceren").status == 403  # type: ignore[union-attr]

    part(coen, "Cijfers").get_by_role("link", name="Publiceer pakket").click()
    for words in ("Wat doen we met een vakantiepark?", "Welke huisletter?", "Binnen het project"):
        expect(coen.locator("main")).to_contain_text(words)
    assert coen.locator(".bericht").count() == coen.locator(".inhoudsopgave li").count() > 5
    assert fits_the_width(coen)
    coen.get_by_role("link", name="Openbaar").click()
    expect(coen.locator("main")).not_to_contain_text("Wat doen we met een vakantiepark?")
    coen.get_by_label("Peildatum").fill(site.days(3))
    coen.get_by_role("button", name="Toon het voorbeeld").click()
    expect(coen.get_by_role("alert")).to_contain_text("ligt na vandaag")
    expect(coen.get_by_role("button", name="Publiceer pakket")).to_have_count(0)
    coen.get_by_label("Peildatum").fill(site.days(-1))
    coen.get_by_role("button", name="Toon het voorbeeld").click()
    assert kept(site) == []
    coen.get_by_role("button", name="Publiceer pakket").dblclick()
    is_published(coen)
    (pack,) = kept(site)
    assert pack.peildatum.isoformat() == site.days(-1)

    ulla, dirk = sign_in("ulla"), sign_in("dirk")
    for page in (anna, ulla):
        page.goto(address)
        expect(page.get_by_role("link", name="Publiceer")).to_have_count(0)
        page.get_by_role("link", name=f"Pakket {pack.nummer}").click()
        expect(page.locator("main")).to_contain_text("Wat doen we met een vakantiepark?")
        assert fits_the_width(page)
        for suffix, answer in fetch(page).items():
            assert answer.status == 200 and answer.headers["content-disposition"].endswith(f'{suffix}"')
            assert pack.nummer in answer.headers["content-disposition"]
        page.get_by_role("link", name="Openbaar", exact=True).click()
        expect(page.locator("main")).not_to_contain_text("Wat doen we met een vakantiepark?")
        assert [answer.status for answer in fetch(page).values()] == [200] * 3
    assert dirk.goto(address).status == 200, "his municipality has cases of the levering"  # type: ignore[union-attr]
    expect(dirk.locator("main")).not_to_contain_text(pack.nummer)
    for path in ("", "/1/binnen/xlsx", "/1/openbaar/pdf"):
        assert dirk.request.get(f"{address}/pakket{path}").status == 403
    came = [f"{one} {kind}" for one in Uitgave for kind in ("pptx", "xlsx", "pdf")]
    told = [("coen", "pakket_gepubliceerd", "")]
    told += [(who, "pakket_opgehaald", what) for who in ("anna", "ulla") for what in came]
    assert logged(site, pack.nummer) == told


@pytest.fixture(scope="module")
def counted(databases: Databases, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[World]:
    """Ninety cases of which most are closed, so that there is a chart of every kind."""
    with site_in(tmp_path_factory.mktemp("geteld"), databases, empty=True) as site:
        with session_scope(site.engine, Access.system()) as session:
            fill(session, Builder(session))
        world = World(site, browser)
        yield world
        world.close()


@pytest.mark.parametrize("soort", ["werksessie", "evaluatiesessie"])
def test_every_number_is_the_same_on_the_page_and_in_the_three_files(counted: World, soort: str) -> None:
    site, day = counted.site, min(DAY, counted.site.today)
    asked = {"soort": soort, "datum": site.days(0), "leveringen": "LRNI-2026-01", "deelnemers": ROTTERDAM}
    with session_scope(site.engine, Access.system()) as session:
        desk = Desk(accounts.actor_of(session, accounts.find_user(session, "coen"), site.today), site.settings.now())
        sessie = sessies.plan(session, desk, asked)
        agenda = sessies.find(session, sessie.nummer, desk.actor)
        action = {"tekst": "Maak een voorbeeldbrief.", "organisatie": ROTTERDAM, "voor": site.days(9)}
        sessie_notes.agree(session, agenda, desk, action)
        nummer = sessie.nummer
    coen = counted.page("coen")
    publish(coen, f"{site.url}/sessies/{nummer}", day.isoformat())
    pack = kept(site)[-1]
    drawn = set()
    for uitgave in Uitgave:
        coen.goto(f"{site.url}/sessies/{nummer}/pakket?uitgave={uitgave}")
        read = sessie_packs.read_back(pack, uitgave)
        told = coen.evaluate(SAID)
        assert len(told) == len(read.messages)
        for each, message in zip(told, read.messages, strict=True):
            check_message(each, message)
        drawn |= {message.figuur.vorm for message in read.messages if message.figuur}
        raw = {suffix: answer.body() for suffix, answer in fetch(coen).items()}
        figures = (pack.binnen if uitgave is Uitgave.BINNEN else pack.openbaar or {})["cijfers"]
        made = read_files(read, figures, raw)
        check_book(made)
        check_deck(made)
        check_paper(made)
        if uitgave is Uitgave.OPENBAAR:
            cells = (cell for each in told for row in each["rijen"] for cell in row)
            said = [each[where] for each in told for where in ("titel", "tekening", "n")]
            assert not small_counts(" ".join([*said, *cells]))
    assert drawn >= {Vorm.BALKEN, Vorm.GESTAPELD, Vorm.INTERVALLEN}
    assert (Vorm.VERLOOP in drawn) == (soort == "evaluatiesessie")


def test_a_published_pack_stays_while_the_work_goes_on(site: Site, sign_in: SignIn) -> None:
    coen = sign_in("coen")
    address = plan(coen, site)
    day = site.days(0)
    coen.goto(f"{address}/pakket/publiceren?peildatum={day}")
    work_on(site)  # between the preview and the button
    coen.get_by_role("button", name="Publiceer pakket").click()
    expect(coen.get_by_role("alert")).to_contain_text("veranderd sinds u het voorbeeld opende")
    assert kept(site) == []
    coen.get_by_role("button", name="Publiceer pakket").click()
    is_published(coen)

    def now() -> tuple[object, dict[str, bytes], object]:
        coen.goto(f"{address}/pakket")
        told, files = coen.evaluate(SAID), {suffix: answer.body() for suffix, answer in fetch(coen).items()}
        coen.goto(f"{site.url}/cijfers?levering={LEVERING}&peildatum={day}")
        return told, files, coen.locator("main").inner_text()

    before = now()
    work_on(site)
    after = now()
    assert before[:2] == after[:2]
    assert before[2] != after[2], "the figures go on"
    coen.goto(f"{address}/pakket/publiceren?peildatum={day}")
    assert coen.evaluate(SAID) != before[0], "a new pack would be another"


def work_on(site: Site) -> None:
    """A case of the levering goes to somebody, and is looked into."""
    with session_scope(site.engine, Access.system(), write=False) as session:
        waiting = select(Case.zaaknummer).where(Case.gemeentecode == ROTTERDAM, Case.leveringsnummer == LEVERING)
        number = session.exec(waiting.where(Case.fase == Phase.ONTVANGEN).limit(1)).one()
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "start_vooronderzoek")


def test_a_next_pack_needs_a_reason_and_the_first_stays(site: Site, sign_in: SignIn) -> None:
    coen = sign_in("coen")
    address = plan(coen, site)
    publish(coen, address, site.days(-2))
    beside = sign_in("coen")
    beside.goto(f"{address}/pakket/publiceren")
    coen.goto(address)
    coen.get_by_role("link", name="Publiceer een nieuw pakket").click()
    coen.get_by_role("button", name="Publiceer pakket").click()
    expect(coen.get_by_role("alert")).to_contain_text("Waarom komt er een nieuw pakket")
    coen.get_by_label("Waarom komt er een nieuw pakket").fill("Van 999990019 klopte iets niet.")
    coen.get_by_role("button", name="Publiceer pakket").click()
    expect(coen.get_by_role("alert")).to_contain_text("een nummer dat een BSN kan zijn")
    expect(coen.get_by_label("Waarom komt er een nieuw pakket")).to_have_value("Van 999990019 klopte iets niet.")
    coen.get_by_label("Waarom komt er een nieuw pakket").fill("Er kwam nog een levering bij.")
    coen.get_by_role("button", name="Publiceer pakket").click()
    is_published(coen)
    first, second = kept(site)
    assert (first.volgnummer, first.reden, second.volgnummer) == (1, "", 2)

    beside.get_by_label("Waarom komt er een nieuw pakket").fill("Nog eens.")
    beside.get_by_role("button", name="Publiceer pakket").click()
    expect(beside.get_by_role("alert")).to_contain_text("Er is intussen een pakket gepubliceerd")
    expect(beside.get_by_label("Waarom komt er een nieuw pakket")).to_have_value("Nog eens.")
    assert len(kept(site)) == 2

    anna = sign_in("anna")
    anna.goto(address)
    expect(part(anna, "Cijfers")).to_contain_text(f"vervangen door {second.nummer}")
    anna.get_by_role("link", name=f"Pakket {first.nummer}").click()
    expect(anna.locator("main")).to_contain_text(f"vervangen door {second.nummer}")
    expect(anna.locator("main")).to_contain_text("Er kwam nog een levering bij.")
    assert [answer.status for answer in fetch(anna).values()] == [200] * 3
    anna.get_by_role("link", name=second.nummer).first.click()
    expect(anna.locator("h1 + p, .boven").first).to_contain_text(second.nummer)
