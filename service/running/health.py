"""Whether the service can do its work now, part by part, asked for real: a connection of its own, a file written.

Asked by whoever comes by, so what was found holds for a second, one looks at a time, and nobody hears more than which
part is well. Why one is not stands in the log.
"""

import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.db import READ_ONLY, file_of, make_engine, require_schema
from service.running.asking import Question
from service.running.facts import rooms
from service.settings import Settings
from service.work import wait_for_the_lock
from signals.errors import DomainError

log = structlog.get_logger()

FRESH = 1.0
"""Seconds for which what was found holds."""
PATIENCE = 1.0
"""Seconds in which the database must have answered, connection included."""
LEAST_ROOM = 100_000_000
"""Bytes that must be free on each disk: with less not even what people type is kept for sure."""
SCHEMA, DATABASE, FILES, DISK = "schema", "database", "bestanden", "schijf"


class Unwell(Exception):
    """A part does not do its work; the words are for the log."""


class Health:
    """Looks after the parts of this installation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engine = make_engine(settings.database_url, alone=True)
        wait_for_the_lock(self._engine, PATIENCE)
        self._lock = threading.Lock()
        self._found: Mapping[str, bool] = {}
        self._looked = float("-inf")
        self._asked: Question[dict[str, str]] | None = None
        self._schema = ""
        self._told: Mapping[str, str] = {}

    def begin(self) -> None:
        """Know the schema beforehand: comparing it takes longer than who asks first has patience for."""
        with suppress(SQLAlchemyError, Unwell):
            self._question()

    def look(self) -> Mapping[str, bool]:
        """Which part is well."""
        with self._lock:
            if time.monotonic() - self._looked >= FRESH:
                self._found = self._examined()
                self._looked = time.monotonic()
            return self._found

    def close(self) -> None:
        """The connection goes."""
        self._engine.dispose()

    def _examined(self) -> dict[str, bool]:
        wrong: dict[str, str] = {}
        for part, look in ((FILES, self._write), (DISK, self._measure)):
            try:
                look()
            except (Unwell, OSError) as error:
                wrong[part] = str(error) if isinstance(error, Unwell) else type(error).__name__
        wrong |= self._ask()
        if wrong != self._told:
            tell = log.error if wrong else log.info
            tell("gereed", gereed=not wrong, **{f"niet_goed_{part}": why for part, why in wrong.items()})
            self._told = wrong
        return {part: part not in wrong for part in (SCHEMA, DATABASE, FILES, DISK)}

    def _write(self) -> None:
        """A file without a name, which is gone when it is closed, whatever happens."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)  # as whoever has the first file to keep does
        with tempfile.TemporaryFile(dir=self.settings.data_dir) as file:
            file.write(b"gereed")
            file.flush()

    def _measure(self) -> None:
        short = {place: room.vrij for place, room in rooms(self.settings).items() if room.vrij < LEAST_ROOM}
        if short:
            raise Unwell(f"nog {min(short.values())} bytes vrij")

    def _ask(self) -> dict[str, str]:
        """What the database does not do; one that is not heard of in time is not asked again while it thinks."""
        if self._asked is None:
            self._asked = Question(self._question)
        asked = self._asked
        if not asked.wait(PATIENCE):
            return {SCHEMA: "onbekend", DATABASE: f"geen antwoord binnen {PATIENCE:g} seconde"}
        self._asked = None
        return {SCHEMA: "onbekend", DATABASE: asked.fault} if asked.answer is None else asked.answer

    def _question(self) -> dict[str, str]:
        file = file_of(self._engine.url)
        if file is not None and not file.exists():  # asking would make it
            raise Unwell
        with self._engine.execution_options(**READ_ONLY).connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        version = ",".join(sorted(found))
        if version != self._schema:  # comparing with this program reads all its steps: only when it is another one
            try:
                require_schema(self._engine)
            except DomainError as error:
                return {SCHEMA: error.reasons[0].code}
            self._schema = version
        return {}
