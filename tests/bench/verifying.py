"""`rni verify` at size: a delivery of which half the cases were closed and told to UWV; and a tenth of it.

What is checked is made as the product would: the delivery is loaded by it, and feedback made by it. The two steps of
each closed case are written by statements on the tables, with all that follows from them, or making them would take
hours; that they are right is what the check itself says.
"""

from datetime import timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection, text

from exports import feedback_2026_1 as feedback
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.log import chain
from service.row_security import EVERYTHING
from service.settings import Settings
from service.verify.looking import Finding
from service.verify.running import verify
from tests.bench import loading
from tests.bench.databases import settle
from tests.bench.deliveries import write_known
from tests.bench.measure import Memory, Runs, alone, note
from tests.databases import Databases
from tests.postgres import as_owner

TENTH = 10
DAYS = 3
"""That a case stood in `ontvangen`."""

_HALF = "zaak.lading_id IS NOT NULL AND zaak.id % 2 = 0"
_EVENT = (
    "INSERT INTO gebeurtenis (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, volgnummer, stap, van, naar, rol,"
    " grondslag, procedure, gegevens, resultaat, datum_resultaat, eerste_antwoord, datum_eerste_antwoord, behandelaar,"
    " aangehouden, afgeleid)"
)
_FROM = f" FROM zaak JOIN load ON load.id = zaak.lading_id WHERE {_HALF}"
_SAME = "'behandelaar', 'Wet BRP', '2026-1', '{}'"
STATEMENTS = (
    f"{_EVENT} SELECT zaak.id, zaak.gemeentecode, geopend_op, geladen_op, load.door, 1, 'ontvang_signaal', NULL,"
    " 'ontvangen', 'systeem', 'Wet BRP', '2026-1', '{}', NULL, NULL, NULL, NULL, NULL, false, false" + _FROM,
    f"{_EVENT} SELECT zaak.id, zaak.gemeentecode, :day, geladen_op, 'anna', 2, 'wijs_toe', 'ontvangen', 'ontvangen',"
    f" {_SAME}, NULL, NULL, NULL, NULL, 'anna', false, false" + _FROM,
    f"{_EVENT} SELECT zaak.id, zaak.gemeentecode, :day, geladen_op, 'anna', 3, 'niet_oppakken', 'ontvangen',"
    f" 'afgesloten', {_SAME}, 'niet_opgepakt', :day, 'afgerond_zonder_brp_mutatie', :day, 'anna', false, false" + _FROM,
    "INSERT INTO zaak_signaal (zaak_id, gemeentecode, signal_id, vanaf, actueel, aangesloten, intrekking_telt)"
    f" SELECT zaak.id, zaak.gemeentecode, eerste_signaal_id, geopend_op, true, false, false FROM zaak WHERE {_HALF}",
    "INSERT INTO verblijf (zaak_id, gemeentecode, soort, tot, dagen)"
    f" SELECT zaak.id, gemeentecode, 'ontvangen', :day, {DAYS} FROM zaak WHERE {_HALF}",
    *(
        "INSERT INTO termijn (zaak_id, gemeentecode, vastgelegd_op, tijdstip, door, term, vanaf, einde, uitleg)"
        f" SELECT zaak.id, zaak.gemeentecode, geopend_op, geladen_op, load.door, '{term}', zaak.datum_ontvangst,"
        f" {column}, '[\"\"]'{_FROM} AND {column} IS NOT NULL"
        for term, column in (("laa_eerste_antwoord", "eerste_antwoord_voor"), ("laa_resultaat", "resultaat_voor"))
    ),
    "UPDATE zaak SET lading_id = NULL, eerste_antwoord_voor = NULL, resultaat_voor = NULL, versie = 3,"
    " fase = 'afgesloten', behandelaar = 'anna', resultaat = 'niet_opgepakt', datum_resultaat = :day,"
    " eerste_antwoord = 'afgerond_zonder_brp_mutatie', datum_eerste_antwoord = :day, afgesloten_op = :day,"
    " laatste_stap_op = :day, fase_sinds = :day, eerst_afgesloten_op = :day, laatst_afgesloten_op = :day,"
    f" had_resultaat = true WHERE {_HALF}",
)


def work(databases: Databases, name: str, rows: int, runs: int, folder: Path) -> tuple[Runs, Memory]:
    """The check of so many cases, and of a tenth of them; each must find nothing."""
    found = []
    for size, what in ((rows // TENTH, "a tenth of it"), (rows, "half of the cases closed and told")):
        note(f"{name}: {size:,} cases to verify")
        url, data = databases.new(), folder / f"verify-{name}-{size}"
        alone(prepare, url, size, data)
        one = Runs(f"{name}: rni verify, {what}")
        for _ in range(runs):
            seconds, megabytes = alone(checked, url, data)
            one.add(size, seconds, megabytes)
        databases.drop(url)
        found.append(one)
    return found[1], Memory(*found)


def prepare(url: str, rows: int, data: Path) -> None:
    """A delivery loaded, every second case closed, and what is to be told of those in a feedback delivery."""
    upgrade(url, as_owner(url))
    data.mkdir()
    file, settings = data / "known.csv", Settings(database_url=url, data_dir=data)
    counts = write_known(file, rows)
    counts.require(loading.load(file, url, data)[0])
    file.unlink()
    engine, now = make_engine(url), settings.now()
    with engine.execution_options(**EVERYTHING).begin() as connection:
        _close_half(connection, {"day": now.date() + timedelta(days=DAYS)})
    settle(engine)
    with session_scope(engine, Access.system()) as session:
        made = feedback.make(session, door="bench", now=now, production=False, folder=data)
        assert made is not None and made.regels == rows // 2, made
    chain.seal(engine, data, now)
    engine.dispose()


def _close_half(connection: Connection, values: dict[str, object]) -> None:
    for statement in STATEMENTS:
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), named)


def checked(url: str, data: Path) -> float:
    """The seconds of one check, which finds nothing."""
    settings = Settings(database_url=url, data_dir=data)
    engine = make_engine(url)
    found: list[Finding] = []
    started = perf_counter()
    verdict = verify(engine, settings, Access.system(), settings.now(), found.append)
    seconds = perf_counter() - started
    engine.dispose()
    assert verdict.sound, found[:5]
    slow = sorted(verdict.controles, key=lambda ran: -ran.seconden)[:5]
    note(", ".join(f"{ran.naam} {ran.seconden:.1f} s" for ran in slow))
    return seconds
