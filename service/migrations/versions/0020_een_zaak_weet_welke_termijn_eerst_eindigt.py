"""Lijsten staan op volgorde van wat het eerst moet; die termijn staat nu bij de zaak, met een index erop."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NEVER = "9999-12-31"
RUNS = (
    "loopt.zaak_id = zaak.id AND loopt.beeindigd_op IS NULL AND (loopt.term NOT IN"
    " ('richtlijn_onderzoek', 'inlichtingen_huisbezoek', 'afronding')"
    " OR zaak.aangehouden_sinds IS NULL OR zaak.aangehouden_sinds > loopt.einde)"
)
ENDS = f"""UPDATE zaak SET eerste_termijn_tot = {{least}}(
    coalesce((SELECT min(loopt.einde) FROM termijn loopt WHERE {RUNS}), {{never}}),
    coalesce(eerste_antwoord_voor, {{never}}), coalesce(resultaat_voor, {{never}}))"""  # noqa: S608  # nosec B608
NAMES = f"""UPDATE zaak SET eerste_termijn = (SELECT min(naam) FROM (
    SELECT loopt.term AS naam FROM termijn loopt WHERE {RUNS} AND loopt.einde = zaak.eerste_termijn_tot
    UNION ALL SELECT CASE zaak.grondslag WHEN 'LAA_2_37' THEN 'laa_eerste_antwoord' ELSE 'tmv_reactie' END
        WHERE zaak.eerste_antwoord_voor = zaak.eerste_termijn_tot
    UNION ALL SELECT 'laa_resultaat' WHERE zaak.resultaat_voor = zaak.eerste_termijn_tot) AS eerst)
    WHERE eerste_termijn_tot <> {{never}}"""  # noqa: S608  # nosec B608

BY_TERM = ["eerste_termijn_tot", "id"]
INDEXES = (
    ("ix_zaak_behandelaar", ["behandelaar", *BY_TERM], "behandelaar IS NOT NULL"),
    ("ix_zaak_toegewezen", ["gemeentecode", *BY_TERM], "behandelaar IS NOT NULL"),
    ("ix_zaak_vrij", ["gemeentecode", *BY_TERM], "behandelaar IS NULL"),
    ("ix_zaak_postcode", ["postcode", "huisnummer"], ""),
    ("ix_zaak_geboortedatum", ["geboortedatum"], ""),
)


def upgrade() -> None:
    op.add_column("zaak", sa.Column("eerste_termijn", sa.String(60), nullable=True))
    op.add_column("zaak", sa.Column("eerste_termijn_tot", sa.Date(), nullable=False, server_default=NEVER))
    sqlite = op.get_bind().dialect.name == "sqlite"
    words = {"least": "min" if sqlite else "least", "never": f"'{NEVER}'" if sqlite else f"DATE '{NEVER}'"}
    op.execute(ENDS.format(**words))
    op.execute(NAMES.format(**words))
    op.drop_index("ix_zaak_behandelaar", "zaak")
    for name, columns, of in INDEXES:
        chosen = sa.text(of) if of else None
        op.create_index(name, "zaak", columns, sqlite_where=chosen, postgresql_where=chosen)


def downgrade() -> None:
    for name, _, _ in INDEXES:
        op.drop_index(name, "zaak")
    filled = sa.text("behandelaar IS NOT NULL")
    op.create_index("ix_zaak_behandelaar", "zaak", ["behandelaar"], sqlite_where=filled, postgresql_where=filled)
    with op.batch_alter_table("zaak") as zaak:
        zaak.drop_column("eerste_termijn_tot")
        zaak.drop_column("eerste_termijn")
