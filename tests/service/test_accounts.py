from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service import accounts
from service.access import Access
from service.db import session_scope
from service.models import SignInAttempt, WebSession
from signals.errors import Invalid, NotFound, Refused
from workflow.phases import Role

from .conftest import NOW

SYSTEM = Access.system()
MINUTE = timedelta(minutes=1)


def test_a_password_opens_the_account_it_belongs_to(engine: Engine) -> None:
    with session_scope(engine, SYSTEM, write=False) as session:
        found = accounts.check_password(session, "anna", "anna")
        assert found is not None
        assert found.naam == "anna"
        assert found.wachtwoord.startswith("$argon2id$")
        for name, password in (("anna", "bram"), ("niemand", "anna"), ("anna", ""), ("anna", "a" * 100_000)):
            assert accounts.check_password(session, name, password) is None


def test_an_unknown_user_costs_as_much_as_a_known_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    accounts._nobody()

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            raise accounts.VerificationError

    monkeypatch.setattr(accounts, "_hasher", Counting())
    with session_scope(engine, SYSTEM, write=False) as session:
        accounts.check_password(session, "anna", "x")
        accounts.check_password(session, "niemand", "x")
    assert len(verified) == 2
    assert verified[0].rsplit("$", 2)[0] == verified[1].rsplit("$", 2)[0]  # the same parameters


