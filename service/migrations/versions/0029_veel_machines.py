"""Werk, klok en wachtrij zijn van alle machines samen."""

from contextlib import closing

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_BEFORE = ("controleren", "laden", "ongedaan_maken")
_ADDED = ("terugkoppeling", "pakket", "sleutels", "brieven", "vernietigen")


def upgrade() -> None:
    with op.batch_alter_table("werk", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gegevens", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("uitkomst", AutoString(length=100), nullable=True))
    _kinds(*_BEFORE, *_ADDED)
    op.create_table(
        "werk_teken",
        sa.Column("werk_id", sa.Integer(), nullable=False),
        sa.Column("uitvoerder", AutoString(length=40), nullable=True),
        sa.Column("gedaan", sa.Integer(), nullable=False),
        sa.Column("totaal", sa.Integer(), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("gezien_op", Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["werk_id"], ["werk.id"], name=op.f("fk_werk_teken_werk_id")),
        sa.PrimaryKeyConstraint("werk_id", name=op.f("pk_werk_teken")),
    )
    op.create_table(
        "werk_stop",
        sa.Column("werk_id", sa.Integer(), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("herkomst", AutoString(length=100), nullable=False),
        sa.ForeignKeyConstraint(["werk_id"], ["werk.id"], name=op.f("fk_werk_stop_werk_id")),
        sa.PrimaryKeyConstraint("werk_id", name=op.f("pk_werk_stop")),
    )
    op.create_table(
        "klokdag",
        sa.Column("taak", AutoString(length=60), nullable=False),
        sa.Column("dag", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("taak", name=op.f("pk_klokdag")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _make_queue()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _drop_queue()
    op.drop_table("klokdag")
    op.drop_table("werk_stop")
    op.drop_table("werk_teken")
    op.execute(f"DELETE FROM werk WHERE {_one_of(*_ADDED)}")  # noqa: S608  # nosec B608  # words of our own
    _kinds(*_BEFORE)
    with op.batch_alter_table("werk", schema=None) as batch_op:
        batch_op.drop_column("uitkomst")
        batch_op.drop_column("gegevens")


def _make_queue() -> None:
    """The tables and functions of Procrastinate, as the installed package brings them.

    They are made by the owner, so `grant` gives the role of the service what it gives of every table. No municipality
    owns a row: a job holds the number of a piece of work and nothing else. A version of the package with another
    schema asks for a migration of its own, which takes that package's steps where they were not taken yet.
    """
    from procrastinate.schema import SchemaManager  # here: nobody else who migrates needs it

    # The driver's own cursor: with parameters, even none, it would look for them in the text of the functions.
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(SchemaManager.get_schema())


def _drop_queue() -> None:
    op.execute(
        """
        DO $$
        DECLARE made record;
        BEGIN
            FOR made IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate%'
                AND relnamespace = current_schema()::regnamespace
            LOOP EXECUTE format('DROP TABLE %I CASCADE', made.relname); END LOOP;
            FOR made IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate%'
                AND pronamespace = current_schema()::regnamespace
            LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', made.name); END LOOP;
            FOR made IN SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate%'
                AND typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'c')
            LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', made.typname); END LOOP;
        END $$
        """
    )


def _kinds(*kinds: str) -> None:
    """What work may be."""
    with op.batch_alter_table("werk", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_werk_workkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_werk_workkind"), _one_of(*kinds))


def _one_of(*kinds: str) -> str:
    return " OR ".join(f"soort = '{kind}'" for kind in kinds)
