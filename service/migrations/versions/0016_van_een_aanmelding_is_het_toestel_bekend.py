"""Van een aanmelding is bekend met welke browser zij begon, zodat iemand zijn eigen aanmeldingen herkent."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("websessie") as websessie:
        websessie.add_column(sa.Column("toestel", AutoString(length=60), nullable=False, server_default=""))
    with op.batch_alter_table("websessie") as websessie:
        websessie.alter_column("toestel", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("websessie") as websessie:
        websessie.drop_column("toestel")
