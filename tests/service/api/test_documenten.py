"""Documents come into a dossier with their content, are kept outside the database, and go out to who sees the case."""

import os
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.files.documents import LARGEST
from service.loading import uploads
from service.models import AuditEntry
from service.settings import Settings
from signals.models import Load, OpbrengstLoad
from tests import evidence, factories
from workflow.models import Document

from ..conftest import NOW, ROTTERDAM
from .conftest import Door, is_problem

ASKED = {"omschrijving": "Huurovereenkomst", "soort": "bewijs", "datum": "2026-10-30"}


@pytest.fixture
def case(engine: Engine) -> str:
    with session_scope(engine, Access.system()) as session:
        return factories.new_case(session, gemeentecode=ROTTERDAM).zaaknummer


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.data_dir / "documenten"


def send(door: Door, case: str, content: bytes = evidence.PDF, name: str = "huur.pdf", **fields: str) -> Response:
    form = ASKED | fields
    return door.client.post(
        f"/api/v1/zaken/{case}/documenten", data=form, files={"bestand": (name, content)}, headers=door.headers
    )


def rows(engine: Engine) -> list[Document]:
    with session_scope(engine, Access.system(), write=False) as session:
        return list(session.exec(select(Document).order_by(col(Document.id))))


def log(engine: Engine, action: str) -> list[tuple[str, str, str, str | None]]:
    with session_scope(engine, Access.system(), write=False) as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.actie == action))
        return [(entry.actor, entry.object, entry.resultaat, entry.gemeentecode) for entry in found]


def kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_a_document_with_content_is_kept_under_an_unguessable_name_and_comes_out_as_it_went_in(
    doors: dict[str, Door], case: str, engine: Engine, folder: Path
) -> None:
    made = send(doors["anna"], case, derden="ja")
    assert made.status_code == 201, made.text
    told = made.json()
    assert told | {"vastgelegdOp": "2026-11-02", "door": "anna"} == told
    assert (told["bestandsnaam"], told["mediatype"], told["omvang"]) == (
        "huur.pdf",
        "application/pdf",
        len(evidence.PDF),
    )
    assert told["sha256"] == sha256(evidence.PDF).hexdigest() and told["derden"] is True
    (path,) = kept(folder)
    assert len(path.name) == 32 and path.stat().st_mode & 0o077 == 0 and "bestand" not in told
    out = doors["anna"].get(f"/zaken/{case}/documenten/{told['nummer']}/inhoud")
    assert out.status_code == 200 and out.content == evidence.PDF
    assert out.headers["content-type"] == "application/pdf"
    assert out.headers["content-disposition"] == 'attachment; filename="huur.pdf"'
    assert out.headers["content-security-policy"].startswith("sandbox")
    assert out.headers["x-content-type-options"] == "nosniff" and out.headers["cache-control"] == "no-store"
    assert out.headers["x-frame-options"] == "DENY" and out.headers["api-version"]
    assert log(engine, "document_gelezen") == [
        ("anna", f"{case}/documenten/{told['nummer']}", "gelukt", ROTTERDAM),
    ]
    assert log(engine, "vastgelegd_documenten") == [("anna", case, "gelukt", ROTTERDAM)]


def test_a_reference_is_still_json_and_has_no_content(doors: dict[str, Door], case: str, folder: Path) -> None:
    made = doors["anna"].post(f"/zaken/{case}/documenten", ASKED | {"kenmerk": "DMS 12", "derden": False})
    assert made.status_code == 201, made.text
    assert (made.json()["kenmerk"], made.json()["omvang"], made.json()["derden"]) == ("DMS 12", None, False)
    is_problem(doors["anna"].get(f"/zaken/{case}/documenten/{made.json()['nummer']}/inhoud"), 404)
    assert not kept(folder)
    assert doors["anna"].get(f"/zaken/{case}/documenten").json()["items"] == [made.json()]


def test_a_form_without_a_file_is_a_reference(doors: dict[str, Door], case: str) -> None:
    answer = doors["anna"].client.post(
        f"/api/v1/zaken/{case}/documenten", data=ASKED, files={"bestand": ("", b"")}, headers=doors["anna"].headers
    )
    assert answer.status_code == 201 and answer.json()["bestandsnaam"] is None


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"null"])
def test_what_is_no_object_is_refused(doors: dict[str, Door], case: str, body: bytes) -> None:
    headers = doors["anna"].headers | {"Content-Type": "application/json"}
    answer = doors["anna"].client.post(f"/api/v1/zaken/{case}/documenten", content=body, headers=headers)
    assert is_problem(answer, 400)["errors"][0]["in"] == "body"


