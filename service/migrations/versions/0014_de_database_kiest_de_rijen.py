"""PostgreSQL kiest zelf de rijen van wie erom vraagt; SQLite kent dat niet."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OF_A_MUNICIPALITY = (
    "aangifte", "bezoek", "bezoekverslag", "bezoekverslag_rest", "bezwaar", "bijvangst", "brief", "brief_bestand",
    "bron", "contact", "document", "gebeurtenis", "huisbezoek", "inlichtingenverzoek", "klaargezette_brief",
    "leerpunt", "ontvangen_stuk", "taak", "termijn", "terugbelverzoek", "walaa_vastlegging", "zaak", "zaak_adres",
    "zaak_signaal", "zorgsignaal",
)  # fmt: skip
OF_UWV = ("signal", "signal_change", "terugkoppeling_regel")
"""Of a municipality; the liaison sees every row."""
OF_UWV_ALONE = ("rejected_row", "terugkoppeling_bestand", "opbrengst", "opbrengst_load")
"""Of no municipality: what was delivered and told as a whole."""

# Within a SELECT of its own it is worked out once for a statement, not for every row.
EVERY_ROW = "(SELECT current_setting('rni.codes', true) = '*')"
ALL_OF_UWV = "(SELECT current_setting('rni.signals', true) = 'on')"
OWN = "gemeentecode = ANY ((SELECT string_to_array(current_setting('rni.codes', true), ','))::varchar[])"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for tables, seen, written in (
        (OF_A_MUNICIPALITY, f"{EVERY_ROW} OR {OWN}", f"{EVERY_ROW} OR {OWN}"),
        (OF_UWV, f"{EVERY_ROW} OR {ALL_OF_UWV} OR {OWN}", f"{EVERY_ROW} OR {OWN}"),
        (OF_UWV_ALONE, f"{EVERY_ROW} OR {ALL_OF_UWV}", EVERY_ROW),
    ):
        for table in tables:
            op.execute(f"CREATE POLICY van_wie_vraagt ON {table} USING ({seen}) WITH CHECK ({written})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")  # for their owner too


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in (*OF_A_MUNICIPALITY, *OF_UWV, *OF_UWV_ALONE):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY van_wie_vraagt ON {table}")
