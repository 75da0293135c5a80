"""Het bsn ligt verzegeld in de database, en wat er verder een bsn in kan hebben ook.

Needs the secret keys of the service, as everything that opens the database does.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from signals.keyring import keyring
from signals.sealing import sealed_text, unsealed_text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBERS = {"signal": False, "zaak": True, "terugkoppeling_regel": False}
"""Tables with a bsn, and whether it may be unknown."""
TEXTS = {"rejected_row": "cellen", "bezoekverslag_rest": "gegevens"}
FILES = {"terugkoppeling_bestand": "inhoud", "opbrengst_load": "inhoud"}
PIECE = 10_000


def upgrade() -> None:
    for table, unknown in NUMBERS.items():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "bsn", existing_type=sa.String(9), type_=sa.String(38), existing_nullable=unknown, nullable=unknown
            )
        _change(table, "bsn", sa.String(), lambda bsn: keyring().seal(bsn))
    for table, column in TEXTS.items():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.JSON(), type_=sa.Text(), nullable=False, postgresql_using=f"{column}::text"
            )
        _change(table, column, sa.Text(), sealed_text)
    for table, column in FILES.items():
        _change(table, column, sa.LargeBinary(), lambda content: keyring().newest.seal_bytes(bytes(content)))


def downgrade() -> None:
    for table, column in FILES.items():
        _change(table, column, sa.LargeBinary(), lambda content: keyring().open_bytes(bytes(content)))
    for table, column in TEXTS.items():
        _change(table, column, sa.Text(), unsealed_text)
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.Text(), type_=sa.JSON(), nullable=False, postgresql_using=f"{column}::json"
            )
    for table, unknown in NUMBERS.items():
        _change(table, "bsn", sa.String(), lambda sealed: keyring().open(sealed))
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "bsn", existing_type=sa.String(38), type_=sa.String(9), existing_nullable=unknown, nullable=unknown
            )


def _change(table: str, column: str, kind: Any, by: Callable[[Any], Any]) -> None:
    """Every value of a column by another, some rows at a time."""
    of = sa.table(table, sa.column("id", sa.Integer()), sa.column(column, kind))
    connection, last = op.get_bind(), 0
    change = sa.update(of).where(of.c.id == sa.bindparam("row")).values({column: sa.bindparam("value")})
    while rows := connection.execute(
        sa.select(of).where(of.c.id > last, of.c[column].is_not(None)).order_by(of.c.id).limit(PIECE)
    ).all():
        connection.execute(change, [{"row": row, "value": by(value)} for row, value in rows])
        last = rows[-1][0]
