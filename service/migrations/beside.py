"""An index on a table that people work in: made beside the work, so that nobody waits for it.

For a migration with `BESIDE_THE_WORK = True`, which does nothing else. PostgreSQL makes such an index outside a
transaction and lets others write meanwhile; one that was broken off leaves an index that counts for nothing, which the
next attempt takes away first. SQLite makes it in the transaction of the step, and others wait.
"""

from collections.abc import Sequence
from typing import Any

from alembic import op


def create_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """As `op.create_index`."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
        options["postgresql_concurrently"] = True
    op.create_index(name, table, columns, **options)


def drop_index(name: str, table: str) -> None:
    """As `op.drop_index`."""
    op.drop_index(name, table_name=table, postgresql_concurrently=op.get_bind().dialect.name == "postgresql")
