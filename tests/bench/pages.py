"""The pages of a handler under load, beside a bare FastAPI route on the same server; and with a hundredfold of cases.

Both answer on one port each, one process with as many threads, asked in turn by autocannon over the same number of
connections. The bare route (`bare_pages`) runs the one SQL that finds what the page shows, and answers the bytes that
the page answered before, from memory. Everything in the measured service is as it runs: sign-in, rows chosen by who
asks, audit and Logboek Dataverwerkingen, compression.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import numpy as np
from playwright.sync_api import sync_playwright
from sqlalchemy import Date, bindparam, text
from sqlmodel import Session, select

from service import case_list
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts
from service.pages import worklist
from service.row_security import EVERYTHING
from service.settings import Settings
from service.web.csrf import FIELD, token_for
from signals.base import table
from tests import chromium
from tests.bench import deliveries
from tests.bench.databases import settle
from tests.bench.deliveries import RECEIVED
from tests.bench.loading import load
from tests.bench.measure import note
from tests.databases import Databases
from tests.nodejs import NODE, module
from tests.postgres import as_owner
from tests.serving import Installation, free_port, serving
from workflow.models import Case

HANDLER, TOWN, PLACE = "anna", "0599", "Rotterdam"
HANDLERS, OWN = 30, 40
"""Of the municipality; and cases of the one whose pages are asked: what somebody works on at a time."""
CONNECTIONS, SECONDS = 10, 8
"""How many ask, each for the next when one came, and for how long."""
PEOPLE = 200
"""Who click at once."""
DEEP = 800
"""The page of the worklist that is held against the first."""
UNLIMITED = {"RNI_REQUESTS_PER_USER": "0", "RNI_REQUESTS_PER_ORIGIN": "0"}


@dataclass(frozen=True)
class Asked:
    """A page: its address, what is posted there, and the one SQL that finds what it shows."""

    name: str
    shown: str
    path: str
    sql: str
    parameters: Sequence[Any]
    form: str = ""


@dataclass
class Rates:
    """Requests per second of a page, run by run, and of the bare route beside it."""

    what: str
    cases: int
    pages: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    aim = 0.25

    @property
    def rate(self) -> float:
        """Requests per second of the median run."""
        return median(self.pages)

    @property
    def share(self) -> float:
        """Of the bare route's requests per second, the median of the pairs."""
        return median(page / bare for page, bare in zip(self.pages, self.bare, strict=True))


@dataclass(frozen=True)
class Crowd:
    """So many people who click at the same moment: the seconds until the last has an answer, and who got none."""

    what: str
    people: int
    seconds: float
    errors: int


@dataclass(frozen=True)
class Weight:
    """What a browser fetched for a page, compressed, in bytes; how much moved; and the seconds over a slow line."""

    what: str
    first: int
    after: int
    shift: float
    slow: float


@dataclass(frozen=True)
class Dearer:
    """How many times as many seconds one page takes as another; aim: at most."""

    what: str
    rates: tuple[float, float]
    aim: float

    @property
    def ratio(self) -> float:
        """Times the other."""
        return self.rates[0] / self.rates[1]


@dataclass
class Pages:
    """All that was found of the pages of both databases."""

    rates: list[Rates] = field(default_factory=list)
    dearer: list[Dearer] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)


FEW = 10_000
"""Cases of the municipality beside which one with all of them is held."""


def work(databases: Databases, name: str, cases: int, runs: int, folder: Path, into: Pages) -> None:
    """The pages with FEW cases and with all, held against each other; adds what was found."""
    deep_of, of_size = f"page {DEEP}", {}
    for size in sorted({min(FEW, cases), cases}):
        note(f"{name}: pages of a municipality with {size:,} cases")
        url = databases.new()
        prepare(url, size, folder)
        rates, crowd = measure(url, name, size, runs, folder)
        into.rates += rates
        into.crowds.append(crowd)
        of_size[size] = rates
    for few, all_ in zip(of_size[min(FEW, cases)], of_size[cases], strict=True):
        if cases > FEW and deep_of not in few.what:
            into.dearer.append(Dearer(f"{all_.what}, {cases:,} cases against {FEW:,}", (few.rate, all_.rate), 1.5))
    for first, deep in pairwise(of_size[cases]):
        if deep_of in deep.what:
            into.dearer.append(Dearer(f"{deep.what} against page 1, {cases:,} cases", (first.rate, deep.rate), 1.2))
    into.weights += weigh(url, name, folder)


