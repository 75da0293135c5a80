"""What somebody may do to an installation beside its doors: each deed with the code that must be said of it."""

import os
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from service.log import chain
from service.settings import Settings
from signals.keyring import Keyring
from tests.conftest import KEYS
from tests.service.verify.lived import NOW, Intruder

OLD = "2026-10-01 08:00:00"


@dataclass(frozen=True)
class Damage:
    """One deed: `code` is what must be said of it, `follows` what may be said beside it."""

    name: str
    code: str
    deed: Callable[[Intruder, Settings], None]
    follows: frozenset[str] = frozenset()
    only: str = ""
    """The kind of database on which it can be done; empty: both."""
    keys: tuple[str, ...] = ()


def sql(name: str, code: str, *statements: str, follows: str = "", only: str = "") -> Damage:
    """Damage by statements alone. follows: codes with spaces between."""

    def deed(by: Intruder, settings: Settings) -> None:
        for statement in statements:
            by(statement)

    return Damage(name, code, deed, frozenset(follows.split()), only)


def on_file(name: str, code: str, deed: Callable[[Path], None], follows: str = "") -> Damage:
    """Damage in the data directory."""
    return Damage(name, code, lambda by, settings: deed(settings.data_dir), frozenset(follows.split()))


UNTOUCHED = "SELECT min(id) FROM zaak WHERE lading_id IS NOT NULL"
STEPPED = "SELECT min(id) FROM zaak WHERE versie > 3 AND fase = 'vooronderzoek'"
CLOSED = "SELECT min(id) FROM zaak WHERE fase = 'afgesloten'"
ENDED = "SELECT min(id) FROM termijn WHERE beeindigd_op IS NOT NULL AND term = 'aanschrijving'"
LAST_TK = "SELECT max(id) FROM terugkoppeling"
ONCE_TOLD = (
    "SELECT min(id) FROM terugkoppeling_regel WHERE terugkoppeling_id = (SELECT min(id) FROM terugkoppeling)"
    " AND signal_id NOT IN (SELECT signal_id FROM terugkoppeling_regel GROUP BY signal_id HAVING count(*) > 1)"
)
NEVER_TOLD = "SELECT min(id) FROM signal WHERE id NOT IN (SELECT signal_id FROM terugkoppeling_regel)"


def _same_person_twice(by: Intruder, settings: Settings) -> None:
    """Two untouched cases of one municipality become one person's, signals and all."""
    pair = (
        "SELECT {0}(a.id) FROM zaak a JOIN zaak b ON b.gemeentecode = a.gemeentecode AND b.id <> a.id"
        " WHERE a.lading_id IS NOT NULL AND b.lading_id IS NOT NULL AND a.gemeentecode = ?"
    )
    code = by.one(
        "SELECT gemeentecode FROM zaak WHERE lading_id IS NOT NULL GROUP BY gemeentecode HAVING count(*) > 1 LIMIT 1"
    )
    one, other = (by.one(pair.format(which), code) for which in ("min", "max"))
    bsn = by.one("SELECT bsn FROM zaak WHERE id = ?", one)
    by("UPDATE signal SET bsn = ? WHERE id = (SELECT eerste_signaal_id FROM zaak WHERE id = ?)", bsn, other)
    by("UPDATE zaak SET bsn = ? WHERE id = ?", bsn, other)


def _another_link(by: Intruder, settings: Settings) -> None:
    """A signal works in a second case of the same municipality."""
    other = by.one(
        "SELECT max(a.id) FROM zaak_signaal a JOIN zaak_signaal b ON b.gemeentecode = a.gemeentecode AND b.id < a.id"
        " WHERE a.actueel AND b.actueel"
    )
    by(
        "INSERT INTO zaak_signaal (gemeentecode, zaak_id, signal_id, vanaf, actueel, aangesloten, intrekking_telt)"
        " SELECT a.gemeentecode, min(b.zaak_id), a.signal_id, a.vanaf, true, true, false FROM zaak_signaal a"
        " JOIN zaak_signaal b ON b.gemeentecode = a.gemeentecode AND b.id < a.id AND b.actueel WHERE a.id = ?"
        " GROUP BY a.gemeentecode, a.signal_id, a.vanaf",
        other,
    )


