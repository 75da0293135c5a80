"""Een lading schrijft weinig rijen en weinig indexregels."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from alembic.operations import BatchOperations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PHASES = (
    "ontvangen",
    "vooronderzoek",
    "aanschrijving",
    "inlichtingen",
    "huisbezoek",
    "voornemen",
    "besluit",
    "afgesloten",
    "bezwaar",
)
OUTCOMES = (
    "aangifte_gedaan",
    "ambtshalve_ingeschreven",
    "briefadres",
    "elders_ingeschreven",
    "andere_gemeente",
    "niet_vastgesteld",
    "buitenland_of_te_kort",
    "onbekend_op_adres",
    "buiten_aangifteplicht",
    "overleden",
    "reeds_ingezetene",
    "niet_opgepakt",
    "ingetrokken",
)
ANSWERS = ("onderzoek_in_de_brp", "afgerond_zonder_brp_mutatie", "afgerond_met_brp_mutatie")
ROUTES = ("LAA_2_37", "TMV_2_34", "SUWI_5_9", "EIGEN_INITIATIEF")

CHECKS: Mapping[str, Sequence[tuple[str, str, bool, Sequence[str]]]] = {
    "brief": [
        (
            "letterkind",
            "soort",
            False,
            ("aanschrijving", "inlichtingenverzoek", "voornemen", "besluit", "verlenging", "afsluiting"),
        )
    ],
    "gebeurtenis": [
        ("van", "van", True, PHASES),
        ("phase", "naar", False, PHASES),
        ("outcome", "resultaat", True, OUTCOMES),
        ("answer", "eerste_antwoord", True, ANSWERS),
    ],
    "gebruiker_rol": [
        (
            "role",
            "rol",
            False,
            (
                "behandelaar",
                "teamleider",
                "toezichthouder",
                "beslisser",
                "coordinator",
                "uwv_liaison",
                "beheerder",
                "auditor",
                "systeem",
            ),
        )
    ],
    "grondslag_verstrekking": [("grondslag", "grondslag", False, ROUTES)],
    "load": [("loadstatus", "status", False, ("gecontroleerd", "geladen", "geweigerd", "ongedaan_gemaakt"))],
    "rejected_row": [
        ("uitkomst", "uitkomst", False, ("geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd"))
    ],
    "signal": [("grondslag", "grondslag", False, ROUTES)],
    "signal_change": [("mutatiesoort", "soort", False, ("N", "W", "V"))],
    "termijn": [("termstatus", "beeindiging", True, ("gehaald", "vervallen"))],
    "terugkoppeling": [("deliverystate", "staat", False, ("aangemaakt", "verzonden", "ontvangen", "geweigerd"))],
    "terugkoppeling_regel": [
        ("rowkind", "soort", False, ("eerste_antwoord", "resultaat", "correctie", "intrekking_bevestigd")),
        ("answer", "eerste_antwoord", True, ANSWERS),
        (
            "told",
            "resultaat",
            True,
            (
                "ingeschreven",
                "elders",
                "niet_ingeschreven",
                "reeds_ingeschreven",
                "niet_onderzocht",
                "intrekking_bevestigd",
            ),
        ),
    ],
    "walaa_vastlegging": [("answer", "antwoord", False, ANSWERS)],
    "zaak": [
        ("phase", "fase", False, PHASES),
        ("outcome", "resultaat", True, OUTCOMES),
        ("answer", "eerste_antwoord", True, ANSWERS),
        ("herkomst", "herkomst", False, ("signaal", "bijvangst", "overdracht")),
        ("grondslag", "grondslag", False, ROUTES),
        ("fase_voor_bezwaar", "fase_voor_bezwaar", True, PHASES),
    ],
}
"""By table the checks on a column with a few values: name, column, whether it may be empty, values."""

INDEXES: Mapping[str, Sequence[Sequence[str]]] = {
    "aangifte": [["gemeentecode"]],
    "bezwaar": [["gemeentecode"]],
    "bijvangst": [["gemeentecode"]],
    "brief": [["gemeentecode"]],
    "bron": [["gemeentecode"]],
    "contact": [["gemeentecode"]],
    "document": [["gemeentecode"]],
    "gebeurtenis": [["gemeentecode"], ["zaak_id"]],
    "huisbezoek": [["gemeentecode"]],
    "leerpunt": [["gemeentecode"]],
    "signal": [["gemeentecode"], ["leveringsnummer"], ["bsn", "gemeentecode"]],
    "signal_change": [["gemeentecode"]],
    "taak": [["gemeentecode"]],
    "termijn": [["gemeentecode"]],
    "terugbelverzoek": [["gemeentecode"]],
    "terugkoppeling_regel": [["gemeentecode"]],
    "walaa_vastlegging": [["gemeentecode"]],
    "zaak": [["gemeentecode"], ["leveringsnummer"], ["eerste_signaal_id"], ["bsn", "gemeentecode"]],
    "zaak_adres": [["gemeentecode"]],
    "zaak_signaal": [["gemeentecode"], ["signal_id"]],
}
"""By table the columns of the indexes that go; each is named after its table and columns."""

OTHER_INDEXES = (
    ("ix_gebeurtenis_dag", "gebeurtenis", ["vastgelegd_op", "zaak_id"]),
    ("ix_termijn_lopend", "termijn", ["gemeentecode", "beeindigd_op", "einde", "zaak_id"]),
    ("ix_zaak_behandelaar", "zaak", ["behandelaar", "id"]),
    ("ix_zaak_gemeentecode_fase", "zaak", ["gemeentecode", "fase", "id"]),
)

FOREIGN_KEYS: Mapping[str, Sequence[tuple[str, str]]] = {
    "gebeurtenis": [("zaak_id", "zaak")],
    "signal": [("load_id", "load")],
    "zaak": [("eerste_signaal_id", "signal")],
    "zaak_signaal": [("zaak_id", "zaak"), ("signal_id", "signal")],
}
"""By table the foreign keys that go: the column, and the table to whose id it points."""

PLACE = (
    ("straatnaam", sqlmodel.sql.sqltypes.AutoString(length=80)),
    ("huisnummer", sa.Integer()),
    ("huisletter", sqlmodel.sql.sqltypes.AutoString(length=1)),
    ("huisnummertoevoeging", sqlmodel.sql.sqltypes.AutoString(length=4)),
    ("postcode", sqlmodel.sql.sqltypes.AutoString(length=6)),
    ("woonplaats", sqlmodel.sql.sqltypes.AutoString(length=80)),
    ("nummeraanduiding", sqlmodel.sql.sqltypes.AutoString(length=16)),
    ("adresbron", sqlmodel.sql.sqltypes.AutoString(length=200)),
    ("adres_vanaf", sa.Date()),
)

TO_CASES = """
UPDATE zaak SET straatnaam = adres.straatnaam, huisnummer = adres.huisnummer, huisletter = adres.huisletter,
    huisnummertoevoeging = adres.huisnummertoevoeging, postcode = adres.postcode, woonplaats = adres.woonplaats,
    nummeraanduiding = adres.nummeraanduiding, adresbron = adres.bron, adres_vanaf = adres.vanaf,
    adres_signaal_id = adres.signal_id
