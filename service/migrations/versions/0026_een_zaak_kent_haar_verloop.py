"""Een zaak onthoudt haar verloop in data; cijfers lezen dan niet meer elke stap van elke zaak."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# As in 0014, of which nothing changes any more.
SEEN = (
    "(SELECT current_setting('rni.codes', true) = '*')"
    " OR gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"
)
DAYS = (
    "laatste_stap_op",
    "fase_sinds",
    "aangehouden_vanaf",
    "eerst_afgesloten_op",
    "laatst_afgesloten_op",
    "beantwoord_op",
    "onderzoek_begon_op",
    "heropend_op",
)
IN_ORDER = "OVER (PARTITION BY zaak_id ORDER BY volgnummer)"
STAYS = """
INSERT INTO verblijf (zaak_id, gemeentecode, soort, tot, dagen)
SELECT zaak_id, gemeentecode, soort, tot, {days} FROM (
    SELECT zaak_id, gemeentecode, {soort} AS soort, telt, vastgelegd_op AS vanaf, lead(vastgelegd_op) {order} AS tot
    FROM (SELECT gebeurtenis.*, {counts} AS telt, lag({column}) {order} AS vorige FROM gebeurtenis) AS stappen
    WHERE vorige IS NULL OR vorige <> {column}) AS verblijven
WHERE telt AND tot IS NOT NULL"""
COURSE = f"""
UPDATE zaak SET {", ".join(f"{name} = verloop.{name}" for name in DAYS)}, had_resultaat = verloop.had_resultaat
FROM (
    SELECT zaak_id,
        max(vastgelegd_op) AS laatste_stap_op,
        max(CASE WHEN vorige_fase <> naar THEN vastgelegd_op END) AS fase_sinds,
        CASE WHEN max(CASE WHEN aangehouden THEN volgnummer END) = max(volgnummer) THEN
            max(CASE WHEN aangehouden AND NOT coalesce(was_aangehouden, {{no}}) THEN vastgelegd_op END)
            END AS aangehouden_vanaf,
        min(CASE WHEN sluit = 1 THEN vastgelegd_op END) AS eerst_afgesloten_op,
        max(CASE WHEN sluit = 1 THEN vastgelegd_op END) AS laatst_afgesloten_op,
        min(CASE WHEN sluit = 1 AND resultaat IN ({{answering}}) THEN vastgelegd_op END) AS beantwoord_op,
        min(CASE WHEN stap = 'start_onderzoek' AND gesloten = 0 THEN datum_eerste_antwoord END) AS onderzoek_begon_op,
        min(CASE WHEN vorig_resultaat IS NOT NULL AND resultaat IS NULL THEN vastgelegd_op END) AS heropend_op,
        coalesce(max(CASE WHEN resultaat IS NOT NULL THEN volgnummer END) = max(volgnummer), {{no}}) AS had_resultaat
    FROM (SELECT stappen.*, sum(sluit) {IN_ORDER} AS gesloten FROM (
        SELECT gebeurtenis.*,
            lag(naar) {IN_ORDER} AS vorige_fase,
            lag(aangehouden) {IN_ORDER} AS was_aangehouden,
            lag(resultaat) {IN_ORDER} AS vorig_resultaat,
            CASE WHEN naar = 'afgesloten' AND coalesce(van, '') NOT IN ('afgesloten', 'bezwaar') THEN 1 ELSE 0 END
                AS sluit
        FROM gebeurtenis) AS stappen) AS stappen
    GROUP BY zaak_id) AS verloop
WHERE verloop.zaak_id = zaak.id"""  # noqa: S608  # nosec B608  # of names that stand above
# The outcomes that answer, as they were when this was released.
ANSWERING = (
    "aangifte_gedaan",
    "ambtshalve_ingeschreven",
    "briefadres",
    "buiten_aangifteplicht",
    "buitenland_of_te_kort",
    "niet_vastgesteld",
    "onbekend_op_adres",
    "overleden",
    "reeds_ingezetene",
)


def upgrade() -> None:
    for name in DAYS:
        op.add_column("zaak", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("zaak", sa.Column("had_resultaat", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "verblijf",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gemeentecode", AutoString(length=4), nullable=False),
        sa.Column("zaak_id", sa.Integer(), nullable=False),
        sa.Column("soort", AutoString(length=20), nullable=False),
        sa.Column("tot", sa.Date(), nullable=False),
        sa.Column("dagen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verblijf")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    days = "CAST(julianday(tot) - julianday(vanaf) AS INTEGER)" if sqlite else "tot - vanaf"
    phases = {"soort": "naar", "column": "naar", "counts": "naar <> 'afgesloten'"}
    holds = {"soort": "'aangehouden'", "column": "aangehouden", "counts": "aangehouden"}
    for runs in (phases, holds):
        op.execute(STAYS.format(days=days, order=IN_ORDER, **runs))
    answering = ", ".join(f"'{outcome}'" for outcome in ANSWERING)
    op.execute(COURSE.format(answering=answering, no="0" if sqlite else "false"))
    stepped = sa.text("laatste_stap_op IS NOT NULL")
    op.create_index(
        "ix_zaak_laatste_stap_op", "zaak", ["laatste_stap_op"], sqlite_where=stepped, postgresql_where=stepped
    )
    op.create_index("ix_verblijf_tot", "verblijf", ["tot", "zaak_id", "soort", "dagen"])
    if not sqlite:
        op.execute(f"CREATE POLICY van_wie_vraagt ON verblijf USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute("ALTER TABLE verblijf ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE verblijf FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table("verblijf")
    op.drop_index("ix_zaak_laatste_stap_op", "zaak")
    with op.batch_alter_table("zaak") as zaak:
        for name in (*DAYS, "had_resultaat"):
            zaak.drop_column(name)