def _told_again(by: Intruder, settings: Settings) -> None:
    names = (
        "signal_id, leveringsnummer, signaalnummer, bsn, soort, eerste_antwoord, datum_eerste_antwoord, resultaat,"
        " datum_resultaat, brp_mutatie, ingangsdatum_ingezetene, gemeentecode"
    )
    last = by.one("SELECT regels FROM terugkoppeling ORDER BY id DESC LIMIT 1")
    by(
        f"INSERT INTO terugkoppeling_regel (terugkoppeling_id, volgnummer, {names})"
        f" SELECT ({LAST_TK}), {last} + 1, {names} FROM terugkoppeling_regel WHERE id = ({ONCE_TOLD})"
    )
    by(f"UPDATE terugkoppeling SET regels = regels + 1 WHERE id = ({LAST_TK})")


def _one_sign_other(by: Intruder, settings: Settings) -> None:
    """The last sign of a sealed number holds four bits that do not count: another of these opens as well."""
    case, lying = by.one(UNTOUCHED), by.one(f"SELECT bsn FROM zaak WHERE id = ({UNTOUCHED})")
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place = signs.index(lying[-1])
    by("UPDATE zaak SET bsn = ? WHERE id = ?", lying[:-1] + signs[place ^ 1], case)


def _changed_number(by: Intruder, settings: Settings) -> None:
    lying = by.one(f"SELECT bsn FROM signal WHERE id = ({NEVER_TOLD})")
    by(
        f"UPDATE signal SET bsn = ? WHERE id = ({NEVER_TOLD})",
        lying[:10] + ("A" if lying[10] != "A" else "B") + lying[11:],
    )


def _changed_cells(by: Intruder, settings: Settings) -> None:
    other = urlsafe_b64encode(b"niet verzegeld, en zonder merk van een sleutel").decode()
    by("UPDATE rejected_row SET cellen = ? WHERE id = (SELECT min(id) FROM rejected_row)", other)


NEW = "een nieuwe sleutel van meer dan 32 tekens"


def _under_two_keys(by: Intruder, settings: Settings) -> None:
    """Of a person with two cases one lies under the newest key, the other under the older one."""
    several = "SELECT bsn FROM zaak WHERE bsn IS NOT NULL GROUP BY bsn HAVING count(*) > 1 ORDER BY bsn LIMIT 1"
    lying = by.one(several)
    both = Keyring((NEW.encode(), *KEYS))
    by(
        "UPDATE zaak SET bsn = ? WHERE id = (SELECT min(id) FROM zaak WHERE bsn = ?)",
        both.seal(both.open(lying)),
        lying,
    )


def _damaged_page(by: Intruder, settings: Settings) -> None:
    """Zeros where an index has its first page; done when the file is closed."""
    root = by.one("SELECT rootpage FROM sqlite_master WHERE name = 'ix_audit_actor'")
    (settings.data_dir / "page").write_text(str(root))


def wipe(settings: Settings) -> None:
    """The second half of `_damaged_page`, once the file is closed."""
    told = settings.data_dir / "page"
    if not told.exists():
        return
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    size = sqlite3.connect(path).execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((int(told.read_text()) - 1) * size)
        file.write(b"\0" * size)
    told.unlink()


def _drop_trigger(by: Intruder, settings: Settings) -> None:
    """In a file the guards are put back by whoever took them away; so this one is taken from that list."""
    (settings.data_dir / "trigger").touch()


def without_trigger(settings: Settings) -> None:
    told = settings.data_dir / "trigger"
    if told.exists():
        told.unlink()
        file = sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))
        file.execute("DROP TRIGGER brief_bestand_blijft")
        file.commit()
        file.close()


def _first(folder: Path) -> Path:
    return min(folder.iterdir())


def _old_file(data: Path) -> None:
    path = data / "documenten" / "niemand-kent-mij"
    path.write_bytes(b"%PDF-1.7")
    moment = (NOW - timedelta(days=3)).timestamp()
    os.utime(path, (moment, moment))


