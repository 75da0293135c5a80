"""The pages of a load and of a yield file, without a browser: the report, undoing, and the rows turned down."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.loading import uploads
from service.settings import Settings
from signals.models import OpbrengstLoad
from tests import factories
from tests.importers.deliveries import row, write_csv
from tests.service.conftest import NOW, ROTTERDAM, access
from tests.service.pages.test_rendering import Visitor
from workflow import moves
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import Role


@pytest.fixture
def client(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000") as opened:
        yield opened


@pytest.fixture
def number(engine: Engine, tmp_path: Path) -> str:
    """A load of one good row and one faulty."""
    path = write_csv(tmp_path / "klein.csv", [row(), row(signaalnummer="T-2", bsn="12")])
    done = uploads.load_file(engine, access(engine, "ulla"), path, path.name, received=NOW.date(), now=NOW)
    return done.ladingnummer


def test_the_report_hangs_on_the_page_of_the_load(client: TestClient, number: str) -> None:
    ulla = Visitor(client, "ulla")
    assert f'href="/ladingen/{number}/verwerkingsverslag"' in ulla.get(f"/ladingen/{number}")
    answer = client.get(f"/ladingen/{number}/verwerkingsverslag")
    assert len(list(load_workbook(BytesIO(answer.content))["Afgekeurd"].values)) == 2
    for naam in ("anna", "tess", "coen"):
        Visitor(client, naam)
        assert client.get(f"/ladingen/{number}/verwerkingsverslag").status_code == 404


def test_undoing_asks_first_and_pressed_twice_happens_once(client: TestClient, engine: Engine, number: str) -> None:
    ulla = Visitor(client, "ulla")
    assert f'href="/ladingen/{number}/annuleringen"' in ulla.get(f"/ladingen/{number}")
    assert "Ja, maak ongedaan" in ulla.get(f"/ladingen/{number}/annuleringen")
    assert client.post(f"/ladingen/{number}/annuleringen", headers=ulla.own).status_code in (400, 403)
    for _ in range(2):
        assert ulla.post(f"/ladingen/{number}/annuleringen")[0] == 303
    page = ulla.get(f"/ladingen/{number}")
    assert "Ongedaan gemaakt" in page
    assert "annuleringen" not in page
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(Case)).all() == []


def test_why_not_is_told_before_and_after_pressing(client: TestClient, engine: Engine, number: str) -> None:
    with session_scope(engine, Access.system()) as session:
        case = session.exec(select(Case)).one()
        tess = Desk(factories.person("tess", Role.TEAMLEIDER, code=ROTTERDAM), NOW, lambda code: ["anna"])
        moves.take(session, case, "wijs_toe", tess, versie=1, gegevens={"behandelaar": "anna"})
    ulla = Visitor(client, "ulla")
    page = ulla.get(f"/ladingen/{number}/annuleringen")
    assert "In 1 van de zaken is al een stap gezet." in page
    assert "Ja, maak ongedaan" not in page
    status, page = ulla.post(f"/ladingen/{number}/annuleringen")
    assert status == 409
    assert "In 1 van de zaken is al een stap gezet." in page
    assert ulla.get(f"/ladingen/{number}")


def test_rows_of_a_yield_file_that_were_turned_down_are_shown_to_the_liaison(
    client: TestClient, engine: Engine
) -> None:
    fault = {"kolom": "soort", "code": "code_onbekend", "uitleg": "De code in kolom soort is onbekend."}
    turned_down = {"regel": 7, "uitkomst": "afgekeurd", "codes": ["code_onbekend"], "fouten": [fault]}
    with session_scope(engine, Access.system()) as session:
        session.add(
            OpbrengstLoad(
                ladingnummer="OB-2026-000001",
                bestandsnaam="opbrengst.csv",
                sha256="0" * 64,
                inhoud=b"",
                geladen_op=NOW,
                door="ulla",
                geleverd=1,
                afgekeurd=1,
                afgewezen=[turned_down | {"cellen": {"soort": "gift"}}],
            )
        )
    ulla = Visitor(client, "ulla")
    assert 'href="/opbrengsten/OB-2026-000001"' in ulla.get("/opbrengsten")
    page = ulla.get("/opbrengsten/OB-2026-000001")
    assert "soort: gift" in page
    assert '<td role="cell" data-kop="Regel">7</td>' in page
    assert client.get("/opbrengsten/OB-2026-000009").status_code == 404
    Visitor(client, "coen")
    assert client.get("/opbrengsten/OB-2026-000001").status_code == 403
