"""Andere systemen horen wat er met zaken gebeurt."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment
from signals.sealing import SealedJson

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)
TABLES = ("abonnement", "zaaksysteem", "abonnement_bericht", "zaaksysteem_zaak")
INDEXES = (
    (
        "abonnement_bericht",
        "ix_abonnement_bericht_open",
        ("abonnement_id", "id"),
        "staat = 'wacht' OR staat = 'onderweg'",
    ),
    ("abonnement_bericht", "ix_abonnement_bericht_geweigerd", ("id",), "staat = 'geweigerd'"),
    ("abonnement_bericht", "ix_abonnement_bericht_lading_id", ("lading_id",), "lading_id IS NOT NULL"),
    ("abonnement_bericht", "ix_abonnement_bericht_bezorgd", ("bezorgd_op",), "staat = 'bezorgd'"),
    ("zaaksysteem_zaak", "ix_zaaksysteem_zaak_open", ("niet_voor", "id"), "staat = 'wacht' OR staat = 'onderweg'"),
    ("zaaksysteem_zaak", "ix_zaaksysteem_zaak_mislukt", ("id",), "staat = 'mislukt'"),
)


def _line() -> list[sa.Column[object]]:
    """What every line to another system has."""
    return [
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("niet_voor", Moment(timezone=True), nullable=False),
        sa.Column("mislukt_sinds", Moment(timezone=True), nullable=True),
        sa.Column("laatst_gelukt_op", Moment(timezone=True), nullable=True),
        sa.Column("fout", AutoString(length=300), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
    ]


def _state(table: str, kind: str, *values: str) -> list[sa.schema.SchemaItem]:
    """The column and what it may hold."""
    check = " OR ".join(f"staat = '{value}'" for value in values)
    return [
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.CheckConstraint(check, name=op.f(f"ck_{table}_{kind}")),
    ]


def upgrade() -> None:
    op.create_table(
        "abonnement",
        *_line(),
        sa.Column("adres", AutoString(length=500), nullable=False),
        sa.Column("soorten", AutoString(length=300), nullable=False),
        sa.Column("geheim", SealedJson(), nullable=False),
        *_state("abonnement", "linestate", "aan", "uitgezet", "beeindigd"),
        sa.Column("vastgelegd_op", Moment(timezone=True), nullable=False),
        sa.Column("vastgelegd_door", AutoString(length=200), nullable=False),
        sa.Column("beeindigd_op", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abonnement")),
    )
    op.create_table(
        "zaaksysteem",
        *_line(),
        *_state("zaaksysteem", "linestate", "aan", "uitgezet", "beeindigd"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zaaksysteem")),
        sa.UniqueConstraint("gemeentecode", name=op.f("uq_zaaksysteem_gemeentecode")),
    )
    op.create_table(
        "abonnement_bericht",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("abonnement_id", sa.Integer(), nullable=False),
        sa.Column("kenmerk", AutoString(length=80), nullable=False),
        sa.Column("soort", AutoString(length=40), nullable=False),
        sa.Column("onderwerp", AutoString(length=20), nullable=False),
        sa.Column("tijdstip", Moment(timezone=True), nullable=False),
        sa.Column("fase", AutoString(length=20), nullable=True),
        sa.Column("versie", sa.Integer(), nullable=True),
        sa.Column("lading_id", sa.Integer(), nullable=True),
        *_state("abonnement_bericht", "messagestate", "wacht", "onderweg", "bezorgd", "geweigerd"),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("begonnen_op", Moment(timezone=True), nullable=True),
        sa.Column("bezorgd_op", Moment(timezone=True), nullable=True),
        sa.Column("fout", AutoString(length=300), nullable=False),
        sa.ForeignKeyConstraint(["abonnement_id"], ["abonnement.id"], name=op.f("fk_abonnement_bericht_abonnement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abonnement_bericht")),
        sa.UniqueConstraint("abonnement_id", "kenmerk", name=op.f("uq_abonnement_bericht_abonnement_id_kenmerk")),
    )
    op.create_table(
        "zaaksysteem_zaak",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("gevraagd", sa.Integer(), nullable=False),
        sa.Column("gebracht", sa.Integer(), nullable=False),
        sa.Column("adres", AutoString(length=1000), nullable=False),
        *_state("zaaksysteem_zaak", "registerstate", "wacht", "onderweg", "bij", "mislukt"),
        sa.Column("niet_voor", Moment(timezone=True), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("begonnen_op", Moment(timezone=True), nullable=True),
        sa.Column("bijgewerkt_op", Moment(timezone=True), nullable=True),
        sa.Column("fout", AutoString(length=300), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_zaaksysteem_zaak_zaak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zaaksysteem_zaak")),
        sa.UniqueConstraint("zaak_id", name=op.f("uq_zaaksysteem_zaak_zaak_id")),
    )
    for table, name, columns, rows in INDEXES:
        op.create_index(name, table, list(columns), sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))
    op.add_column(
        "logboek_dataverwerking", sa.Column("foreign_operation_processor", AutoString(length=500), nullable=True)
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"CREATE POLICY van_wie_vraagt ON {table} USING ({SEEN}) WITH CHECK ({SEEN})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("logboek_dataverwerking", "foreign_operation_processor")
    for table in reversed(TABLES):
        op.drop_table(table)