def _replaced(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


NEW_EVENT = (
    "INSERT INTO gebeurtenis (gemeentecode, zaak_id, vastgelegd_op, tijdstip, door, volgnummer, stap, naar, rol,"
    " grondslag, procedure, gegevens, aangehouden, afgeleid) SELECT z.gemeentecode, z.id, e.vastgelegd_op, e.tijdstip,"
    " e.door, 1, e.stap, e.naar, e.rol, e.grondslag, e.procedure, e.gegevens, false, false FROM gebeurtenis e, zaak z"
    f" WHERE e.id = (SELECT min(id) FROM gebeurtenis WHERE volgnummer = 1) AND z.id = ({UNTOUCHED})"
)
WORK = (
    "INSERT INTO werk (sleutel, soort, ladingnummer, door, herkomst, gevraagd_op, staat, poging, begonnen_op)"
    f" VALUES ('stil', 'laden', 'LD-2026-000001', 'ulla', 'test', '{OLD}', '{{}}', 1, '{OLD}')"
)

DAMAGES = [
    # cases and their events
    sql(
        "an event is gone",
        "gebeurtenissen_onvolledig",
        "DELETE FROM gebeurtenis WHERE id = (SELECT min(id) FROM gebeurtenis WHERE stap = 'wijs_toe')",
    ),
    sql(
        "a version is raised",
        "gebeurtenissen_onvolledig",
        f"UPDATE zaak SET versie = versie + 1 WHERE id = ({STEPPED})",
    ),
    sql("an untouched case has an event", "opening_dubbel", NEW_EVENT),
    sql("a handler is another", "stand_wijkt_af", f"UPDATE zaak SET behandelaar = 'piet' WHERE id = ({STEPPED})"),
    sql("an outcome is another", "stand_wijkt_af", f"UPDATE zaak SET resultaat = 'overleden' WHERE id = ({CLOSED})"),
    sql(
        "an untouched case has a handler",
        "stand_wijkt_af",
        f"UPDATE zaak SET behandelaar = 'piet' WHERE id = ({UNTOUCHED})",
    ),
    sql(
        "a step that does not fit",
        "stap_onmogelijk",
        "UPDATE gebeurtenis SET stap = 'heropen' WHERE id = (SELECT min(id) FROM gebeurtenis WHERE stap = 'wijs_toe')",
    ),
    sql(
        "a step that begins elsewhere",
        "stap_onmogelijk",
        "UPDATE gebeurtenis SET van = 'besluit', naar = 'besluit' WHERE id ="
        " (SELECT min(id) FROM gebeurtenis WHERE stap = 'wijs_toe' AND naar = 'ontvangen')",
    ),
    sql(
        "a stay is longer",
        "verloop_wijkt_af",
        "UPDATE verblijf SET dagen = dagen + 1 WHERE id = (SELECT min(id) FROM verblijf)",
    ),
    sql("a stay is gone", "verloop_wijkt_af", "DELETE FROM verblijf WHERE id = (SELECT max(id) FROM verblijf)"),
    sql(
        "the first closing is another day",
        "verloop_wijkt_af",
        f"UPDATE zaak SET eerst_afgesloten_op = '2026-01-05' WHERE id = ({CLOSED})",
    ),
    sql("closed without a day", "zaak_tegenstrijdig", f"UPDATE zaak SET afgesloten_op = NULL WHERE id = ({CLOSED})"),
    Damage("a person with two open cases", "zaak_dubbel_open", _same_person_twice),
    sql(
        "a house number is another",
        "adressleutel_wijkt_af",
        f"UPDATE zaak SET huisnummer = huisnummer + 1 WHERE id = ({STEPPED})",
    ),
    sql(
        "a source of another municipality",
        "gemeente_wijkt_af",
        "UPDATE bron SET gemeentecode = '0363' WHERE id = (SELECT min(id) FROM bron)",
    ),
    sql(
        "a bezwaar that was never decided",
        "bezwaar_wijkt_af",
        "UPDATE bezwaar SET beslist_op = '2026-11-01' WHERE beslist_op IS NULL",
    ),
    # terms
    sql("a term ends later", "termijn_wijkt_af", f"UPDATE termijn SET einde = '2027-01-05' WHERE id = ({ENDED})"),
    sql(
        "a hold is forgotten",
        "termijn_wijkt_af",
        "UPDATE termijn SET einde = '2026-11-17' WHERE id = (SELECT min(t.id) FROM termijn t JOIN gebeurtenis e"
        " ON e.zaak_id = t.zaak_id WHERE e.stap = 'hervat' AND t.term = 'richtlijn_onderzoek')",
        follows="eerste_termijn_wijkt_af",
    ),
    sql(
        "a term from the receipt ends later",
        "termijn_wijkt_af",
        "UPDATE zaak SET resultaat_voor = '2030-01-01' WHERE id ="
        " (SELECT min(id) FROM zaak WHERE lading_id IS NOT NULL AND resultaat_voor IS NOT NULL)",
    ),
    sql("a term is gone", "termijn_ontbreekt", f"DELETE FROM termijn WHERE id = ({ENDED})"),
    sql(
        "the guideline is gone",
        "termijn_ontbreekt",
        "DELETE FROM termijn WHERE id = (SELECT min(id) FROM termijn WHERE term = 'richtlijn_onderzoek'"
        " AND beeindigd_op IS NOT NULL)",
    ),
    sql("a term ended somehow", "termijn_tegenstrijdig", f"UPDATE termijn SET beeindiging = NULL WHERE id = ({ENDED})"),
    sql(
        "the list says another term",
        "eerste_termijn_wijkt_af",
        f"UPDATE zaak SET eerste_termijn_tot = '2026-01-05' WHERE id = ({STEPPED})",
    ),
    sql(
        "the list says no term",
        "eerste_termijn_wijkt_af",
        f"UPDATE zaak SET eerste_termijn_tot = '9999-12-31', eerste_termijn = NULL WHERE id = ({UNTOUCHED})",
    ),
    # signals
    sql(
        "nobody works on a signal",
        "signaal_zonder_zaak",
        "UPDATE zaak_signaal SET actueel = false WHERE id = (SELECT min(id) FROM zaak_signaal WHERE actueel)",
    ),
    Damage(
        "two cases work on a signal",
        "signaal_in_meer_zaken",
        _another_link,
        frozenset({"signaal_andere_persoon", "afstemming_klopt_niet"}),
    ),
    sql(
        "a case of another municipality",
        "signaal_andere_gemeente",
        f"UPDATE zaak SET gemeentecode = '0363' WHERE id = ({UNTOUCHED})",
    ),
    sql(
        "a case of another person",
        "signaal_andere_persoon",
        f"UPDATE zaak SET bsn = (SELECT bsn FROM zaak WHERE id = ({CLOSED})) WHERE id = ({UNTOUCHED})",
    ),
    sql("a case from nowhere", "verwijzing_los", f"UPDATE zaak SET voorganger_id = 999999 WHERE id = ({CLOSED})"),
    sql(
        "a source of no case",
        "verwijzing_los",
        "UPDATE bron SET zaak_id = 999999 WHERE id = (SELECT min(id) FROM bron)",
    ),
    # loads
    sql("a load delivered more", "lading_telt_niet_op", "UPDATE load SET geleverd = geleverd + 1 WHERE id = 1"),
    sql(
        "a rejected row is gone",
        "lading_wijkt_af",
        "DELETE FROM rejected_row WHERE id = (SELECT min(id) FROM rejected_row WHERE uitkomst = 'afgekeurd')",
    ),
    sql("a load opened more", "lading_wijkt_af", "UPDATE load SET zaken = zaken + 1 WHERE id = 1"),
    sql("a yield is gone", "opbrengst_wijkt_af", "DELETE FROM opbrengst WHERE id = (SELECT min(id) FROM opbrengst)"),
    # feedback
    sql(
        "a receipt without a moment",
        "terugkoppeling_telt_niet_op",
        "UPDATE terugkoppeling SET ontvangen_op = NULL WHERE id = 1",
    ),
    sql(
        "a delivery of more rows",
        "terugkoppeling_telt_niet_op",
        "UPDATE terugkoppeling SET regels = regels + 1 WHERE id = 1",
        follows="terugkoppeling_bestand_wijkt_af",
    ),
    Damage("the same told again", "terugkoppeling_dubbel", _told_again, frozenset({"terugkoppeling_bestand_wijkt_af"})),
    sql(
        "a row about another signal",
        "terugkoppeling_regel_wijkt_af",
        f"UPDATE terugkoppeling_regel SET signal_id = ({NEVER_TOLD}) WHERE id = ({ONCE_TOLD})",
    ),
    sql(
        "a file of feedback is another",
        "terugkoppeling_bestand_gewijzigd",
        f"UPDATE terugkoppeling_bestand SET grootte = 1 WHERE soort = 'xlsx' AND terugkoppeling_id = ({LAST_TK})",
    ),
    sql(
        "a file of feedback is gone",
        "terugkoppeling_bestand_gewijzigd",
        f"DELETE FROM terugkoppeling_bestand WHERE soort = 'xlsx' AND terugkoppeling_id = ({LAST_TK})",
    ),
    sql(
        "a row says something else than the file",
        "terugkoppeling_bestand_wijkt_af",
        f"UPDATE terugkoppeling_regel SET datum_eerste_antwoord = '2026-01-05' WHERE id = ({ONCE_TOLD})",
    ),
    sql("other bytes were brought", "bezorging_wijkt_af", f"UPDATE bezorging SET sha256 = '{'0' * 64}'"),
    # the log
    sql("the log is changed", "logboek_geschonden", "UPDATE audit SET actor = 'niemand' WHERE id = 3"),
    on_file("the heads are gone", "ketenkoppen_weg", lambda data: chain.heads_file(data).unlink()),
    sql(
        "a line of a processing is gone",
        "verwerking_niet_vastgelegd",
        "DELETE FROM logboek_dataverwerking WHERE span_id = (SELECT max(span_id) FROM audit WHERE object LIKE 'Z-%')",
    ),
    sql(
        "a line of nobody's doing",
        "verwerking_zonder_handeling",
        "UPDATE logboek_dataverwerking SET parent_span_id = 'niemand' WHERE id = (SELECT max(id) FROM"
        " logboek_dataverwerking WHERE parent_span_id IS NOT NULL)",
    ),
    # files and contents
    on_file("a document is gone", "bestand_weg", lambda data: _first(data / "documenten").unlink()),
    on_file("an upload is changed", "bestand_gewijzigd", lambda data: _replaced(_first(data / "ontvangen"))),
    on_file("what was found is gone", "bestand_weg", lambda data: _first(data / "bevindingen").unlink()),
    on_file("a file that nobody knows", "bestand_onbekend", _old_file),
    sql(
        "a letter is changed",
        "stuk_gewijzigd",
        "UPDATE brief_bestand SET pdf = substr(pdf, 1, 100) WHERE brief_id = (SELECT min(brief_id) FROM brief_bestand)",
    ),
    sql(
        "a letter without its file",
        "brief_ontbreekt",
        "DELETE FROM brief_bestand WHERE brief_id = (SELECT max(brief_id) FROM brief_bestand)",
    ),
    sql(
        "a letter that is gone",
        "brief_ontbreekt",
        "DELETE FROM brief_bestand WHERE brief_id = (SELECT max(id) FROM brief)",
        "DELETE FROM brief WHERE id = (SELECT max(id) FROM brief)",
    ),
    sql(
        "a pack is changed",
        "pakket_gewijzigd",
        "UPDATE sessie_pakket_bestand SET inhoud = substr(inhoud, 1, 100) WHERE soort = 'pdf' AND uitgave = 'binnen'",
    ),
    sql("a pack is not whole", "pakket_gewijzigd", "DELETE FROM sessie_pakket_bestand WHERE soort = 'pptx'"),
    # what lies sealed
    Damage("a sealed number is changed", "verzegeling_onleesbaar", _changed_number),
    Damage("sealed cells are changed", "verzegeling_onleesbaar", _changed_cells),
    sql(
        "the secret of another user",
        "verzegeling_onleesbaar",
        "UPDATE tweede_factor SET gebruiker_id = (SELECT min(id) FROM gebruiker WHERE naam <> 'anna.nijmegen')",
    ),
    Damage("a number that is not found", "verzegeling_wijkt_af", _one_sign_other),
    Damage("a person under two keys", "persoon_onder_twee_sleutels", _under_two_keys, keys=(NEW, KEYS[0].decode())),
    # numbers and the schema
    sql("a number is missing", "nummers_wijken_af", "UPDATE number_series SET last = last + 1 WHERE series = 'TK'"),
    sql("a number too many", "nummers_wijken_af", "UPDATE number_series SET last = last - 1 WHERE series = 'zaak'"),
    Damage("a page is damaged", "database_beschadigd", _damaged_page, only="sqlite"),
    sql("a column too many", "schema_wijkt_af", "ALTER TABLE taak ADD COLUMN extra VARCHAR(9)"),
    sql("no rule on a column", "schema_wijkt_af", "ALTER TABLE zaak DROP CONSTRAINT ck_zaak_phase", only="postgresql"),
    sql("an index is gone", "index_ontbreekt", "DROP INDEX ix_zaak_postcode"),
    sql(
        "letters may be changed",
        "wachter_ontbreekt",
        "DROP TRIGGER brief_bestand_blijft ON brief_bestand",
        only="postgresql",
    ),
    Damage("letters may be changed in a file", "wachter_ontbreekt", _drop_trigger, only="sqlite"),
    sql(
        "a guard is off",
        "wachter_ontbreekt",
        "ALTER TABLE audit DISABLE TRIGGER audit_alleen_toevoegen",
        only="postgresql",
    ),
    sql(
        "a guard that lets through",
        "wachter_ontbreekt",
        "CREATE OR REPLACE FUNCTION sessie_pakket_blijft() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NEW; END $$",
        only="postgresql",
    ),
    sql(
        "rows are not chosen",
        "rijbeveiliging_wijkt_af",
        "ALTER TABLE zaak DISABLE ROW LEVEL SECURITY",
        only="postgresql",
    ),
    sql(
        "everybody sees every row",
        "rijbeveiliging_wijkt_af",
        "ALTER POLICY van_wie_vraagt ON signal USING (true)",
        only="postgresql",
    ),
    sql(
        "a second policy",
        "rijbeveiliging_wijkt_af",
        "CREATE POLICY ook ON rejected_row USING (true)",
        only="postgresql",
    ),
    # what waits, and what was laid down
    sql("work in hand is silent", "werk_staat_stil", WORK.format("bezig")),
    sql("work is forgotten", "werk_staat_stil", WORK.format("wacht")),
    sql(
        "a file never arrives",
        "bezorging_staat_stil",
        f"UPDATE bezorging SET staat = 'onderweg', begonnen_op = '{OLD}'",
    ),
    sql(
        "a message never arrives",
        "bericht_staat_stil",
        f"UPDATE mailbericht SET staat = 'onderweg', begonnen_op = '{OLD}'",
    ),
    sql(
        "two values on one day",
        "geldigheid_overlapt",
        "UPDATE instelling SET tot = NULL WHERE vanaf = '2026-10-01'",
    ),
    sql(
        "two legal bases on one day",
        "geldigheid_overlapt",
        "UPDATE grondslag_verstrekking SET tot = '2026-09-01' WHERE vanaf = '2026-01-01'",
    ),
    sql("a term of no days", "instelling_ongeldig", "UPDATE instelling SET waarde = '0' WHERE vanaf = '2026-12-01'"),
    sql("a municipality is gone", "gemeentetabel_wijkt_af", "DELETE FROM municipality WHERE code = '0268'"),
    sql(
        "a handler of everywhere",
        "rol_ongeldig",
        "UPDATE gebruiker_rol SET gemeentecode = NULL WHERE id = (SELECT min(id) FROM gebruiker_rol WHERE rol ="
        " 'behandelaar')",
    ),
]
