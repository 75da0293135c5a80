"""De beginpagina zegt wat er gebeurde sinds iemand hier het laatst was."""

import sqlalchemy as sa
from alembic import op

from signals.base import Moment

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("gebruiker") as gebruiker:
        gebruiker.add_column(sa.Column("laatst_hier", Moment(timezone=True), nullable=True))
    with op.batch_alter_table("websessie") as websessie:
        websessie.add_column(sa.Column("vorige_keer", Moment(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("websessie") as websessie:
        websessie.drop_column("vorige_keer")
    with op.batch_alter_table("gebruiker") as gebruiker:
        gebruiker.drop_column("laatst_hier")
