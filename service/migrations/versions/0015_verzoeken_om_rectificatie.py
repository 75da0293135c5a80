"""Verzoeken om rectificatie, en wat erop is besloten."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)


def upgrade() -> None:
    op.create_table(
        "rectificatie",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", Moment(timezone=True), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gevraagd_op", sa.Date(), nullable=False),
        sa.Column("betreft", AutoString(), nullable=False),
        sa.Column("uitkomst", AutoString(length=20), nullable=False),
        sa.Column("toelichting", AutoString(), nullable=False),
        sa.Column("meegedeeld_op", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_rectificatie_zaak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectificatie")),
    )
    op.create_index(op.f("ix_rectificatie_zaak_id"), "rectificatie", ["zaak_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY van_wie_vraagt ON rectificatie USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute("ALTER TABLE rectificatie ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE rectificatie FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_index(op.f("ix_rectificatie_zaak_id"), table_name="rectificatie")
    op.drop_table("rectificatie")
