from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.identity import attempts
from service.identity.attempts import Attempt, Stage, TooManyAttempts
from service.models import SignInAttempt

from ..conftest import NOW

SYSTEM = Access.system()
MINUTE = timedelta(minutes=1)
NONE = timedelta()
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"
LONG_AGO = -timedelta(hours=6)


def turn(engine: Engine, naam: str, place: str = HOME, after: timedelta = NONE, **more: str) -> timedelta:
    """Somebody fails, when he may try; how long he must wait first, and nothing when he tried."""
    try:
        with session_scope(engine, SYSTEM) as session:
            attempts.take_turn(session, Attempt(naam, place, **more), NOW + after)  # type: ignore[arg-type]
    except TooManyAttempts as later:
        return later.wait
    return NONE


def come_in(engine: Engine, naam: str, place: str = HOME, after: timedelta = NONE, **more: str) -> timedelta:
    """The same for who is right."""
    wait = turn(engine, naam, place, after, **more)
    if not wait:
        with session_scope(engine, SYSTEM) as session:
            attempts.forget_failures(session, Attempt(naam, place, **more))  # type: ignore[arg-type]
    return wait


def failed(engine: Engine) -> list[int]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return sorted(each.mislukt for each in session.exec(select(SignInAttempt)))


def test_failing_often_makes_one_account_wait_from_one_place_only(engine: Engine) -> None:
    for _ in range(attempts.FREE_ATTEMPTS):
        assert not turn(engine, "anna")
    first = turn(engine, "anna")
    assert first
    assert not turn(engine, "anna", after=first)
    assert turn(engine, "anna", after=first) > first
    assert not turn(engine, "anna", ELSEWHERE)
    assert not turn(engine, "bram")
    after = first
    for _ in range(12):
        after += attempts.LONGEST_WAIT
        assert not turn(engine, "anna", after=after)
    assert turn(engine, "anna", after=after) == attempts.LONGEST_WAIT
    with session_scope(engine, SYSTEM, write=False) as session:
        assert "anna" not in str([each.model_dump() for each in session.exec(select(SignInAttempt))])
    after += attempts.LONGEST_WAIT
    assert not come_in(engine, "anna", after=after)
    for _ in range(attempts.FREE_ATTEMPTS):
        assert not turn(engine, "anna", after=after)


def test_who_must_wait_does_not_wait_longer_for_asking(engine: Engine) -> None:
    for _ in range(attempts.FREE_ATTEMPTS):
        turn(engine, "anna")
    before = failed(engine)
    waits = {turn(engine, "anna") for _ in range(20)}
    assert len(waits) == 1
    assert failed(engine) == before


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("device", ["", "toestel-van-anna"])
def test_of_many_who_guess_at_one_moment_no_more_are_judged_than_may_be(
    engine: Engine, stage: Stage, device: str
) -> None:
    at_once = 8

    def all_together(after: timedelta) -> list[timedelta]:
        start = Barrier(at_once)

        def one(_: int) -> timedelta:
            start.wait()
            return turn(engine, "anna", after=after, stage=stage, device=device)

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, range(at_once)))

    assert all_together(NONE).count(NONE) == attempts.FREE_ATTEMPTS
    assert all_together(MINUTE).count(NONE) == 1
    assert max(failed(engine)) == attempts.FREE_ATTEMPTS + 1


def test_of_many_places_that_guess_at_one_code_at_one_moment_no_more_are_judged_than_may_be(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda place: turn(engine, "anna", f"192.0.2.{place}", stage=Stage.CODE), range(24)))
    assert waits.count(NONE) == 2 * attempts.FREE_ATTEMPTS


