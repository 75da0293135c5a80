"""The audit log is a chain: whatever is changed, taken away, put in, moved or cut off is found, and nothing else is."""

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from service import process
from service.access import Access
from service.audit_models import AuditSeal
from service.db import make_engine, session_scope
from service.log import audit, chain, log_keys
from service.models import AuditEntry
from service.settings import Settings
from signals.keyring import Key
from workflow.actors import Actor

from ..conftest import NOW, ROTTERDAM, VENLO, owning

pytestmark = pytest.mark.every_database

SEALED = 30
"""Entries of three chains: Rotterdam, Venlo and the project, one after the other."""


@pytest.fixture(autouse=True)
def own_keys(settings: Settings) -> Iterator[None]:
    process.begin(settings)
    yield
    process.begin(Settings())


def write(engine: Engine, number: int = SEALED, code: str | None = "", seconds: int = 0) -> None:
    """So many entries, each in a transaction of its own, in turn of each chain, or all of one."""
    for place in range(number):
        access = Access.of(Actor("anna"), "pagina 127.0.0.1")
        moment = NOW + timedelta(seconds=seconds + place)
        chosen = (ROTTERDAM, VENLO, None)[place % 3] if code == "" else code
        with session_scope(engine, access) as session:
            audit.record(session, "aanmelden", f"gebruiker-{place}", moment, gemeentecode=chosen)


def seal(engine: Engine, settings: Settings) -> int:
    return chain.seal(engine, settings.data_dir, NOW)


def verdict(engine: Engine, settings: Settings) -> chain.Verdict:
    chain.seal(engine, settings.data_dir, NOW, everything=True)
    with session_scope(engine, Access.system(), write=False) as session:
        return chain.verify(session, chain.read_heads(chain.heads_file(settings.data_dir)))


@pytest.fixture
def sealed(engine: Engine, settings: Settings) -> Engine:
    write(engine)
    assert seal(engine, settings) == SEALED
    assert verdict(engine, settings).breuk is None
    return engine


def as_owner(engine: Engine, deed: Callable[[Connection], object]) -> None:
    """What somebody does who may do everything in the database: the guard goes first."""
    with owning(engine) as connection:
        for table in ("audit", "audit_zegel"):
            if engine.dialect.name == "sqlite":
                for what in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_geen_{what}"))
            else:
                connection.execute(text(f"DROP TRIGGER {table}_alleen_toevoegen ON {table}"))
        deed(connection)


def entry_at(engine: Engine, code: str, number: int) -> int:
    """The entry with this number in a chain."""
    with session_scope(engine, Access.system(), write=False) as session:
        mine = select(AuditSeal.audit_id).where(AuditSeal.gemeentecode == code, AuditSeal.volgnummer == number)
        return session.exec(mine).one()


COLUMNS = "tijdstip, actor, actie, object, resultaat, herkomst, gemeentecode, trace_id, span_id, sleutel, waarmerk"


def test_what_was_written_is_sealed_and_whole(engine: Engine, settings: Settings) -> None:
    write(engine)
    assert seal(engine, settings) == SEALED
    assert seal(engine, settings) == 0
    found = verdict(engine, settings)
    assert (found.breuk, found.regels, found.onverzegeld) == (None, SEALED, 0)
    assert {code: head.volgnummer for code, head in found.koppen.items()} == {"": 10, ROTTERDAM: 10, VENLO: 10}


@pytest.mark.parametrize("column", ["actor", "actie", "object", "resultaat", "herkomst", "gemeentecode", "waarmerk"])
def test_a_changed_entry_is_found(sealed: Engine, settings: Settings, column: str) -> None:
    number = entry_at(sealed, ROTTERDAM, 4)
    as_owner(sealed, lambda own: own.execute(text(f"UPDATE audit SET {column} = 'bram' WHERE id = {number}")))
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.gemeentecode, found.volgnummer, found.regel) == ("gewijzigd", ROTTERDAM, 4, number)


def test_a_changed_moment_is_found(sealed: Engine, settings: Settings) -> None:
    number = entry_at(sealed, VENLO, 2)
    later = "2026-11-02 09:00:01.000001"
    as_owner(sealed, lambda own: own.execute(text(f"UPDATE audit SET tijdstip = '{later}' WHERE id = {number}")))
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("gewijzigd", 2)


def test_an_entry_that_lost_its_waarmerk_is_found(sealed: Engine, settings: Settings) -> None:
    number = entry_at(sealed, ROTTERDAM, 4)
    emptied = f"UPDATE audit SET waarmerk = NULL, actor = 'bram' WHERE id = {number}"
    as_owner(sealed, lambda own: own.execute(text(emptied)))
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("gewijzigd", 4)


def test_a_removed_entry_is_found(sealed: Engine, settings: Settings) -> None:
    number = entry_at(sealed, ROTTERDAM, 7)
    as_owner(sealed, lambda own: own.execute(text(f"DELETE FROM audit WHERE id = {number}")))
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.gemeentecode, found.volgnummer) == ("verwijderd", ROTTERDAM, 7)


