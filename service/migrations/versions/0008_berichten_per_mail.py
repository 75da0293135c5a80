"""Berichten per mail over wat aan de beurt is."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import signals.base

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = ("wacht", "onderweg", "verzonden", "onzeker", "opgegeven")


def upgrade() -> None:
    op.create_table(
        "mailbericht",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("soort", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("ontvanger", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("dag", sa.Date(), nullable=False),
        sa.Column("adres", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("onderwerp", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("tekst", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("gemaakt_op", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("niet_voor", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("begonnen_op", signals.base.Moment(timezone=True), nullable=True),
        sa.Column("verzonden_op", signals.base.Moment(timezone=True), nullable=True),
        sa.Column("fout", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.CheckConstraint(
            " OR ".join(f"staat = '{state}'" for state in STATES), name=op.f("ck_mailbericht_mailstate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbericht")),
        sa.UniqueConstraint("soort", "ontvanger", "dag", name=op.f("uq_mailbericht_soort_ontvanger_dag")),
    )
    with op.batch_alter_table("mailbericht", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mailbericht_open",
            ["niet_voor"],
            unique=False,
            sqlite_where=sa.text("staat = 'wacht' OR staat = 'onderweg'"),
            postgresql_where=sa.text("staat = 'wacht' OR staat = 'onderweg'"),
        )


def downgrade() -> None:
    op.drop_table("mailbericht")