def test_a_disabled_account_ends_its_sessions_and_tokens(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        user = accounts.find_user(session, "anna")
        secret = accounts.start_session(session, user, now=NOW, hours=10)
        token = accounts.make_token(session, "anna", now=NOW)
    with session_scope(engine, SYSTEM) as session:
        assert accounts.user_of_token(session, token, NOW) is not None
        accounts.disable_user(session, "anna", NOW)
    with session_scope(engine, SYSTEM) as session:
        assert accounts.find_session(session, secret, now=NOW, idle_minutes=30) is None
        assert accounts.user_of_token(session, token, NOW) is None
        assert accounts.check_password(session, "anna", "anna") is None
        assert "anna" not in accounts.staff(session, "0599", NOW.date())
        with pytest.raises(Refused):
            accounts.make_token(session, "anna", now=NOW)
        with pytest.raises(accounts.NotSignedIn):
            accounts.access_of_user(session, "anna", "test", NOW.date())


def test_a_session_ends_when_idle_and_in_any_case(engine: Engine) -> None:
    def alive(after: timedelta) -> bool:
        with session_scope(engine, SYSTEM, write=False) as session:
            return accounts.find_session(session, secret, now=NOW + after, idle_minutes=30) is not None

    with session_scope(engine, SYSTEM) as session:
        secret = accounts.start_session(session, accounts.find_user(session, "anna"), now=NOW, hours=2)
    assert alive(29 * MINUTE)
    assert not alive(31 * MINUTE)
    with session_scope(engine, SYSTEM) as session:
        web = session.exec(select(WebSession)).one()
        assert secret not in str(web.model_dump())
        accounts.touch_session(session, web, NOW + 110 * MINUTE)
    assert alive(119 * MINUTE)
    assert not alive(121 * MINUTE)
    with session_scope(engine, SYSTEM) as session:
        accounts.end_session(session, secret)
    assert not alive(MINUTE)


def test_a_token_ends_after_its_life(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        token = accounts.make_token(session, "anna", now=NOW, life=timedelta(days=1))
        assert accounts.user_of_token(session, token, NOW + timedelta(hours=23)) is not None
        assert accounts.user_of_token(session, token, NOW + timedelta(hours=25)) is None


def test_failing_often_makes_one_account_wait_from_one_place_only(engine: Engine) -> None:
    def wait(name: str = "anna", origin: str = "pagina 192.0.2.1", after: timedelta = timedelta()) -> timedelta:
        with session_scope(engine, SYSTEM, write=False) as session:
            return accounts.waiting_time(session, name, origin, NOW + after)

    def fail() -> None:
        with session_scope(engine, SYSTEM) as session:
            accounts.note_attempt(session, "anna", "pagina 192.0.2.1", success=False, now=NOW)

    for _ in range(accounts.FREE_ATTEMPTS - 1):
        fail()
    assert not wait()
    fail()
    first = wait()
    assert first
    fail()
    assert wait() > first
    assert not wait(origin="pagina 192.0.2.2")
    assert not wait(name="bram")
    assert not wait(after=accounts.LONGEST_WAIT)
    for _ in range(50):
        fail()
    assert wait() == accounts.LONGEST_WAIT
    with session_scope(engine, SYSTEM) as session:
        assert "anna" not in str([each.model_dump() for each in session.exec(select(SignInAttempt))])
        accounts.note_attempt(session, "anna", "pagina 192.0.2.1", success=True, now=NOW)
    assert not wait(after=MINUTE)


@pytest.mark.parametrize(
    "text", ["baas", "behandelaar", "behandelaar:", "behandelaar:12", "coordinator:0599", "systeem", ""]
)
def test_a_role_that_does_not_fit_its_scope_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        accounts.role_given(text)


def test_roles_are_given_per_municipality() -> None:
    assert accounts.role_given("beslisser:0599,0983") == [(Role.BESLISSER, "0599"), (Role.BESLISSER, "0983")]
    assert accounts.role_given("auditor") == [(Role.AUDITOR, None)]


def test_a_name_is_taken_once(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session, pytest.raises(Refused):
        accounts.create_user(session, "anna", [(Role.AUDITOR, None)], now=NOW)
    with session_scope(engine, SYSTEM, write=False) as session, pytest.raises(NotFound):
        accounts.find_user(session, "niemand")


def test_the_staff_goes_where_a_merger_takes_the_work(engine: Engine) -> None:
    """Brielle (0501) went into Voorne aan Zee (1992) on 1 January 2023."""
    with session_scope(engine, SYSTEM) as session:
        accounts.create_user(session, "oud", accounts.role_given("behandelaar:0501"), now=NOW)
        accounts.create_user(session, "nieuw", accounts.role_given("behandelaar:1992"), now=NOW)
        assert {"oud", "nieuw"} <= set(accounts.staff(session, "1992", NOW.date()))
        for name in ("oud", "nieuw"):
            access = accounts.access_of_user(session, name, "test", NOW.date())
            assert access.sees("0501")
            assert access.sees("1992")
            assert not access.sees("0599")
            assert access.actor.has(Role.BEHANDELAAR, "1992")
        eve = date(2022, 12, 31)
        assert accounts.staff(session, "0501", eve) == ["oud"]
        assert accounts.access_of_user(session, "oud", "test", eve).codes & {"0501", "0614", "1992"} == {"0501"}


def test_two_first_failures_at_once_are_both_counted(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        for _ in range(2):
            session.expunge_all()
            accounts.note_attempt(session, "anna", "hier", success=False, now=NOW)
    with ThreadPoolExecutor(4) as pool:
        for failure in [pool.submit(_fail, engine, "bram", "daar") for _ in range(8)]:
            failure.result()
    with session_scope(engine, SYSTEM, write=False) as session:
        assert sorted(each.mislukt for each in session.exec(select(SignInAttempt))) == [2, 2, 2, 8, 8, 8]


def _fail(engine: Engine, name: str, origin: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        accounts.note_attempt(session, name, origin, success=False, now=NOW)


def test_guessing_from_many_places_or_at_many_accounts_is_slowed_but_locks_nobody_out(engine: Engine) -> None:
    def wait(name: str, origin: str, after: timedelta = timedelta()) -> timedelta:
        with session_scope(engine, SYSTEM, write=False) as session:
            return accounts.waiting_time(session, name, origin, NOW + after)

    for place in range(40):
        _fail(engine, "anna", f"192.0.2.{place}")
    assert wait("anna", "198.51.100.1")
    assert not wait("anna", "198.51.100.1", MINUTE)
    assert not wait("bram", "198.51.100.1")
    for number in range(60):
        _fail(engine, f"naam{number}", "203.0.113.1")
    assert wait("bram", "203.0.113.1")
    assert not wait("bram", "203.0.113.1", MINUTE)


@pytest.mark.parametrize("field", ["weergavenaam", "telefoonnummer", "emailadres"])
def test_what_is_too_long_to_store_is_a_sentence(engine: Engine, field: str) -> None:
    with session_scope(engine, SYSTEM) as session, pytest.raises(Invalid) as refused:
        accounts.create_user(session, "nieuw", [(Role.AUDITOR, None)], now=NOW, **{field: "x" * 300})  # type: ignore[arg-type]
    assert refused.value.reasons[0].veld == field
