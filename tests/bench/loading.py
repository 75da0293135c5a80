"""The loads that are measured: what `rni load` and `rni check` do, without the start of a process.

The clock starts with the file as it was offered and stops when all is committed and the connection is closed.
"""

from pathlib import Path
from time import perf_counter
from typing import Any

from importers.load import summary
from service.access import Access
from service.db import make_engine
from service.files import storage
from service.loading import uploads
from service.settings import Settings
from tests.bench.deliveries import RECEIVED

Told = tuple[dict[str, Any], float]


def load(file: Path, url: str, data: Path) -> Told:
    """The file kept and loaded; the counts and the seconds."""
    settings = Settings(database_url=url, data_dir=data)
    started = perf_counter()
    engine = make_engine(url)
    with file.open("rb") as stream:
        kept = storage.keep(settings, stream)
    loaded = uploads.load_file(engine, Access.system(), kept, file.name, received=RECEIVED, now=settings.now())
    engine.dispose()
    return summary(loaded), perf_counter() - started


def check(file: Path, url: str, data: Path) -> Told:
    """The file read and judged, nothing stored; the counts and the seconds."""
    settings = Settings(database_url=url, data_dir=data)
    started = perf_counter()
    engine = make_engine(url)
    checked = uploads.check_file(engine, Access.system(), file, file.name, received=RECEIVED, now=settings.now())
    engine.dispose()
    return summary(checked), perf_counter() - started
