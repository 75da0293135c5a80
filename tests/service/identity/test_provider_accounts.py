from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.access import Access
from service.db import session_scope
from service.identity import accounts, provider_accounts
from service.identity.provider_accounts import CLOSED, NO_ROLE, name_of, receive, roles_of
from service.models import User, UserRole
from service.settings import Settings
from signals.errors import Reason
from workflow.phases import Role

from ..conftest import NOW

SYSTEM = Access.system()
ISSUER = "https://inloggen.example.nl"
SETTINGS = Settings(
    oidc_issuer=ISSUER,
    oidc_client_id="langdurig-rni",
    oidc_key_file=Path("sleutel.pem"),
    oidc_acr=("hoog",),
    oidc_roles={"b": "behandelaar", "d": "beslisser:0983,9998", "c": "coordinator"},
)
CODES = {"0599", "0983"}
ANNA = {"sub": "f0b7", "name": "Anna de Vries", "email": "a@rotterdam.example", "roles": ["b"], "gemeenten": ["0599"]}


def arrive(session: Session, **claims: Any) -> tuple[User | None, Reason | None]:
    return receive(session, SETTINGS, ANNA | claims, NOW)


def held(session: Session, user: User) -> set[tuple[Role, str | None]]:
    found = session.exec(select(UserRole).where(UserRole.gebruiker_id == user.id))
    return {(row.rol, row.gemeentecode) for row in found}


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": ["b"], "gemeenten": ["0599"]}, {(Role.BEHANDELAAR, "0599")}),
        ({"roles": "b", "gemeenten": "GM0983"}, {(Role.BEHANDELAAR, "0983")}),
        ({"roles": ["b"], "gemeenten": ["0599", "0983"]}, {(Role.BEHANDELAAR, "0599"), (Role.BEHANDELAAR, "0983")}),
        ({"roles": ["d"], "gemeenten": ["0599"]}, {(Role.BESLISSER, "0983")}),
        ({"roles": ["c"]}, {(Role.COORDINATOR, None)}),
        ({"roles": ["b", "c", "onbekend"], "gemeenten": ["0599", "9998", "599"]}, {
            (Role.BEHANDELAAR, "0599"),
            (Role.COORDINATOR, None),
        }),
        ({"roles": ["b"]}, set()),
        ({"roles": ["b"], "gemeenten": ["9998"]}, set()),
        ({"roles": ["onbekend", "behandelaar", "beheerder", ""], "gemeenten": ["0599"]}, set()),
        ({"roles": {"b": True}, "gemeenten": {"0599": 1}}, set()),
        ({"roles": [["b"], 1, None], "gemeenten": ["0599"]}, set()),
        ({}, set()),
    ],
)  # fmt: skip
def test_only_values_that_the_settings_name_give_a_role(
    claims: Mapping[str, Any], roles: set[tuple[Role, str | None]]
) -> None:
    assert roles_of(SETTINGS, claims, CODES) == roles


def test_a_claim_may_lie_within_another_or_bear_an_address() -> None:
    within = SETTINGS.model_copy(update={"oidc_roles_claim": "realm_access.roles"})
    assert roles_of(within, {"realm_access": {"roles": ["c"]}}, CODES) == {(Role.COORDINATOR, None)}
    assert roles_of(within, {"realm_access": "c"}, CODES) == set()
    address = SETTINGS.model_copy(update={"oidc_roles_claim": "https://claims.example.nl/roles"})
    assert roles_of(address, {"https://claims.example.nl/roles": "c"}, CODES) == {(Role.COORDINATOR, None)}


