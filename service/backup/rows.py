"""What is in every table, as two numbers: how many rows, and the sum of a digest of each."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, inspect, text

from service.backup.manifest import Rows

_BITS = 64


class _Sum:
    """For SQLite, which has no digest of its own."""

    def __init__(self) -> None:
        self._total = 0

    def step(self, *row: Any) -> None:
        digest = hashlib.blake2b(repr(row).encode(), digest_size=_BITS // 8).digest()
        self._total += int.from_bytes(digest)

    def finalize(self) -> str:
        return _shown(self._total)


def counted(connection: Connection) -> Mapping[str, Rows]:
    """Every table of the database by its name. connection: one that sees every row."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        driver: Any = connection.connection.driver_connection
        driver.create_aggregate("rni_som", -1, _Sum)
    else:  # how a row is written as text hangs on these
        connection.execute(text("SET LOCAL timezone = 'UTC'"))
        connection.execute(text("SET LOCAL datestyle = 'ISO'"))
        connection.execute(text("SET LOCAL bytea_output = 'hex'"))
    told, found = inspect(connection), {}
    quote = connection.dialect.identifier_preparer.quote
    for name in sorted(told.get_table_names()):
        if sqlite:
            columns = ", ".join(quote(each["name"]) for each in told.get_columns(name))
            summed = f"rni_som({columns})"
        else:
            summed = f"coalesce(sum(hashtextextended({quote(name)}::text, 0)::numeric), 0)"
        statement = f"SELECT count(*), {summed} FROM {quote(name)}"  # noqa: S608  # nosec B608  # names of the schema
        rows, total = connection.execute(text(statement)).one()
        found[name] = Rows(rijen=rows, som=(total or _shown(0)) if sqlite else _shown(int(total)))
    return found


def _shown(total: int) -> str:
    return f"{total % 2**_BITS:0{_BITS // 4}x}"
