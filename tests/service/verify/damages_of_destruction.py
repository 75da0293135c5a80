"""What somebody may do to an installation in which much was destroyed: each deed with the code that must be said."""

import hashlib
from pathlib import Path

from service.retention import journal
from service.settings import Settings
from tests.service.verify.aged import SPARED
from tests.service.verify.damages import OLD, Damage, on_file, sql
from tests.service.verify.lived import Intruder

STILL = f"SELECT min(zaaknummer) FROM zaak WHERE gemeentecode = '{SPARED}'"
FIRST_LIST = "SELECT min(id) FROM vernietigingslijst"
LOADED = "SELECT min(id) FROM load WHERE signalen_vernietigd > 0"


def _without_last_line(data: Path) -> None:
    path = journal.path_of(data)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


def _with_another_town(data: Path) -> None:
    path = journal.path_of(data)
    path.write_bytes(path.read_bytes().replace(b'"0599"', b'"0344"', 1))


def _destroyed_elsewhere(by: Intruder, settings: Settings) -> None:
    """As after a back-up was put back: the journal tells of a case that is there."""
    line = {
        "lijst": "VL-2036-0009", "soort": "dossiers", "gemeentecode": SPARED, "object": "zaak",
        "nummer": by.one(STILL), "sinds": "2026-04-13", "termijn": 10, "signalen": [],
        "op": "2036-06-01T10:00:00+02:00",
    }  # fmt: skip
    assert journal.append(journal.path_of(settings.data_dir), [line]) == 1


def _told_again(by: Intruder, settings: Settings) -> None:
    name = by.one("SELECT min(naam) FROM terugkoppeling_bestand WHERE inhoud IS NULL")
    folder = settings.data_dir / "terugkoppelingen"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("signaalnummer")


def _delivered_again(by: Intruder, settings: Settings) -> None:
    """Under another name, as it was never known here."""
    content = b"de levering van toen"
    by(f"UPDATE load SET sha256 = ? WHERE id = ({LOADED})", hashlib.sha256(content).hexdigest())
    (settings.data_dir / "ontvangen" / "terug").write_bytes(content)


DAMAGES = [
    sql(
        "a load counts fewer destroyed",
        "lading_wijkt_af",
        f"UPDATE load SET signalen_vernietigd = signalen_vernietigd - 1 WHERE id = ({LOADED})",
    ),
    sql(
        "a load counts more cases destroyed",
        "lading_wijkt_af",
        f"UPDATE load SET zaken_vernietigd = zaken_vernietigd + 1 WHERE id = ({LOADED})",
    ),
    sql(
        "a delivery counts more destroyed",
        "terugkoppeling_telt_niet_op",
        "UPDATE terugkoppeling SET regels_vernietigd = regels_vernietigd + 1 WHERE id = 1",
    ),
    sql("a case went unsaid", "nummers_wijken_af", "UPDATE number_series SET last = last + 1 WHERE series = 'zaak'"),
    sql("a list went unsaid", "nummers_wijken_af", "UPDATE number_series SET last = last + 1 WHERE series = 'VL'"),
    sql(
        "a verklaring is changed",
        "verklaring_gewijzigd",
        "UPDATE verklaring_van_vernietiging SET pdf = substr(pdf, 1, 100) WHERE id ="
        " (SELECT min(id) FROM verklaring_van_vernietiging)",
    ),
    sql(
        "a verklaring names another number",
        "verklaring_gewijzigd",
        "UPDATE verklaring_van_vernietiging SET nummer = 'VV-2037-0099' WHERE id ="
        " (SELECT max(id) FROM verklaring_van_vernietiging)",
        follows="nummers_wijken_af",
    ),
    sql(
        "a list without its verklaring",
        "vernietigingslijst_wijkt_af",
        f"DELETE FROM verklaring_van_vernietiging WHERE lijst_id = ({FIRST_LIST})",
        follows="nummers_wijken_af",
    ),
    sql(
        "a list approved by its maker",
        "vernietigingslijst_wijkt_af",
        f"UPDATE vernietigingslijst SET goedgekeurd_door = voorgesteld_door WHERE id = ({FIRST_LIST})",
    ),
    on_file("the last line of the journal is gone", "journaal_onvolledig", _without_last_line),
    on_file("the journal is gone", "journaal_onvolledig", lambda data: journal.path_of(data).unlink()),
    on_file("a line of the journal is changed", "journaal_gewijzigd", _with_another_town),
    Damage("a case that was destroyed before a restore", "vernietigd_en_aanwezig", _destroyed_elsewhere),
    sql(
        "facts are called kept",
        "vernietigd_en_aanwezig",
        "UPDATE signal SET feiten_vernietigd_op = NULL WHERE feiten_vernietigd_op IS NOT NULL",
    ),
    sql(
        "a delivery is called kept",
        "vernietigd_en_aanwezig",
        f"UPDATE load SET bestand_vernietigd_op = NULL WHERE id = ({LOADED})",
    ),
    sql(
        "files of feedback are called kept",
        "vernietigd_en_aanwezig",
        "UPDATE terugkoppeling SET bestanden_vernietigd_op = NULL WHERE id = 1",
        follows="terugkoppeling_bestand_gewijzigd",
    ),
    sql(
        "the beginning of the log is another",
        "logboek_geschonden",
        "UPDATE audit_beginpunt SET volgnummer = volgnummer - 1 WHERE gemeentecode = ''",
        follows="vernietigd_en_aanwezig",
    ),
    sql(
        "an employer is known again",
        "vernietiging_onvolledig",
        "UPDATE signal SET werkgever = 'Pannenkoekenhuis' WHERE feiten_vernietigd_op IS NOT NULL",
    ),
    Damage("a file of feedback lies there again", "vernietigd_bestand_aanwezig", _told_again),
    Damage(
        "a delivery lies there again", "vernietigd_bestand_aanwezig", _delivered_again, frozenset({"bestand_onbekend"})
    ),
    on_file(
        "a document of a destroyed case lies there again",
        "bestand_onbekend",
        lambda data: (data / "documenten" / "van-toen").write_bytes(b"%PDF-1.7"),
    ),
    sql(
        "a file is never erased",
        "vernietiging_staat_stil",
        f"INSERT INTO te_wissen_bestand (lijst_id, pad, sinds) VALUES (({FIRST_LIST}), 'documenten/x', '{OLD}')",
    ),
    sql(
        "a verklaring may be changed",
        "wachter_ontbreekt",
        "ALTER TABLE verklaring_van_vernietiging DISABLE TRIGGER verklaring_van_vernietiging_blijft",
        only="postgresql",
    ),
    sql(
        "younger lines of the log may go",
        "wachter_ontbreekt",
        "CREATE OR REPLACE FUNCTION vernietig_logboek(code varchar, tot integer) RETURNS integer LANGUAGE sql"
        " AS 'SELECT 0'",
        only="postgresql",
    ),
    sql(
        "lines of the log may go by another way",
        "wachter_ontbreekt",
        "DROP TRIGGER audit_alleen_toevoegen ON audit",
        "CREATE TRIGGER audit_alleen_toevoegen BEFORE UPDATE OR DELETE ON audit FOR EACH STATEMENT WHEN (false)"
        " EXECUTE FUNCTION alleen_toevoegen()",
        only="postgresql",
    ),
]
