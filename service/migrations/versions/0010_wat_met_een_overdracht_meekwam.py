"""Wat bij een overdracht meekwam, en op welke dag een brief anders is bekendgemaakt."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

import signals.base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ontvangen_stuk",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sleutel", AutoString(length=60), nullable=False),
        sa.Column("soort", AutoString(length=20), nullable=False),
        sa.Column("datum", sa.Date(), nullable=False),
        sa.Column("omschrijving", AutoString(length=300), nullable=False),
        sa.Column("regels", sa.JSON(), nullable=False),
        sa.Column("van_gemeente", AutoString(length=4), nullable=False),
        sa.Column("vastgelegd_door", AutoString(length=200), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("sha256", AutoString(length=64), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_ontvangen_stuk_zaak_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_ontvangen_stuk_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ontvangen_stuk")),
        sa.UniqueConstraint("zaak_id", "sleutel", name=op.f("uq_ontvangen_stuk_zaak_id_sleutel")),
    )
    with op.batch_alter_table("ontvangen_stuk") as part:
        part.create_index(op.f("ix_ontvangen_stuk_zaak_id"), ["zaak_id"], unique=False)
        part.create_index(op.f("ix_ontvangen_stuk_document_id"), ["document_id"], unique=False)
    op.add_column("brief", sa.Column("bekendgemaakt_op", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("brief") as letter:
        letter.drop_column("bekendgemaakt_op")
    op.drop_table("ontvangen_stuk")
