"""Het logboek is te lezen per dag, per handeling en per gemeente; een zaak vindt de bezoeken aan haar adres."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_actie", "audit", ["actie", "id"])
    op.create_index("ix_audit_gemeente", "audit", ["gemeentecode", "tijdstip"])
    op.create_index("ix_bezoek_adres", "bezoek", ["gemeentecode", "adressleutel"])


def downgrade() -> None:
    op.drop_index("ix_bezoek_adres", table_name="bezoek")
    op.drop_index("ix_audit_gemeente", table_name="audit")
    op.drop_index("ix_audit_actie", table_name="audit")
