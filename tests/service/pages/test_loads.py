"""The pages of a load and of a yield file, without a browser: the report, undoing, and the rows turned down."""

import re
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
from service.identity import accounts
from service.loading import uploads
from service.settings import Settings
from signals.models import Load, OpbrengstLoad, RejectedRow
from tests import evidence, factories
from tests.importers.deliveries import row, write_csv
from tests.service.conftest import NOW, ROTTERDAM, VENLO, access
from tests.service.pages.test_rendering import Visitor
from workflow import moves
from workflow.actors import Desk
from workflow.models import Case, CaseTask, Document
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


@pytest.mark.parametrize(("path", "page"), [("/ladingen", "/leveringen"), ("/opbrengsten", "/opbrengsten")])
def test_of_two_files_none_is_loaded_unnoticed(client: TestClient, engine: Engine, path: str, page: str) -> None:
    ulla = Visitor(client, "ulla")
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', ulla.get(page))
    assert csrf
    two = [("bestand", ("a.csv", b"a;b\n1;2\n")), ("bestand", ("b.csv", b"a;b\n1;2\n"))]
    answer = client.post(path, data={"csrf": csrf[1]}, files=two, headers=ulla.own)
    assert (answer.status_code, "Kies één bestand per keer" in answer.text) == (400, True)
    with session_scope(engine, Access.system(), write=False) as session:
        assert not session.exec(select(Load)).all() and not session.exec(select(OpbrengstLoad)).all()


def test_of_two_documents_none_is_dropped_unnoticed_and_what_was_typed_stays(
    client: TestClient, engine: Engine, settings: Settings
) -> None:
    with session_scope(engine, Access.system()) as session:
        case = factories.new_case(session, gemeentecode=ROTTERDAM).zaaknummer
    anna = Visitor(client, "anna")
    path = f"/zaken/{case}/dossier/documenten"
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', anna.get(path))
    assert csrf
    typed = {"csrf": csrf[1], "omschrijving": "Huur van de kamer", "soort": "bewijs", "datum": "2026-10-30"}
    for names in (("bestand", "bestand"), ("bestand", "bijlage")):
        two = [(name, (f"{place}.pdf", evidence.PDF)) for place, name in enumerate(names)]
        answer = client.post(path, data=typed, files=two, headers=anna.own)
        assert (answer.status_code, "Kies één bestand per keer" in answer.text) == (400, True)
        assert "Huur van de kamer" in answer.text
    with session_scope(engine, Access.system(), write=False) as session:
        assert not session.exec(select(Document)).all()
    assert not list((settings.data_dir / "documenten").glob("*"))


def taken_numbers(
    engine: Engine, tmp_path: Path, first: str, second: str, leaves: str = ""
) -> tuple[Load, dict[str, str]]:
    """What becomes of a load by the second of a number that the first loaded as something else, and the tasks then."""
    for number, (naam, bsn) in enumerate(((first, "999990019"), (second, "999990020"))):
        path = write_csv(tmp_path / f"{number}.csv", [row(bsn=bsn)])
        done = uploads.load_file(engine, access(engine, naam), path, path.name, received=NOW.date(), now=NOW)
        if naam == leaves:
            with session_scope(engine, Access.system()) as session:
                user = accounts.find_user(session, naam)
                accounts.set_roles(session, user, accounts.role_given(f"behandelaar:{ROTTERDAM}"))
    with session_scope(engine, Access.system(), write=False) as session:
        return done, {task.soort: task.uitleg for task in session.exec(select(CaseTask))}


def test_a_number_that_a_municipality_took_is_told_to_uwv_and_to_the_municipality(
    engine: Engine, tmp_path: Path
) -> None:
    done, tasks = taken_numbers(engine, tmp_path, "tess", "ulla", leaves="tess")
    assert (done.afgekeurd, done.redenen) == (1, {"signaal_bestaat_al_anders": 1})
    with session_scope(engine, Access.system(), write=False) as session:
        (rejected,) = session.exec(select(RejectedRow)).all()
    (fault,) = rejected.fouten
    assert "mutatiesoort W" in fault["uitleg"] and "nieuw nummer" in fault["uitleg"]
    assert "door een gemeente zelf zijn geladen" in fault["uitleg"]
    assert list(tasks) == ["signaalnummer_botst"], "though tess left meanwhile"
    assert "nummer T-1" in tasks["signaalnummer_botst"]
    assert "999990020" not in str(tasks)


@pytest.mark.parametrize(("first", "second"), [("ulla", "ulla"), ("ulla", "tess"), ("tess", "tess")])
def test_of_a_number_of_uwv_itself_no_municipality_is_told(
    engine: Engine, tmp_path: Path, first: str, second: str
) -> None:
    done, tasks = taken_numbers(engine, tmp_path, first, second)
    assert (done.redenen, tasks) == ({"signaal_bestaat_al_anders": 1}, {})


def test_after_undoing_the_own_load_the_number_is_uwvs_again(engine: Engine, tmp_path: Path) -> None:
    taken_numbers(engine, tmp_path, "tess", "ulla")
    with session_scope(engine, Access.system(), write=False) as session:
        mine = session.exec(select(Load.ladingnummer).where(Load.door == "tess")).one()
    uploads.undo(engine, access(engine, "tess"), mine, NOW)
    path = write_csv(tmp_path / "opnieuw.csv", [row(bsn="999990020"), row(signaalnummer="T-9", bsn="12")])
    done = uploads.load_file(engine, access(engine, "ulla"), path, path.name, received=NOW.date(), now=NOW)
    assert (done.geaccepteerd, done.afgekeurd) == (1, 1)


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_load_tells_a_teamleider_nothing_of_a_case_elsewhere(engine: Engine, tmp_path: Path, elsewhere: bool) -> None:
    """What comes out of checking, loading and undoing is the same for somebody who has a case there and who has not."""
    if elsewhere:
        path = write_csv(tmp_path / "daar.csv", [row(signaalnummer="D-1", gemeentecode=VENLO)])
        uploads.load_file(engine, access(engine, "ulla"), path, path.name, received=NOW.date(), now=NOW)
    path = write_csv(tmp_path / "hier.csv", [row()])
    tess = access(engine, "tess")
    checked = uploads.check_file(engine, tess, path, path.name, received=NOW.date(), now=NOW)
    assert (checked.counts.zaken, checked.counts.waarschuwingen, checked.gewaarschuwd) == (1, {}, [])
    done = uploads.load_file(engine, tess, path, path.name, received=NOW.date(), now=NOW)
    assert (done.geaccepteerd, done.zaken, done.redenen, done.waarschuwingen) == (1, 1, {}, {})
    with session_scope(engine, tess.widened(), write=False) as session:
        assert uploads.undo_obstacles(session, uploads.find_load(session, tess, done.ladingnummer)) == ()
