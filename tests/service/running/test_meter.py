"""What a process counts of itself: bounded whatever comes, and told once to each reader."""

import threading

import pytest

from service.running.meter import LIMITS, MOST_ROUTES, MOST_SLOW, OTHERS, UNKNOWN, Call, Fault, Meter, Sum, Tally

ZAKEN = Call("/zaken", "GET", 200)


def filled(*times: float) -> Sum:
    made = Sum()
    for ms in times:
        made.add(ms, Tally(3, 0.002))
    return made


def test_half_of_the_answers_and_nineteen_of_twenty() -> None:
    made = filled(*[8] * 50, *[90] * 45, *[900] * 5)
    assert 5 < made.below(0.5) <= 10
    assert 75 < made.below(0.95) <= 100
    assert 750 < made.below(0.96) <= 1000


@pytest.mark.parametrize("ms", [0, 5, 5.1, 34.9, 1000, 29_999])
def test_a_share_is_told_within_the_class_of_the_answer(ms: float) -> None:
    told = filled(ms).below(0.95)
    above = next(limit for limit in LIMITS if limit >= ms)
    below = max([limit for limit in LIMITS if limit < ms], default=0)
    assert below < told <= above


def test_what_takes_longer_than_every_class_is_the_longest_known() -> None:
    assert filled(90_000).below(0.5) == LIMITS[-1]


def test_of_nothing_there_is_no_time() -> None:
    assert Sum().below(0.95) == 0


def test_each_answer_is_told_once_and_the_sum_goes_on() -> None:
    meter = Meter()
    for ms in (10, 20):
        meter.answered(ZAKEN, ms, Tally(2, 0.001))
    assert meter.taken().calls[ZAKEN].count == 2
    meter.answered(ZAKEN, 30, Tally(5, 0.003))
    meter.refused("code")
    told = meter.taken()
    assert (told.calls[ZAKEN].count, told.calls[ZAKEN].ms, told.calls[ZAKEN].statements) == (1, 30, 5)
    assert told.calls[ZAKEN].db_ms == pytest.approx(3)
    assert told.refused == {"code": 1}
    assert meter.taken().calls == {} and meter.taken().refused == {}
    calls, refused, _ = meter.since_the_beginning()
    assert calls[ZAKEN].count == 3 and refused == {"code": 1}


def test_methods_that_nobody_knows_are_one() -> None:
    meter = Meter()
    for method in ("BREW", "FOO", "GET"):
        meter.answered(Call("/zaken", method, 405), 1, Tally())
    assert set(meter.taken().calls) == {Call("/zaken", UNKNOWN, 405), Call("/zaken", "GET", 405)}


def test_there_is_an_end_to_what_is_told_apart() -> None:
    meter = Meter()
    for number in range(MOST_ROUTES + 50):
        meter.answered(Call(f"/{number}", "GET", 200), 1, Tally())
        meter.slow(f"SELECT {number}", 300)
        meter.fault(Fault("2026", "/zaken", 500, str(number)))
    told = meter.taken()
    assert len(told.calls) == MOST_ROUTES + 1 and told.calls[Call(UNKNOWN, UNKNOWN, 200)].count == 50
    assert len(told.slow) == MOST_SLOW + 1 and told.slow[OTHERS].count == MOST_ROUTES + 50 - MOST_SLOW
    assert [fault.trace_id for fault in told.faults] == [str(n) for n in range(MOST_ROUTES + 30, MOST_ROUTES + 50)]


def test_nothing_is_lost_between_threads() -> None:
    meter, seen = Meter(), 0

    def ask() -> None:
        for _ in range(2_000):
            with meter.going():
                meter.answered(ZAKEN, 1, Tally(1, 0))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen += meter.taken().answers
    assert seen + meter.taken().answers == 8_000
    assert meter.in_progress == 0
