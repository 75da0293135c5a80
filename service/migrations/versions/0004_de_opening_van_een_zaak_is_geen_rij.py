"""De opening van een zaak door een lading is geen rij van haar eigen voor er iets in gebeurt."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SETTLE = (
    """
    INSERT INTO gebeurtenis (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, volgnummer, stap, naar, rol,
        grondslag, procedure, gegevens, aangehouden, afgeleid)
    SELECT zaak.id, zaak.gemeentecode, zaak.geopend_op, load.geladen_op, load.door, 1, 'ontvang_signaal', 'ontvangen',
        'systeem', 'Wet BRP 2.37d; Circulaire 3.2', '2026-1', '{}', false, false
    FROM zaak JOIN load ON load.id = zaak.lading_id ORDER BY zaak.id
    """,
    """
    INSERT INTO zaak_signaal (zaak_id, gemeentecode, signal_id, vanaf, actueel, aangesloten, intrekking_telt)
    SELECT id, gemeentecode, eerste_signaal_id, geopend_op, true, false, false
    FROM zaak WHERE lading_id IS NOT NULL ORDER BY id
    """,
    "UPDATE zaak SET lading_id = NULL WHERE lading_id IS NOT NULL",
)
"""Makes rows of every opening that is none, as this release means it: procedure 2026-1."""


def upgrade() -> None:
    """The openings that are rows stay rows, as those of any case in which something happened."""
    op.add_column("zaak", sa.Column("lading_id", sa.Integer(), nullable=True))
    op.create_index("ix_zaak_eerste_signaal_id", "zaak", ["eerste_signaal_id"])
    _index_of_load("brin")


def downgrade() -> None:
    for statement in SETTLE:
        op.execute(statement)
    _index_of_load("btree")
    op.drop_index("ix_zaak_eerste_signaal_id", "zaak")
    op.drop_column("zaak", "lading_id")


def _index_of_load(kind: str) -> None:
    """Only PostgreSQL has more than one kind."""
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("ix_signal_load_regel", "signal")
        op.create_index("ix_signal_load_regel", "signal", ["load_id", "regel"], postgresql_using=kind)
