"""Wat zijn bewaartermijn had, wordt vernietigd: lijsten, bewaarplichten, verklaringen, en een log dat verloopt."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from signals.base import Moment

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)
OWNED = ("vernietigingslijst", "vernietigingsregel", "bewaarplicht", "verklaring_van_vernietiging")
COUNTS = {
    "load": ("signalen_vernietigd", "wijzigingen_vernietigd", "zaken_vernietigd"),
    "opbrengst_load": ("opbrengsten_vernietigd",),
    "terugkoppeling": ("regels_vernietigd",),
}
DAYS = {
    "load": "bestand_vernietigd_op",
    "opbrengst_load": "bestand_vernietigd_op",
    "terugkoppeling": "bestanden_vernietigd_op",
    "signal": "feiten_vernietigd_op",
}
FINAL = "een verklaring van vernietiging verandert niet"
ADDED_ONLY = "in het logboek wordt alleen toegevoegd"
YEARS = "20 years"
# By table when a row is too young to go (Wet BRP 3.11), as SQLite says it; PostgreSQL asks it once, in DESTROY_LOG.
YOUNG = {
    "audit": f"OLD.tijdstip > datetime('now', '-{YEARS}')",
    "audit_zegel": f"OLD.verzegeld_op > datetime('now', '-{YEARS}')",
    "logboek_dataverwerking": f"OLD.start_time > CAST(strftime('%s', 'now', '-{YEARS}') AS INTEGER) * 1000",
}
# Only within that function, which may not be called by just anybody.
NOT_DESTROYING = "current_setting('rni.vernietigt', true) IS DISTINCT FROM 'logboek'"
DESTROY_LOG = f"""
CREATE FUNCTION vernietig_logboek(code varchar, tot integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE weg integer;
BEGIN
    IF EXISTS (
        SELECT FROM audit_zegel LEFT JOIN audit ON audit.id = audit_zegel.audit_id
        WHERE audit_zegel.gemeentecode = code AND audit_zegel.volgnummer <= tot AND (
            audit.tijdstip > now() - interval '{YEARS}' OR audit_zegel.verzegeld_op > now() - interval '{YEARS}')
    ) THEN
        RAISE EXCEPTION '{ADDED_ONLY}';
    END IF;
    PERFORM set_config('rni.vernietigt', 'logboek', true);
    DELETE FROM logboek_dataverwerking USING audit, audit_zegel
        WHERE audit_zegel.gemeentecode = code AND audit_zegel.volgnummer <= tot AND audit.id = audit_zegel.audit_id
        AND logboek_dataverwerking.trace_id = audit.trace_id
        AND (logboek_dataverwerking.span_id = audit.span_id OR logboek_dataverwerking.parent_span_id = audit.span_id);
    DELETE FROM audit USING audit_zegel
        WHERE audit_zegel.gemeentecode = code AND audit_zegel.volgnummer <= tot AND audit.id = audit_zegel.audit_id;
    GET DIAGNOSTICS weg = ROW_COUNT;
    DELETE FROM audit_zegel WHERE gemeentecode = code AND volgnummer <= tot;
    PERFORM set_config('rni.vernietigt', '', true);
    RETURN weg;
END $$"""  # noqa: S608  # nosec B608  # of constants that stand above


def upgrade() -> None:
    _tables()
    for table, names in COUNTS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for table, name in DAYS.items():
        op.add_column(table, sa.Column(name, sa.Date(), nullable=True))
    closed = sa.text("fase = 'afgesloten'")
    op.create_index(
        "ix_zaak_afgesloten", "zaak", ["gemeentecode", "fase_sinds"], sqlite_where=closed, postgresql_where=closed
    )
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER verklaring_van_vernietiging_geen_{deed.lower()} BEFORE {deed} "
                f"ON verklaring_van_vernietiging BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
            )
        for table, young in YOUNG.items():
            op.execute(f"DROP TRIGGER {table}_geen_delete")
            op.execute(
                f"CREATE TRIGGER {table}_geen_delete BEFORE DELETE ON {table} WHEN {young} "
                f"BEGIN SELECT RAISE(ABORT, '{ADDED_ONLY}'); END"
            )
        return
    for table in OWNED:
        op.execute(f"CREATE POLICY van_wie_vraagt ON {table} USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE FUNCTION verklaring_blijft() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{FINAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER verklaring_van_vernietiging_blijft BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON verklaring_van_vernietiging FOR EACH STATEMENT EXECUTE FUNCTION verklaring_blijft()"
    )
    for table in YOUNG:
        op.execute(f"DROP TRIGGER {table}_alleen_toevoegen ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_alleen_toevoegen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT WHEN ({NOT_DESTROYING}) EXECUTE FUNCTION alleen_toevoegen()"
        )
    op.execute(DESTROY_LOG)
    op.execute("REVOKE ALL ON FUNCTION vernietig_logboek(varchar, integer) FROM PUBLIC")


def _tables() -> None:
    op.create_table(
        "vernietigingslijst",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("nummer", AutoString(length=20), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("soort", sa.String(length=60), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("termijn", sa.Integer(), nullable=False),
        sa.Column("termijn_besluit", AutoString(length=300), nullable=False),
        sa.Column("herhaling_van", AutoString(length=20), nullable=False),
        sa.Column("voorgesteld_op", Moment(timezone=True), nullable=False),
        sa.Column("voorgesteld_door", AutoString(length=200), nullable=False),
        sa.Column("goedgekeurd_op", Moment(timezone=True), nullable=True),
        sa.Column("goedgekeurd_door", AutoString(length=200), nullable=True),
        sa.Column("uitgevoerd_door", AutoString(length=200), nullable=True),
        sa.Column("begonnen_op", Moment(timezone=True), nullable=True),
        sa.Column("ruimte_gewist_op", Moment(timezone=True), nullable=True),
        sa.Column("uitgevoerd_op", Moment(timezone=True), nullable=True),
        sa.Column("ingetrokken_op", Moment(timezone=True), nullable=True),
        sa.Column("ingetrokken_door", AutoString(length=200), nullable=True),
        sa.Column("reden_intrekking", AutoString(length=500), nullable=False),
        sa.CheckConstraint(
            "soort = 'dossiers' OR soort = 'signaalgegevens' OR soort = 'bestanden' OR soort = 'logboek'",
            name=op.f("ck_vernietigingslijst_soort"),
        ),
        sa.CheckConstraint(
            "staat = 'voorgesteld' OR staat = 'goedgekeurd' OR staat = 'in_uitvoering' OR staat = 'uitgevoerd'"
            " OR staat = 'ingetrokken'",
            name=op.f("ck_vernietigingslijst_lijststaat"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vernietigingslijst")),
        sa.UniqueConstraint("nummer", name=op.f("uq_vernietigingslijst_nummer")),
    )
    op.create_index(op.f("ix_vernietigingslijst_staat"), "vernietigingslijst", ["staat"])
    op.create_table(
        "vernietigingsregel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("lijst_id", sa.Integer(), nullable=False),
        sa.Column("object", AutoString(length=20), nullable=False),
        sa.Column("nummer", AutoString(length=40), nullable=False),
        sa.Column("sinds", sa.Date(), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("staat", sa.String(length=60), nullable=False),
        sa.Column("reden", AutoString(length=500), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=True),
        sa.Column("gewijzigd_op", Moment(timezone=True), nullable=True),
        sa.Column("rijen", sa.Integer(), nullable=False),
        sa.Column("bestanden", sa.Integer(), nullable=False),
        sa.Column("signalen", sa.JSON(), nullable=False),
        sa.Column("in_journaal", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "staat = 'op_lijst' OR staat = 'weggelaten' OR staat = 'afgevallen' OR staat = 'vernietigd'",
            name=op.f("ck_vernietigingsregel_regelstaat"),
        ),
        sa.ForeignKeyConstraint(["lijst_id"], ["vernietigingslijst.id"], name=op.f("fk_vernietigingsregel_lijst_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vernietigingsregel")),
        sa.UniqueConstraint("lijst_id", "object", "nummer", name=op.f("uq_vernietigingsregel_lijst_id_object_nummer")),
    )
    op.create_index(op.f("ix_vernietigingsregel_lijst_id"), "vernietigingsregel", ["lijst_id"])
    for name, columns, rows, unique in (
        ("uq_vernietigingsregel_open", ["object", "nummer"], "staat = 'op_lijst'", True),
        (
            "ix_vernietigingsregel_zaken",
            ["gemeentecode", "sinds"],
            "staat = 'vernietigd' AND object = 'zaak'",
            False,
        ),
        ("ix_vernietigingsregel_journaal", ["id"], "staat = 'vernietigd' AND NOT in_journaal", False),
    ):
        some = sa.text(rows)
        op.create_index(name, "vernietigingsregel", columns, unique=unique, sqlite_where=some, postgresql_where=some)
    op.create_table(
        "bewaarplicht",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("vastgelegd_op", sa.Date(), nullable=False),
        sa.Column("tijdstip", Moment(timezone=True), nullable=False),
        sa.Column("door", AutoString(length=200), nullable=False),
        sa.Column("reden", AutoString(length=500), nullable=False),
        sa.Column("opgeheven_op", sa.Date(), nullable=True),
        sa.Column("opgeheven_door", AutoString(length=200), nullable=True),
        sa.Column("reden_opheffing", AutoString(length=500), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("fk_bewaarplicht_zaak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bewaarplicht")),
    )
    op.create_index(op.f("ix_bewaarplicht_zaak_id"), "bewaarplicht", ["zaak_id"])
    stands = sa.text("opgeheven_op IS NULL")
    op.create_index("ix_bewaarplicht_staat", "bewaarplicht", ["zaak_id"], sqlite_where=stands, postgresql_where=stands)
    op.create_table(
        "verklaring_van_vernietiging",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("nummer", AutoString(length=20), nullable=False),
        sa.Column("lijst_id", sa.Integer(), nullable=False),
        sa.Column("opgemaakt_op", Moment(timezone=True), nullable=False),
        sa.Column("inhoud", sa.JSON(), nullable=False),
        sa.Column("sha256", AutoString(length=64), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lijst_id"], ["vernietigingslijst.id"], name=op.f("fk_verklaring_van_vernietiging_lijst_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verklaring_van_vernietiging")),
        sa.UniqueConstraint("lijst_id", name=op.f("uq_verklaring_van_vernietiging_lijst_id")),
        sa.UniqueConstraint("nummer", name=op.f("uq_verklaring_van_vernietiging_nummer")),
    )
    op.create_table(
        "te_wissen_bestand",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lijst_id", sa.Integer(), nullable=True),
        sa.Column("pad", AutoString(length=300), nullable=False),
        sa.Column("sinds", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_te_wissen_bestand")),
    )
    op.create_index(op.f("ix_te_wissen_bestand_lijst_id"), "te_wissen_bestand", ["lijst_id"])
    op.create_table(
        "audit_beginpunt",
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("volgnummer", sa.Integer(), nullable=False),
        sa.Column("keten", AutoString(length=64), nullable=False),
        sa.Column("tot", sa.Date(), nullable=False),
        sa.Column("regels", sa.Integer(), nullable=False),
        sa.Column("sleutel", AutoString(length=8), nullable=False),
        sa.Column("waarmerk", AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("gemeentecode", name=op.f("pk_audit_beginpunt")),
    )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in YOUNG:
        if sqlite:
            op.execute(f"DROP TRIGGER {table}_geen_delete")
            op.execute(
                f"CREATE TRIGGER {table}_geen_delete BEFORE DELETE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{ADDED_ONLY}'); END"
            )
        else:
            op.execute(f"DROP TRIGGER {table}_alleen_toevoegen ON {table}")
            op.execute(
                f"CREATE TRIGGER {table}_alleen_toevoegen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION alleen_toevoegen()"
            )
    if not sqlite:
        op.execute("DROP FUNCTION vernietig_logboek(varchar, integer)")
    for name in ("audit_beginpunt", "te_wissen_bestand", *reversed(OWNED)):
        op.drop_table(name)
    if not sqlite:
        op.execute("DROP FUNCTION verklaring_blijft()")
    op.drop_index("ix_zaak_afgesloten", "zaak")
    for table, names in COUNTS.items():
        with op.batch_alter_table(table) as columns:
            for name in names:
                columns.drop_column(name)
    for table, name in DAYS.items():
        with op.batch_alter_table(table) as columns:
            columns.drop_column(name)
