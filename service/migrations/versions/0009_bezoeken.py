"""Huisbezoeken zijn te plannen, met een verslag dat er een keer komt, en wat daarvan niet vanzelf een plek kreeg."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STANDS = sa.text("status = 'gepland' OR status = 'afgelegd'")
TEXTS = {
    "tijdvak": 40,
    "veiligheid": 30,
    "wie_opende": 200,
    "gezien_binnen": None,
    "verklaringen": None,
    "documenten_gezien": None,
    "anderen_aangetroffen": None,
    "vervolg": None,
}


def upgrade() -> None:
    op.create_table(
        "bezoek",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("reden_vervallen", AutoString(), nullable=False),
        sa.Column("dag", sa.Date(), nullable=False),
        sa.Column("begin", sa.Time(), nullable=False),
        sa.Column("einde", sa.Time(), nullable=False),
        sa.Column("straatnaam", AutoString(length=80), nullable=False),
        sa.Column("huisnummer", sa.Integer(), nullable=False),
        sa.Column("huisletter", AutoString(length=1), nullable=False),
        sa.Column("huisnummertoevoeging", AutoString(length=4), nullable=False),
        sa.Column("postcode", AutoString(length=6), nullable=False),
        sa.Column("woonplaats", AutoString(length=80), nullable=False),
        sa.Column("adressleutel", AutoString(length=200), nullable=False),
        sa.Column("bezoekers", sa.JSON(), nullable=False),
        sa.Column("veiligheid", AutoString(length=30), nullable=False),
        sa.Column("veiligheid_toelichting", AutoString(), nullable=False),
        sa.Column("opmerking", AutoString(), nullable=False),
        sa.Column("gepland_door", AutoString(length=200), nullable=False),
        sa.Column("gepland_op", Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status = 'gepland' OR status = 'afgelegd' OR status = 'vervallen'", name=op.f("ck_bezoek_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bezoek")),
    )
    op.create_index(
        "uq_bezoek_tijdvak",
        "bezoek",
        ["gemeentecode", "adressleutel", "dag", "begin"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_index("ix_bezoek_dag", "bezoek", ["gemeentecode", "dag"])
    op.create_table(
        "bezoekverslag",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kenmerk", AutoString(length=36), nullable=False),
        sa.Column("bezoek_id", sa.Integer(), nullable=False),
        sa.Column("sha256", AutoString(length=64), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("ontvangen_op", Moment(timezone=True), nullable=False),
        sa.Column("antwoord", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["bezoek_id"], ["bezoek.id"], name=op.f("fk_bezoekverslag_bezoek_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bezoekverslag")),
        sa.UniqueConstraint("gemeentecode", "kenmerk", name=op.f("uq_bezoekverslag_gemeentecode_kenmerk")),
    )
    op.create_index(op.f("ix_bezoekverslag_bezoek_id"), "bezoekverslag", ["bezoek_id"])
    op.create_table(
        "bezoekverslag_rest",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", Moment(timezone=True), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verslag_id", sa.Integer(), nullable=False),
        sa.Column("gegevens", sa.JSON(), nullable=False),
        sa.Column("reden", AutoString(), nullable=False),
        sa.Column("afgehandeld_op", sa.Date(), nullable=True),
        sa.Column("afgehandeld_door", AutoString(length=200), nullable=True),
        sa.Column("afhandeling", AutoString(length=20), nullable=True),
        sa.Column("toelichting", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_bezoekverslag_rest_zaak_id")),
        sa.ForeignKeyConstraint(["verslag_id"], ["bezoekverslag.id"], name=op.f("fk_bezoekverslag_rest_verslag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bezoekverslag_rest")),
    )
    op.create_index(op.f("ix_bezoekverslag_rest_verslag_id"), "bezoekverslag_rest", ["verslag_id"])
    op.create_index(op.f("ix_bezoekverslag_rest_zaak_id"), "bezoekverslag_rest", ["zaak_id"])
    op.create_table(
        "zorgsignaal",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bezoek_id", sa.Integer(), nullable=False),
        sa.Column("verslag_id", sa.Integer(), nullable=False),
        sa.Column("waarheen", AutoString(length=500), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["bezoek_id"], ["bezoek.id"], name=op.f("fk_zorgsignaal_bezoek_id")),
        sa.ForeignKeyConstraint(["verslag_id"], ["bezoekverslag.id"], name=op.f("fk_zorgsignaal_verslag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zorgsignaal")),
    )
    op.create_index(op.f("ix_zorgsignaal_bezoek_id"), "zorgsignaal", ["bezoek_id"])
    op.create_index(op.f("ix_zorgsignaal_verslag_id"), "zorgsignaal", ["verslag_id"])
    with op.batch_alter_table("huisbezoek") as visit:
        visit.add_column(sa.Column("bezoek_id", sa.Integer(), nullable=True))
        visit.add_column(sa.Column("kaart_achtergelaten", sa.Boolean(), nullable=True))
        for name, length in TEXTS.items():
            visit.add_column(sa.Column(name, AutoString(length=length), nullable=False, server_default=""))
        visit.create_foreign_key(op.f("fk_huisbezoek_bezoek_id"), "bezoek", ["bezoek_id"], ["id"])
        visit.create_index(op.f("ix_huisbezoek_bezoek_id"), ["bezoek_id"])
    with op.batch_alter_table("huisbezoek") as visit:
        for name in TEXTS:
            visit.alter_column(name, server_default=None)
    with op.batch_alter_table("gebruiker") as user:
        user.add_column(sa.Column("pasnummer", AutoString(length=20), nullable=False, server_default=""))
    with op.batch_alter_table("gebruiker") as user:
        user.alter_column("pasnummer", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("gebruiker") as user:
        user.drop_column("pasnummer")
    with op.batch_alter_table("huisbezoek") as visit:
        visit.drop_index(op.f("ix_huisbezoek_bezoek_id"))
        visit.drop_constraint(op.f("fk_huisbezoek_bezoek_id"), type_="foreignkey")
        for name in ("bezoek_id", "kaart_achtergelaten", *TEXTS):
            visit.drop_column(name)
    op.drop_table("zorgsignaal")
    op.drop_table("bezoekverslag_rest")
    op.drop_table("bezoekverslag")
    op.drop_table("bezoek")
