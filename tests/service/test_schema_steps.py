"""Each new step of the schema says what it asks of older programs, and keeps to it."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import Script
from sqlalchemy import Connection, Engine, inspect, text

from service import db, schema_steps
from service.db import SchemaMissing, alembic_config, make_engine, require_schema, upgrade
from service.row_security import EVERYTHING
from service.schema_steps import RULED_AFTER, Step
from signals.errors import Refused
from tests.databases import Databases
from tests.postgres import as_owner

pytestmark = pytest.mark.every_database

HEAD = "9998"
"""The last of our own steps, as far as these tests go; what they pretend comes after it."""


@dataclass(frozen=True)
class Shape:
    """What a program may lean on: tables, columns, and what must be true of a row."""

    columns: Mapping[tuple[str, str], tuple[str, bool]]
    indexes: frozenset[tuple[str, str]]
    unique: frozenset[tuple[str, str]]
    keys: frozenset[tuple[str, str]]
    checks: frozenset[tuple[str, str]]
    files: Mapping[str, int]


def shape(connection: Connection) -> Shape:
    """Of everything that is there now. `files`: another number when PostgreSQL wrote a table anew."""
    told = inspect(connection)
    names = [name for name in told.get_table_names() if name not in ("alembic_version", schema_steps.TABLE)]
    columns = {
        (name, each["name"]): (str(each["type"]), each["nullable"] or each["default"] is not None)
        for name in names
        for each in told.get_columns(name)
    }
    indexes = {(name, str(each["name"]), each["unique"]) for name in names for each in told.get_indexes(name)}
    unique = {(name, str(sorted(each["column_names"]))) for name in names for each in told.get_unique_constraints(name)}
    files = {}
    if connection.dialect.name == "postgresql":
        own = "relkind = 'r' AND relnamespace = current_schema::regnamespace"
        found = connection.execute(text(f"SELECT relname, relfilenode FROM pg_class WHERE {own}"))
        files = {row.relname: row.relfilenode for row in found}
    return Shape(
        columns=columns,
        indexes=frozenset((table, name) for table, name, _ in indexes),
        unique=frozenset(unique | {(table, name) for table, name, only in indexes if only}),
        keys=frozenset(
            (name, str(sorted(each["constrained_columns"]))) for name in names for each in told.get_foreign_keys(name)
        ),
        checks=frozenset(
            (name, f"{each['name']} {each['sqltext']}") for name in names for each in told.get_check_constraints(name)
        ),
        files=files,
    )


def faults(step: Script, before: Shape, after: Shape) -> list[str]:
    """In what an expanding step would stop a program that does not know it, or hold everybody up."""
    module, old = step.module, {table for table, _ in before.columns}
    told = [f"{where} is gone" for where in before.columns.keys() - after.columns.keys()]
    for where, (kind, optional) in after.columns.items():
        if where[0] not in old:
            continue
        if where not in before.columns:
            told += [f"{where} must be filled by programs that do not know it"] if not optional else []
            continue
        was, could_stay_out = before.columns[where]
        told += [f"{where} was {was} and is {kind}"] if was != kind else []
        told += [f"{where} could stay out"] if could_stay_out and not optional else []
    told += [f"{where} must be unique" for where in after.unique - before.unique if where[0] in old]
    told += [f"{where} must refer to something" for where in after.keys - before.keys if where[0] in old]
    wider = getattr(module, "WIDER", ())
    told += [
        f"{where} is checked"
        for where in after.checks - before.checks
        if where[0] in old and where[1].split(" ")[0] not in wider
    ]
    beside = getattr(module, "BESIDE_THE_WORK", False)
    told += [
        f"{where} is made while everybody waits"
        for where in after.indexes - before.indexes
        if where[0] in old and not beside
    ]
    told += [f"{name} is written anew" for name, file in before.files.items() if after.files.get(name, file) != file]
    return told


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The address of a database without any step, as its owner."""
    made = as_owner(databases.new())
    yield made
    databases.drop(made)


