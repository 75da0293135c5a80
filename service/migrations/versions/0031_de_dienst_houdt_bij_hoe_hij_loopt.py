"""De dienst houdt bij hoe hij loopt: antwoorden per minuut, rondes van de klok, omvang. Zonder personen."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

FAILED = "staat = 'onzeker' OR staat = 'opgegeven'"


def upgrade() -> None:
    op.create_table(
        "gang",
        sa.Column("lengte", sa.String(length=60), nullable=False),
        sa.Column("begin", Moment(timezone=True), nullable=False),
        sa.Column("proces", AutoString(length=20), nullable=False),
        sa.Column("soort", AutoString(length=20), nullable=False),
        sa.Column("geteld", sa.JSON(), nullable=False),
        sa.CheckConstraint("lengte = 'minuut' OR lengte = 'uur'", name=op.f("ck_gang_length")),
        sa.PrimaryKeyConstraint("lengte", "begin", "proces", name=op.f("pk_gang")),
    )
    with op.batch_alter_table("gang", schema=None) as batch_op:
        batch_op.create_index("ix_gang_begin", ["begin"], unique=False)
    op.create_table(
        "klokronde",
        sa.Column("taak", AutoString(length=60), nullable=False),
        sa.Column("begonnen_op", Moment(timezone=True), nullable=False),
        sa.Column("gelukt_op", Moment(timezone=True), nullable=True),
        sa.Column("mislukt_op", Moment(timezone=True), nullable=True),
        sa.Column("milliseconden", sa.Integer(), nullable=False),
        sa.Column("aantal", sa.Integer(), nullable=True),
        sa.Column("fout", AutoString(length=100), nullable=False),
        sa.PrimaryKeyConstraint("taak", name=op.f("pk_klokronde")),
    )
    op.create_table(
        "omvang",
        sa.Column("naam", AutoString(length=20), nullable=False),
        sa.Column("gemeten_op", Moment(timezone=True), nullable=False),
        sa.Column("inhoud", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("naam", name=op.f("pk_omvang")),
    )
    with op.batch_alter_table("mailbericht", schema=None) as batch_op:  # few: so that counting them reads nothing else
        batch_op.create_index(
            "ix_mailbericht_mislukt",
            ["id"],
            unique=False,
            sqlite_where=sa.text(FAILED),
            postgresql_where=sa.text(FAILED),
        )


def downgrade() -> None:
    with op.batch_alter_table("mailbericht", schema=None) as batch_op:
        batch_op.drop_index("ix_mailbericht_mislukt")
    for table in ("omvang", "klokronde", "gang"):
        op.drop_table(table)
