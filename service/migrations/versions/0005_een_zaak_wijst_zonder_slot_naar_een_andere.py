"""Een zaak wijst zonder vreemde sleutel naar een andere: een lading die zaken alleen opent, gaat niets na."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = ("ouder_id", "voorganger_id")


def upgrade() -> None:
    with op.batch_alter_table("zaak") as zaak:
        for column in COLUMNS:
            zaak.drop_constraint(f"fk_zaak_{column}", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("zaak") as zaak:
        for column in COLUMNS:
            zaak.create_foreign_key(f"fk_zaak_{column}", "zaak", [column], ["id"])