@pytest.fixture
def url(databases: Databases, empty_database: str) -> Iterator[str]:
    """The address of a database with all our steps, as its owner."""
    with databases.copied(empty_database) as made:
        yield as_owner(made)


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Write a step that comes after all there are; the folder is a copy of ours from the first one on."""
    folder = tmp_path / "migrations"
    shutil.copytree(db.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    last = max(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))

    def written(number: str, does: str, *, after: str | None = None, **said: Any) -> None:
        monkeypatch.setattr(db, "MIGRATIONS", folder)
        lines = [f"{name} = {value!r}" for name, value in said.items()]
        (folder / "versions" / f"{number}_pretended.py").write_text(
            "\n".join(
                [
                    "import sqlalchemy as sa",
                    "from alembic import op",
                    "from service.migrations import beside",
                    f"revision = {number!r}",
                    f"down_revision = {after or last!r}",
                    *lines,
                    f"def upgrade():\n    {does}",
                    "def downgrade():\n    pass",
                ]
            )
        )

    return written


def forget(number: str) -> None:
    """From now on the program does not know this step, as one of before."""
    (db.MIGRATIONS / "versions" / f"{number}_pretended.py").unlink()
    shutil.rmtree(db.MIGRATIONS / "versions" / "__pycache__", ignore_errors=True)


NEW_COLUMN = "op.add_column('zaak', sa.Column('later', sa.String(10), nullable=True))"


def test_every_new_step_says_what_it_asks_and_keeps_to_it(empty: str) -> None:
    engine = make_engine(empty, foreign_keys=False)
    directory = db._scripts(engine)
    ruled = [step for step in reversed(list(directory.walk_revisions())) if step.revision > RULED_AFTER]
    for step in ruled:
        said = getattr(step.module, "STEP", None)
        assert said in list(Step), f"{step.revision} does not say STEP: see CONTRIBUTING.md, Move the schema on"
        known = getattr(step.module, "WORKS_FROM", None)
        if said == Step.CONTRACT:
            assert known and directory.get_revision(known), f"{step.revision} does not say WORKS_FROM"
    if ruled:
        with engine.execution_options(**EVERYTHING).begin() as connection:
            command.upgrade(alembic_config(connection), str(ruled[0].down_revision))
    wrong = {}
    for step in ruled:
        wrong[step.revision] = judged(engine, step) if step.module.STEP == Step.EXPAND else []
    engine.dispose()
    assert not {step: told for step, told in wrong.items() if told}


def judged(engine: Engine, step: Script) -> list[str]:
    """Take a step and say what was wrong with it."""
    with engine.connect() as connection:
        before = shape(connection)
    db._take(engine, db._scripts(engine), step)
    with engine.connect() as connection:
        return faults(step, before, shape(connection))


@pytest.mark.parametrize(
    ("does", "said", "told"),
    [
        (NEW_COLUMN, {}, ""),
        ("op.create_table('nieuw', sa.Column('id', sa.Integer(), primary_key=True))", {}, ""),
        ("beside.create_index('ix_later', 'zaak', ['geopend_op'])", {"BESIDE_THE_WORK": True}, ""),
        ("op.create_index('ix_later', 'zaak', ['geopend_op'])", {}, "made while everybody waits"),
        ("op.drop_table('leerpunt')", {}, "is gone"),
        ("op.drop_column('leerpunt', 'toelichting')", {}, "is gone"),
        ("op.alter_column('zaak', 'huisnummer', new_column_name='nummer')", {}, "is gone"),
        (
            "op.add_column('zaak', sa.Column('later', sa.Integer(), nullable=False, server_default='0'))",
            {},
            "",
        ),
        (
            "with op.batch_alter_table('leerpunt') as t: t.alter_column('id', type_=sa.BigInteger())",
            {},
            "was INTEGER and is BIGINT",
        ),
        (
            "with op.batch_alter_table('zaak') as t: t.alter_column('bsn', existing_type=sa.String(), nullable=False)",
            {},
            "could stay out",
        ),
        ("op.create_index('uq_later', 'taak', ['id'], unique=True)", {"BESIDE_THE_WORK": True}, "must be unique"),
        (
            "with op.batch_alter_table('taak') as t: t.create_check_constraint(op.f('ck_later'), 'id > 0')",
            {},
            "is checked",
        ),
        (
            "with op.batch_alter_table('taak') as t: t.create_check_constraint(op.f('ck_later'), 'id > 0')",
            {"WIDER": ("ck_later",)},
            "",
        ),
    ],
)
def test_what_stops_an_older_program_is_no_expanding_step(
    url: str, write: Callable[..., None], does: str, said: Mapping[str, Any], told: str
) -> None:
    write(HEAD, does, STEP="expand", **said)
    engine = make_engine(url, foreign_keys=False)
    found = judged(engine, db._scripts(engine).get_revision(HEAD))
    engine.dispose()
    assert [each for each in found if told in each] if told else not found, found


def test_a_program_works_on_a_schema_that_was_only_expanded(url: str, write: Callable[..., None]) -> None:
    write("9997", NEW_COLUMN, STEP="expand")
    write(
        HEAD, "op.create_table('nieuw', sa.Column('id', sa.Integer(), primary_key=True))", after="9997", STEP="expand"
    )
    assert upgrade(url)[-2:] == ["9997", HEAD]
    engine = make_engine(url)
    require_schema(engine)
    for step in (HEAD, "9997"):
        forget(step)
        require_schema(engine)
        assert not upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
    engine.dispose()


@pytest.mark.parametrize(
    ("said", "works"),
    [
        ({"STEP": "expand"}, True),
        ({"STEP": "contract", "WORKS_FROM": "0027"}, True),
        ({"STEP": "contract", "WORKS_FROM": "9997"}, False),
        ({"STEP": "contract"}, False),
        ({}, False),
    ],
)
def test_a_program_stops_before_a_schema_that_takes_away_what_it_uses(
    url: str, write: Callable[..., None], said: Mapping[str, Any], works: bool
) -> None:
    write("9997", NEW_COLUMN, STEP="expand")
    write(HEAD, "op.drop_column('zaak', 'later')", after="9997", **said)
    upgrade(url)
    forget(HEAD)
    forget("9997")
    engine = make_engine(url)
    if works:
        require_schema(engine)
    else:
        for refuses in (lambda: require_schema(engine), lambda: upgrade(url)):
            with pytest.raises(SchemaMissing, match="schema_nieuwer") as refused:
                refuses()
            assert f"stap {HEAD}" in refused.value.uitleg
            assert f"versie {schema_steps.program_version()} of nieuwer" in refused.value.uitleg
    engine.dispose()


def test_what_was_left_out_between_two_steps_is_seen(url: str, write: Callable[..., None]) -> None:
    """The last step leaves everybody working, the one before it does not."""
    write("9997", "op.drop_table('leerpunt')", STEP="contract", WORKS_FROM="9997")
    write(HEAD, NEW_COLUMN, after="9997", STEP="expand")
    upgrade(url)
    forget(HEAD)
    engine = make_engine(url)
    require_schema(engine)
    forget("9997")
    with pytest.raises(SchemaMissing, match="schema_nieuwer"):
        require_schema(engine)
    engine.dispose()


def test_a_schema_of_which_nothing_is_known_is_refused(url: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'zzzz'"))
    with pytest.raises(SchemaMissing, match="schema_nieuwer"):
        require_schema(engine)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {schema_steps.TABLE}"))
    with pytest.raises(SchemaMissing, match="schema_nieuwer") as refused:
        require_schema(engine)
    assert "waarmee de database is bijgewerkt" in refused.value.uitleg
    engine.dispose()


def test_a_step_waits_for_whoever_holds_its_table_and_holds_nobody_up_meanwhile(
    url: str, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_steps, "LOCK_SECONDS", 1)
    tries: list[int] = []
    monkeypatch.setattr(schema_steps.log, "info", lambda *_, poging=0, **__: tries.append(poging), raising=False)
    write(HEAD, NEW_COLUMN, STEP="expand")
    engine, held = make_engine(url), make_engine(url)
    running = held.execution_options(**EVERYTHING).connect()
    running.execute(text("UPDATE zaak SET huisnummer = huisnummer"))  # a long transaction of somebody else
    upgrading = threading.Thread(target=upgrade, args=[url])
    upgrading.start()
    if engine.dialect.name == "postgresql":
        for _ in range(20):  # who only reads comes in between two attempts, at the latest
            with engine.execution_options(**EVERYTHING).connect() as reader:
                reader.execute(text("SET LOCAL statement_timeout = '3s'"))
                reader.execute(text("SELECT count(*) FROM zaak"))
            if len(tries) >= 2:
                break
            threading.Event().wait(0.2)
    running.rollback()
    running.close()
    upgrading.join(60)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
    if engine.dialect.name == "postgresql":
        assert len(tries) >= 1
    for each in (engine, held):
        each.dispose()


def test_a_step_that_never_gets_its_table_says_so_and_changes_nothing(
    url: str, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_steps, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(schema_steps, "ATTEMPTS", 2)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    write(HEAD, NEW_COLUMN, STEP="expand")
    held = make_engine(url)
    with held.execution_options(**EVERYTHING).connect() as running:
        running.execute(text("UPDATE zaak SET huisnummer = huisnummer"))
        with pytest.raises(Refused, match="schema_bezet") as refused:
            upgrade(url)
        assert HEAD in refused.value.uitleg and "rni db upgrade" in refused.value.uitleg
    assert upgrade(url) == [HEAD]
    held.dispose()


def test_two_upgrades_at_once_take_each_step_once(empty: str) -> None:
    told: list[Any] = []

    def run() -> None:
        try:
            told.append(upgrade(empty))
        except Exception as error:  # noqa: BLE001  # looked at below
            told.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    engine = make_engine(empty)
    require_schema(engine)
    if engine.dialect.name == "postgresql":
        assert sorted(map(len, told)) == [0, max(map(len, told))], told
    engine.dispose()


def test_an_index_that_was_broken_off_is_made_anew(url: str, write: Callable[..., None]) -> None:
    write(HEAD, "beside.create_index('ix_later', 'zaak', ['geopend_op'])", STEP="expand", BESIDE_THE_WORK=True)
    engine = make_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:  # what is left of an attempt
            connection.execute(text("CREATE INDEX ix_later ON zaak (geopend_op)"))
    assert upgrade(url) == [HEAD]
    with engine.connect() as connection:
        assert "ix_later" in {each["name"] for each in inspect(connection).get_indexes("zaak")}
    engine.dispose()