def test_faulty_fields_are_all_named_and_nothing_is_kept(doors: dict[str, Door], case: str, folder: Path) -> None:
    wrong = is_problem(send(doors["anna"], case, datum="2026-13-01", soort="iets", derden="misschien"), 400)
    assert {each["code"] for each in wrong["errors"]} == {"datum_ongeldig", "keuze_onbekend", "geen_ja_of_nee"}
    assert not kept(folder)


def test_two_files_or_a_field_twice_are_refused_and_nothing_is_kept(
    doors: dict[str, Door], case: str, folder: Path, engine: Engine
) -> None:
    """One of the two would be dropped without a word."""
    anna, path = doors["anna"], f"/api/v1/zaken/{case}/documenten"
    two = [("bestand", ("a.pdf", evidence.PDF)), ("bestand", ("b.pdf", evidence.PDF))]
    other_name = [two[0], ("bijlage", ("b.pdf", evidence.PDF))]
    for files in (two, other_name):
        told = is_problem(anna.client.post(path, data=ASKED, files=files, headers=anna.headers), 400)
        assert [(each["code"], each["location"]["pointer"]) for each in told["errors"]] == [("een_bestand", "/bestand")]
        assert "Kies één bestand per keer" in told["detail"]
    for name, known in (("soort", True), ("999900018", False)):
        twice = ASKED | {name: ["bewijs", "anders"]}
        answer = anna.client.post(path, data=twice, files=two[:1], headers=anna.headers)
        (error,) = is_problem(answer, 400)["errors"]
        assert error["code"] == "veld_dubbel"
        assert error.get("location") == ({"pointer": "/soort"} if known else None)
        assert "999900018" not in answer.text
    assert (rows(engine), kept(folder)) == ([], [])


@pytest.mark.parametrize(("path", "name"), [("/ladingen", "ulla"), ("/opbrengsten", "ulla")])
def test_a_delivery_comes_one_at_a_time(doors: dict[str, Door], engine: Engine, path: str, name: str) -> None:
    door = doors[name]
    two = [("bestand", ("a.csv", b"a;b\n1;2\n")), ("bestand", ("b.csv", b"a;b\n1;2\n"))]
    told = is_problem(door.client.post(f"/api/v1{path}", files=two, headers=door.headers), 400)
    assert [each["code"] for each in told["errors"]] == ["een_bestand"]
    days = {"datumOntvangst": ["2026-07-06", "2026-07-07"]}
    told = is_problem(door.client.post(f"/api/v1{path}", files=two[:1], data=days, headers=door.headers), 400)
    assert [each["code"] for each in told["errors"]] == ["veld_dubbel"]
    with session_scope(engine, Access.system(), write=False) as session:
        assert not session.exec(select(Load)).all() and not session.exec(select(OpbrengstLoad)).all()


def test_the_type_is_told_by_the_content_never_by_the_name(doors: dict[str, Door], case: str, folder: Path) -> None:
    wrong = is_problem(send(doors["anna"], case, evidence.HTML, "huur.pdf"), 400)
    assert wrong["errors"][0]["location"] == {"pointer": "/bestand"} and "HTML" in wrong["detail"]
    assert not kept(folder)
    made = send(doors["anna"], case, evidence.PNG, "factuur.pdf.exe").json()
    assert made["mediatype"] == "image/png"
    out = doors["anna"].get(f"/zaken/{case}/documenten/{made['nummer']}/inhoud")
    assert out.headers["content-disposition"] == 'attachment; filename="factuur.pdf.exe.png"'


@pytest.mark.parametrize(
    "name",
    ["../../../etc/x", "C:\\x\\huur.pdf", "999990019.pdf", "hu\u202ervsc.pdf", "é€.pdf", "x" * 400 + ".pdf"],
)
def test_a_file_name_is_only_shown(doors: dict[str, Door], case: str, folder: Path, name: str) -> None:
    made = send(doors["anna"], case, name=name).json()
    assert not {"/", "\\", "\u202e"} & set(made["bestandsnaam"]) and "999990019" not in made["bestandsnaam"]
    assert len(made["bestandsnaam"]) <= 255
    assert [path.parent for path in kept(folder)] == [folder]
    assert doors["anna"].get(f"/zaken/{case}/documenten/{made['nummer']}/inhoud").content == evidence.PDF


def test_the_same_bytes_twice_in_a_case_are_refused_with_the_day_of_the_first(
    doors: dict[str, Door], case: str, engine: Engine, folder: Path
) -> None:
    first = send(doors["anna"], case).json()
    again = is_problem(send(doors["carla"], case, name="anders.pdf", omschrijving="Nog eens"), 409)
    assert again["belemmeringen"][0]["code"] == "document_dubbel"
    assert "02-11-2026" in again["detail"] and f"document {first['nummer']}" in again["detail"]
    assert len(rows(engine)) == len(kept(folder)) == 1
    with session_scope(engine, Access.system()) as session:
        other = factories.new_case(session, gemeentecode=ROTTERDAM, bsn="999990020").zaaknummer
    assert send(doors["anna"], other).status_code == 201
    assert len(kept(folder)) == 2