def test_an_entry_that_was_removed_with_its_seal_is_found(sealed: Engine, settings: Settings) -> None:
    number = entry_at(sealed, ROTTERDAM, 7)

    def remove(own: Connection) -> None:
        own.execute(text(f"DELETE FROM audit_zegel WHERE audit_id = {number}"))
        own.execute(text(f"DELETE FROM audit WHERE id = {number}"))

    as_owner(sealed, remove)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("verwijderd", 7)


def test_a_gap_that_is_closed_by_numbering_on_is_found(sealed: Engine, settings: Settings) -> None:
    number = entry_at(sealed, ROTTERDAM, 7)

    def remove(own: Connection) -> None:
        own.execute(text(f"DELETE FROM audit_zegel WHERE audit_id = {number}"))
        own.execute(text(f"DELETE FROM audit WHERE id = {number}"))
        for later in (8, 9, 10):
            mine = f"gemeentecode = '{ROTTERDAM}' AND volgnummer = {later}"
            own.execute(text(f"UPDATE audit_zegel SET volgnummer = {later - 1} WHERE {mine}"))

    as_owner(sealed, remove)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("verplaatst", 7)


def test_the_last_entries_cannot_be_cut_off(sealed: Engine, settings: Settings) -> None:
    gone = [entry_at(sealed, VENLO, number) for number in (9, 10)]

    def cut(own: Connection) -> None:
        own.execute(text(f"DELETE FROM audit_zegel WHERE audit_id IN ({gone[0]}, {gone[1]})"))
        own.execute(text(f"DELETE FROM audit WHERE id IN ({gone[0]}, {gone[1]})"))

    as_owner(sealed, cut)
    write(sealed, 3, VENLO, seconds=60)
    for _ in range(2):  # nothing is sealed behind a cut, and the head that was told stays
        found = verdict(sealed, settings).breuk
        assert found is not None
        assert (found.soort, found.gemeentecode, found.volgnummer) == ("ingekort", VENLO, 9)


def test_a_whole_chain_that_is_gone_is_found(sealed: Engine, settings: Settings) -> None:
    def empty(own: Connection) -> None:
        own.execute(text("DELETE FROM audit_zegel"))
        own.execute(text("DELETE FROM audit"))

    as_owner(sealed, empty)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("ingekort", 1)


@pytest.mark.parametrize("mark", ["NULL", "''", "waarmerk"])
def test_an_inserted_entry_is_found(sealed: Engine, settings: Settings, mark: str) -> None:
    known = COLUMNS.replace("actor,", "'bram',").replace("span_id,", "'0123456789abcdef',").replace(", waarmerk", "")
    put = f"INSERT INTO audit ({COLUMNS}) SELECT {known}, {mark} FROM audit WHERE object = 'gebruiker-0'"
    as_owner(sealed, lambda own: own.execute(text(put)))
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.gemeentecode) == ("ingevoegd", ROTTERDAM)


def test_a_copy_of_an_entry_is_found(sealed: Engine, settings: Settings) -> None:
    def copy(own: Connection) -> None:
        own.execute(text("DROP INDEX uq_audit_span_id"))
        own.execute(text(f"INSERT INTO audit ({COLUMNS}) SELECT {COLUMNS} FROM audit WHERE object = 'gebruiker-0'"))

    as_owner(sealed, copy)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert found.soort == "ingevoegd"


def test_two_entries_that_changed_places_are_found(sealed: Engine, settings: Settings) -> None:
    one, other = (entry_at(sealed, ROTTERDAM, number) for number in (3, 5))

    def swap(own: Connection) -> None:
        for old, new in ((one, -1), (other, one), (-1, other)):
            own.execute(text(f"UPDATE audit SET id = {new} WHERE id = {old}"))

    as_owner(sealed, swap)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.gemeentecode, found.volgnummer) == (ROTTERDAM, 3)


def test_two_seals_that_changed_places_are_found(sealed: Engine, settings: Settings) -> None:
    one, other = (entry_at(sealed, ROTTERDAM, number) for number in (3, 5))

    def swap(own: Connection) -> None:
        for old, new in ((one, -1), (other, one), (-1, other)):
            own.execute(text(f"UPDATE audit_zegel SET audit_id = {new} WHERE audit_id = {old}"))

    as_owner(sealed, swap)
    found = verdict(sealed, settings).breuk
    assert found is not None
    assert (found.soort, found.volgnummer) == ("verplaatst", 3)


def test_a_chain_that_was_written_anew_with_the_keys_is_found_by_the_heads_kept_elsewhere(
    sealed: Engine, settings: Settings
) -> None:
    kept = chain.read_heads(chain.heads_file(settings.data_dir))

    def forge(own: Connection) -> None:
        own.execute(text("DELETE FROM audit_zegel"))
        own.execute(text("DELETE FROM audit WHERE object = 'gebruiker-3'"))

    as_owner(sealed, forge)
    chain.heads_file(settings.data_dir).unlink()
    write(sealed, 3)
    assert verdict(sealed, settings).breuk is None
    with session_scope(sealed, Access.system(), write=False) as session:
        found = chain.verify(session, kept).breuk
    assert found is not None
    assert found.soort == "vervangen"