FROM zaak_adres AS adres WHERE adres.zaak_id = zaak.id AND adres.huidig
"""

FROM_CASES = (
    """
    INSERT INTO zaak_adres (zaak_id, gemeentecode, signal_id, straatnaam, huisnummer, huisletter,
        huisnummertoevoeging, postcode, woonplaats, nummeraanduiding, adressleutel, bron, vanaf, huidig)
    SELECT id, gemeentecode, adres_signaal_id, straatnaam, huisnummer, huisletter,
        huisnummertoevoeging, postcode, woonplaats, nummeraanduiding, adressleutel, adresbron, adres_vanaf, true
    FROM zaak
    """,
    """
    INSERT INTO termijn (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, term, vanaf, einde, uitleg)
    SELECT zaak.id, zaak.gemeentecode, eerste.vastgelegd_op, eerste.tijdstip, eerste.door,
        CASE WHEN zaak.grondslag = 'LAA_2_37' THEN 'laa_eerste_antwoord' ELSE 'tmv_reactie' END,
        zaak.datum_ontvangst, zaak.eerste_antwoord_voor, '[]'
    FROM zaak JOIN gebeurtenis AS eerste ON eerste.zaak_id = zaak.id AND eerste.volgnummer = 1
    WHERE zaak.eerste_antwoord_voor IS NOT NULL
    """,
    """
    INSERT INTO termijn (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, term, vanaf, einde, uitleg)
    SELECT zaak.id, zaak.gemeentecode, eerste.vastgelegd_op, eerste.tijdstip, eerste.door,
        'laa_resultaat', zaak.datum_ontvangst, zaak.resultaat_voor, '[]'
    FROM zaak JOIN gebeurtenis AS eerste ON eerste.zaak_id = zaak.id AND eerste.volgnummer = 1
    WHERE zaak.resultaat_voor IS NOT NULL
    """,
)


def upgrade() -> None:
    """The current address goes into its case; terms stay the rows they are, as those of any case that was touched."""
    for table, each in INDEXES.items():
        for columns in each:
            op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    for name, table, _ in OTHER_INDEXES:
        op.drop_index(name, table)
    for name, kind in PLACE:
        op.add_column("zaak", sa.Column(name, kind, nullable=True))
    op.add_column("zaak", sa.Column("adres_signaal_id", sa.Integer(), nullable=True))
    op.add_column("zaak", sa.Column("eerste_antwoord_voor", sa.Date(), nullable=True))
    op.add_column("zaak", sa.Column("resultaat_voor", sa.Date(), nullable=True))
    op.execute(TO_CASES)
    op.execute("DELETE FROM zaak_adres WHERE huidig")
    with op.batch_alter_table("zaak_adres") as batch:
        batch.drop_column("huidig")
    for table in sorted({*CHECKS, *FOREIGN_KEYS}):
        with op.batch_alter_table(table) as batch:
            for column, _ in FOREIGN_KEYS.get(table, ()):
                batch.drop_constraint(op.f(f"fk_{table}_{column}"), type_="foreignkey")
            for name, column, nullable, values in CHECKS.get(table, ()):
                empty = [f"{column} IS NULL"] if nullable else []
                check = " OR ".join([*empty, *(f"{column} = '{value}'" for value in values)])
                _replace_check(batch, op.f(f"ck_{table}_{name}"), check)
            if table == "signal":
                batch.drop_column("inhoud")
            for name, kind in PLACE if table == "zaak" else ():
                batch.alter_column(name, existing_type=kind, nullable=False)
    op.create_index("ix_zaak_bsn", "zaak", ["bsn"])
    _create_partial_index("ix_zaak_behandelaar", "zaak", ["behandelaar"], "behandelaar IS NOT NULL")
    _create_partial_index("ix_termijn_lopend", "termijn", ["einde", "zaak_id"], "beeindigd_op IS NULL")


def downgrade() -> None:
    """The current address and the terms that are columns of a case become rows again.

    The explanation of such a term stays behind, and the digest of a signal: it then counts as changed when it comes
    in again.
    """
    op.add_column("signal", sa.Column("inhoud", sa.String(64), nullable=False, server_default=""))
    op.add_column("zaak_adres", sa.Column("huidig", sa.Boolean(), nullable=False, server_default=sa.false()))
    for statement in FROM_CASES:
        op.execute(statement)
    for name, table in (("ix_termijn_lopend", "termijn"), ("ix_zaak_behandelaar", "zaak"), ("ix_zaak_bsn", "zaak")):
        op.drop_index(name, table)
    with op.batch_alter_table("zaak_adres") as batch:
        batch.alter_column("huidig", existing_type=sa.Boolean(), server_default=None)
    for table in sorted({*CHECKS, *FOREIGN_KEYS}):
        with op.batch_alter_table(table) as batch:
            for column, other in FOREIGN_KEYS.get(table, ()):
                batch.create_foreign_key(op.f(f"fk_{table}_{column}"), other, [column], ["id"])
            for name, column, _, values in CHECKS.get(table, ()):
                listed = ", ".join(f"'{value}'" for value in values)
                _replace_check(batch, op.f(f"ck_{table}_{name}"), f"{column} IN ({listed})")
            if table == "signal":
                batch.alter_column("inhoud", existing_type=sa.String(64), server_default=None)
            if table == "zaak":
                for name in (*dict(PLACE), "adres_signaal_id", "eerste_antwoord_voor", "resultaat_voor"):
                    batch.drop_column(name)
    for table, each in INDEXES.items():
        for columns in each:
            op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    for name, table, columns in OTHER_INDEXES:
        op.create_index(name, table, columns)


def _replace_check(batch: BatchOperations, name: str, check: str) -> None:
    batch.drop_constraint(name, type_="check")
    batch.create_check_constraint(name, sa.text(check))


def _create_partial_index(name: str, table: str, columns: list[str], rows: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))
