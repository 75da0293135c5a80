"""The schema that the migrations make is that of the models, and what an older database holds is kept."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, MetaData, Table, inspect
from sqlmodel import Session, SQLModel, col, select

from service import schema_steps
from service.access import Access
from service.db import alembic_config, make_engine, session_scope, upgrade
from service.row_security import EVERYTHING
from tests.databases import Databases
from tests.factories import at, new_case
from tests.postgres import as_owner
from workflow import case_terms
from workflow.case_file import CaseFile
from workflow.models import Address, Case, CaseEvent, CaseSignal, CaseTerm

pytestmark = pytest.mark.every_database

SYSTEM = Access.system()
"""What the names of the tables of the queue begin with: its package says what stands in them."""
OPENED, MOVED = date(2026, 3, 2), date(2026, 3, 9)
AT_1 = {"straatnaam": "Molenweg", "huisnummer": 1, "woonplaats": "Venlo", "postcode": "5911AA", "huisletter": "a"}
AT_2 = {"straatnaam": "", "huisnummer": 2, "woonplaats": "", "postcode": "5911BB", "huisletter": ""}
AT_3 = AT_2 | {"huisnummer": 3}


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    """The address of an empty database, as its owner."""
    made = as_owner(databases.new())
    yield made
    databases.drop(made)


def migrate(url: str, to: str, back: bool = False) -> None:
    engine = make_engine(url, foreign_keys=False)
    with engine.execution_options(**EVERYTHING).begin() as connection:
        (command.downgrade if back else command.upgrade)(alembic_config(connection), to)
    engine.dispose()


def schema(engine: Engine) -> dict[str, set[str]]:
    """Everything that the database says of each table, also what alembic does not compare."""
    told = inspect(engine)

    def plain(each: Any) -> str:
        if isinstance(each, dict):
            return str(sorted((name, plain(value)) for name, value in each.items() if name != "comment"))
        return str(each)

    return {
        name: {
            *map(plain, told.get_columns(name)),
            plain(told.get_pk_constraint(name)),
            *map(plain, told.get_foreign_keys(name)),
            *map(plain, told.get_unique_constraints(name)),
            *map(plain, told.get_check_constraints(name)),
            *map(plain, told.get_indexes(name)),
        }
        for name in told.get_table_names()
        if name not in ("alembic_version", schema_steps.TABLE) and not name.startswith(schema_steps.QUEUE)  # of others
    }


def old_database(url: str) -> None:
    """Two cases as the first version kept them: one moved to another address, one with a second presumed one."""
    migrate(url, "0001")
    engine = make_engine(url)
    known = MetaData()
    known.reflect(engine)

    def add(table: Table, **values: Any) -> None:
        """A row of which only what matters is given."""
        empty = {"VARCHAR": "", "JSON": [], "BOOLEAN": False}
        filled = {
            column.name: empty.get(str(column.type).split("(")[0], 1)
            for column in table.columns
            if not column.nullable and column.name != "id"
        }
        connection.execute(table.insert(), {**filled, **values})

    own = {"gemeentecode": "0983", "vastgelegd_op": OPENED, "tijdstip": at(OPENED), "door": "ulla"}
    with engine.begin() as connection:
        load = {"status": "geladen", "datum_ontvangst": OPENED, "aangeboden_op": at(OPENED), "redenen": {}}
        add(known.tables["load"], id=1, **load, waarschuwingen={})
        for number in (1, 2, 3):
            days = {"datum_ontvangst": OPENED, "datum_signaal": OPENED, "datum_vanaf": OPENED}
            add(known.tables["signal"], id=number, signaalnummer=f"T-{number}", grondslag="LAA_2_37", **days)
        for number, key in ((1, "5911BB 2"), (2, "5911BB 2")):
            words = {"fase": "ontvangen", "herkomst": "signaal", "grondslag": "LAA_2_37", "gemeentecode": "0983"}
            days = {"datum_ontvangst": OPENED, "geopend_op": OPENED}
            signal = {"eerste_signaal_id": number, "adressleutel": key}
            add(known.tables["zaak"], id=number, zaaknummer=f"Z-{number}", **words, **days, **signal)
            links = {"zaak_id": number, "signal_id": number, "vanaf": OPENED, "actueel": True}
            add(known.tables["zaak_signaal"], **links, gemeentecode="0983")
            event = {"zaak_id": number, "volgnummer": 1, "naar": "ontvangen", "gegevens": {}}
            add(known.tables["gebeurtenis"], **own, **event)
            term = {"term": "laa_resultaat", "vanaf": OPENED, "einde": date(2026, 9, 2), "uitleg": ["zo"]}
            add(known.tables["termijn"], zaak_id=number, **own, **term)
        addresses = (
            (1, 1, AT_1, "5911AA 1 a", "TVA", OPENED, False),
            (2, 2, AT_2, "5911BB 2", "UWV", OPENED, True),
            (2, 3, AT_3, "5911BB 3", "TVA", MOVED, False),
            (1, None, AT_2, "5911BB 2", "buurman", MOVED, True),
        )
        for case, signal_id, where, key, bron, vanaf, huidig in addresses:
            told = {"adressleutel": key, "bron": bron, "vanaf": vanaf, "huidig": huidig, "signal_id": signal_id}
            add(known.tables["zaak_adres"], zaak_id=case, gemeentecode="0983", **where, **told)
    engine.dispose()


def addresses_of(session: Session, number: int) -> list[tuple[Any, ...]]:
    case = session.get(Case, number)
    assert case is not None
    return [
        (one.straatnaam, one.huisletter, one.adressleutel, one.bron, one.vanaf, one.signal_id, one.huidig)
        for one in CaseFile(session, case).addresses
    ]


def openings(engine: Engine) -> list[Any]:
    """What every case says of its beginning, whether that is rows or not."""
    with session_scope(engine, SYSTEM, write=False) as session:
        files = [CaseFile(session, case) for case in session.exec(select(Case).order_by(col(Case.id)))]
        return [
            [one.model_dump(exclude={"id"}) for one in (*file.events, *file.signals, *file.terms)] for file in files
        ]


MOVED_CASE = [
    ("Molenweg", "a", "5911AA 1 a", "TVA", OPENED, 1, False),
    ("", "", "5911BB 2", "buurman", MOVED, None, True),
]


def test_a_migrated_database_has_the_schema_of_the_models(url: str, databases: Databases) -> None:
    old_database(url)
    upgrade(url)
    beside = as_owner(databases.new())
    migrated, modelled = make_engine(url), make_engine(beside)
    SQLModel.metadata.create_all(modelled)
    assert schema(migrated) == schema(modelled)
    assert set(schema(modelled)) == set(SQLModel.metadata.tables)
    for each in (migrated, modelled):
        each.dispose()
    databases.drop(beside)


def test_an_older_database_keeps_its_addresses_and_terms(url: str) -> None:
    old_database(url)
    upgrade(url)
    engine = make_engine(url)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert addresses_of(session, 1) == MOVED_CASE
        assert [(key, bron, huidig) for _, _, key, bron, _, _, huidig in addresses_of(session, 2)] == [
            ("5911BB 2", "UWV", True),
            ("5911BB 3", "TVA", False),
        ]
        case = session.get(Case, 1)
        assert case is not None and (case.huisnummer, case.eerste_antwoord_voor, case.resultaat_voor) == (2, None, None)
        assert [(one.term, one.uitleg) for one in CaseFile(session, case).terms] == [("laa_resultaat", ["zo"])]
    engine.dispose()


def test_a_database_that_went_back_and_forth_says_the_same(url: str) -> None:
    old_database(url)
    old = make_engine(url)
    before = schema(old)
    upgrade(url)
    with session_scope(old, SYSTEM) as session:
        case = session.get(Case, 2)
        assert case is not None
        case.eerste_antwoord_voor = date(2026, 3, 30)
    old.dispose()
    migrate(url, "0001", back=True)
    assert schema(old) == before
    upgrade(url)
    with session_scope(old, SYSTEM, write=False) as session:
        assert addresses_of(session, 1) == MOVED_CASE
        assert len(session.exec(select(Address)).all()) == 2
        added = session.exec(
            select(CaseTerm).where(CaseTerm.zaak_id == 2, CaseTerm.term == "laa_eerste_antwoord")
        ).one()
        assert (added.vanaf, added.einde, added.door) == (OPENED, date(2026, 3, 30), "ulla")
    old.dispose()


def test_an_opening_that_is_no_row_becomes_one_on_the_way_back(url: str) -> None:
    """The way back writes what settling writes: when this fails OPENING changed, which asks for a migration."""
    upgrade(url)
    engine = make_engine(url)
    with session_scope(engine, SYSTEM) as session:
        untouched, touched = new_case(session), new_case(session, bsn="999990020")
        case_terms.settle(CaseFile(session, touched))
        assert untouched.lading_id is not None
    before = openings(engine)
    migrate(url, "0003", back=True)
    upgrade(url)
    assert openings(engine) == before
    with session_scope(engine, SYSTEM, write=False) as session:
        assert list(session.exec(select(Case.lading_id))) == [None, None]
        for table in (CaseEvent, CaseSignal):
            assert sorted(session.exec(select(table.zaak_id))) == sorted(session.exec(select(Case.id)))
        case = session.exec(select(Case).order_by(col(Case.id))).first()
        assert case and case.eerste_antwoord_voor  # a term is a column in the version before, too
    engine.dispose()


def test_an_opening_that_is_a_row_stays_one(url: str) -> None:
    old_database(url)
    upgrade(url)
    engine = make_engine(url)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert list(session.exec(select(Case.lading_id))) == [None, None]
        assert [len(CaseFile(session, case).events) for case in session.exec(select(Case))] == [1, 1]
    engine.dispose()