def test_somebody_new_becomes_a_user_under_a_name_that_tells_nobody_who_it_is(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        user, reason = arrive(session)
        assert user is not None and reason is None
        assert user.naam == name_of(ISSUER, "f0b7")
        assert accounts.USER_NAME.fullmatch(user.naam)
        for known in ("f0b7", "anna", "vries", "rotterdam"):
            assert known not in user.naam
        assert (user.weergavenaam, user.emailadres) == ("Anna de Vries", "a@rotterdam.example")
        assert held(session, user) == {(Role.BEHANDELAAR, "0599")}
        assert accounts.check_password(session, user.naam, "") is None


def test_the_same_person_stays_the_same_user_whatever_else_changes(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        first, _ = arrive(session)
        again, _ = arrive(session, name="Anna Jansen", email="elders@rotterdam.example")
        other, _ = arrive(session, sub="F0B7")
        assert first is not None and again is not None and other is not None
        assert first.id == again.id != other.id
        assert first.weergavenaam == "Anna Jansen"
        assert name_of("https://ander.example.nl", "f0b7") != first.naam


def test_somebody_who_comes_in_twice_at_once_is_one_user_with_each_role_once(engine: Engine) -> None:
    def come_in(number: int) -> None:
        with session_scope(engine, SYSTEM) as session:
            assert arrive(session, roles=["b", "c"] if number % 2 else ["c"])[1] is None

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(come_in, number) for number in range(8)]:
            each.result()
    with session_scope(engine, SYSTEM) as session:
        come_in_last, _ = arrive(session, roles=["b", "c"])
        assert come_in_last is not None
        rows = session.exec(select(UserRole).where(UserRole.gebruiker_id == come_in_last.id)).all()
        assert sorted((row.rol, row.gemeentecode) for row in rows) == [
            (Role.BEHANDELAAR, "0599"),
            (Role.COORDINATOR, None),
        ]


def test_roles_are_replaced_at_every_sign_in_and_that_ends_the_others(engine: Engine) -> None:
    def alive() -> bool:
        return accounts.find_session(session, secret, now=NOW, idle_minutes=30) is not None

    with session_scope(engine, SYSTEM) as session:
        user, _ = arrive(session)
        assert user is not None
        secret = accounts.start_session(session, user, now=NOW, hours=10)
        arrive(session)
        assert alive(), "nothing changed"
        arrive(session, roles=["d"])
        assert held(session, user) == {(Role.BESLISSER, "0983")}
        assert not alive()


def test_whoever_has_no_role_any_more_loses_what_he_had(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        user, _ = arrive(session)
        assert user is not None
        secret = accounts.start_session(session, user, now=NOW, hours=10)
        assert arrive(session, roles=["onbekend"]) == (user, NO_ROLE)
        assert held(session, user) == set()
        assert accounts.find_session(session, secret, now=NOW, idle_minutes=30) is None
        assert arrive(session)[1] is None, "and gets it again"


def test_a_stranger_without_a_role_leaves_nothing(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        before = len(session.exec(select(User)).all())
        assert arrive(session, roles=[]) == (None, NO_ROLE)
        assert len(session.exec(select(User)).all()) == before


def test_a_closed_account_and_one_with_a_password_stay_what_they_are(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        user, _ = arrive(session)
        assert user is not None
        accounts.disable_user(session, user.naam, NOW)
        assert arrive(session, roles=["c"], name="Iemand") == (user, CLOSED)
        assert (held(session, user), user.weergavenaam) == ({(Role.BEHANDELAAR, "0599")}, "Anna de Vries")
        local, _ = accounts.create_user(session, name_of(ISSUER, "x"), [(Role.AUDITOR, None)], now=NOW)
        assert arrive(session, sub="x") == (local, CLOSED)
        assert held(session, local) == {(Role.AUDITOR, None)}


@pytest.mark.parametrize(
    "told",
    [
        {"email": "geen adres"},
        {"email": "a@b.nl" * 60},
        {"phone_number": "bel mij"},
        {"name": "x" * 300},
        {"name": "Anna\nJansen"},
        {"name": ["Anna"], "email": None, "phone_number": 7},
        {"name": " "},
    ],
)
def test_what_cannot_stand_in_a_letter_leaves_what_stood_there(engine: Engine, told: dict[str, Any]) -> None:
    with session_scope(engine, SYSTEM) as session:
        user, _ = arrive(session, phone_number="010 123 45 67")
        assert user is not None
        before = (user.weergavenaam, user.emailadres, user.telefoonnummer)
        assert arrive(session, **told)[1] is None
        assert (user.weergavenaam, user.emailadres, user.telefoonnummer) == before
        assert before == ("Anna de Vries", "a@rotterdam.example", "010 123 45 67")


def test_the_name_here_is_the_same_for_ever() -> None:
    """It stands in events and letters: a change of it would make everybody somebody else."""
    assert provider_accounts.name_of(ISSUER, "f0b7") == "o-bu7vtbc3bbb2vbfc6x6q5jn53c"