def test_of_two_at_once_the_database_lets_one_through(
    engine: Engine, doors: dict[str, Door], case: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The second looked before the first had written."""
    assert send(doors["anna"], case).status_code == 201
    monkeypatch.setattr("service.files.documents._require_new", lambda *given: None)
    is_problem(send(doors["anna"], case), 409)
    assert len(rows(engine)) == len(kept(folder)) == 1


def test_20_mb_is_taken_and_more_is_refused_in_a_sentence(doors: dict[str, Door], case: str, folder: Path) -> None:
    def text(size: int) -> bytes:
        return b"regel\n" * (size // 6) + b"x" * (size % 6)

    assert send(doors["anna"], case, text(LARGEST), "lang.txt").status_code == 201
    for size in (LARGEST + 1, LARGEST + 5_000_000):
        assert "20 MB" in is_problem(send(doors["anna"], case, text(size), "lang.txt"), 413)["detail"]
    assert len(kept(folder)) == 1


def test_nobody_reaches_a_document_of_another_municipality(
    doors: dict[str, Door], case: str, engine: Engine, folder: Path
) -> None:
    made = send(doors["anna"], case).json()
    is_problem(doors["dirk"].get(f"/zaken/{case}/documenten/{made['nummer']}/inhoud"), 404)
    is_problem(send(doors["dirk"], case, evidence.PNG), 404)
    for name in ("ulla", "coen", "bea", "aad"):
        is_problem(doors[name].get(f"/zaken/{case}/documenten/{made['nummer']}/inhoud"), 403)
        is_problem(send(doors[name], case, evidence.PNG), 403)
    assert len(log(engine, "document_gelezen")) == 0 and len(kept(folder)) == 1


def test_a_document_is_not_found_under_another_case(doors: dict[str, Door], case: str, engine: Engine) -> None:
    made = send(doors["anna"], case).json()
    with session_scope(engine, Access.system()) as session:
        other = factories.new_case(session, gemeentecode=ROTTERDAM, bsn="999990020").zaaknummer
    is_problem(doors["anna"].get(f"/zaken/{other}/documenten/{made['nummer']}/inhoud"), 404)
    is_problem(doors["anna"].get(f"/zaken/{case}/documenten/0/inhoud"), 404)


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_bytes_that_are_gone_or_changed_are_not_handed_out(
    doors: dict[str, Door], case: str, folder: Path, change: str
) -> None:
    made = send(doors["anna"], case).json()
    (path,) = kept(folder)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(evidence.PDF + b" ")
    wrong = is_problem(doors["anna"].get(f"/zaken/{case}/documenten/{made['nummer']}/inhoud"), 409)
    assert "beheerder" in wrong["detail"]


@pytest.mark.parametrize(("command", "code"), [("false", "malware"), ("sh -c 'exit 3'", "scan_mislukt")])
def test_a_scanner_judges_first_and_what_it_stops_leaves_nothing(
    settings: Settings,
    engine: Engine,
    tokens: Any,
    case: str,
    folder: Path,
    command: str,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings.model_copy(update={"scan_command": command}), engine)) as client:
        wrong = is_problem(send(Door(client, tokens["anna"]), case, evidence.HTML), 409)
    assert wrong["belemmeringen"][0]["code"] == code
    assert not rows(engine) and not kept(folder)
    assert log(engine, "vastgelegd_documenten") == [("anna", case, "geweigerd", ROTTERDAM)]


def test_what_a_crash_left_is_swept_and_what_a_dossier_holds_is_not(
    doors: dict[str, Door], case: str, engine: Engine, settings: Settings, folder: Path
) -> None:
    assert send(doors["anna"], case).status_code == 201
    (held,) = kept(folder)
    orphan = folder / ("x" * 32)
    orphan.write_bytes(b"halverwege")
    half_made = settings.data_dir / "afdrukken" / "tmpx"
    half_made.mkdir(parents=True)
    (half_made / "dossier.pdf").write_bytes(b"halverwege")
    for path in (held, orphan, half_made):
        old = (NOW - timedelta(days=2)).timestamp()
        os.utime(path, (old, old))
    assert uploads.sweep(engine, settings, NOW) == 2
    assert kept(folder) == [held] and not half_made.exists()


def test_bytes_go_again_when_the_row_cannot_be_written(
    doors: dict[str, Door], case: str, folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(session: Session, *given: Any, **more: Any) -> None:
        raise OSError("de schijf is vol")

    monkeypatch.setattr("service.api.documenten.audit.record", full)
    is_problem(send(doors["anna"], case), 500)
    assert not kept(folder) and not rows(engine)
