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
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import numpy as np
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
from tests.bench import deliveries
from tests.bench.deliveries import RECEIVED
from tests.bench.loading import load
from tests.nodejs import NODE, module
from tests.postgres import as_owner
from tests.serving import Installation, free_port, serving
from workflow.models import Case

HANDLER, TOWN, PLACE = "anna", "0599", "Rotterdam"
OWN = 40
"""Cases of the handler whose pages are asked: what somebody works on at a time."""
CONNECTIONS, SECONDS = 10, 5
DEEP = 800
"""The page of the worklist that is held against the first."""
UNLIMITED = {"RNI_REQUESTS_PER_USER": "0", "RNI_REQUESTS_PER_ORIGIN": "0"}


@dataclass(frozen=True)
class Asked:
    """A page: its address, what is posted there, and the one SQL that finds what it shows."""

    name: str
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
    errors: int = 0

    @property
    def share(self) -> float:
        """Of the bare route's requests per second, the median of the pairs."""
        return median(page / bare for page, bare in zip(self.pages, self.bare, strict=True))


def prepare(url: str, cases: int, folder: Path) -> None:
    """One municipality with so many cases, received over a year, a third closed, and its handlers."""
    upgrade(url, as_owner(url))
    engine = make_engine(url)
    now = Settings(database_url=url).now()
    with session_scope(engine, Access.system()) as session:
        for number in range(30):
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
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


GROUPS = 30
PHASES = ("ontvangen", "vooronderzoek", "aanschrijving", "afgesloten", "inlichtingen", "huisbezoek")
_MOVE = text(
    "UPDATE zaak SET datum_ontvangst = :received, eerste_antwoord_voor = :answer, resultaat_voor = :result,"
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
    with session_scope(engine, Access.system(), write=False) as session:
        bsn = session.exec(select(Case.bsn).where(Case.zaaknummer == row.zaaknummer)).one()
        after = deep_cursor(session)
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    engine.dispose()
    columns = ", ".join(column.name for column in table(Case).columns)
    of_list = (
        f"SELECT {columns} FROM zaak WHERE {{}} AND fase <> 'afgesloten' ORDER BY eerste_antwoord_voor, id LIMIT 51"
    )
    return [
        Asked("mijn", "/zaken", of_list.format(f"behandelaar = {mark}"), [HANDLER]),
        Asked("alle", "/zaken?lijst=alle", of_list.format(f"gemeentecode = {mark}"), [TOWN]),
        Asked("diep", f"/zaken?lijst=alle&na={after}", of_list.format(f"gemeentecode = {mark}"), [TOWN]),
        Asked(
            "zaak",
            f"/zaken/{row.zaaknummer}",
            f"SELECT {columns} FROM zaak WHERE zaaknummer = {mark}",
            [row.zaaknummer],
        ),
        Asked(
            "zoek",
            "/zaken/zoek",
            f"SELECT {columns} FROM zaak WHERE bsn = {mark}",
            [row.bsn],
            urlencode({FIELD: csrf, "zoek": bsn}),
        ),
    ]


def deep_cursor(session: Session) -> str:
    """Where the page begins that DEEP - 1 others come before."""
    wanted, after = worklist.Filters(lijst="alle").wanted(HANDLER), None
    for _ in range(DEEP - 1):
        page = case_list.page(session, wanted, size=worklist.PAGE, after=after)
        if page.volgende is None:
            break
        after = page.volgende
    return after or ""


def measure(url: str, name: str, cases: int, runs: int, folder: Path) -> list[Rates]:
    """Each page and its bare route, taking turns."""
    settings = Settings(database_url=url)
    engine = make_engine(url)
    now = settings.now()
    with session_scope(engine, Access.system()) as session:
        secret = accounts.start_session(session, accounts.find_user(session, HANDLER), now=now, hours=8)
    engine.dispose()
    pages = asked(url, token_for(secret, settings.keys[0]))
    rates = {each.name: Rates(f"{name}: {each.name}", cases) for each in pages}
    with serving(Installation(url, folder / "data"), folder / "pages.log", **UNLIMITED) as served:
        headers = {"Cookie": f"rni={secret}", "Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=served.address, headers=headers) as client:
            told: dict[str, Any] = {"url": url, "pages": {}}
            for each in pages:
                file = folder / each.name
                file.write_bytes(_bytes(client, each))
                told["pages"][each.name] = {"file": str(file), "sql": each.sql, "parameters": each.parameters}
        with bare_service(told, folder) as bare:
            for _ in range(runs):
                for each in pages:
                    found = rates[each.name]
                    found.pages.append(rate(served.address + each.path, headers, each.form))
                    found.bare.append(rate(f"{bare}/{each.name}", headers))
    return list(rates.values())


def _bytes(client: httpx.Client, page: Asked) -> bytes:
    """The answer as it goes over the line."""
    form = {"content": page.form, "headers": FORM} if page.form else {}
    with client.stream("POST" if page.form else "GET", page.path, **form) as answer:
        assert answer.status_code in (200, 303), (page, answer.status_code)
        return b"".join(answer.iter_raw())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def rate(url: str, headers: dict[str, str], form: str = "", connections: int = CONNECTIONS) -> float:
    """Answers per second; every one must be a page."""
    given = [part for name, value in (headers | (FORM if form else {})).items() for part in ("-H", f"{name}={value}")]
    body = ["-m", "POST", "-b", form] if form else []
    command = [NODE, module("autocannon/autocannon.js"), "--json", "-c", str(connections), "-d", str(SECONDS)]
    done = subprocess.run([*command, *given, *body, url], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert not told["errors"] and not told["4xx"] and not told["5xx"], {k: told[k] for k in ("errors", "4xx", "5xx")}
    return float(told["requests"]["average"])


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
