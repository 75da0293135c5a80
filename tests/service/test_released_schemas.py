"""A database that an earlier version left, with its data, comes to the schema of this one and is worked in there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel, col, select

from service.access import Access
from service.app import create_app
from service.db import SchemaMissing, make_engine, require_schema, session_scope, upgrade
from service.demo.walk import PASSWORD
from service.row_security import EVERYTHING
from service.settings import Environment, Settings
from tests.databases import Databases
from tests.postgres import as_owner
from tests.released import put_back, released
from workflow.course import Stay
from workflow.models import Case

from .test_migrations import schema

pytestmark = pytest.mark.every_database

EMPTIED = {"municipality"}
"""Tables that an upgrade fills anew."""
MOVED = {"0001": {"zaak_adres"}}
"""Tables of a version whose rows lie elsewhere since: the address of a case stands in its own row."""
PAGES: Mapping[str, tuple[str, ...]] = {
    "anna.nijmegen": ("/", "/zaken", "/cijfers", "/bezoeken", "/post", "/account"),
    "carla.nijmegen": ("/", "/besluiten"),
    "tess.nijmegen": ("/", "/logboek", "/leveringen"),
    "coen": ("/", "/terugkoppelingen", "/cijfers", "/sessies"),
    "ulla": ("/", "/leveringen", "/opbrengsten", "/terugkoppelingen"),
    "ben": ("/", "/gebruikers", "/instellingen"),
    "aad": ("/", "/logboek"),
}
"""By who works in the demonstration; each page of a case comes beside these."""


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    """The address of an empty database."""
    made = databases.new()
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def modelled(databases: Databases) -> Mapping[str, set[str]]:
    """The schema of the models of this version."""
    url = as_owner(databases.new())
    engine = make_engine(url)
    SQLModel.metadata.create_all(engine)
    told = schema(engine)
    engine.dispose()
    databases.drop(url)
    return told


def rows(url: str) -> dict[str, int]:
    """How many there are in each table."""
    engine = make_engine(as_owner(url))
    with engine.execution_options(**EVERYTHING).connect() as connection:
        names = inspect(connection).get_table_names()
        told = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}
    engine.dispose()
    return told


def walked(client: TestClient, engine: Engine) -> int:
    """Every page in the list above, and every case of the handler; gives how many were looked at."""
    looked_at = 0
    for name, paths in PAGES.items():
        client.cookies.clear()
        sent = client.post(
            "/inloggen",
            data={"gebruikersnaam": name, "wachtwoord": PASSWORD},
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=False,
        )
        assert sent.status_code == 303, (name, sent.text)
        if name.startswith("anna"):
            with session_scope(engine, Access.system(), write=False) as session:
                mine = select(Case.zaaknummer).where(col(Case.gemeentecode) == "0268")
                paths += tuple(f"/zaken/{number}" for number in session.exec(mine))
        for path in paths:
            page = client.get(path)
            assert page.status_code == 200, (name, path, re.findall(r"<h1[^>]*>(.*?)</h1>", page.text))
            looked_at += 1
    return looked_at


def test_there_are_samples_of_more_than_a_few_versions() -> None:
    assert len(released()) >= 6
    assert released()[0] == "0001"


@pytest.mark.parametrize("step", released())
def test_a_released_schema_with_its_data_comes_to_this_one(
    step: str, url: str, modelled: Mapping[str, set[str]], tmp_path: Path
) -> None:
    put_back(url, step)
    before = rows(url)
    assert before["signal"] > 10 and before["brief"] > 3
    engine = make_engine(url)
    owner = make_engine(as_owner(url))
    with pytest.raises(SchemaMissing, match="schema_verouderd") as refused:
        require_schema(owner)
    assert "rni db upgrade" in refused.value.uitleg
    owner.dispose()
    taken = upgrade(url, as_owner(url))
    assert [each for each in taken if each > step] == taken != []
    require_schema(engine)
    assert schema(engine) == modelled
    after = rows(url)
    lost = {name: (count, after.get(name)) for name, count in before.items() if after.get(name, 0) < count}
    assert not lost.keys() - EMPTIED - MOVED.get(step, set()), lost
    assert after["municipality"] > 1000
    with session_scope(engine, Access.system(), write=False) as session:
        assert set(session.exec(select(Case.fase))) > {"afgesloten", "ontvangen"}
        assert session.exec(select(Stay.id)).first()
    settings = Settings(environment=Environment.DEMO, database_url=url, data_dir=tmp_path)
    with TestClient(create_app(settings, engine)) as client:
        assert walked(client, engine) > sum(map(len, PAGES.values()))
    engine.dispose()
