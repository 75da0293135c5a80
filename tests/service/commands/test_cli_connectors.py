"""`rni connector`, as an operator runs it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.connector_models import LineState, RegisterLine
from service.connectors.configuration import FILE
from service.db import session_scope
from service.settings import Settings
from tests.elsewhere import zgw
from tests.elsewhere.process import Elsewhere, running
from tests.service.conftest import NOW, ROTTERDAM
from tests.serving import Installation


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[Elsewhere, Elsewhere]]:
    with running("brp", tmp_path / "brp") as brp, running("zgw", tmp_path / "zgw") as register:
        own = tmp_path / "koppelingen" / ROTTERDAM
        own.mkdir(parents=True)
        (own / FILE).write_text(f'[brp]\nadres = "{brp.url}"\n{zgw.toml(register.url)}')
        (own / "zgw-geheim").write_text(zgw.SECRET)
        yield brp, register


@pytest.fixture
def rni(settings: Settings) -> Installation:
    return Installation(settings.database_url, settings.data_dir)


def run(rni: Installation, tmp_path: Path, *words: str) -> tuple[int | None, str, str]:
    done = rni.ran("connector", *words, RNI_CONNECTORS_DIR=str(tmp_path / "koppelingen"))
    return done.code, done.out, done.err


def test_it_says_whether_brp_and_zaaksysteem_let_us_in_and_asks_about_nobody(
    rni: Installation, there: tuple[Elsewhere, Elsewhere], tmp_path: Path
) -> None:
    brp, register = there
    assert run(rni, tmp_path, "check", ROTTERDAM) == (0, "BRP: laat ons toe.\nzaaksysteem: laat ons toe.\n", "")
    assert json.loads(brp.asked[0]["body"])["burgerservicenummer"] == []
    assert {one["method"] for one in register.asked} == {"GET"}
    brp.behave(personen={"status": 401})
    code, out, err = run(rni, tmp_path, "check", ROTTERDAM)
    assert (code, out) == (4, "zaaksysteem: laat ons toe.\n") and "BRP: De BRP laat deze gemeente niet toe" in err
    brp.behave()
    path = tmp_path / "koppelingen" / ROTTERDAM / FILE
    path.write_text(path.read_text().replace("statustypen/besluit", "statustypen/weg"))
    code, _, err = run(rni, tmp_path, "check", ROTTERDAM)
    assert code == 4 and "kent deze typen niet: statustypen.besluit" in err


def test_it_writes_the_types_of_the_catalogue_as_the_file_wants_them(
    rni: Installation, there: tuple[Elsewhere, Elsewhere], tmp_path: Path
) -> None:
    _, register = there
    code, out, _ = run(rni, tmp_path, "types", ROTTERDAM, "--zaaktype", "RNI")
    lines = out.splitlines()
    assert code == 0 and f'zaaktype = "{register.url}/catalogi/api/v1/zaaktypen/rni"' in lines
    assert f'ontvangen = "{register.url}/catalogi/api/v1/statustypen/ontvangen"  # Ontvangen' in lines
    assert f'# ? = "{register.url}/catalogi/api/v1/statustypen/in bezwaar"  # In bezwaar' in lines
    code, _, err = run(rni, tmp_path, "types", ROTTERDAM, "--zaaktype", "X")
    assert code == 4 and "geen zaaktype X" in err


def test_it_lists_what_is_there_and_tries_again_what_stands_still(
    rni: Installation, there: tuple[Elsewhere, Elsewhere], tmp_path: Path, engine: Engine
) -> None:
    with session_scope(engine, Access.system()) as session:
        still = {"staat": LineState.UITGEZET, "fout": "Het zaaksysteem is niet te bereiken.", "pogingen": 9}
        session.add(RegisterLine(gemeentecode=ROTTERDAM, niet_voor=NOW, mislukt_sinds=NOW, **still))
    code, out, _ = run(rni, tmp_path, "list", "--json")
    assert (code, json.loads(out)) == (0, [
        {"gemeentecode": ROTTERDAM, "soort": "brp", "staat": "ingesteld"},
        {"gemeentecode": ROTTERDAM, "soort": "zaaksysteem", "wacht": 0, "staat": "uitgezet",
         "fout": "Het zaaksysteem is niet te bereiken."},
    ])  # fmt: skip
    assert run(rni, tmp_path, "retry", ROTTERDAM)[:2] == (0, "Zaaksysteem: 0 zaken opnieuw aan de beurt.\n")
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(RegisterLine)).one().staat == LineState.AAN
    code, _, err = run(rni, tmp_path, "retry", "0983")
    assert code == 4 and "Gemeente 0983 heeft hier geen koppeling" in err


def test_a_faulty_file_stops_every_command_with_the_place(rni: Installation, tmp_path: Path) -> None:
    own = tmp_path / "koppelingen" / ROTTERDAM
    own.mkdir(parents=True)
    (own / FILE).write_text("[brp]\n")
    code, _, err = run(rni, tmp_path, "list")
    assert code == 4 and "[brp] adres ontbreekt" in err
