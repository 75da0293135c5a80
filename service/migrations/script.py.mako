"""${message}."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
${imports if imports else ""}

import signals.base

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None

STEP = "expand"  # or "contract", with WORKS_FROM: see CONTRIBUTING.md, Move the schema on


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
