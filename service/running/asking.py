"""One question in a thread of its own: what hangs holds that thread, and nobody else."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Question(Generic[T]):
    """A question that is being asked. answer: None until there is one, and when asking failed; `fault` says of what."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self.answer: T | None = None
        self.fault = ""
        self._ask, self._done = ask, threading.Event()
        threading.Thread(target=self._run, name="vraag", daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = self._ask()
        except Exception as error:  # noqa: BLE001  # whatever it was: who asked is told that there is no answer
            self.fault = type(error).__name__
        finally:
            self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was answered, or failed, within so long."""
        return self._done.wait(seconds)
