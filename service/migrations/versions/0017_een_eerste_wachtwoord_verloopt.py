"""Een wachtwoord dat een ander gaf, geldt tot een dag; wie al een wachtwoord had, houdt het."""

import sqlalchemy as sa
from alembic import op

from signals.base import Moment

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("gebruiker") as gebruiker:
        gebruiker.add_column(sa.Column("wachtwoord_tot", Moment(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("gebruiker") as gebruiker:
        gebruiker.drop_column("wachtwoord_tot")
