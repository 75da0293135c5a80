import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import select

from service import uploads
from service.access import Access
from service.app import create_app
from service.db import make_engine, session_scope
from service.models import AuditEntry
from service.settings import Settings
from workflow.actors import Actor
from workflow.models import Case

from .conftest import NOW, Template, access

SAMPLE = Path(__file__).parent.parent / "samples" / "demo" / "LRNI-2026-07.csv"
RECEIVED = date(2026, 7, 6)


@pytest.fixture
def client(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield client


@pytest.fixture(scope="module")
def loaded_once(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    shutil.copy(template.path, folder / "loaded.sqlite3")
    engine = make_engine(f"sqlite:///{folder / 'loaded.sqlite3'}")
    uploads.load_file(engine, access(engine, "ulla"), SAMPLE, SAMPLE.name, received=RECEIVED, now=NOW)
    engine.dispose()
    return folder / "loaded.sqlite3"


@pytest.fixture
def loaded(loaded_once: Path, settings: Settings) -> None:
    """The database of this test, with the delivery of July in it."""
    with (
        closing(sqlite3.connect(loaded_once)) as full,
        closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))) as mine,
    ):
        full.backup(mine)


class Door:
    """The API as one person comes in by it."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **params: Any) -> Response:
        return self.client.get(f"/api/v1{path}", params=params, headers=self.headers)

    def post(self, path: str, json: Any = None, *, key: str | None = None, **more: Any) -> Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(f"/api/v1{path}", json=json, headers=headers, **more)


@pytest.fixture
def doors(client: TestClient, tokens: Mapping[str, str]) -> dict[str, Door]:
    return {name: Door(client, token) for name, token in tokens.items()}


def first_case(door: Door, **params: Any) -> dict[str, Any]:
    return door.get("/zaken", sorteer="zaaknummer", aantal=1, **params).json()["items"][0]


PROBLEM = {"type", "status", "title", "detail"}


def is_problem(response: Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["api-version"] == "1.0.0"
    body: dict[str, Any] = response.json()
    assert body.keys() >= PROBLEM
    assert body["status"] == status
    return body


def test_nobody_gets_in_without_a_token(client: TestClient) -> None:
    for path in ("/zaken", "/ladingen", "/terugkoppelingen", "/cijfers", "/termijnen", "/gemeenten"):
        refused = client.get(f"/api/v1{path}")
        is_problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
    wrong = client.get("/api/v1/zaken", headers={"Authorization": "Bearer rni_verkeerd"})
    is_problem(wrong, 401)


def test_the_openapi_document_is_open_to_all(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json")
    assert document.status_code == 200
    assert document.headers["access-control-allow-origin"] == "*"
    assert document.headers["api-version"] == document.json()["info"]["version"]
    assert document.json()["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]


def test_what_does_not_exist_is_a_problem_too(client: TestClient, doors: dict[str, Door]) -> None:
    is_problem(client.get("/api/v1/bestaat-niet"), 404)
    is_problem(client.get("/api/v1"), 404)
    is_problem(client.get("/api/v1/zaken/"), 404)
    is_problem(client.delete("/api/v1/zaken"), 405)
    is_problem(doors["anna"].get("/zaken/Z-2026-9999999"), 404)


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/api/v1/openapi.json", "/api/v1/zaken", "/bestaat-niet", "/inloggen"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_bad_input_is_400_with_every_error_and_without_what_was_sent(doors: dict[str, Door]) -> None:
    refused = is_problem(doors["anna"].post("/zaken/_zoek", {"bsn": "99990001", "leeftijd": 999900018}), 400)
    assert {error["location"]["pointer"] for error in refused["errors"]} == {"/bsn", "/leeftijd"}
    assert "9999" not in str(refused)
    wrong = is_problem(doors["anna"].get("/zaken", aantal=1000, fase="onzin"), 400)
    assert {error["location"]["name"] for error in wrong["errors"]} == {"aantal", "fase"}


def test_a_form_from_another_site_is_refused(client: TestClient, tokens: Mapping[str, str]) -> None:
    headers = {"Authorization": f"Bearer {tokens['anna']}"}
    for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elders.example"}):
        is_problem(client.post("/api/v1/zaken/_zoek", json={"bsn": "999900018"}, headers=headers | sent), 403)
    own = headers | {"Origin": "http://testserver"}
    assert client.post("/api/v1/zaken/_zoek", json={"bsn": "999900018"}, headers=own).status_code == 200


def test_too_much_is_refused_before_it_is_read(doors: dict[str, Door]) -> None:
    is_problem(doors["anna"].post("/zaken/_zoek", {"bsn": "9" * 2_000_000}), 413)


def test_an_unexpected_fault_is_a_sentence_with_headers(
    client: TestClient, doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("999900018")

    monkeypatch.setattr("service.case_list.page", broken)
    assert "999900018" not in str(is_problem(doors["anna"].get("/zaken"), 500))


def test_a_delivery_is_offered_checked_confirmed_and_answered_once(
    doors: dict[str, Door], engine: Engine, settings: Settings
) -> None:
    def offer() -> Response:
        with SAMPLE.open("rb") as stream:
            return doors["ulla"].post(
                "/ladingen",
                key="levering-07",
                files={"bestand": (SAMPLE.name, stream, "text/csv")},
                data={"datumOntvangst": "2026-07-06"},
            )

    offered = offer()
    assert offered.status_code == 202, offered.text
    assert offered.json()["status"] == "gecontroleerd"
    assert offered.json()["geaccepteerd"] == 222
    again = offer()
    assert (again.status_code, again.json()) == (202, offered.json())
    number = offered.json()["ladingnummer"]
    assert doors["ulla"].get(f"/ladingen/{number}").json() == offered.json()
    assert doors["anna"].get("/zaken").json()["items"] == []

    confirmed = doors["ulla"].post(f"/ladingen/{number}/bevestigingen", key="bevestig-07")
    assert confirmed.status_code == 201, confirmed.text
    assert confirmed.json()["ladingnummer"] == number
    assert confirmed.json()["status"] == "geladen"
    assert confirmed.json()["zaken"] == 219
    assert len(doors["anna"].get("/zaken").json()["items"]) > 0
    again = doors["ulla"].post(f"/ladingen/{number}/bevestigingen", key="bevestig-07")
    assert (again.status_code, again.json()) == (201, confirmed.json())
    refused = is_problem(doors["ulla"].post(f"/ladingen/{number}/bevestigingen"), 409)
    assert refused["belemmeringen"][0]["code"] == "staat_past_niet"
    assert doors["ulla"].get("/leveringen").json()["items"] == [
        {"leveringsnummer": "LRNI-2026-07", "eersteOntvangst": "2026-07-06", "ladingen": [number]}
    ]
    kept = list((settings.data_dir / "ontvangen").iterdir())
    assert [path.read_bytes() for path in kept] == [SAMPLE.read_bytes()]
    assert SAMPLE.stem not in kept[0].name


def test_a_refused_file_is_told_as_such_and_loads_nothing(doors: dict[str, Door]) -> None:
    offered = doors["ulla"].post("/ladingen", files={"bestand": ("lijst.csv", b"a;b\n1;2\n", "text/csv")})
    assert offered.status_code == 202
    assert offered.json()["status"] == "geweigerd"
    assert offered.json()["reden"] == "kop_onbekend"
    number = offered.json()["ladingnummer"]
    is_problem(doors["ulla"].post(f"/ladingen/{number}/bevestigingen"), 409)


def test_a_teamleider_loads_for_the_own_municipality_only(doors: dict[str, Door]) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    own = [row for row in rows if ";0599;" in row][:3]
    offered = doors["tess"].post("/ladingen", files={"bestand": ("eigen.csv", "\n".join([header, *own]).encode())})
    assert offered.json()["status"] == "gecontroleerd", offered.text
    assert doors["tess"].post(f"/ladingen/{offered.json()['ladingnummer']}/bevestigingen").status_code == 201

    with SAMPLE.open("rb") as stream:
        whole = doors["tess"].post("/ladingen", files={"bestand": (SAMPLE.name, stream)})
    if whole.status_code == 202:
        whole = doors["tess"].post(f"/ladingen/{whole.json()['ladingnummer']}/bevestigingen")
    assert is_problem(whole, 403)["errors"][0]["code"] == "andere_gemeente"
    assert len(doors["anna"].get("/zaken", aantal=100).json()["items"]) == len(own)


def test_loads_are_for_the_loader_and_the_liaison(doors: dict[str, Door], loaded: None) -> None:
    (load,) = doors["ulla"].get("/ladingen").json()["items"]
    is_problem(doors["anna"].get("/ladingen"), 403)
    is_problem(doors["coen"].get("/ladingen"), 403)
    assert doors["tess"].get("/ladingen").json()["items"] == []
    is_problem(doors["tess"].get(f"/ladingen/{load['ladingnummer']}"), 404)


CASE = {
    "zaaknummer", "versie", "fase", "aangehouden", "gemeentecode", "herkomst", "leveringsnummer", "signaalnummers",
    "datumOntvangst", "behandelaar", "eersteAntwoord", "resultaat", "ingangsdatum", "termijnen", "gebeurtenissen",
}  # fmt: skip


def test_a_case_has_the_shape_that_scripts_rely_on(doors: dict[str, Door], loaded: None) -> None:
    listed = first_case(doors["anna"])
    assert listed.keys() == CASE
    assert listed["fase"] == "ontvangen"
    assert listed["gemeentecode"] == "0599"
    assert listed["datumOntvangst"] == "2026-07-06"
    assert {"term", "einde", "uitleg", "status"} <= listed["termijnen"][0].keys()
    (opened,) = listed["gebeurtenissen"]
    assert {"stap", "van", "naar", "tijdstip", "door", "grondslag", "gegevens"} <= opened.keys()
    assert opened["stap"] == "ontvang_signaal"
    assert opened["tijdstip"].endswith("Z")
    shown = doors["anna"].get(f"/zaken/{listed['zaaknummer']}").json()
    assert listed.items() <= shown.items()
    assert shown["persoon"]["bsn"].startswith("9999")


def test_another_municipality_has_no_case_here(doors: dict[str, Door], loaded: None) -> None:
    mine = first_case(doors["anna"])["zaaknummer"]
    for path in (f"/zaken/{mine}", f"/zaken/{mine}/stappen", f"/zaken/{mine}/bronnen"):
        is_problem(doors["dirk"].get(path), 404)
    is_problem(doors["dirk"].post(f"/zaken/{mine}/stappen", {"stap": "wijs_toe", "versie": 1}), 404)
    is_problem(doors["dirk"].post(f"/zaken/{mine}/leerpunten", {"soort": "samenwerking"}), 404)
    assert {each["gemeentecode"] for each in doors["dirk"].get("/zaken", aantal=100).json()["items"]} == {"0983"}
    assert doors["dirk"].get("/zaken", gemeentecode="0599").json()["items"] == []
    bsn = doors["anna"].get(f"/zaken/{mine}").json()["persoon"]["bsn"]
    assert len(doors["anna"].post("/zaken/_zoek", {"bsn": bsn}).json()["items"]) == 1
    assert doors["dirk"].post("/zaken/_zoek", {"bsn": bsn}).json()["items"] == []


@pytest.mark.parametrize("who", ["ulla", "coen", "bea", "aad"])
def test_cases_are_for_who_works_on_them(doors: dict[str, Door], loaded: None, who: str) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    for path in ("/zaken", f"/zaken/{number}", f"/zaken/{number}/stappen", f"/zaken/{number}/contacten"):
        is_problem(doors[who].get(path), 403)
    is_problem(doors[who].post("/zaken/_zoek", {"signaalnummer": "S1"}), 403)


def test_what_uwv_pays_is_for_handlers_only(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    handler, visitor = (doors[who].get(f"/zaken/{number}").json()["signalen"][0] for who in ("anna", "bram"))
    assert handler["datumVanaf"] is not None
    assert visitor["datumVanaf"] is None
    assert visitor["werkgever"] is None


def test_lists_go_on_where_they_stopped(doors: dict[str, Door], loaded: None) -> None:
    for sort in ("termijn", "-termijn", "datumOntvangst", "-datumOntvangst", "zaaknummer", "-zaaknummer"):
        whole = [each["zaaknummer"] for each in doors["anna"].get("/zaken", aantal=100, sorteer=sort).json()["items"]]
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = doors["anna"].get("/zaken", aantal=7, sorteer=sort, **({"na": cursor} if cursor else {})).json()
            found += [each["zaaknummer"] for each in page["items"]]
            cursor = page["volgende"]
            if cursor is None:
                break
        assert found == whole
        assert len(whole) > 14
    for broken in ("onzin", "W10", cursor_of_another_sort(doors["anna"])):
        is_problem(doors["anna"].get("/zaken", na=broken, sorteer="termijn"), 400)


def cursor_of_another_sort(door: Door) -> str:
    cursor: str = door.get("/zaken", aantal=1, sorteer="zaaknummer").json()["volgende"]
    return cursor


def test_filters_choose(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    number = first_case(anna)["zaaknummer"]
    anna.post(f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1, "gegevens": {}})
    anna.post(f"/zaken/{number}/terugbelverzoeken", {"telefoonnummer": "0612345678"})
    anna.post(f"/zaken/{number}/stappen", {"stap": "houd_aan", "versie": 2, "gegevens": {"reden": "wacht"}})
    for one in ({"behandelaar": "anna"}, {"aangehouden": True}, {"terugbelverzoek": True}):
        assert [each["zaaknummer"] for each in anna.get("/zaken", **one).json()["items"]] == [number]
    assert anna.get("/zaken", resultaat="overleden").json()["items"] == []
    assert anna.get("/zaken", leveringsnummer="LRNI-2026-08").json()["items"] == []
    assert anna.get("/zaken", termijnVoor="2026-07-01").json()["items"] == []
    assert anna.get("/zaken", termijnVoor="2026-12-01").json()["items"] != []
    assert anna.get("/zaken", fase=["vooronderzoek", "besluit"]).json()["items"] == []


def test_searching_takes_one_way_at_a_time(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    number = first_case(anna)["zaaknummer"]
    case = anna.get(f"/zaken/{number}").json()
    person, address = case["persoon"], case["adressen"][0]
    ways = (
        {"bsn": person["bsn"]},
        {"geslachtsnaam": person["geslachtsnaam"].upper(), "geboortedatum": person["geboortedatum"]},
        {"signaalnummer": case["signaalnummers"][0]},
        {"postcode": address["postcode"], "huisnummer": address["huisnummer"]},
    )
    for way in ways:
        if all(way.values()):
            found = [each["zaaknummer"] for each in anna.post("/zaken/_zoek", way).json()["items"]]
            assert number in found, way
    for way in ({}, {"geslachtsnaam": "Jansen"}, {"postcode": "3011AA"}, ways[0] | ways[2]):
        is_problem(anna.post("/zaken/_zoek", way), 400)


def test_steps_say_whether_they_may_be_taken_and_what_they_ask(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    steps = {each["stap"]: each for each in doors["anna"].get(f"/zaken/{number}/stappen").json()["items"]}
    assert steps["wijs_toe"]["mag"] is True
    assert steps["neem_besluit"]["mag"] is False
    assert {"code", "uitleg"} == steps["neem_besluit"]["belemmeringen"][0].keys()
    assert {"naam", "soort", "verplicht", "keuzes"} <= steps["draag_over"]["velden"][0].keys()


def test_a_step_is_taken_once_and_a_stale_one_is_told_what_changed(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    path = f"/zaken/{first_case(anna)['zaaknummer']}/stappen"
    step = {"stap": "wijs_toe", "versie": 1, "gegevens": {}}
    taken = anna.post(path, step, key="toewijzen")
    assert taken.status_code == 201, taken.text
    assert (taken.json()["behandelaar"], taken.json()["versie"]) == ("anna", 2)
    assert anna.post(path, step, key="toewijzen").json() == taken.json()
    stale = is_problem(anna.post(path, step), 409)
    assert stale["belemmeringen"][0]["code"] == "versie_verouderd"
    assert "wijs_toe" in stale["belemmeringen"][0]["uitleg"]
    other = is_problem(anna.post(path, step | {"versie": 2}, key="toewijzen"), 400)
    assert other["errors"][0]["code"] == "sleutel_hergebruikt"


def test_a_step_that_may_not_be_taken_is_409_before_its_fields_are_read(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    path = f"/zaken/{number}/stappen"
    blocked = is_problem(doors["anna"].post(path, {"stap": "neem_besluit", "versie": 1, "gegevens": {"x": 1}}), 409)
    assert {each["code"] for each in blocked["belemmeringen"]} >= {"fase_past_niet", "rol_ontbreekt"}
    invalid = is_problem(doors["anna"].post(path, {"stap": "houd_aan", "versie": 1, "gegevens": {}}), 400)
    assert invalid["errors"][0]["location"] == {"pointer": "/gegevens/reden"}
    is_problem(doors["anna"].post(path, {"stap": "onzin", "versie": 1}), 404)
    after = doors["anna"].get(f"/zaken/{number}").json()
    assert (after["versie"], len(after["gebeurtenissen"])) == (1, 1)


def test_four_at_once_take_a_step_once(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    path = f"/zaken/{first_case(anna)['zaaknummer']}/stappen"
    answers: list[int] = []

    def take() -> None:
        answers.append(anna.post(path, {"stap": "wijs_toe", "versie": 1, "gegevens": {}}).status_code)

    racers = [threading.Thread(target=take) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_step_and_its_audit_entry_are_written_together(doors: dict[str, Door], loaded: None, engine: Engine) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    doors["anna"].post(f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1})
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.object == number))
    assert (entry.actor, entry.actie, entry.resultaat) == ("anna", "stap_wijs_toe", "gelukt")
    assert (entry.herkomst, entry.gemeentecode) == ("api testclient", "0599")


ENTRIES: dict[str, dict[str, Any]] = {
    "contacten": {"soort": "contactpoging", "kanaal": "telefoon", "richting": "uitgaand", "resultaat": "geen gehoor"},
    "terugbelverzoeken": {"telefoonnummer": "0612345678", "toelichting": "na vijven"},
    "bronnen": {"soort": "brp", "datum": "2026-11-02", "bevinding": "niet ingeschreven", "gevorderd": False},
    "huisbezoeken": {
        "begin": "2026-11-02T09:00",
        "einde": "2026-11-02T09:20",
        "bezoekers": ["Bram"],
        "opengedaan": True,
        "gelegitimeerd": True,
        "doelGemeld": True,
        "toestemming": "geweigerd",
        "binnengetreden": False,
        "bevindingen": "niet binnen geweest",
    },
    "leerpunten": {"soort": "signaal_verouderd"},
    "bijvangst": {"omschrijving": "woning in gebruik als kantoor"},
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_dossier_takes_its_entries(doors: dict[str, Door], loaded: None, kind: str) -> None:
    path = f"/zaken/{first_case(doors['anna'])['zaaknummer']}/{kind}"
    added = doors["anna"].post(path, ENTRIES[kind])
    assert added.status_code == 201, added.text
    assert doors["anna"].get(path).json() == {"items": [added.json()], "volgende": None}
    assert added.json()["door"] == "anna"
    faulty = is_problem(doors["anna"].post(path, {"onzin": "999900018"}), 400)
    assert "999900018" not in str(faulty)


def test_feedback_is_made_sent_fetched_and_confirmed(doors: dict[str, Door], loaded: None) -> None:
    anna, coen, ulla = doors["anna"], doors["coen"], doors["ulla"]
    nothing = coen.post("/terugkoppelingen")
    assert (nothing.status_code, nothing.json()["terugkoppelingsnummer"]) == (200, None)
    case = f"/zaken/{first_case(anna)['zaaknummer']}"
    anna.post(f"{case}/stappen", {"stap": "wijs_toe", "versie": 1})
    closed = anna.post(
        f"{case}/stappen", {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "onvoldoende_gegevens"}}
    )
    assert closed.status_code == 201, closed.text

    is_problem(ulla.post("/terugkoppelingen"), 403)
    is_problem(anna.post("/terugkoppelingen"), 403)
    made = coen.post("/terugkoppelingen", key="tk")
    assert made.status_code == 201, made.text
    number = made.json()["terugkoppelingsnummer"]
    assert (made.json()["regels"], made.json()["soorten"]) == (1, {"resultaat": 1})
    assert coen.post("/terugkoppelingen", key="tk").json() == made.json()
    assert is_problem(coen.post("/terugkoppelingen"), 409)["belemmeringen"][0]["code"] == "terugkoppeling_wacht"

    feedback = f"/terugkoppelingen/{number}"
    is_problem(coen.get(f"{feedback}/bestanden/csv"), 403)
    content = ulla.get(f"{feedback}/bestanden/csv")
    assert content.content.startswith(b"\xef\xbb\xbf")
    assert number in content.headers["content-disposition"]
    assert ulla.get(f"{feedback}/bestanden/csv").content == content.content
    assert ulla.get(f"{feedback}/bestanden/xlsx").content[:2] == b"PK"

    is_problem(ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}), 409)
    assert coen.post(f"{feedback}/verzendingen").json()["staat"] == "verzonden"
    assert ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}).json()["staat"] == "ontvangen"
    refused = ulla.post(f"{feedback}/weigeringen", {"reden": "onbekend signaal", "regels": [1]})
    assert refused.json()["staat"] == "geweigerd"
    assert [each["terugkoppelingsnummer"] for each in coen.get("/terugkoppelingen").json()["items"]] == [number]


def test_figures_are_the_own_municipalitys_or_the_coordinators(doors: dict[str, Door], loaded: None) -> None:
    whole = doors["coen"].get("/cijfers").json()
    mine = doors["anna"].get("/cijfers").json()
    assert whole["cijfers"]["zaken"] == 219
    assert 0 < mine["cijfers"]["zaken"] < 219
    assert mine["selectie"]["gemeenten"] == ["0599"]
    one = doors["coen"].get("/cijfers", gemeente="0599").json()
    assert one["cijfers"] == mine["cijfers"]
    is_problem(doors["anna"].get("/cijfers", gemeente="0983"), 403)
    is_problem(doors["ulla"].get("/cijfers"), 403)
    assert doors["coen"].get("/cijfers", openbaar=True).json()["openbaar"] is True


def test_everybody_can_count_a_term(doors: dict[str, Door]) -> None:
    for door in doors.values():
        counted = door.get("/termijnen", term="laa_eerste_antwoord", vanaf="2026-03-02")
        assert counted.json()["einde"] == "2026-03-30"
    is_problem(doors["anna"].get("/termijnen", term="onzin", vanaf="2026-02-30"), 400)


def test_the_code_table_has_its_validity(doors: dict[str, Door]) -> None:
    table = {each["code"]: each for each in doors["anna"].get("/gemeenten").json()["items"]}
    assert table["0599"]["naam"] == "Rotterdam"
    assert table["0501"]["opvolger"] == "1992"
    assert table["0501"]["einde"] == "2023-01-01"


def test_a_disabled_user_gets_nothing(doors: dict[str, Door], engine: Engine) -> None:
    from service import accounts

    with session_scope(engine, Access.system()) as session:
        accounts.disable_user(session, "anna", NOW)
    is_problem(doors["anna"].get("/gemeenten"), 401)


def test_no_address_holds_a_bsn_or_a_name(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    personal = {"bsn", "geslachtsnaam", "voornamen", "geboortedatum", "postcode"}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert not personal & {each["name"] for each in operation.get("parameters", ())}, path


def test_a_case_that_nobody_may_see_is_not_counted(engine: Engine, loaded: None) -> None:
    nobody = Access.of(Actor("niemand"))
    with session_scope(engine, nobody, write=False) as session:
        assert session.exec(select(Case.id)).all() == []


def test_a_file_that_was_loaded_between_check_and_confirmation_is_refused_then(doors: dict[str, Door]) -> None:
    numbers = []
    for _ in range(2):
        with SAMPLE.open("rb") as stream:
            offered = doors["ulla"].post("/ladingen", files={"bestand": (SAMPLE.name, stream)})
        numbers.append(offered.json()["ladingnummer"])
    first, second = (doors["ulla"].post(f"/ladingen/{number}/bevestigingen") for number in numbers)
    assert first.json()["status"] == "geladen", first.text
    assert (second.status_code, second.json()["status"]) == (201, "geweigerd")
    assert second.json()["reden"] == "al_geladen"
    assert doors["coen"].get("/cijfers").json()["cijfers"]["zaken"] == 219
