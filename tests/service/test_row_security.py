"""What PostgreSQL itself keeps apart, whatever statement the service or somebody with its role thinks of."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import col, select

from service import cli
from service.access import Access, NoAccess, owned_tables
from service.app import require_ready
from service.db import Trouble, make_engine, session_scope, trouble_of, upgrade
from service.log import audit
from service.row_security import ONLY_ADDED, RoleTooPowerful, guarded_tables, require_second_lock, visible_to
from service.settings import Settings
from signals.base import ACROSS, table
from signals.bulk import reach_across, run, values_among
from signals.models import Signal
from tests import factories
from tests.databases import plain_address
from tests.postgres import OWNER, SERVICE, as_owner, as_superuser
from workflow.models import Case, Source

from .conftest import NOW, ROTTERDAM, VENLO, access, owning
from .test_access import case, signal
from .test_settings import SAFE

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")


@pytest.fixture
def both(engine: Engine) -> Engine:
    """A case with events and a signal, in Rotterdam (999990019) and in Venlo (999990020)."""
    with session_scope(engine, Access.system()) as session:
        for code, bsn in ((ROTTERDAM, "999990019"), (VENLO, "999990020")):
            made = factories.new_case(session, NOW.date(), code, bsn=bsn)
            session.add(
                Source(
                    zaak_id=made.id,
                    gemeentecode=code,
                    vastgelegd_op=NOW.date(),
                    tijdstip=NOW,
                    door="anna",
                    soort="brp",
                    datum=NOW.date(),
                    bevinding="niets",
                )
            )
    return engine


def refusal(connection: Connection, statement: str) -> str:
    """Why the database itself refuses."""
    with pytest.raises(DBAPIError) as refused:
        connection.execute(text(statement))
    return str(refused.value.orig)


@pytest.fixture
def annas(both: Engine) -> Iterator[Connection]:
    """A connection for what a session of Rotterdam might send, whatever statement that is."""
    with both.execution_options(**visible_to(access(both, "anna"))).connect() as connection:
        yield connection


def test_every_table_of_a_municipality_is_guarded_for_its_owner_too(engine: Engine) -> None:
    with owning(engine) as connection:
        found = connection.execute(text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"))
        assert sorted(found.scalars()) == guarded_tables()
    assert {table(each).name for each in owned_tables()} <= set(guarded_tables())


def test_plain_text_sees_the_rows_of_one_municipality(annas: Connection) -> None:
    for name in ("zaak", "signal", "bron"):
        codes = annas.execute(text(f"SELECT gemeentecode FROM {name}")).scalars().all()
        assert codes == [ROTTERDAM], name
    assert annas.execute(text("SELECT count(*) FROM zaak WHERE gemeentecode = '0983'")).scalar_one() == 0
    assert annas.execute(text("SELECT max(length(bsn)) FROM zaak z WHERE z.gemeentecode <> '0599'")).scalar() is None


def test_who_asks_is_said_by_the_session_and_forgotten_after_it(both: Engine) -> None:
    """One connection in the pool serves one after the other."""
    one = make_engine(both.url.render_as_string(hide_password=False))
    count = text("SELECT count(*) FROM zaak")
    seen = []
    for each in (Access.system(), access(both, "anna"), access(both, "ulla"), access(both, "coen"), Access.system()):
        with session_scope(one, each) as session:
            seen.append(session.connection().execute(count).scalar_one())
        with one.connect() as connection:
            assert connection.execute(count).scalar_one() == 0
    assert seen == [2, 1, 0, 0, 2]
    one.dispose()


def test_a_connection_that_is_lost_within_a_savepoint_is_said_to_be_lost(both: Engine) -> None:
    with (
        pytest.raises(OperationalError) as lost,
        session_scope(both, Access.system()) as session,
        session.begin_nested(),
    ):
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.close()  # as by a crash of the server: nothing can be said over it any more
        session.exec(select(Signal.id)).all()
    assert trouble_of(lost.value) is Trouble.AWAY


def test_whoever_says_nothing_sees_no_row(both: Engine) -> None:
    with both.connect() as connection:
        for name in guarded_tables():
            assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() == 0


def test_the_liaison_sees_what_uwv_delivered_and_nothing_of_a_case(both: Engine) -> None:
    with both.execution_options(**visible_to(access(both, "ulla"))).connect() as connection:
        rows = {name: f"SELECT count(*) FROM {name}" for name in guarded_tables()}
        seen = {name for name, count in rows.items() if connection.execute(text(count)).scalar_one()}
        assert seen == {"signal"}
        assert "row-level security" in refusal(connection, "UPDATE signal SET toelichting = ''")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO bron (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, soort, datum, bevinding)"
        " SELECT zaak_id, '0983', vastgelegd_op, tijdstip, door, soort, datum, bevinding FROM bron",
        "UPDATE zaak SET gemeentecode = '0983'",
        "UPDATE bron SET gemeentecode = '0983'",
    ],
)
def test_a_row_of_another_municipality_is_refused_by_the_database(annas: Connection, statement: str) -> None:
    assert "row-level security" in refusal(annas, statement)


def test_what_belongs_to_another_municipality_is_not_changed_or_deleted(annas: Connection, both: Engine) -> None:
    assert annas.execute(text("UPDATE zaak SET behandelaar = 'anna'")).rowcount == 1
    assert annas.execute(text("UPDATE zaak SET behandelaar = 'anna' WHERE gemeentecode = '0983'")).rowcount == 0
    assert annas.execute(text("DELETE FROM bron")).rowcount == 1
    annas.commit()
    with session_scope(both, Access.system(), write=False) as session:
        assert session.exec(select(Case.behandelaar).order_by(col(Case.gemeentecode))).all() == ["anna", None]
        assert session.exec(select(Source.gemeentecode)).all() == [VENLO]


def test_what_the_session_writes_itself_is_judged_too(both: Engine) -> None:
    """A flush goes past the first lock."""
    with pytest.raises(DBAPIError, match="row-level security"), session_scope(both, access(both, "anna")) as session:
        session.add(case(77, VENLO))
    with pytest.raises(DBAPIError, match="row-level security"), session_scope(both, access(both, "anna")) as session:
        session.add(signal(77, VENLO))


def test_one_statement_looks_across_and_the_next_does_not(both: Engine) -> None:
    of_all, plain = select(Case.gemeentecode), text("SELECT count(*) FROM zaak")
    with session_scope(both, access(both, "anna")) as session:
        assert len(session.exec(of_all.execution_options(**ACROSS)).all()) == 2
        driver = session.connection().connection.driver_connection
        assert driver is not None
        for words in ("SELECT count(*) FROM ZAAK", 'SELECT count(*) FROM U&"z\\0061ak"'):  # found by no pattern
            assert driver.execute(words).fetchone() == (1,)
        assert session.connection().execute(plain).scalar_one() == 1
        assert len(run(session, select(table(Case).c.id)).all()) == 2
        with session.begin_nested() as nested:
            assert session.connection().execute(plain).scalar_one() == 1
            assert len(session.exec(of_all.execution_options(**ACROSS)).all()) == 2
            nested.rollback()  # takes back what was told within it
        assert session.connection().execute(plain).scalar_one() == 1
        assert len(session.exec(of_all.execution_options(**ACROSS)).all()) == 2
        with pytest.raises(DBAPIError, match="row-level security"):
            session.add(case(78, VENLO))
            session.flush()
        session.rollback()


def test_what_the_driver_reads_through_is_every_row(both: Engine) -> None:
    """Which numbers are known must not hang on who loads; what is asked after it is narrow again."""
    numbers, ids = table(Signal).c.signaalnummer, table(Signal).c.id
    with session_scope(both, access(both, "anna"), write=False) as session:
        pieces = values_among(session, numbers, ids, [["T-00001"]], about=10)
        assert len([number for piece in pieces for number in piece]) == 2
        assert session.connection().execute(text("SELECT count(*) FROM signal")).scalar_one() == 1


def test_a_hand_over_writes_at_the_receiver_and_reads_nothing_there(both: Engine) -> None:
    """And only until the transaction ends."""
    plain = text("SELECT count(*) FROM zaak")
    with session_scope(both, access(both, "anna")) as session:
        reach_across(session)
        session.add(case(79, VENLO))
        session.flush()
        assert session.connection().execute(plain).scalar_one() == 1
        session.commit()
        with pytest.raises(DBAPIError, match="row-level security"):
            session.add(case(80, VENLO))
            session.flush()
        session.rollback()
    with session_scope(both, Access.system(), write=False) as session:
        assert session.exec(select(Case.gemeentecode).order_by(col(Case.gemeentecode))).all() == [
            "0599",
            "0983",
            "0983",
        ]


def test_what_looks_across_is_not_read_piece_by_piece(both: Engine) -> None:
    """Its later rows would be chosen when the session is narrow again."""
    with session_scope(both, access(both, "anna")) as session, pytest.raises(NoAccess):
        run(session, select(table(Case).c.id).execution_options(yield_per=10))


@pytest.mark.parametrize("name", [table(each).name for each in ONLY_ADDED])
def test_the_role_of_the_service_only_adds_to_the_log(engine: Engine, name: str) -> None:
    with session_scope(engine, Access.system()) as session:
        audit.record(session, "gezocht", "zaken", NOW, about=())
    for statement in (f"UPDATE {name} SET id = id", f"DELETE FROM {name}", f"TRUNCATE {name}"):
        with engine.connect() as connection:
            assert f"permission denied for table {name}" in refusal(connection, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE zaak DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE zaak NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY van_wie_vraagt ON zaak",
        "ALTER POLICY van_wie_vraagt ON zaak USING (true)",
        "CREATE POLICY ook ON zaak USING (true)",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP TABLE zaak",
        "TRUNCATE zaak",
        f"SET ROLE {OWNER}",
        f"ALTER ROLE {SERVICE} BYPASSRLS",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE public.eigen (id int)",
    ],
)
def test_the_role_of_the_service_cannot_take_the_lock_away(both: Engine, statement: str) -> None:
    with both.connect() as connection:
        told = refusal(connection, statement)
    assert "must be owner" in told or "permission denied" in told or "must be superuser" in told


def test_without_the_policies_a_query_is_refused_instead_of_answered(both: Engine) -> None:
    with both.connect() as connection:
        connection.execute(text("SET row_security = off"))
        assert "row-level security" in refusal(connection, "SELECT * FROM zaak")


def test_production_starts_as_a_role_that_owns_nothing(settings: Settings, engine: Engine) -> None:
    strict = Settings(**SAFE, database_url=settings.database_url)
    require_ready(strict, engine)
    owner = make_engine(as_owner(settings.database_url))
    with pytest.raises(RoleTooPowerful, match="databaserol_te_machtig") as refused:
        require_ready(strict, owner)
    assert "is eigenaar van de tabellen" in refused.value.uitleg
    assert "RNI_DATABASE_OWNER_URL" in refused.value.uitleg
    require_ready(settings, owner)  # elsewhere it may
    owner.dispose()


def test_no_command_works_as_the_owner_in_production(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = {"database_url": as_owner(settings.database_url), "data_dir": str(settings.data_dir)}
    for name, value in (SAFE | owner).items():
        monkeypatch.setenv(f"RNI_{name.upper()}", value)
    assert cli.run(["user", "list"]) == 4
    assert "is eigenaar van de tabellen" in capsys.readouterr().err
    monkeypatch.setenv("RNI_DATABASE_URL", settings.database_url)
    assert cli.run(["user", "list"]) == 0


def test_production_does_not_start_while_a_table_is_not_guarded(settings: Settings, engine: Engine) -> None:
    with owning(engine) as connection:
        connection.execute(text("ALTER TABLE zaak DISABLE ROW LEVEL SECURITY"))
    with pytest.raises(RoleTooPowerful, match="rijbeveiliging_uit") as refused:
        require_second_lock(engine)
    assert "zaak" in refused.value.uitleg


def test_an_upgrade_gives_and_takes_what_the_role_may(engine: Engine, settings: Settings) -> None:
    with owning(engine) as connection:
        connection.execute(text(f"GRANT ALL ON audit TO {SERVICE}"))
        connection.execute(text(f"REVOKE SELECT ON zaak FROM {SERVICE}"))
    upgrade(settings.database_url, as_owner(settings.database_url))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM zaak")).scalar_one() == 0
        assert "permission denied" in refusal(connection, "DELETE FROM audit")
    both = as_owner(settings.database_url)
    upgrade(both, both)
    with owning(engine) as connection:
        assert connection.execute(text("UPDATE alembic_version SET version_num = version_num")).rowcount == 1


@pytest.mark.parametrize("told", ["is superuser", "BYPASSRLS"])
def test_production_does_not_start_as_a_role_that_steps_over_it(engine: Engine, told: str) -> None:
    above = make_engine(as_superuser(engine.url.render_as_string(hide_password=False)))
    role = f"voorbij_{os.getpid()}"  # roles are of the whole cluster

    def become(connection: Connection) -> None:
        connection.exec_driver_sql(f"CREATE ROLE {role} BYPASSRLS")
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")

    if told == "BYPASSRLS":
        event.listen(above, "begin", become)
    with pytest.raises(RoleTooPowerful, match="databaserol_te_machtig") as refused:
        require_second_lock(above)
    assert told in refused.value.uitleg
    above.dispose()


def test_a_backup_by_the_owner_says_that_it_wants_every_row(both: Engine, engine_path: Callable[..., str]) -> None:
    """As docs/beheer/back-up.md says; without those words it is refused, and leaves nothing out in silence."""
    address = plain_address(as_owner(both.url.render_as_string(hide_password=False)))
    command = [engine_path("pg_dump"), "--data-only", "--table=zaak", address]
    plain = subprocess.run(command, capture_output=True, text=True)
    assert plain.returncode == 1 and "row-level security" in plain.stderr
    seeing = os.environ | {"PGOPTIONS": "-c rni.codes=* -c rni.signals=on"}
    whole = subprocess.run([*command, "--enable-row-security"], env=seeing, capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.count("Z-2026-") == 2
