"""One delivery the whole way, by commands and through the API: in, along the legal path, told, taken back, counted."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from openpyxl import load_workbook
from serving import Installation, serving

from service.access import Access
from service.db import make_engine, session_scope
from service.identity import accounts
from tests.databases import Databases

SAMPLES = Path(__file__).parent.parent / "samples" / "demo"
CAST = {
    "anna": "behandelaar:0268",
    "carla": "beslisser:0268",
    "tess": "teamleider:0268",
    "dirk": "behandelaar:0983",
    "ulla": "uwv_liaison",
    "coen": "coordinator",
}
CONDITIONS = {
    "identiteit": "paspoort aan de balie gezien",
    "datumIdentiteit": "2026-09-10",
    "rechtmatigVerblijf": "ja, burger van de EU",
    "verblijfscriterium": "werkt hier sinds elf maanden",
    "adres": "huurcontract en bag",
}
CHECKLIST = {"identiteitVastgesteld": True, "bewonersGeinformeerd": True, "persoonslijstOpgevraagd": True}


class Person:
    """Somebody at the API who takes steps, always on the case as it stands."""

    def __init__(self, door: httpx.Client) -> None:
        self.door = door

    def case(self, number: str) -> Any:
        return self.door.get(f"/zaken/{number}").raise_for_status().json()

    def step(self, number: str, stap: str, **gegevens: Any) -> httpx.Response:
        body = {"stap": stap, "versie": self.case(number)["versie"], "gegevens": gegevens}
        return self.door.post(f"/zaken/{number}/stappen", json=body)

    def takes(self, number: str, stap: str, **gegevens: Any) -> Any:
        answer = self.step(number, stap, **gegevens)
        assert answer.status_code == 201, (stap, answer.text)
        return answer.json()

    def is_refused(self, number: str, stap: str, **gegevens: Any) -> list[str]:
        answer = self.step(number, stap, **gegevens)
        assert answer.status_code == 409, (stap, answer.text)
        reasons = answer.json()["belemmeringen"]
        print("geweigerd:", stap, json.dumps(reasons, ensure_ascii=False))
        return [reason["code"] for reason in reasons]


@pytest.fixture(scope="module")
def installation(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(databases.new(), tmp_path_factory.mktemp("journey"))
    made.run("db", "upgrade")
    return made


@pytest.fixture(scope="module")
def people(installation: Installation) -> Iterator[Mapping[str, Person]]:
    """The cast at the API: the first by the commands, the others by what those commands call, which is quicker."""
    first, *others = CAST
    reached = ("--telefoonnummer", "010 555 01 01", "--emailadres", f"{first}@gemeente.example")
    assert installation.json("user", "add", first, "--role", CAST[first], *reached)["gebruiker"] == first
    tokens = {first: installation.run("token", "make", first)}
    engine, now = make_engine(installation.database_url), datetime.now(UTC)
    with session_scope(engine, Access.system()) as session:
        for name in others:
            accounts.create_user(
                session,
                name,
                accounts.role_given(CAST[name]),
                now=now,
                telefoonnummer="010 555 01 01",
                emailadres=f"{name}@gemeente.example",
            )
            tokens[name] = accounts.make_token(session, name, now=now)
    engine.dispose()
    with serving(installation, installation.data_dir / "service.log") as served:
        doors = {name: served.door(token) for name, token in tokens.items()}
        yield {name: Person(door) for name, door in doors.items()}
        for door in doors.values():
            door.close()


def test_one_delivery_goes_the_whole_way(
    installation: Installation, people: Mapping[str, Person], tmp_path: Path
) -> None:
    anna, carla, tess = people["anna"], people["carla"], people["tess"]
    loaded = installation.json(
        "load", SAMPLES / "LRNI-2026-07.csv", "--received", "2026-09-01", "--as", "ulla", exits=3
    )
    expected = json.loads((SAMPLES / "LRNI-2026-07.expected.json").read_text())
    assert {name: loaded[name] for name in expected} == expected

    first, second = (
        one["zaaknummer"] for one in anna.door.get("/zaken", params={"aantal": 2, "fase": "ontvangen"}).json()["items"]
    )
    assert people["dirk"].door.get(f"/zaken/{first}").status_code == 404

    # the ambtshalve path, refused at three points on its way
    assert anna.is_refused(first, "start_vooronderzoek") == ["niet_toegewezen"]
    tess.takes(first, "wijs_toe", behandelaar="anna")
    anna.takes(first, "start_vooronderzoek")
    anna.takes(first, "verstuur_aanschrijving", verzenddatum="2026-09-05", datumVerzoekRvig="2026-09-05")
    too_early = CONDITIONS | {"verzenddatum": "2026-09-21"}
    refused = anna.is_refused(first, "verstuur_voornemen", **too_early)
    assert refused == ["aanschrijftermijn_loopt", "te_weinig_bronnen"]
    for soort in ("verhuurder", "bag"):
        entry = {"soort": soort, "datum": "2026-09-12", "bevinding": "huurt er sinds 2025"}
        assert anna.door.post(f"/zaken/{first}/bronnen", json=entry).status_code == 201
    anna.takes(first, "verstuur_voornemen", **CONDITIONS, verzenddatum="2026-09-22")
    assert anna.is_refused(first, "neem_besluit", motivering="x") == ["rol_ontbreekt", "vier_ogen"]
    carla.takes(first, "neem_besluit", motivering="twee bronnen, geen zienswijze", verzenddatum="2026-10-08")
    anna.takes(first, "verwerk_in_brp", **CHECKLIST)
    shown = anna.case(first)
    print(json.dumps({name: shown[name] for name in ("gebeurtenissen", "termijnen")}, indent=1, ensure_ascii=False))
    assert (shown["resultaat"], shown["ingangsdatum"]) == ("ambtshalve_ingeschreven", "2026-09-22")
    assert [(event["stap"], event["door"]) for event in shown["gebeurtenissen"]] == [
        ("ontvang_signaal", "ulla"),
        ("wijs_toe", "tess"),
        ("start_vooronderzoek", "anna"),
        ("start_onderzoek", "anna"),
        ("verstuur_aanschrijving", "anna"),
        ("verstuur_voornemen", "anna"),
        ("neem_besluit", "carla"),
        ("verwerk_in_brp", "anna"),
    ]

    # told, and after reopening another case, corrected
    anna.takes(second, "niet_oppakken", reden="capaciteit")
    signals = loaded["geaccepteerd"]
    out = tmp_path / "uit"
    told = installation.json("feedback", "make", "--out", out, "--as", "coen")
    print("gemaakt:", told["soorten"], told["afstemming"])
    assert told["soorten"] == {"resultaat": 2}
    assert told["afstemming"]["onderweg"] == 2
    number = told["terugkoppelingsnummer"]
    installation.run("feedback", "make", "--as", "coen", exits=4)
    installation.run("feedback", "sent", number, "--as", "coen")
    installation.run("feedback", "received", number, "--reference", "UWV-1", "--as", "ulla")
    counts = installation.json("figures", "werksessie")["cijfers"]
    print("ontvangen:", counts["afstemming"])
    assert counts["afstemming"] == _reconciled(signals, resultaat_verteld=2)
    assert (counts["treffers"], counts["onderzocht"], counts["niet_opgepakt"]) == (1, 1, 1)

    carla.takes(second, "heropen", reden="er is weer ruimte")
    counts = installation.json("figures", "werksessie")["cijfers"]
    print("heropend:", counts["afstemming"])
    assert counts["afstemming"] == _reconciled(signals, nu_te_vertellen=1, resultaat_verteld=1)
    corrected = installation.json("feedback", "make", "--out", out, "--as", "coen")
    print("correctie:", corrected["soorten"], corrected["afstemming"])
    assert corrected["soorten"] == {"correctie": 1}
    row = _only_row(Path(next(one["pad"] for one in corrected["bestanden"] if one["pad"].endswith(".csv"))))
    assert (row["resultaat"], row["brp_mutatie"]) == ("", "N")
    assert row["vervangt"].startswith(f"{number}/")
    twin = load_workbook(next(one["pad"] for one in corrected["bestanden"] if one["pad"].endswith(".xlsx")))
    assert twin.worksheets[0].max_row == 2
    installation.run("feedback", "sent", corrected["terugkoppelingsnummer"], "--as", "coen")
    installation.run("feedback", "received", corrected["terugkoppelingsnummer"], "--reference", "UWV-2", "--as", "ulla")
    counts = installation.json("figures", "werksessie")["cijfers"]
    print("correctie ontvangen:", counts["afstemming"])
    assert counts["afstemming"] == _reconciled(signals, resultaat_verteld=1, alleen_eerste_antwoord=1)


def _reconciled(signals: int, **categories: int) -> dict[str, int]:
    names = ("nu_te_vertellen", "onderweg", "ingetrokken_verteld", "resultaat_verteld", "alleen_eerste_antwoord")
    known = {name: categories.get(name, 0) for name in names}
    return known | {"nog_niets": signals - sum(known.values())}


def _only_row(path: Path) -> dict[str, str]:
    header, row = path.read_bytes().decode("utf-8-sig").splitlines()
    return dict(zip(header.split(";"), row.split(";"), strict=True))
