from collections.abc import Mapping

from sqlalchemy import Engine
from sqlmodel import select

from service import jobs
from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from service.settings import Settings
from tests.sshd import Sshd

from .conftest import NOW, Door, first_case, is_problem


def made_feedback(doors: Mapping[str, Door]) -> str:
    """The number of a feedback delivery of one row."""
    case = f"/zaken/{first_case(doors['anna'])['zaaknummer']}/stappen"
    doors["anna"].post(case, {"stap": "wijs_toe", "versie": 1})
    doors["anna"].post(case, {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "onvoldoende_gegevens"}})
    number: str = doors["coen"].post("/terugkoppelingen").json()["terugkoppelingsnummer"]
    return number


def test_who_takes_a_feedback_file_stands_in_the_log(doors: dict[str, Door], loaded: None, engine: Engine) -> None:
    """The coordinator makes it, the liaison fetches it; nowhere else does either of them see a BSN."""
    number = made_feedback(doors)
    assert b";9999" in doors["ulla"].get(f"/terugkoppelingen/{number}/bestanden/csv").content
    for name in ("coen", "ulla"):
        assert "9999" not in doors[name].get(f"/terugkoppelingen/{number}").text
    for name in ("anna", "coen"):
        is_problem(doors[name].get(f"/terugkoppelingen/{number}/bestanden/csv"), 403)
    with session_scope(engine, Access.system(), write=False) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.object == number)).all()
    assert [(each.actor, each.actie) for each in entries] == [
        ("coen", "terugkoppeling_gemaakt"),
        ("ulla", "terugkoppeling_verstrekt"),
    ]


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
    is_problem(anna.get(f"{feedback}/bestanden/csv"), 403)
    is_problem(ulla.get("/terugkoppelingen/TK-2020-0001/bestanden/csv"), 404)
    content = ulla.get(f"{feedback}/bestanden/csv")
    assert content.content.startswith(b"\xef\xbb\xbf")
    assert number in content.headers["content-disposition"]
    assert ulla.get(f"{feedback}/bestanden/csv").content == content.content
    assert ulla.get(f"{feedback}/bestanden/xlsx").content[:2] == b"PK"

    is_problem(ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}), 409)
    noted = coen.post(f"{feedback}/verzendingen", key="verzonden")
    assert (noted.status_code, noted.json()["staat"]) == (201, "verzonden")
    assert coen.post(f"{feedback}/verzendingen", key="verzonden").json() == noted.json()
    is_problem(coen.post(f"{feedback}/verzendingen"), 409)
    noted = ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}, key="ontvangen")
    assert (noted.status_code, noted.json()["staat"]) == (201, "ontvangen")
    assert ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}, key="ontvangen").json() == noted.json()
    other = is_problem(ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-2"}, key="ontvangen"), 400)
    assert other["errors"][0]["code"] == "sleutel_hergebruikt"
    refused = {"reden": "onbekend signaal", "regels": [1]}
    noted = ulla.post(f"{feedback}/weigeringen", refused, key="geweigerd")
    assert (noted.status_code, noted.json()["staat"]) == (201, "geweigerd")
    assert ulla.post(f"{feedback}/weigeringen", refused, key="geweigerd").json() == noted.json()
    is_problem(ulla.post(f"{feedback}/weigeringen", refused), 409)
    assert [each["terugkoppelingsnummer"] for each in coen.get("/terugkoppelingen").json()["items"]] == [number]


def test_where_bringing_stands_is_for_both_and_the_files_are_for_the_liaison(
    doors: dict[str, Door], loaded: None, engine: Engine, settings: Settings, server: Sshd
) -> None:
    anna, coen, ulla = doors["anna"], doors["coen"], doors["ulla"]
    path = f"/terugkoppelingen/{made_feedback(doors)}/bezorgingen"
    assert is_problem(coen.post(path), 409)["belemmeringen"][0]["code"] == "sftp_niet_ingesteld"
    server.put_in(settings)
    assert ulla.get(path).json() == {"staat": None, "bestanden": []}
    for door in (anna, doors["bea"]):
        is_problem(door.get(path), 403)
        is_problem(door.post(path), 403)
    is_problem(ulla.post(path), 403)
    asked = coen.post(path, key="breng")
    assert (asked.status_code, asked.json()) == (201, {"staat": "wacht", "bestanden": None})
    assert coen.post(path, key="breng").json() == asked.json(), "the same request again"
    for door in (coen, ulla):
        assert is_problem(door.post(path), 409)["belemmeringen"][0]["code"] == "bezorging_loopt"

    content = ulla.get(path.replace("bezorgingen", "bestanden/xlsx"))
    there = server.inbox / content.headers["content-disposition"].split('"')[1]
    there.write_bytes(b"iets anders")
    jobs.run_shipments(settings, engine, NOW)
    assert coen.get(path).json() == {"staat": "mislukt", "bestanden": None}
    told = ulla.get(path).json()
    csv, xlsx = told["bestanden"]
    assert told["staat"] == xlsx["staat"] == "mislukt"
    assert (csv["staat"], csv["pogingen"], csv["fout"], csv["gevraagdDoor"]) == ("bezorgd", 1, None, "coen")
    assert csv["bezorgdOp"] is not None and len(csv["sha256"]) == 64
    assert "ander bestand met deze naam" in xlsx["fout"] and xlsx["volgendePoging"] is None
    is_problem(coen.post(path), 403)
    there.unlink()
    assert ulla.post(path).json()["staat"] == "wacht"
    jobs.run_shipments(settings, engine, NOW)
    assert coen.get(path).json() == {"staat": "bezorgd", "bestanden": None}
    assert there.read_bytes() == content.content
    assert coen.get(path.removesuffix("/bezorgingen")).json()["staat"] == "verzonden"
