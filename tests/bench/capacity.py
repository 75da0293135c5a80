"""`python -m tests.bench.capacity`: what one case and one request take, for docs/beheer/capaciteit.md.

On both databases: the demonstration, of which it counts what lies there for each case that was worked; a delivery of
ROWS (20,000) on top, for what a case takes that nobody worked yet; then one `rni serve` that is asked for pages and
steps, EACH (10) seconds a kind. Beside requests per second it tells the time of processor in the service and in
PostgreSQL: that hangs less on who else uses the machine. Prints an object.
"""

import json
import os
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
from sqlalchemy import Engine, inspect, make_url, text
from sqlmodel import col, select

from service import process
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.demo.walk import PASSWORD, Demo
from service.identity import accounts
from service.row_security import EVERYTHING
from service.settings import Environment, Settings
from tests import postgres
from tests.bench import deliveries
from tests.bench.databases import PRODUCTION
from tests.bench.loading import load
from tests.databases import Databases, PostgresDatabases, SqliteFiles, plain_address
from tests.postgres import as_owner, as_superuser
from tests.serving import Installation, Served, serving
from workflow.models import Case
from workflow.transitions import RESEARCH

ROWS, EACH = int(os.environ.get("ROWS", "20000")), float(os.environ.get("EACH", "10"))
ASKING = 4
"""Threads that ask, each for the next when one came."""
HANDLER, TOWN = "anna.nijmegen", "0268"
UNLIMITED = {"RNI_REQUESTS_PER_USER": "0", "RNI_REQUESTS_PER_ORIGIN": "0", "RNI_ENVIRONMENT": "demo"}
TICKS = os.sysconf("SC_CLK_TCK")


def work(databases: Databases, folder: Path) -> dict[str, Any]:
    """Everything on one kind of database."""
    url, data = databases.new(), folder / "data"
    upgrade(url, as_owner(url))
    settings = Settings(database_url=url, data_dir=data, environment=Environment.DEMO)
    process.begin(settings)
    empty = size(url)
    demo = Demo(settings, settings.now().date(), StringIO())
    demo.run()
    demo.engine.dispose()
    engine = make_engine(as_owner(url))
    told = {"worked": stock(engine, url, data, empty)}
    served = measured(url, engine, data, folder)
    file = folder / "delivery.csv"
    deliveries.write_known(file, ROWS)
    before, rows = size(url), counts(engine)
    counted, seconds = load(file, url, data)
    after = counts(engine)
    told["loaded"] = {
        "cases": counted["zaken"],
        "seconds": round(seconds, 1),
        "bytes_per_case": round((size(url) - before) / counted["zaken"]),
        "rows_per_case": {
            name: round((after[name] - rows[name]) / counted["zaken"], 2) for name in after if after[name] > rows[name]
        },
    }
    engine.dispose()
    return told | {"served": served}


def stock(engine: Engine, url: str, data: Path, empty: int) -> dict[str, Any]:
    """What lies there for each case of the demonstration."""
    found = counts(engine)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        pdfs = connection.execute(text("SELECT coalesce(sum(length(pdf)), 0) FROM brief_bestand")).scalar_one()
        touched = connection.execute(text("SELECT count(*) FROM zaak WHERE lading_id IS NULL")).scalar_one()
    files = {
        each.name: sum(path.stat().st_size for path in each.rglob("*") if path.is_file())
        for each in sorted(data.iterdir())
        if each.is_dir()
    }
    names = ("gebeurtenis", "termijn", "brief", "bron", "document", "audit", "logboek_dataverwerking")
    return {
        "cases": found["zaak"],
        "touched": touched,
        "bytes": size(url) - empty,
        "bytes_of_letters": int(pdfs),
        "bytes_of_files": files,
        "rows_per_touched_case": {name: round(found[name] / touched, 2) for name in names},
    }


def counts(engine: Engine) -> dict[str, int]:
    """Rows of each table."""
    with engine.execution_options(**EVERYTHING).connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}


