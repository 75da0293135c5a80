"""Van een lading is bekend of iemand haar voor de eigen gemeente laadde; van een van voor deze stap geldt: voor UWV."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("load") as load:
        load.add_column(sa.Column("door_gemeente", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("load") as load:
        load.alter_column("door_gemeente", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("load") as load:
        load.drop_column("door_gemeente")
