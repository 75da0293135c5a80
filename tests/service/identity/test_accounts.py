from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta

import pytest
from argon2.exceptions import VerificationError
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.identity import accounts, passwords
from service.models import UserRole, WebSession
from signals.errors import Invalid, NotFound, Refused
from workflow.phases import Role

from ..conftest import NOW

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
    passwords._nobodys()

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            raise VerificationError

    monkeypatch.setattr(passwords, "_hasher", Counting())
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


@pytest.mark.parametrize("field", ["weergavenaam", "telefoonnummer", "emailadres"])
def test_what_is_too_long_to_store_is_a_sentence(engine: Engine, field: str) -> None:
    with session_scope(engine, SYSTEM) as session, pytest.raises(Invalid) as refused:
        accounts.create_user(session, "nieuw", [(Role.AUDITOR, None)], now=NOW, **{field: "x" * 300})  # type: ignore[arg-type]
    assert refused.value.reasons[0].veld == field


def test_other_roles_end_every_sign_in_and_the_same_roles_end_none(engine: Engine) -> None:
    def change(*given: str) -> bool:
        with session_scope(engine, SYSTEM) as session:
            user = accounts.find_user(session, "anna")
            return accounts.set_roles(session, user, [each for text in given for each in accounts.role_given(text)])

    def alive() -> bool:
        with session_scope(engine, SYSTEM, write=False) as session:
            return accounts.find_session(session, secret, now=NOW, idle_minutes=30) is not None

    with session_scope(engine, SYSTEM) as session:
        secret = accounts.start_session(session, accounts.find_user(session, "anna"), now=NOW, hours=10)
        others = accounts.start_session(session, accounts.find_user(session, "bram"), now=NOW, hours=10)
        token = accounts.make_token(session, "anna", now=NOW)
    assert not change("behandelaar:0599")
    assert alive()
    assert change("beslisser:0599,0983", "auditor")
    assert not alive()
    with session_scope(engine, SYSTEM, write=False) as session:
        assert accounts.find_session(session, others, now=NOW, idle_minutes=30) is not None
        anna = accounts.user_of_token(session, token, NOW)
        assert anna is not None
        held = session.exec(select(UserRole).where(UserRole.gebruiker_id == anna.id))
        assert {(row.rol, row.gemeentecode) for row in held} == {
            (Role.BESLISSER, "0599"),
            (Role.BESLISSER, "0983"),
            (Role.AUDITOR, None),
        }
    with pytest.raises(Invalid):
        change("behandelaar:9998")


def test_a_new_password_takes_the_place_of_the_old_one_and_ends_every_sign_in(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        secret = accounts.start_session(session, accounts.find_user(session, "anna"), now=NOW, hours=10)
        new = accounts.give_password(session, "anna", NOW)
        assert accounts.check_password(session, "anna", new) is not None
        assert accounts.check_password(session, "anna", "anna") is None
        assert accounts.find_session(session, secret, now=NOW, idle_minutes=30) is None


def test_a_sign_in_that_begins_while_the_password_is_renewed_ends_with_the_others(engine: Engine) -> None:
    def renew() -> None:
        with session_scope(engine, SYSTEM) as session:
            accounts.give_password(session, "anna", NOW)

    with ThreadPoolExecutor(1) as pool:
        with session_scope(engine, SYSTEM) as session:
            user = accounts.hold(session, accounts.find_user(session, "anna"))
            renewed = pool.submit(renew)
            wait([renewed], timeout=1)
            secret = accounts.start_session(session, user, now=NOW, hours=10)
        renewed.result()
    with session_scope(engine, SYSTEM, write=False) as session:
        assert accounts.find_session(session, secret, now=NOW, idle_minutes=30) is None


def test_whoever_has_no_password_here_gets_in_with_none(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        accounts.find_user(session, "anna").wachtwoord = accounts.NO_PASSWORD
        session.flush()
        for password in ("", "anna"):
            assert accounts.check_password(session, "anna", password) is None
        with pytest.raises(Refused):
            accounts.give_password(session, "anna", NOW)


def test_a_revoked_token_works_no_longer_and_is_not_listed(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        before = len(accounts.tokens(session, NOW))
        kept, gone = (accounts.make_token(session, "anna", now=NOW) for _ in range(2))
        (newest, naam), *others = accounts.tokens(session, NOW)
        assert (naam, len(others)) == ("anna", before + 1)
        assert newest.id is not None
        assert accounts.revoke_token(session, newest.id, NOW) == "anna"
        assert accounts.user_of_token(session, gone, NOW) is None
        assert accounts.user_of_token(session, kept, NOW) is not None
        assert len(accounts.tokens(session, NOW)) == before + 1
        with pytest.raises(NotFound):
            accounts.revoke_token(session, 999, NOW)


def test_a_disabled_account_is_opened_again_without_its_tokens(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        token = accounts.make_token(session, "anna", now=NOW)
        accounts.disable_user(session, "anna", NOW)
        accounts.enable_user(session, "anna")
        assert accounts.check_password(session, "anna", "anna") is not None
        assert accounts.user_of_token(session, token, NOW) is None
