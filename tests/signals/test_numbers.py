"""Numbers without gaps, whoever asks first."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident

from sqlalchemy import Connection, Engine, create_engine, event
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from signals.numbers import take_numbers


def test_numbers_run_on_per_series_and_year(session: Session) -> None:
    assert list(take_numbers(session, "zaak", 2026, 3)) == [1, 2, 3]
    assert list(take_numbers(session, "zaak", 2026)) == [4]
    assert list(take_numbers(session, "zaak", 2027)) == [1]
    assert list(take_numbers(session, "lading", 2026, 0)) == []
    assert list(take_numbers(session, "lading", 2026)) == [1]


def test_numbers_of_a_transaction_that_was_undone_are_given_out_again(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        take_numbers(session, "zaak", 2026, 3)
        session.rollback()
    with session_scope(engine, Access.system()) as session:
        assert list(take_numbers(session, "zaak", 2026)) == [1]


def test_writers_who_both_find_no_row_of_the_new_year_get_different_numbers(engine: Engine) -> None:
    """Two threads, two connections; each statement on its own, so that both look before either has inserted."""
    both_looked = Barrier(2, timeout=20)
    bare = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    looked: set[int] = set()

    @event.listens_for(bare, "after_cursor_execute")
    def wait_for_the_other(connection: Connection, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith("UPDATE number_series") and get_ident() not in looked:
            looked.add(get_ident())
            both_looked.wait()

    def take(writer: int) -> list[int]:
        with Session(bare) as session:
            session.info["access"] = Access.system()
            return list(take_numbers(session, "zaak", 2027, 2))

    with ThreadPoolExecutor(2) as pool:
        taken = sorted(pool.map(take, range(2)))
    bare.dispose()
    assert taken == [[1, 2], [3, 4]]


def test_many_writers_take_every_number_once(engine: Engine) -> None:
    def take(writer: int) -> int:
        with session_scope(engine, Access.system()) as session:
            (number,) = take_numbers(session, "zaak", 2027)
            return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(20))) == list(range(1, 21))
