"""What is made ahead comes in order, stops when nobody wants it any more, and an error in the making is told."""

from collections.abc import Generator
from itertools import count
from threading import Event, current_thread

import pytest

from importers.ahead import ahead


def test_pieces_come_in_order_and_are_made_in_a_thread_of_their_own() -> None:
    makers = set()

    def numbers() -> Generator[int, None, None]:
        for number in range(100):
            makers.add(current_thread())
            yield number

    with ahead(numbers(), 3) as pieces:
        assert list(pieces) == list(range(100))
    assert makers and current_thread() not in makers


def test_no_more_are_made_than_may_wait() -> None:
    made: list[int] = []
    third = Event()

    def numbers() -> Generator[int, None, None]:
        for number in range(100):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    with ahead(numbers(), 2) as pieces:
        assert next(pieces) == 0
        assert third.wait(10)  # two wait, and one was made that finds no room
        assert made == [0, 1, 2, 3]


def test_an_error_comes_after_the_pieces_before_it() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        raise ValueError("regel 2")

    seen: list[int] = []
    with pytest.raises(ValueError, match="regel 2"), ahead(broken(), 5) as pieces:
        seen.extend(pieces)
    assert seen == [1]


def test_who_leaves_early_has_the_making_ended() -> None:
    ended = Event()

    def endless() -> Generator[int, None, None]:
        try:
            yield from count()
        finally:
            ended.set()

    with pytest.raises(KeyError), ahead(endless(), 1) as pieces:
        next(pieces)
        raise KeyError
    assert ended.is_set()
