"""Het logboek vindt in een gemeente wie iets deed en wat er is gedaan, zonder er alle regels van te lezen."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_gemeente_actor", "audit", ["gemeentecode", "actor", "tijdstip"])
    op.create_index("ix_audit_gemeente_actie", "audit", ["gemeentecode", "actie", "tijdstip"])


def downgrade() -> None:
    op.drop_index("ix_audit_gemeente_actie", table_name="audit")
    op.drop_index("ix_audit_gemeente_actor", table_name="audit")