def size(url: str) -> int:
    """Bytes of the database, all in its place."""
    if url.startswith("sqlite"):
        engine = make_engine(url)
        with engine.connect() as connection:
            connection.commit()
        driver = engine.raw_connection()
        driver.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        driver.close()
        engine.dispose()
        return Path(str(make_url(url).database)).stat().st_size
    with psycopg.connect(plain_address(as_superuser(url)), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert found
        return int(found[0])


def measured(url: str, engine: Engine, data: Path, folder: Path) -> dict[str, Any]:
    """Pages and steps of one process."""
    with session_scope(engine, Access.system()) as session:
        token = accounts.make_token(session, HANDLER, now=Settings().now())
        mine = select(Case.zaaknummer).where(col(Case.gemeentecode) == TOWN)
        numbers = list(session.exec(mine))
        running = list(session.exec(mine.where(col(Case.fase).in_(RESEARCH), col(Case.aangehouden_sinds).is_(None))))
    told = {}
    with serving(Installation(url, data), folder / "service.log", **UNLIMITED) as served:
        cookies = signed_in(served)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        told["worklist"] = rate(url, served, lambda door, turn, _: door.get("/zaken"), cookie)
        told["case"] = rate(
            url, served, lambda door, turn, _: door.get(f"/zaken/{numbers[turn % len(numbers)]}"), cookie
        )
        bearer = {"Authorization": f"Bearer {token}"}
        told["entry"] = rate(url, served, lambda door, turn, who: entry(door, running, turn, who), bearer)
        told["step"] = rate(url, served, Steps(running).take, bearer)
    return told


def signed_in(served: Served) -> dict[str, str]:
    """The cookies of a handler."""
    with httpx.Client(base_url=served.address, headers={"Sec-Fetch-Site": "same-origin"}) as pages:
        answer = pages.post("/inloggen", data={"gebruikersnaam": HANDLER, "wachtwoord": PASSWORD})
        assert answer.status_code == 303, answer.text
        return dict(pages.cookies)


def entry(door: httpx.Client, numbers: list[str], turn: int, who: int) -> httpx.Response:
    """A source in a dossier."""
    sent = {"soort": "bag", "datum": f"{Settings().now():%Y-%m-%d}", "bevinding": f"{who}-{turn}"}
    return door.post(f"/api/v1/zaken/{numbers[(turn * ASKING + who) % len(numbers)]}/bronnen", json=sent)


class Steps:
    """Steps that can be taken again and again: on hold and off it, each thread in cases of its own."""

    def __init__(self, numbers: list[str]) -> None:
        assert len(numbers) >= ASKING, "too few cases to step in"
        self._numbers = numbers
        self._versions = dict[str, tuple[int, bool]]()

    def take(self, door: httpx.Client, turn: int, who: int) -> httpx.Response:
        """The next step in one of this thread's cases."""
        mine = self._numbers[who::ASKING]
        number = mine[turn % len(mine)]
        if number not in self._versions:
            self._versions[number] = door.get(f"/api/v1/zaken/{number}").json()["versie"], False
        versie, held = self._versions[number]
        sent = {"stap": "hervat" if held else "houd_aan", "versie": versie, "gegevens": {"reden": "Gemeten."}}
        answer = door.post(f"/api/v1/zaken/{number}/stappen", json=sent)
        if answer.status_code == 201:
            self._versions[number] = answer.json()["versie"], not held
        return answer


Ask = Callable[[httpx.Client, int, int], httpx.Response]


def rate(url: str, served: Served, ask: Ask, headers: dict[str, str]) -> dict[str, float]:
    """Requests per second, and milliseconds of processor for each in the service and in PostgreSQL."""
    answers, ending = Counter[int](), time.monotonic() + EACH

    def asking(who: int) -> None:
        with httpx.Client(base_url=served.address, headers=headers, timeout=60) as door:
            for turn in range(1_000_000):
                if time.monotonic() > ending:
                    return
                answers[ask(door, turn, who).status_code] += 1

    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as door:
        ask(door, 999_999, 0)
    before, started = (used(served.pid), used_by_server(url)), time.monotonic()
    threads = [threading.Thread(target=asking, args=[who]) for who in range(ASKING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, number = time.monotonic() - started, answers.total()
    assert set(answers) <= {200, 201}, answers
    return {
        "per_second": round(number / took, 1),
        "service_ms": round(1000 * (used(served.pid) - before[0]) / number, 1),
        "database_ms": round(1000 * (used_by_server(url) - before[1]) / number, 1),
    }


def used(pid: int) -> float:
    """Seconds of processor of a process, with those of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def used_by_server(url: str) -> float:
    """The same of PostgreSQL with all that it started; none for a file."""
    if url.startswith("sqlite"):
        return 0
    with psycopg.connect(plain_address(as_superuser(url)), autocommit=True) as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found
    first = int(Path(found[0], "postmaster.pid").read_text().splitlines()[0])
    return used(first) + sum(used(pid) for pid in children(first))


def children(of: int) -> Iterator[int]:
    """Processes that this one started."""
    for place in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\s+(\d+)", place.read_text(), re.M)
        except OSError:  # it ended
            continue
        if parent and int(parent[1]) == of:
            yield int(place.parent.name)


@contextmanager
def kinds() -> Iterator[Iterator[tuple[str, Databases, Path]]]:
    """SQLite and PostgreSQL, each with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="rni-capacity-") as place, postgres.running(PRODUCTION) as url:
        folders = [Path(place, name) for name in ("sqlite", "postgresql")]
        for folder in folders:
            folder.mkdir()
        server = PostgresDatabases(url, "capacity")
        yield iter((("SQLite", SqliteFiles(folders[0]), folders[0]), ("PostgreSQL", server, folders[1])))
        server.close()


if __name__ == "__main__":
    with kinds() as found:
        json.dump({name: work(databases, folder) for name, databases, folder in found}, sys.stdout, indent=1)
