"""What waits for others with asyncio, asked by code that does not."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def waited_for(work: Coroutine[Any, Any, T]) -> T:
    """What it gives or raises; in a thread of its own, as that of the caller may have a loop that runs."""
    with ThreadPoolExecutor(1, "beside") as beside:
        return beside.submit(asyncio.run, work).result()
