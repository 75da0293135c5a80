"""Een sessie heeft gepubliceerde pakketten, die niemand meer wijzigt."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = ("sessie_pakket", "sessie_pakket_bestand")
_REFUSED = "een gepubliceerd pakket verandert niet"


def upgrade() -> None:
    op.create_table(
        "sessie_pakket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nummer", AutoString(length=20), nullable=False),
        sa.Column("sessie_id", sa.Integer(), nullable=False),
        sa.Column("volgnummer", sa.Integer(), nullable=False),
        sa.Column("soort", AutoString(length=20), nullable=False),
        sa.Column("peildatum", sa.Date(), nullable=False),
        sa.Column("gepubliceerd_op", Moment(timezone=True), nullable=False),
        sa.Column("gepubliceerd_door", AutoString(length=200), nullable=False),
        sa.Column("reden", AutoString(length=500), nullable=False),
        sa.Column("binnen", sa.JSON(), nullable=False),
        sa.Column("openbaar", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["sessie_id"], ["sessie.id"], name=op.f("fk_sessie_pakket_sessie_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessie_pakket")),
        sa.UniqueConstraint("nummer", name=op.f("uq_sessie_pakket_nummer")),
        sa.UniqueConstraint("sessie_id", "volgnummer", name=op.f("uq_sessie_pakket_sessie_id_volgnummer")),
    )
    op.create_table(
        "sessie_pakket_bestand",
        sa.Column("pakket_id", sa.Integer(), nullable=False),
        sa.Column("uitgave", AutoString(length=10), nullable=False),
        sa.Column("soort", AutoString(length=4), nullable=False),
        sa.Column("naam", AutoString(length=100), nullable=False),
        sa.Column("sha256", AutoString(length=64), nullable=False),
        sa.Column("grootte", sa.Integer(), nullable=False),
        sa.Column("inhoud", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["pakket_id"], ["sessie_pakket.id"], name=op.f("fk_sessie_pakket_bestand_pakket_id")),
        sa.PrimaryKeyConstraint("pakket_id", "uitgave", "soort", name=op.f("pk_sessie_pakket_bestand")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_blijft BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION sessie_pakket_blijft() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_blijft BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION sessie_pakket_blijft()"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION sessie_pakket_blijft()")
