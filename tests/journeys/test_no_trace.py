"""Whatever is done with a person, right or wrong: no number and no name stands where it does not belong."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from aiosmtpd.controller import Controller
from serving import Installation, serving
from sqlalchemy import MetaData, text

from service import jobs
from service.access import Access
from service.db import make_engine, session_scope
from service.identity import accounts
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.bsn import passes_elfproef
from tests.databases import Databases
from tests.postgres import _free_port

DELIVERY = Path(__file__).parent.parent / "samples" / "demo" / "LRNI-2026-07.csv"
PASSWORD = "een lang genoeg wachtwoord"  # of this test alone
CAST = {"anna": "behandelaar:0268", "tess": "teamleider:0268", "ulla": "uwv_liaison", "coen": "coordinator"}
WITHOUT_NAMES = ("audit", "mailbericht", "werk", "idempotentie", "websessie", "upload", "aanmeldpoging", "load")
"""Tables in which no name of a person belongs; a number lies readable in none at all."""
SHORTEST = 6
"""Letters of a name that is looked for: shorter ones stand in words."""


@dataclass
class Searched:
    """The places that were gone through, each with its text."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, *texts: str) -> None:
        self.places.setdefault(place, []).extend(texts)

    def found(self, secrets: set[str], places: set[str]) -> list[tuple[str, str, str]]:
        """Where one of the secrets stands, with what stands around it."""
        any_of = re.compile("|".join(map(re.escape, sorted(secrets))))
        return [
            (place, hit[0], one[max(0, hit.start() - 60) : hit.end() + 20])
            for place in sorted(places)
            for one in self.places[place]
            if (hit := any_of.search(one))
        ]


def delivered() -> list[dict[str, str]]:
    heading, *lines = DELIVERY.read_text(encoding="utf-8-sig").splitlines()
    return [dict(zip(heading.split(";"), line.split(";"), strict=False)) for line in lines]


class Mails:
    """A mail server that writes down what it takes."""

    def __init__(self, searched: Searched) -> None:
        self._searched = searched

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self._searched.add("mails", envelope.content.decode())
        return "250 OK"


@pytest.fixture
def searched() -> Searched:
    return Searched()


@pytest.fixture
def installation(databases: Databases, tmp_path: Path, searched: Searched) -> Iterator[Installation]:
    url = databases.new()
    made = Installation(url, tmp_path / "gegevens")
    made.run("db", "upgrade")
    yield made
    databases.drop(url)


def command(installation: Installation, searched: Searched, *arguments: str | Path, **more: str) -> str:
    """What a command says on either stream, whatever it exits with."""
    done = installation.ran(*arguments, RNI_ENVIRONMENT="demo", **more)
    searched.add("commands", done.out, done.err)
    return done.out


