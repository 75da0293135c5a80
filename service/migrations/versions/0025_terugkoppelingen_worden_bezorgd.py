"""Een terugkoppeling wordt bezorgd op de server van UWV."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = ("wacht", "onderweg", "bezorgd", "mislukt")


def upgrade() -> None:
    op.create_table(
        "bezorging",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terugkoppeling_id", sa.Integer(), nullable=False),
        sa.Column("soort", AutoString(length=4), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("gevraagd_op", Moment(timezone=True), nullable=False),
        sa.Column("gevraagd_door", AutoString(length=200), nullable=False),
        sa.Column("niet_voor", Moment(timezone=True), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("begonnen_op", Moment(timezone=True), nullable=True),
        sa.Column("bezorgd_op", Moment(timezone=True), nullable=True),
        sa.Column("fout", AutoString(length=300), nullable=False),
        sa.Column("naam", AutoString(length=110), nullable=False),
        sa.Column("sha256", AutoString(length=64), nullable=False),
        sa.Column("ontvangers", AutoString(), nullable=False),
        sa.Column("versleuteld", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            " OR ".join(f"staat = '{state}'" for state in STATES), name=op.f("ck_bezorging_shipmentstate")
        ),
        sa.ForeignKeyConstraint(
            ["terugkoppeling_id"], ["terugkoppeling.id"], name=op.f("fk_bezorging_terugkoppeling_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bezorging")),
        sa.UniqueConstraint("terugkoppeling_id", "soort", name=op.f("uq_bezorging_terugkoppeling_id_soort")),
    )
    with op.batch_alter_table("bezorging", schema=None) as batch_op:
        batch_op.create_index(
            "ix_bezorging_open",
            ["niet_voor"],
            unique=False,
            sqlite_where=sa.text("staat = 'wacht' OR staat = 'onderweg'"),
            postgresql_where=sa.text("staat = 'wacht' OR staat = 'onderweg'"),
        )


def downgrade() -> None:
    op.drop_table("bezorging")
