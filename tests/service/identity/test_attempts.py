from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.identity import attempts
from service.identity.attempts import Attempt, Stage
from service.models import SignInAttempt

from ..conftest import NOW

SYSTEM = Access.system()
MINUTE = timedelta(minutes=1)
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


def fail(engine: Engine, naam: str, place: str = HOME, **more: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        attempts.note_attempt(session, Attempt(naam, place, **more), success=False, now=NOW)  # type: ignore[arg-type]


def wait(engine: Engine, naam: str, place: str = HOME, after: timedelta = timedelta(), **more: str) -> timedelta:
    with session_scope(engine, SYSTEM, write=False) as session:
        return attempts.waiting_time(session, Attempt(naam, place, **more), NOW + after)  # type: ignore[arg-type]


def test_failing_often_makes_one_account_wait_from_one_place_only(engine: Engine) -> None:
    for _ in range(attempts.FREE_ATTEMPTS - 1):
        fail(engine, "anna")
    assert not wait(engine, "anna")
    fail(engine, "anna")
    first = wait(engine, "anna")
    assert first
    fail(engine, "anna")
    assert wait(engine, "anna") > first
    assert not wait(engine, "anna", ELSEWHERE)
    assert not wait(engine, "bram")
    assert not wait(engine, "anna", after=attempts.LONGEST_WAIT)
    for _ in range(30):
        fail(engine, "anna")
    assert wait(engine, "anna") == attempts.LONGEST_WAIT
    with session_scope(engine, SYSTEM) as session:
        assert "anna" not in str([each.model_dump() for each in session.exec(select(SignInAttempt))])
        attempts.note_attempt(session, Attempt("anna", HOME), success=True, now=NOW)
    assert not wait(engine, "anna", after=MINUTE)


def test_two_first_failures_at_once_are_both_counted(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        for failure in [pool.submit(fail, engine, "bram", ELSEWHERE) for _ in range(8)]:
            failure.result()
    with session_scope(engine, SYSTEM, write=False) as session:
        assert [each.mislukt for each in session.exec(select(SignInAttempt))] == [8, 8, 8]


def test_guessing_at_one_account_from_everywhere_leaves_its_owner_one_try_in_every_new_place(engine: Engine) -> None:
    for place in range(attempts.PRESSED_ACCOUNT):
        fail(engine, "anna", f"192.0.2.{place}")
    assert wait(engine, "anna", "192.0.2.3"), "a place that guessed once may not go on"
    for _ in range(50):  # however long somebody else goes on
        fail(engine, "anna", "203.0.113.9")
    assert not wait(engine, "anna", ELSEWHERE)
    fail(engine, "anna", ELSEWHERE)
    assert MINUTE > wait(engine, "anna", ELSEWHERE) > timedelta()
    assert not wait(engine, "bram", ELSEWHERE)


def test_guessing_at_many_accounts_from_one_place_leaves_everybody_there_one_try(engine: Engine) -> None:
    for number in range(attempts.PRESSED_PLACE):
        fail(engine, f"naam{number}")
    assert wait(engine, "naam3")
    assert not wait(engine, "bram")
    fail(engine, "bram")
    assert wait(engine, "bram")
    assert not wait(engine, "bram", ELSEWHERE)


@pytest.mark.parametrize("stage", list(Stage))
def test_a_neighbour_cannot_shut_out_who_came_in_on_this_device_before(engine: Engine, stage: Stage) -> None:
    for _ in range(30):
        fail(engine, "anna", stage=stage)
    assert wait(engine, "anna", stage=stage)
    assert not wait(engine, "anna", stage=stage, device="toestel-van-anna")
    for _ in range(attempts.FREE_ATTEMPTS):
        fail(engine, "anna", stage=stage, device="toestel-van-anna")
    assert wait(engine, "anna", stage=stage, device="toestel-van-anna")
    assert not wait(engine, "anna", stage=stage, device="een-ander-toestel")


def test_codes_are_guessed_at_slowly_from_however_many_places(engine: Engine) -> None:
    for place in range(40):
        fail(engine, "anna", f"192.0.2.{place}", stage=Stage.CODE)
    assert wait(engine, "anna", ELSEWHERE, stage=Stage.CODE) == attempts.LONGEST_WAIT
    assert not wait(engine, "anna", ELSEWHERE), "whoever has no password yet"
    assert not wait(engine, "bram", ELSEWHERE, stage=Stage.CODE)


def test_a_browser_is_remembered_for_the_accounts_that_came_in_on_it() -> None:
    keys = [b"nieuw", b"oud"]
    cookie = attempts.remember_device("", "anna", keys[1:])
    device = attempts.device_of(cookie, "anna", keys)
    assert device
    assert "anna" not in cookie
    assert attempts.device_of(cookie, "bram", keys) == ""
    assert attempts.device_of(cookie, "anna", keys[:1]) == "", "the key is gone"
    both = attempts.remember_device(cookie, "bram", keys)
    assert attempts.device_of(both, "anna", keys) == device
    assert attempts.device_of(both, "bram", keys)
    assert attempts.device_of(attempts.remember_device(both, "Anna", keys), "anna", keys[:1]) == device
    for number in range(attempts.DEVICES):
        both = attempts.remember_device(both, f"naam{number}", keys)
    assert len(both.split("~")) == attempts.DEVICES
    assert attempts.device_of(both, "anna", keys) == ""


@pytest.mark.parametrize("cookie", ["~~", "x.y", "é" * 32 + "." + "é" * 64, "a" * 5000, f"{'0' * 32}.{'0' * 64}"])
def test_a_cookie_that_somebody_made_up_says_nothing(cookie: str) -> None:
    assert attempts.device_of(cookie, "anna", [b"sleutel"]) == ""
    assert attempts.device_of(attempts.remember_device(cookie, "anna", [b"sleutel"]), "anna", [b"sleutel"])


def test_a_place_is_an_address_or_a_network_of_ipv6() -> None:
    assert attempts.place_of("192.0.2.7") == attempts.place_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert attempts.place_of("2001:db8:1:2::7") == attempts.place_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert attempts.place_of("testclient") == "testclient"
    assert attempts.place_of(None) == attempts.place_of("") == "onbekend"
