from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from service.identity import passwords
from service.identity.passwords import TooBusy


class Watched:
    """A hasher that counts what it does at one moment, and goes on when it is told to."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0
        self.lock, self.full, self.go_on = Lock(), Event(), Event()

    def verify(self, kept: str, password: str) -> bool:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == passwords.AT_ONCE:
                self.full.set()
        assert self.go_on.wait(30)
        with self.lock:
            self.now -= 1
            self.done += 1
        return True


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr(passwords, "_hasher", watched)
    return watched


def busy(work: Callable[[], object]) -> bool:
    try:
        work()
    except TooBusy:
        return True
    return False


def judge() -> bool:
    return passwords.fits("bewaard", "getypt")


def test_no_more_passwords_are_judged_at_one_moment_than_memory_is_meant_for(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 30.0)
    with ThreadPoolExecutor(12) as pool:
        all_of_them = [pool.submit(busy, judge) for _ in range(12)]
        assert watched.full.wait(30)
        refused = 12 - passwords.AT_ONCE - passwords.IN_LINE
        while sum(each.done() for each in all_of_them) < refused:  # at once, while the others still wait
            pass
        watched.go_on.set()
        told = [each.result() for each in all_of_them]
    assert told.count(True) == refused
    assert (watched.most, watched.done) == (passwords.AT_ONCE, passwords.AT_ONCE + passwords.IN_LINE)
    assert not busy(judge), "and the next one comes in"


def test_who_waits_in_line_does_not_wait_for_ever(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    with ThreadPoolExecutor(passwords.AT_ONCE) as pool:
        judging = [pool.submit(busy, judge) for _ in range(passwords.AT_ONCE)]
        assert watched.full.wait(30)
        for _ in range(3):
            assert busy(judge), "each leaves the line again"
        watched.go_on.set()
        assert not any(each.result() for each in judging)
    assert not busy(judge)


def test_who_has_a_turn_judges_within_it_and_gives_it_back_also_after_a_fault(watched: Watched) -> None:
    watched.go_on.set()
    for _ in range(2 * passwords.AT_ONCE + passwords.IN_LINE):
        with pytest.raises(KeyError), passwords.in_turn():
            assert judge()
            raise KeyError
    assert not busy(judge)


def test_a_password_is_kept_as_argon2id_and_too_long_a_one_is_no() -> None:
    long = "a" * passwords.LONGEST
    kept = passwords.hashed(long)
    assert kept.startswith("$argon2id$")
    assert passwords.fits(kept, long)
    assert not passwords.fits(kept, long + "b")
    assert not passwords.fits(kept, "a")
    assert not passwords.fits(None, long)
    assert passwords.make() != passwords.make()
    assert len(passwords.make()) == 20
