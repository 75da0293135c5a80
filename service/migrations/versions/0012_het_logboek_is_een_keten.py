"""Wat in het logboek staat is gewaarmerkt en verandert niet meer; ernaast het Logboek Dataverwerkingen."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ADDED = {"trace_id": 32, "span_id": 16, "sleutel": 8, "waarmerk": 64}
KEPT = ("audit", "audit_zegel", "logboek_dataverwerking")
REFUSED = "in het logboek wordt alleen toegevoegd"
BY_PERSON = sa.text(
    "name <> 'lading_geladen' AND name <> 'lading_bevestigd' AND name <> 'lading_ongedaan_gemaakt' "
    "AND name <> 'nachttaak'"
)


def upgrade() -> None:
    for name, length in ADDED.items():
        op.add_column("audit", sa.Column(name, AutoString(length=length), nullable=True))
    op.create_index("uq_audit_span_id", "audit", ["span_id"], unique=True)
    op.create_table(
        "audit_zegel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("volgnummer", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("waarmerk", AutoString(length=64), nullable=False),
        sa.Column("sleutel", AutoString(length=8), nullable=False),
        sa.Column("keten", AutoString(length=64), nullable=False),
        sa.Column("verzegeld_op", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_zegel")),
        sa.UniqueConstraint("gemeentecode", "volgnummer", name=op.f("uq_audit_zegel_gemeentecode_volgnummer")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_zegel_audit_id")),
    )
    op.create_table(
        "logboek_dataverwerking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trace_id", AutoString(length=32), nullable=False),
        sa.Column("span_id", AutoString(length=16), nullable=False),
        sa.Column("parent_span_id", AutoString(length=16), nullable=True),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("name", AutoString(length=60), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=False),
        sa.Column("processing_activity_id", AutoString(length=200), nullable=False),
        sa.Column("data_subject_id", AutoString(length=64), nullable=True),
        sa.Column("data_subject_id_type", AutoString(length=20), nullable=True),
        sa.Column("gemeentecode", AutoString(length=4), nullable=True),
        sa.CheckConstraint(
            "status = 'Unset' OR status = 'Ok' OR status = 'Error'", name=op.f("ck_logboek_dataverwerking_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logboek_dataverwerking")),
    )
    op.create_index("ix_logboek_dataverwerking_trace_id", "logboek_dataverwerking", ["trace_id", "id"])
    op.create_index(
        "ix_logboek_dataverwerking_betrokkene",
        "logboek_dataverwerking",
        ["data_subject_id", "id"],
        sqlite_where=BY_PERSON,
        postgresql_where=BY_PERSON,
    )
    op.create_table(
        "logboek_aflevering",
        sa.Column("ontvanger", AutoString(length=200), nullable=False),
        sa.Column("zegel_id", sa.Integer(), nullable=False),
        sa.Column("regel_id", sa.Integer(), nullable=False),
        sa.Column("bijgewerkt_op", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ontvanger", name=op.f("pk_logboek_aflevering")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            for deed in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_geen_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION alleen_toevoegen() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_alleen_toevoegen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION alleen_toevoegen()"
        )


def downgrade() -> None:
    op.drop_table("logboek_aflevering")
    op.drop_table("logboek_dataverwerking")
    op.drop_table("audit_zegel")
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_geen_{deed}")
    else:
        op.execute("DROP TRIGGER audit_alleen_toevoegen ON audit")
        op.execute("DROP FUNCTION alleen_toevoegen()")
    op.drop_index("uq_audit_span_id", "audit")
    with op.batch_alter_table("audit") as entries:
        for name in ADDED:
            entries.drop_column(name)
