"""Een document in een dossier heeft een inhoud: waar die ligt, wat het is, en of er gegevens van anderen in staan."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = ("derden", "bestand", "bestandsnaam", "mediatype", "omvang")


def upgrade() -> None:
    with op.batch_alter_table("document") as document:
        document.add_column(sa.Column("derden", sa.Boolean(), nullable=False, server_default=sa.false()))
        document.add_column(sa.Column("bestand", AutoString(length=100), nullable=True))
        document.add_column(sa.Column("bestandsnaam", AutoString(length=255), nullable=True))
        document.add_column(sa.Column("mediatype", AutoString(length=100), nullable=True))
        document.add_column(sa.Column("omvang", sa.Integer(), nullable=True))
        document.create_unique_constraint("uq_document_zaak_id_sha256", ["zaak_id", "sha256"])
    with op.batch_alter_table("document") as document:
        document.alter_column("derden", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("document") as document:
        document.drop_constraint("uq_document_zaak_id_sha256", type_="unique")
        for column in COLUMNS:
            document.drop_column(column)
