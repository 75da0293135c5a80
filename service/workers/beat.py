"""The sign of life of a process that does long work."""

import os
import threading
from contextlib import suppress
from types import TracebackType

from sqlalchemy.exc import OperationalError

from service.models import Work
from service.work_signs import Progress, Signs

EVERY = 0.5
"""Seconds between two signs of life."""
STOPPED = 143
"""The exit code of a process that was asked to stop."""


class Beat:
    """A thread that tells how far the work is, and ends the process when somebody asked for that."""

    def __init__(self, signs: Signs, held: Work) -> None:
        self._signs, self._held = signs, held
        self.done, self.total = 0, held.totaal
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell_often, name="voortgang", daemon=True)

    def __enter__(self) -> "Beat":
        self._tell()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def rows(self, number: int) -> None:
        """So many rows were dealt with."""
        self.done = number
        with suppress(OperationalError):  # whoever looks sees it a moment later
            self._tell()

    def _tell(self) -> None:
        self._signs.tell(self._held, Progress(self.done, self.total, os.getpid()))

    def _tell_often(self) -> None:
        while not self._ended.wait(EVERY):
            with suppress(OperationalError):  # the database is away: then nobody can be told anything
                if self._signs.is_stopping(self._held):
                    os._exit(STOPPED)  # also out of a long statement; the database rolls back
                self._tell()