def prepare(url: str, cases: int, folder: Path) -> None:
    """One municipality with so many cases, received over a year, a third closed, and its handlers."""
    upgrade(url, as_owner(url))
    engine = make_engine(url)
    now = Settings(database_url=url).now()
    with session_scope(engine, Access.system()) as session:
        for number in range(HANDLERS):
            name = HANDLER if number == 0 else f"h{number}"
            accounts.create_user(session, name, accounts.role_given(f"behandelaar:{TOWN}"), now=now, password=HANDLER)
    file = folder / "town.csv"
    deliveries.write_csv(file, (_of_town(start, cases) for start in range(0, cases, deliveries.PIECE)))
    load(file, url, folder / "data")
    file.unlink()
    with engine.execution_options(**EVERYTHING).begin() as connection:
        for group in range(GROUPS):
            received = RECEIVED - timedelta(days=group * 7)
            connection.execute(
                _MOVE,
                {
                    "received": received,
                    "answer": received + timedelta(days=25),
                    "result": received + timedelta(days=180),
                    "phase": PHASES[group % len(PHASES)],
                    "handler": f"h{group}",
                    "groups": GROUPS,
                    "group": group,
                },
            )
        connection.execute(_GIVE, {"name": HANDLER, "each": max(GROUPS, cases // OWN)})
    settle(engine)
    engine.dispose()


GROUPS = 30
PHASES = ("ontvangen", "vooronderzoek", "aanschrijving", "afgesloten", "inlichtingen", "huisbezoek")
_MOVE = text(
    "UPDATE zaak SET datum_ontvangst = :received, eerste_antwoord_voor = :answer, resultaat_voor = :result,"
    " eerste_termijn_tot = :answer,"
    " fase = :phase, behandelaar = :handler WHERE id % :groups = :group"
).bindparams(bindparam("received", type_=Date), bindparam("answer", type_=Date), bindparam("result", type_=Date))
_GIVE = text("UPDATE zaak SET behandelaar = :name, fase = 'vooronderzoek' WHERE id % :each = 0")


def _of_town(start: int, rows: int) -> deliveries.Columns:
    piece = deliveries.known_piece(start, rows)
    size = len(piece["bsn"])
    return piece | {
        "gemeentecode": np.full(size, TOWN, dtype=object),
        "woonplaats": np.full(size, PLACE, dtype=object),
    }


def asked(url: str, csrf: str) -> list[Asked]:
    """The pages that are measured, with numbers of this database."""
    engine = make_engine(url)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        row = connection.execute(
            text("SELECT zaaknummer, bsn FROM zaak WHERE behandelaar = :name ORDER BY id LIMIT 1"), {"name": HANDLER}
        ).one()
    # As its handlers see it: over all municipalities a page is a sort of every case.
    of_town = replace(Access.system(), codes=frozenset({TOWN}))
    with session_scope(engine, of_town, write=False) as session:
        bsn = session.exec(select(Case.bsn).where(Case.zaaknummer == row.zaaknummer)).one()
        after = deep_cursor(session)
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    engine.dispose()
    columns = ", ".join(column.name for column in table(Case).columns)
    open_ = "fase <> 'afgesloten'"
    of_list = f"SELECT {columns} FROM zaak WHERE {{}} = {mark} AND {open_} AND eerste_termijn_tot >= {mark}"
    in_order = f"{of_list} ORDER BY eerste_termijn_tot, id LIMIT 51"
    mine = in_order.format("behandelaar")
    # In two, as both halves have an index: in one it is a sort of every case.
    halves = (f"{of_list.format('gemeentecode')} AND behandelaar IS {given} NULL" for given in ("", "NOT"))
    each_first = (f"SELECT * FROM ({half} ORDER BY eerste_termijn_tot, id LIMIT 51) AS half" for half in halves)
    all_of_town = f"{' UNION ALL '.join(each_first)} ORDER BY eerste_termijn_tot, id LIMIT 51"
    deep = case_list.read_cursor(after, "termijn")[0].isoformat() if after else EVER
    one = f"SELECT {columns} FROM zaak WHERE {{}} = {mark}"
    find = urlencode({FIELD: csrf, "zoek": bsn})
    return [
        Asked("mijn", "worklist of a handler", "/zaken?lijst=mijn", mine, [HANDLER, EVER]),
        Asked("alle", "worklist of a municipality", "/zaken?lijst=alle", all_of_town, [TOWN, EVER] * 2),
        Asked("diep", f"the same, page {DEEP}", f"/zaken?lijst=alle&na={after}", all_of_town, [TOWN, deep] * 2),
        Asked("zaak", "page of a case", f"/zaken/{row.zaaknummer}", one.format("zaaknummer"), [row.zaaknummer]),
        Asked("zoek", "search by BSN, which opens the case", "/zaken/zoek", one.format("bsn"), [row.bsn], find),
    ]


EVER = "1900-01-01"


def deep_cursor(session: Session) -> str:
    """Where the page begins that DEEP - 1 others come before."""
    wanted, after = worklist.Filters(lijst="alle").wanted(HANDLER), None
    for _ in range(DEEP - 1):
        page = case_list.page(session, wanted, size=worklist.PAGE, after=after)
        if page.volgende is None:
            break
        after = page.volgende
    return after or ""


def measure(url: str, name: str, cases: int, runs: int, folder: Path) -> tuple[list[Rates], Crowd]:
    """Each page and its bare route, taking turns; then everybody at once."""
    settings = Settings(database_url=url)
    secret = _sign_in(url, settings)
    pages = asked(url, token_for(secret, settings.keys[0]))
    rates = {each.name: Rates(f"{name}: {each.shown}", cases) for each in pages}
    headers = {"Cookie": f"rni={secret}", "Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
    with serving(Installation(url, folder / "data"), folder / "pages.log", **UNLIMITED) as served:
        told: dict[str, Any] = {"url": url, "pages": {}}
        with httpx.Client(base_url=served.address, headers=headers) as client:
            for each in pages:
                file = folder / each.name
                file.write_bytes(_bytes(client, each))
                told["pages"][each.name] = {"file": str(file), "sql": each.sql, "parameters": each.parameters}
        with bare_service(told, folder) as bare:
            for _ in range(runs):
                for each in pages:
                    rates[each.name].pages.append(rate(served.address + each.path, headers, each.form))
                    rates[each.name].bare.append(rate(f"{bare}/{each.name}", headers))
        everybody = _asked_by(PEOPLE, ["-a", str(PEOPLE)], served.address + pages[0].path, headers)
    last = everybody["latency"]["max"] / 1000  # all ask at the same moment
    crowd = Crowd(f"{name}: {PEOPLE} people ask for their list", PEOPLE, last, _errors(everybody))
    return list(rates.values()), crowd


def _sign_in(url: str, settings: Settings) -> str:
    """The value of the cookie of the handler."""
    engine = make_engine(url)
    with session_scope(engine, Access.system()) as session:
        user = accounts.find_user(session, HANDLER)
        secret = accounts.start_session(session, user, now=settings.now(), hours=8)
    engine.dispose()
    return secret


def _bytes(client: httpx.Client, page: Asked) -> bytes:
    """The answer as it goes over the line."""
    form = {"content": page.form, "headers": FORM} if page.form else {}
    with client.stream("POST" if page.form else "GET", page.path, **form) as answer:
        assert answer.status_code in (200, 303), (page, answer.status_code)
        return b"".join(answer.iter_raw())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def rate(url: str, headers: dict[str, str], form: str = "") -> float:
    """Answers per second; every one must be a page.

    Asked for some seconds rather than a number of times: autocannon looks once a second whether it is done.
    """
    told = _asked_by(CONNECTIONS, ["-d", str(SECONDS)], url=url, headers=headers, form=form)
    assert not _errors(told), told
    return float(told["2xx"] + told["3xx"]) / float(told["duration"])


def _asked_by(
    connections: int, for_how_long: Sequence[str], url: str, headers: dict[str, str], form: str = ""
) -> dict[str, Any]:
    """What autocannon tells."""
    given = [part for name, value in (headers | (FORM if form else {})).items() for part in ("-H", f"{name}={value}")]
    body = ["-m", "POST", "-b", form] if form else []
    program = [str(NODE), str(module("autocannon/autocannon.js")), "--json", "-t", "300"]
    question = ["-c", str(connections), *for_how_long, *given, *body, url]
    done = subprocess.run([*program, *question], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _errors(told: dict[str, Any]) -> int:
    return int(told["errors"] + told["timeouts"] + told["4xx"] + told["5xx"])


def weigh(url: str, name: str, folder: Path) -> list[Weight]:
    """The worklist and a case in a browser that was here never, and once; then over a line as slow as 2G."""
    settings = Settings(database_url=url)
    secret = _sign_in(url, settings)
    pages = {each.name: each for each in asked(url, token_for(secret, settings.keys[0]))}
    found = []
    with (
        serving(Installation(url, folder / "data"), folder / "weight.log", **UNLIMITED) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=["--no-sandbox"])
        for each in (pages["mijn"], pages["zaak"]):
            context = browser.new_context()
            context.add_cookies([{"name": "rni", "value": secret, "url": served.address}])
            context.add_init_script(SHIFTS)
            page = context.new_page()
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            fetched: list[float] = []
            devtools.on("Network.loadingFinished", lambda event, into=fetched: into.append(event["encodedDataLength"]))
            sizes = []
            for _ in range(2):
                fetched.clear()
                page.goto(served.address + each.path, wait_until="networkidle")
                sizes.append(round(sum(fetched)))
            shift = page.evaluate("window.shifted")
            devtools.send("Network.emulateNetworkConditions", SLOW)
            started = time.perf_counter()
            page.goto(served.address + each.path, wait_until="domcontentloaded")
            slow = time.perf_counter() - started
            found.append(Weight(f"{name}: {each.shown}", sizes[0], sizes[1], shift, slow))
            context.close()
        browser.close()
    return found


SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) window.shifted += one.value; })
    .observe({type: "layout-shift", buffered: true});"""
SLOW = {"offline": False, "latency": 800, "downloadThroughput": 35_000, "uploadThroughput": 32_000}
"""2G: 280 kbit/s, and 0.8 s before anything comes."""


@contextmanager
def bare_service(told: dict[str, Any], folder: Path) -> Iterator[str]:
    """The bare routes, in a process of their own."""
    file, port = folder / "bare.json", free_port()
    file.write_text(json.dumps(told))
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare_pages", str(port), str(file)])
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                httpx.get(f"{address}/{next(iter(told['pages']))}").raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(20)
