"""Work in a thread of its own, ahead of whoever uses what comes of it."""

import queue
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from threading import Event
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(pieces: Generator[T, None, None], most: int) -> Iterator[Iterator[T]]:
    """The same pieces, made while earlier ones are used; at most so many wait. An error in the making comes at its end.

    Whoever leaves before the last piece has the making stopped at the next one, and waits for that; `pieces` is closed
    in either case.
    """
    waiting: queue.Queue[T | None] = queue.Queue(most)
    left = Event()

    def make() -> None:
        try:
            with closing(pieces):
                for piece in pieces:
                    if left.is_set():
                        return
                    waiting.put(piece)
        finally:
            waiting.put(None)

    def taken() -> Iterator[T]:
        while (piece := waiting.get()) is not None:
            yield piece
        making.result()

    with ThreadPoolExecutor(1) as maker:
        making = maker.submit(make)
        try:
            yield taken()
        finally:
            left.set()
            while not making.done():  # it may wait for room
                with suppress(queue.Empty):
                    waiting.get(timeout=0.05)
