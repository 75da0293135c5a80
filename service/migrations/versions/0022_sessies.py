"""Kick-offs, werksessies en evaluatiesessies: wat er gevraagd, besproken en afgesproken is."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)
SOORTEN = "soort = 'kick_off' OR soort = 'werksessie' OR soort = 'evaluatiesessie'"
STATEN = "staat = 'gepland' OR staat = 'gehouden' OR staat = 'afgelast'"


def of_sessie(table: str) -> list[sa.schema.SchemaItem]:
    """The columns by which a row is of a sessie."""
    return [
        sa.Column("sessie_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sessie_id"], ["sessie.id"], name=op.f(f"fk_{table}_sessie_id")),
    ]


def numbered(table: str) -> list[sa.schema.SchemaItem]:
    """The same for rows with a number of their own."""
    number = sa.Column("id", sa.Integer(), nullable=False)
    return [number, *of_sessie(table), sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def upgrade() -> None:
    op.create_table(
        "sessie",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nummer", AutoString(length=20), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("soort", sa.String(length=60), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("datum", sa.Date(), nullable=False),
        sa.Column("tijd", sa.Time(), nullable=True),
        sa.Column("plaats", AutoString(length=200), nullable=False),
        sa.Column("peildatum", sa.Date(), nullable=True),
        sa.Column("reden_afgelast", AutoString(length=500), nullable=False),
        sa.Column("gepland_door", AutoString(length=200), nullable=False),
        sa.Column("gepland_op", Moment(timezone=True), nullable=False),
        sa.Column("beeindigd_op", Moment(timezone=True), nullable=True),
        sa.CheckConstraint(SOORTEN, name=op.f("ck_sessie_sessiesoort")),
        sa.CheckConstraint(STATEN, name=op.f("ck_sessie_sessiestaat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessie")),
        sa.UniqueConstraint("nummer", name=op.f("uq_sessie_nummer")),
    )
    op.create_index(op.f("ix_sessie_staat"), "sessie", ["staat"])
    op.create_table(
        "sessie_levering",
        *of_sessie("sessie_levering"),
        sa.Column("leveringsnummer", AutoString(length=20), nullable=False),
        sa.PrimaryKeyConstraint("sessie_id", "leveringsnummer", name=op.f("pk_sessie_levering")),
    )
    op.create_table(
        "sessie_deelnemer",
        *of_sessie("sessie_deelnemer"),
        sa.Column("organisatie", AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("sessie_id", "organisatie", name=op.f("pk_sessie_deelnemer")),
    )
    op.create_table(
        "sessie_vraag",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        *numbered("sessie_vraag"),
        sa.Column("tekst", AutoString(length=1000), nullable=False),
        sa.Column("gesteld_door", AutoString(length=200), nullable=False),
        sa.Column("gesteld_op", Moment(timezone=True), nullable=False),
        sa.Column("besproken", sa.Boolean(), nullable=False),
        sa.Column("antwoord", AutoString(length=2000), nullable=False),
        sa.Column("beantwoord_op", Moment(timezone=True), nullable=True),
    )
    op.create_index(op.f("ix_sessie_vraag_sessie_id"), "sessie_vraag", ["sessie_id"])
    op.create_table(
        "sessie_leerpunt",
        *numbered("sessie_leerpunt"),
        sa.Column("sleutel", AutoString(length=16), nullable=False),
        sa.Column("soort", AutoString(length=30), nullable=False),
        sa.Column("toelichting", AutoString(length=500), nullable=False),
        sa.Column("aantal", sa.Integer(), nullable=False),
        sa.Column("besproken", sa.Boolean(), nullable=False),
        sa.Column("conclusie", AutoString(length=1000), nullable=False),
        sa.Column("vastgelegd_op", Moment(timezone=True), nullable=False),
        sa.UniqueConstraint("sessie_id", "sleutel", name=op.f("uq_sessie_leerpunt_sessie_id_sleutel")),
    )
    op.create_index(op.f("ix_sessie_leerpunt_sessie_id"), "sessie_leerpunt", ["sessie_id"])
    op.create_table(
        "sessie_actie",
        *numbered("sessie_actie"),
        sa.Column("tekst", AutoString(length=1000), nullable=False),
        sa.Column("organisatie", AutoString(length=80), nullable=False),
        sa.Column("voor", sa.Date(), nullable=False),
        sa.Column("afgesproken_op", Moment(timezone=True), nullable=False),
        sa.Column("gedaan_op", sa.Date(), nullable=True),
        sa.Column("hoe", AutoString(length=1000), nullable=False),
    )
    op.create_index(op.f("ix_sessie_actie_sessie_id"), "sessie_actie", ["sessie_id"])
    op.create_index(op.f("ix_sessie_actie_organisatie"), "sessie_actie", ["organisatie"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY van_wie_vraagt ON sessie_vraag USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute("ALTER TABLE sessie_vraag ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE sessie_vraag FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table in ("actie", "leerpunt", "vraag", "deelnemer", "levering"):
        op.drop_table(f"sessie_{table}")
    op.drop_table("sessie")
