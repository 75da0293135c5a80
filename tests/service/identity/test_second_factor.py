from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.access import Access
from service.db import session_scope
from service.identity import accounts, second_factor
from service.models import SecondFactor, WebSession
from signals.errors import Refused
from signals.keyring import keyring, use_keys
from signals.sealing import mark_of

from ..conftest import NOW

SYSTEM = Access.system()
OLD, NEW = b"een oude sleutel van ten minste 32 tekens", b"een nieuwe sleutel van ten minste 32 tekens"
STEP = timedelta(seconds=second_factor.SECONDS)
SECRET = b"12345678901234567890"


@pytest.fixture
def naam(engine: Engine) -> str:
    """Somebody who has no app yet."""
    with session_scope(engine, SYSTEM) as session:
        accounts.create_user(session, "nieuw", accounts.role_given("auditor"), now=NOW)
    return "nieuw"


def enter(engine: Engine, naam: str, typed: str, now: datetime = NOW) -> bool:
    with session_scope(engine, SYSTEM) as session:
        return second_factor.passes(session, accounts.find_user(session, naam), typed, now)


def link(session: Session, naam: str, typed: str) -> bool:
    return second_factor.link(session, accounts.find_user(session, naam), SECRET, typed, NOW)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    assert second_factor.code_at(SECRET, datetime.fromtimestamp(seconds, UTC)) == code


def test_an_app_is_linked_by_its_first_code_and_then_asked(engine: Engine, naam: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        for wrong in ("", "000000", "12345", "²²²²²²", second_factor.code_at(SECRET, NOW - 5 * STEP)):
            assert not link(session, naam, wrong)
        assert not second_factor.is_linked(session, accounts.find_user(session, naam))
        assert link(session, naam, second_factor.code_at(SECRET, NOW))
        assert second_factor.is_linked(session, accounts.find_user(session, naam))
        assert not link(session, naam, second_factor.code_at(SECRET, NOW)), "a second app beside it"
    assert SECRET.hex() not in str(_kept(engine, naam).model_dump())
    assert not enter(engine, naam, second_factor.code_at(SECRET, NOW)), "that linked it"
    assert enter(engine, naam, second_factor.code_at(SECRET, NOW + STEP), NOW + STEP)


def _kept(engine: Engine, naam: str) -> SecondFactor:
    with session_scope(engine, SYSTEM, write=False) as session:
        return session.get_one(SecondFactor, accounts.find_user(session, naam).id)


def test_a_code_is_good_once_and_no_code_before_it_is_good_after_it(engine: Engine, naam: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        link(session, naam, second_factor.code_at(SECRET, NOW - STEP))
    later = second_factor.code_at(SECRET, NOW + STEP)
    assert enter(engine, naam, f" {later[:3]} {later[3:]} "), "the clock of a telephone may be fast, as people type it"
    assert not enter(engine, naam, later)
    assert not enter(engine, naam, second_factor.code_at(SECRET, NOW))
    assert not enter(engine, naam, second_factor.code_at(SECRET, NOW + 4 * STEP), NOW + 2 * STEP), "too fast"
    slow = NOW + 5 * STEP
    assert enter(engine, naam, second_factor.code_at(SECRET, slow - STEP), slow)


def test_of_two_who_use_a_code_at_once_one_gets_in(engine: Engine, naam: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        link(session, naam, second_factor.code_at(SECRET, NOW - STEP))
    code = second_factor.code_at(SECRET, NOW)
    with ThreadPoolExecutor(4) as pool:
        entered = [each.result() for each in [pool.submit(enter, engine, naam, code) for _ in range(8)]]
    assert sum(entered) == 1


def test_a_secret_opens_for_its_own_user_only_and_is_sealed_anew_under_a_new_key(engine: Engine, naam: str) -> None:
    use_keys([OLD])
    with session_scope(engine, SYSTEM) as session:
        link(session, naam, second_factor.code_at(SECRET, NOW))
    use_keys([NEW, OLD])
    later = NOW + STEP
    assert enter(engine, naam, second_factor.code_at(SECRET, later), later)
    assert mark_of(_kept(engine, naam).geheim) == keyring().newest.mark
    use_keys([OLD])
    with pytest.raises(Refused, match="tweede_factor_onleesbaar"):
        enter(engine, naam, "000000", later)
    use_keys([NEW])
    with session_scope(engine, SYSTEM) as session:
        anna = accounts.find_user(session, "anna")
        session.get_one(SecondFactor, anna.id).geheim = _kept(engine, naam).geheim
    with pytest.raises(Refused):
        enter(engine, "anna", second_factor.code_at(SECRET, later + STEP), later + STEP)


def test_all_apps_go_under_the_newest_key_at_once(engine: Engine, naam: str) -> None:
    use_keys([OLD])
    with session_scope(engine, SYSTEM) as session:
        assert link(session, naam, second_factor.code_at(SECRET, NOW))
        use_keys([NEW, OLD])
        assert second_factor.seal_anew(session) == 1, "and what neither key opens stays as it is"
        assert second_factor.seal_anew(session) == 0
    use_keys([NEW])
    assert enter(engine, naam, second_factor.code_at(SECRET, NOW + STEP), NOW + STEP)


def test_an_app_that_is_unlinked_opens_nothing_and_neither_does_the_password_of_before(
    engine: Engine, naam: str
) -> None:
    with session_scope(engine, SYSTEM) as session:
        user = accounts.find_user(session, naam)
        old = accounts.give_password(session, naam, NOW)
        link(session, naam, second_factor.code_at(SECRET, NOW))
        accounts.start_session(session, user, now=NOW, hours=10)
        new = second_factor.unlink(session, user, NOW)
        assert session.exec(select(SecondFactor).where(SecondFactor.gebruiker_id == _id(session, naam))).first() is None
        assert session.exec(select(WebSession).where(WebSession.gebruiker_id == _id(session, naam))).first() is None
    assert not enter(engine, naam, second_factor.code_at(SECRET, NOW + STEP), NOW + STEP)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert accounts.check_password(session, naam, old) is None
        assert accounts.check_password(session, naam, new) is not None


def _id(session: Session, naam: str) -> int | None:
    return accounts.find_user(session, naam).id


def test_the_picture_says_where_and_who(engine: Engine) -> None:
    told = second_factor.address(SECRET, "anna", "rni.example.nl")
    assert told.startswith("otpauth://totp/Langdurig%20RNI%20rni.example.nl:anna?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in told
    assert second_factor.as_text(SECRET).replace(" ", "") == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