def signed_in(address: str) -> httpx.Client:
    """Somebody at the pages."""
    pages = httpx.Client(base_url=address, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
    answer = pages.post("/inloggen", data={"gebruikersnaam": "anna", "wachtwoord": PASSWORD})
    assert answer.status_code == 303, answer.text
    return pages


def test_no_number_and_no_name_where_it_does_not_belong(
    installation: Installation, searched: Searched, tmp_path: Path
) -> None:
    rows = delivered()
    numbers = {row["bsn"] for row in rows if passes_elfproef(row["bsn"])}
    names = {row["geslachtsnaam"] for row in rows if len(row["geslachtsnaam"]) >= SHORTEST}
    assert len(numbers) > 100 and len(names) > 20
    tokens = people(installation)
    mailed = Controller(Mails(searched), hostname="127.0.0.1", port=_free_port())
    mailed.start()
    try:
        command(installation, searched, "load", DELIVERY, "--received", "2026-09-01", "--as", "ulla", "--json")
        wrong = tmp_path / "fout.csv"
        wrong.write_text(DELIVERY.read_text(encoding="utf-8-sig").replace("LRNI-2026-07", "niets"), encoding="utf-8")
        command(installation, searched, "check", wrong)
        command(installation, searched, "load", wrong, "--as", "ulla")
        with serving(installation, tmp_path / "service.log", RNI_ENVIRONMENT="demo") as served:
            with ExitStack() as doors:
                work(served.address, tokens, rows, searched, doors)
            searched.add("log of the service", served.log.read_text())
        command(installation, searched, "feedback", "make", "--out", tmp_path / "uit", "--as", "coen", "--json")
        command(installation, searched, "clock", "--once")
        mail(installation, mailed.port)
    finally:
        mailed.stop()
    files = [path for folder in (installation.data_dir, tmp_path) for path in folder.rglob("*")]
    searched.add("names of files", *(str(path.relative_to(tmp_path)) for path in files))
    searched.add("log of faults", *(path.read_text() for path in files if path.suffix == ".log"))
    tables = dump(installation, searched)

    everywhere = set(searched.places)
    print({place: (len(texts), sum(map(len, texts))) for place, texts in sorted(searched.places.items())})
    assert {"mails", "commands", "log of the service", "addresses", "headers", "errors"} <= everywhere
    assert all(any(searched.places[place]) for place in everywhere - {f"table {name}" for name in tables})
    assert searched.found(numbers, everywhere) == []
    nameless = {f"table {name}" for name in WITHOUT_NAMES}
    assert searched.found(names, nameless | (everywhere - {f"table {name}" for name in tables})) == []


def mail(installation: Installation, port: int) -> None:
    """What goes out on the next Monday: to handlers on any working day, to the teamleider on that one."""
    own = {"database_url": installation.database_url, "data_dir": installation.data_dir}
    settings = Settings(**own, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="geen", mail_from="rni@gemeente.example")
    engine, now = make_engine(installation.database_url), settings.now()
    told = jobs.run_mail(settings, engine, (now + timedelta(days=7 - now.weekday())).replace(hour=9))  # not at night
    assert told["berichten_verzonden"] == 2
    engine.dispose()


def people(installation: Installation) -> dict[str, str]:
    engine, now, tokens = make_engine(installation.database_url), datetime.now(UTC), {}
    with session_scope(engine, Access.system()) as session:
        for name, role in CAST.items():
            reached = {"telefoonnummer": "010 555 01 01", "emailadres": f"{name}@gemeente.example"}
            accounts.create_user(session, name, accounts.role_given(role), now=now, password=PASSWORD, **reached)
            tokens[name] = accounts.make_token(session, name, now=now)
    engine.dispose()
    return tokens


def work(
    address: str, tokens: dict[str, str], rows: list[dict[str, str]], searched: Searched, doors: ExitStack
) -> None:
    """Cases are found, opened and worked; and everything is asked wrongly with a number where it does not belong."""

    def note(answer: httpx.Response) -> None:
        searched.add("headers", *(value for name, value in answer.headers.items() if name != "set-cookie"))
        if answer.status_code >= 400:
            answer.read()
            # What somebody typed stays in the field in which he typed it, and only there.
            searched.add("errors", re.sub(r'(?s) value="[^"]*"|<textarea.*?</textarea>', "", answer.text))

    def sent(request: httpx.Request) -> None:
        if not wrongly:
            searched.add("addresses", str(request.url))

    wrongly = False
    mine = next(row for row in rows if row["gemeentecode"] == "0268" and passes_elfproef(row["bsn"]))
    api = {
        name: httpx.Client(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        for name, token in tokens.items()
    }
    pages = signed_in(address)
    for client in (*api.values(), pages):
        doors.callback(client.close)
        client.event_hooks = {"request": [sent], "response": [note]}
    anna = api["anna"]

    def step(who: str, stap: str, **gegevens: Any) -> None:
        versie = anna.get(f"/zaken/{number}").json()["versie"]
        body = {"stap": stap, "versie": versie, "gegevens": gegevens}
        answer = api[who].post(f"/zaken/{number}/stappen", json=body)
        assert answer.status_code == 201, answer.text

    found = anna.post("/zaken/_zoek", json={"bsn": mine["bsn"]}).json()["items"]
    number = found[0]["zaaknummer"]
    born = {"geslachtsnaam": mine["geslachtsnaam"], "geboortedatum": mine["geboortedatum"]}
    assert anna.post("/zaken/_zoek", json=born).json()["items"]
    step("tess", "wijs_toe", behandelaar="anna")
    step("anna", "start_vooronderzoek")
    step("anna", "verstuur_aanschrijving", verzenddatum=str(datetime.now(UTC).date() - timedelta(days=13)))
    assert anna.get(f"/zaken/{number}/brieven/1").status_code == 200

    token = re.search(r'name="csrf" value="([^"]+)"', pages.get("/", follow_redirects=True).text)
    assert token
    for typed in (mine["bsn"], mine["geslachtsnaam"], "999999990"):
        answer = pages.post("/zaken/zoek", data={"csrf": token[1], "zoek": typed})
        assert answer.status_code in (200, 303)
    for place in ("/zaken", f"/zaken/{number}", f"/zaken/{number}/stappen/verstuur_voornemen", "/post", "/walaa"):
        answer = pages.get(place)
        assert answer.status_code == 200, place
        searched.add("addresses", *re.findall(r'(?:href|action|src)="([^"]*)"', answer.text))

    wrongly = True
    for person in (mine["bsn"], mine["geslachtsnaam"]):
        for client in (anna, pages):
            client.get(f"/zaken/{person}")
            client.get("/zaken", params={"fase": person, "gemeentecode": person, "na": person})
        anna.post("/zaken/_zoek", json={"bsn": person + "x", "anders": person})
        anna.post("/zaken/_zoek", content=f'{{"bsn": {person}')
        anna.post(f"/zaken/{number}/stappen", json={"stap": person, "versie": person, "gegevens": {person: person}})
        anna.post(f"/zaken/{number}/bronnen", json={"soort": person, "datum": person})
        anna.post("/ladingen", files={"bestand": (f"{person}.exe", person.encode())})
        pages.post("/inloggen", data={"gebruikersnaam": person, "wachtwoord": person})
        pages.post(f"/zaken/{number}/stappen/verstuur_voornemen", data={"csrf": person, "identiteit": person})


def dump(installation: Installation, searched: Searched) -> list[str]:
    """Every table as it lies there."""
    engine, known = make_engine(installation.database_url), MetaData()
    known.reflect(engine)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        for name in known.tables:
            for row in connection.execute(text(f'SELECT * FROM "{name}"')):  # names of our own tables
                cells = (bytes(one) if isinstance(one, memoryview) else one for one in row)
                searched.add(f"table {name}", " | ".join(map(str, cells)))
            searched.add(f"table {name}")
    engine.dispose()
    return list(known.tables)
