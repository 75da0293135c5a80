"""Lang werk buiten het verzoek: de tabel werk, en de staat aangeboden van een lading."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

import signals.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = ("gecontroleerd", "geladen", "geweigerd", "ongedaan_gemaakt")


def upgrade() -> None:
    _states("aangeboden", *_BEFORE)
    op.create_table(
        "werk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sleutel", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("soort", sa.String(length=60), nullable=False),
        sa.Column("ladingnummer", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("door", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("herkomst", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("gevraagd_op", signals.base.Moment(timezone=True), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("totaal", sa.Integer(), nullable=True),
        sa.Column("poging", sa.Integer(), nullable=False),
        sa.Column("uitvoerder", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("begonnen_op", signals.base.Moment(timezone=True), nullable=True),
        sa.Column("klaar_op", signals.base.Moment(timezone=True), nullable=True),
        sa.Column("foutzin", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bewijs", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.CheckConstraint(_one_of("soort", "controleren", "laden", "ongedaan_maken"), name=op.f("ck_werk_workkind")),
        sa.CheckConstraint(
            _one_of("staat", "wacht", "bezig", "klaar", "mislukt", "gestopt"), name=op.f("ck_werk_workstate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_werk")),
        sa.UniqueConstraint("sleutel", name=op.f("uq_werk_sleutel")),
    )
    with op.batch_alter_table("werk", schema=None) as batch_op:
        batch_op.create_index("ix_werk_ladingnummer", ["ladingnummer", "id"], unique=False)
        batch_op.create_index(
            "uq_werk_open",
            ["ladingnummer"],
            unique=True,
            sqlite_where=sa.text("staat = 'wacht' OR staat = 'bezig'"),
            postgresql_where=sa.text("staat = 'wacht' OR staat = 'bezig'"),
        )


def downgrade() -> None:
    op.drop_table("werk")
    op.execute(
        "UPDATE load SET status = 'geweigerd', reden = 'niet_gecontroleerd',"
        " uitleg = 'Deze lading is niet gecontroleerd.' WHERE status = 'aangeboden'"
    )
    _states(*_BEFORE)


def _states(*states: str) -> None:
    """What the state of a load may be."""
    with op.batch_alter_table("load", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_load_loadstatus"), type_="check")
        batch_op.create_check_constraint(op.f("ck_load_loadstatus"), _one_of("status", *states))


def _one_of(column: str, *values: str) -> str:
    return " OR ".join(f"{column} = '{value}'" for value in values)
