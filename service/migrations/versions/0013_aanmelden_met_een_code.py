"""Aanmelden met een code van een app, of bij de eigen organisatie."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tweede_factor",
        sa.Column("gebruiker_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("geheim", AutoString(length=300), nullable=False),
        sa.Column("gekoppeld_op", Moment(timezone=True), nullable=False),
        sa.Column("laatste_stap", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["gebruiker_id"], ["gebruiker.id"], name=op.f("fk_tweede_factor_gebruiker_id")),
        sa.PrimaryKeyConstraint("gebruiker_id", name=op.f("pk_tweede_factor")),
    )
    op.create_table(
        "aanmelding_onderweg",
        sa.Column("sha256", AutoString(length=64), nullable=False),
        sa.Column("gebruiker_id", sa.Integer(), nullable=True),
        sa.Column("inhoud", AutoString(), nullable=False),
        sa.Column("eindigt_op", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gebruiker_id"], ["gebruiker.id"], name=op.f("fk_aanmelding_onderweg_gebruiker_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_aanmelding_onderweg")),
    )
    op.create_index(op.f("ix_aanmelding_onderweg_gebruiker_id"), "aanmelding_onderweg", ["gebruiker_id"])


def downgrade() -> None:
    op.drop_table("aanmelding_onderweg")
    op.drop_table("tweede_factor")