def test_who_comes_in_and_who_fails_at_one_moment_wait_for_each_other_and_not_for_ever(engine: Engine) -> None:
    """Each holds the counters of its account, of its place and of both, in one order."""
    turn(engine, "lang-geleden", after=LONG_AGO - attempts.KEPT)

    def one(number: int) -> None:
        who = ("anna", "bram")[number % 2]
        (come_in if number % 3 else turn)(engine, who, (HOME, ELSEWHERE)[number % 4 // 2])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(48)))
    assert len(failed(engine)) <= 8, "and what is older than a day is gone"


def test_guessing_at_one_account_from_everywhere_leaves_its_owner_one_try_in_every_new_place(engine: Engine) -> None:
    for place in range(attempts.PRESSED_ACCOUNT):
        turn(engine, "anna", f"192.0.2.{place}")
    assert turn(engine, "anna", "192.0.2.3"), "a place that guessed once may not go on"
    for number in range(50):  # however long somebody else goes on
        turn(engine, "anna", "203.0.113.9", after=number * attempts.LONGEST_WAIT - timedelta(days=1))
    assert not turn(engine, "anna", ELSEWHERE)
    assert MINUTE > turn(engine, "anna", ELSEWHERE) > NONE
    assert not turn(engine, "bram", ELSEWHERE)


def press(engine: Engine, place: str = HOME) -> None:
    """Somebody tries ever-new names."""
    for number in range(attempts.PLACE_ATTEMPTS):
        assert not turn(engine, f"naam{number}", place)


def test_no_name_that_is_typed_counts_at_somebody_elses_code_or_device() -> None:
    """Whoever has no password gets at no counter but those of the password."""
    anna = [
        Attempt("anna", HOME, stage=Stage.CODE),
        Attempt("anna", HOME, "a device"),
        Attempt("anna", HOME, "a device", Stage.CODE),
    ]
    for name in ("code\nanna", "code", "", "toestel", "toestel\nanna", '["code", "account", "anna"]', "hier"):
        for place in (HOME, "", "anna", "anna\n" + HOME):
            typed = Attempt(name, place)
            assert not set(typed.keys) & {key for each in anna for key in each.keys}
            assert len(set(typed.keys)) == 3


def test_a_place_that_fails_at_ever_new_names_waits_as_a_whole(engine: Engine) -> None:
    press(engine)
    assert turn(engine, "nog-een-naam") == attempts.PLACE_EASES
    assert come_in(engine, "bram") == attempts.PLACE_EASES
    assert not turn(engine, "nog-een-naam", ELSEWHERE)
    later = 3 * attempts.PLACE_EASES
    assert [bool(turn(engine, f"later{number}", after=later)) for number in range(5)] == [False] * 3 + [True] * 2
    later += attempts.PLACE_EASES / 2
    assert turn(engine, "anna", after=later) == attempts.PLACE_EASES / 2, "not sooner, and no longer for having asked"
    quiet = attempts.PLACE_ATTEMPTS * attempts.PLACE_EASES
    for number in range(attempts.PLACE_ATTEMPTS):
        assert not turn(engine, f"veel-later{number}", after=later + quiet)
    assert turn(engine, "anna", after=later + quiet)


def test_of_ever_new_names_at_one_moment_a_place_gets_no_more_judged_than_it_may(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda number: turn(engine, f"naam{number}"), range(attempts.PLACE_ATTEMPTS + 12)))
    assert waits.count(NONE) == attempts.PLACE_ATTEMPTS


def test_colleagues_behind_the_address_of_a_guesser_come_in_on_their_own_devices(engine: Engine) -> None:
    press(engine)
    for number in range(2 * attempts.PLACE_ATTEMPTS):
        assert not come_in(engine, f"collega{number}", device=f"toestel{number}")
    assert not turn(engine, "anna", device="toestel-van-anna"), "also with a mistake"
    assert not come_in(engine, "anna", device="toestel-van-anna")
    assert turn(engine, "bram"), "and that gives the guesser no more room"


def test_a_morning_on_which_everybody_comes_in_from_one_address_makes_nobody_wait(engine: Engine) -> None:
    for number in range(3 * attempts.PLACE_ATTEMPTS):
        assert not come_in(engine, f"collega{number}")


def test_who_comes_in_takes_back_nothing_of_what_others_did_there(engine: Engine) -> None:
    for number in range(attempts.PLACE_ATTEMPTS - 1):
        turn(engine, f"naam{number}")
        come_in(engine, "anna")
    turn(engine, "de-laatste")
    assert come_in(engine, "anna")


@pytest.mark.parametrize("stage", list(Stage))
def test_a_neighbour_cannot_shut_out_who_came_in_on_this_device_before(engine: Engine, stage: Stage) -> None:
    for _ in range(30):
        turn(engine, "anna", stage=stage)
    assert turn(engine, "anna", stage=stage)
    for _ in range(attempts.FREE_ATTEMPTS):
        assert not turn(engine, "anna", stage=stage, device="toestel-van-anna")
    assert turn(engine, "anna", stage=stage, device="toestel-van-anna")
    assert not turn(engine, "anna", stage=stage, device="een-ander-toestel")


def test_codes_are_guessed_at_slowly_from_however_many_places(engine: Engine) -> None:
    after = NONE
    for place in range(40):
        turn(engine, "anna", f"192.0.2.{place}", after, stage=Stage.CODE)
        after += attempts.LONGEST_WAIT
    after -= attempts.LONGEST_WAIT
    assert turn(engine, "anna", ELSEWHERE, after, stage=Stage.CODE) == attempts.LONGEST_WAIT
    assert not turn(engine, "anna", ELSEWHERE, after), "whoever has no password yet"
    assert not turn(engine, "bram", ELSEWHERE, after, stage=Stage.CODE)


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(milliseconds=1), "over 1 seconde opnieuw"),
        (timedelta(seconds=29.2), "over 30 seconden opnieuw"),
        (MINUTE, "over 1 minuut opnieuw"),
        (timedelta(seconds=61), "over 2 minuten opnieuw"),
    ],
)
def test_the_sentence_says_how_long_to_wait_and_never_too_short(wait: timedelta, said: str) -> None:
    assert said in TooManyAttempts(wait).uitleg


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
