"""Keuzes in de werklijst worden bewaard onder een naam."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)


def upgrade() -> None:
    op.create_table(
        "bewaarde_lijst",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("door", AutoString(length=100), nullable=False),
        sa.Column("naam", AutoString(length=60), nullable=False),
        sa.Column("sleutel", AutoString(length=200), nullable=False),
        sa.Column("keuzes", AutoString(length=1000), nullable=False),
        sa.Column("gedeeld", sa.Boolean(), nullable=False),
        sa.Column("bewaard_op", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bewaarde_lijst")),
        sa.UniqueConstraint(
            "gemeentecode", "door", "sleutel", name=op.f("uq_bewaarde_lijst_gemeentecode_door_sleutel")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY van_wie_vraagt ON bewaarde_lijst USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute("ALTER TABLE bewaarde_lijst ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE bewaarde_lijst FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table("bewaarde_lijst")
