"""Engines for tests: each on a database of its own, all of one kind with the statements that any of them compiled."""

from collections.abc import MutableMapping
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Engine, make_url
from sqlalchemy.util import LRUCache

from service.db import make_engine

STATEMENTS = 5_000
"""More than there are, so that none is thrown out."""


@cache
def _dialect_of(backend: str) -> tuple[Dialect, MutableMapping[Any, Any]]:
    """That of the first engine of a kind, as it got to know its server; statements are kept by it."""
    return _FIRST[backend].dialect, LRUCache(STATEMENTS)


_FIRST: dict[str, Engine] = {}


def make_quick_engine(url: str) -> Engine:
    """As `make_engine`. A test asks what the one before it asked: compiling that anew took a third of its time."""
    engine = make_engine(url)
    backend = make_url(url).get_backend_name()
    if backend not in _FIRST:
        with engine.connect():  # to know the server
            _FIRST[backend] = engine
    dialect, statements = _dialect_of(backend)
    engine.dialect = dialect
    engine.update_execution_options(compiled_cache=statements)
    return engine