@pytest.mark.parametrize("table", ["audit", "audit_zegel", "logboek_dataverwerking"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_every_change(sealed: Engine, table: str, deed: str) -> None:
    with session_scope(sealed, Access.system()) as session:
        audit.record(session, "gezocht", "zaken", NOW, about=())
    with pytest.raises(DBAPIError, match="alleen toegevoegd"), owning(sealed) as connection:
        connection.execute(text(deed.format(table)))


def test_entries_of_before_the_chain_are_taken_into_it_once(engine: Engine, settings: Settings) -> None:
    old = "INSERT INTO audit (tijdstip, actor, actie, object, resultaat, herkomst) VALUES ('2026-01-02 10:00:00', "
    with engine.begin() as connection:
        connection.execute(text(old + "'anna', 'zaak_geopend', 'Z-2026-0000001', 'gelukt', 'pagina')"))
    write(engine, 3)
    assert seal(engine, settings) == 4
    assert verdict(engine, settings).regels == 4
    with engine.begin() as connection:
        connection.execute(text(old + "'bram', 'zaak_geopend', 'Z-2026-0000001', 'gelukt', 'pagina')"))
    found = verdict(engine, settings).breuk
    assert found is not None
    assert found.soort == "ingevoegd"


def test_what_waited_while_nobody_sealed_is_sealed_and_what_is_older_than_any_work_is_left_to_the_check(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "AT_ONCE", 4)
    write(engine, 1)
    assert seal(engine, settings) == 1
    write(engine, 9, None, seconds=10)
    month = timedelta(days=30)
    assert chain.seal(engine, settings.data_dir, NOW + month) == 9
    write(engine, 1)
    assert chain.seal(engine, settings.data_dir, NOW + month) == 0
    assert chain.seal(engine, settings.data_dir, NOW + month, everything=True) == 1
    assert verdict(engine, settings).breuk is None


def test_what_commits_late_gets_a_later_number(engine: Engine, settings: Settings) -> None:
    together = engine.dialect.name != "sqlite"  # a database in a file has one writer, so there nothing commits late
    with session_scope(engine, Access.system()) as slow:
        audit.record(slow, "aanmelden", "traag", NOW)
        slow.flush()
        if together:
            write(engine, 3, None)
            assert seal(engine, settings) == 3
    assert seal(engine, settings) == 1
    with session_scope(engine, Access.system(), write=False) as session:
        order = select(AuditEntry.object).join(AuditSeal, col(AuditSeal.audit_id) == AuditEntry.id)
        assert list(session.exec(order.order_by(col(AuditSeal.volgnummer))))[-1] == "traag"
    assert verdict(engine, settings).breuk is None


def test_several_who_seal_at_once_make_one_chain(engine: Engine, settings: Settings) -> None:
    write(engine, 60)
    made: list[int] = []

    def work() -> None:
        own = make_engine(settings.database_url)
        made.append(chain.seal(own, settings.data_dir, NOW))
        own.dispose()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(made) == 60
    assert verdict(engine, settings).breuk is None


def test_after_a_new_key_what_the_old_one_marked_stays_true(engine: Engine, settings: Settings) -> None:
    fresh, old = SecretStr("een nieuwe sleutel van meer dan 32 tekens"), settings.secret_keys
    write(engine, 6)
    seal(engine, settings)
    newer = settings.model_copy(update={"secret_keys": (fresh, *old)})
    newer.__dict__.pop("keys", None)
    process.begin(newer)
    write(engine, 6, seconds=60)
    assert verdict(engine, settings).breuk is None
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(set(session.exec(select(AuditEntry.sleutel)))) == 2
    without = settings.model_copy(update={"secret_keys": (fresh,)})
    without.__dict__.pop("keys", None)
    process.begin(without)
    found = verdict(engine, settings).breuk
    assert found is not None
    assert (found.soort, "RNI_SECRET_KEYS" in found.uitleg) == ("sleutel_onbekend", True)


def test_the_heads_are_told_beside_the_database(sealed: Engine, settings: Settings) -> None:
    path: Path = chain.heads_file(settings.data_dir)
    told = json.loads(path.read_text())
    assert {code: number for code, (number, _) in told.items()} == {"": 10, ROTTERDAM: 10, VENLO: 10}
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0


def test_a_mark_is_an_hmac_under_a_key_of_its_own_purpose() -> None:
    secret = b"een geheim van ten minste 32 tekens"
    made = {purpose: log_keys.derived(Key(secret), purpose) for purpose in log_keys.Purpose}
    assert len({key.secret for key in made.values()}) == 3
    for key in made.values():
        assert len(key.secret) == 32
        for content in (b"", b"x", b"x" * 1000):
            assert key.mark(content) == hmac.new(key.secret, content, "sha256").hexdigest()
