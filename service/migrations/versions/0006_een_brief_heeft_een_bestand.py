"""Een brief heeft een bestand, de PDF zoals hij is verstuurd, die niemand meer wijzigt; en brieven aan anderen."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import signals.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REFUSED = "een verstuurde brief verandert niet"


def upgrade() -> None:
    op.create_table(
        "brief_bestand",
        sa.Column("gemeentecode", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("brief_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["brief_id"], ["brief.id"], name=op.f("fk_brief_bestand_brief_id")),
        sa.PrimaryKeyConstraint("brief_id", name=op.f("pk_brief_bestand")),
    )
    op.create_table(
        "klaargezette_brief",
        sa.Column("gemeentecode", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("door", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stap", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("gegevens", sa.JSON(), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("brief_nummer", sa.Integer(), nullable=False),
        sa.Column("briefdatum", sa.Date(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("afgehandeld_op", sa.Date(), nullable=True),
        sa.Column("afhandeling", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_klaargezette_brief_zaak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_klaargezette_brief")),
    )
    op.create_index("ix_klaargezette_brief_zaak_id", "klaargezette_brief", ["zaak_id"])
    op.create_table(
        "inlichtingenverzoek",
        sa.Column("gemeentecode", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("door", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brief_nummer", sa.Integer(), nullable=False),
        sa.Column("ontvanger", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("naam", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("straat", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("postcode", sqlmodel.sql.sqltypes.AutoString(length=6), nullable=False),
        sa.Column("plaats", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("vragen", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("uiterlijk", sa.Date(), nullable=False),
        sa.Column("verzenddatum", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_inlichtingenverzoek_zaak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inlichtingenverzoek")),
    )
    op.create_index("ix_inlichtingenverzoek_zaak_id", "inlichtingenverzoek", ["zaak_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER brief_bestand_blijft BEFORE UPDATE ON brief_bestand "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION brief_bestand_blijft() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER brief_bestand_blijft BEFORE UPDATE ON brief_bestand "
        "FOR EACH ROW EXECUTE FUNCTION brief_bestand_blijft()"
    )


def downgrade() -> None:
    op.drop_table("inlichtingenverzoek")
    op.drop_table("klaargezette_brief")
    op.drop_table("brief_bestand")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION brief_bestand_blijft()")
