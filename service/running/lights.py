"""What is not as it should be, and what to do about it in a sentence: for the page of the beheerder.

The same bounds stand in docs/beheer/alarmen.yml, for whoever has Prometheus watch; a test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.models import ShipmentState, WorkState
from service.running import tasks
from service.running.facts import FAILED, WAITS, Facts, Room, Waiting
from service.running.meter import Counted, Sum
from workflow.words import words

RED, ORANGE = "rood", "oranje"
WORK_WAITS = timedelta(minutes=10)
UNSEALED = timedelta(minutes=10)
MAIL_WAITS, SHIPMENT_WAITS = timedelta(hours=2), timedelta(hours=2)
SLOW_MS, SLOW_FROM = 2_000, 20
"""Nineteen of twenty answers within so long; of fewer answers than this nothing is said."""
LITTLE_ROOM, NO_ROOM = 0.15, 0.05
"""Of the disk, what should be free."""
DEAD_ROWS, DEAD_SHARE = 100_000, 0.25
"""A table with so many rows that wait for vacuum, and so large a part of it, is read slowly."""
REFUSED_AN_HOUR = 50


@dataclass(frozen=True)
class Light:
    """One thing that is not well: how bad, what, and what to do."""

    kleur: str
    wat: str
    doe: str


def lights(found: Facts, hour: Counted, rooms: dict[str, Room]) -> list[Light]:
    """Everything that asks for somebody, the worst first. hour: what was counted in the last hour."""
    made = [*_answers(hour), *_clock(found), *_waiting(found), *_rooms(rooms), *_tables(found)]
    return sorted(made, key=lambda light: light.kleur != RED)


def _answers(hour: Counted) -> Iterator[Light]:
    faults = sum(each.count for call, each in hour.calls.items() if call.status >= 500)
    if faults:
        yield Light(
            RED,
            f"Het afgelopen uur ging{'' if faults == 1 else 'en'} {_many(faults, 'verzoek', 'verzoeken')} bij ons mis.",
            "Kijk onder Fouten welke, en zoek hun spoor op in de uitvoer van rni serve: daar staat wat er misging.",
        )
    shown = [each for call, each in hour.calls.items() if not call.route.startswith(("/static", "/gezondheid/"))]
    whole = Sum()
    for each in shown:
        whole = whole.plus(each)
    if whole.count >= SLOW_FROM and whole.below(0.95) > SLOW_MS:
        in_database = whole.db_ms > whole.ms / 2
        seconds = f"{whole.below(0.95) / 1000:.1f}".replace(".", ",")
        yield Light(
            ORANGE,
            f"Het afgelopen uur duurde een op de twintig antwoorden langer dan {seconds} seconde.",
            "De meeste tijd gaat naar de database: kijk onder Trage vragen, en of de databasemachine het druk heeft."
            if in_database
            else "De tijd gaat niet naar de database: kijk of de processor van deze machine vol is en zet er zo nodig "
            "een proces van rni serve bij.",
        )
    if sum(hour.refused.values()) > REFUSED_AN_HOUR:
        yield Light(
            ORANGE,
            f"Het afgelopen uur werden {sum(hour.refused.values())} aanmeldingen geweigerd.",
            "Kijk in het logboek bij Aanmelden of iemand wachtwoorden raadt, en vanaf welk adres.",
        )


def _clock(found: Facts) -> Iterator[Light]:
    now = found.gevraagd_op
    if not found.rondes:
        yield Light(
            RED,
            "De klok heeft hier nog nooit gelopen.",
            "Start op de server rni clock. Zonder de klok komen er geen herinneringen en berichten.",
        )
        return
    for run in found.rondes:
        failed = run.mislukt_op is not None and (run.gelukt_op is None or run.mislukt_op > run.gelukt_op)
        if failed:
            yield Light(
                RED,
                f"De taak {words(run.taak)} van de klok mislukte ({run.fout}).",
                "Zoek in de uitvoer van rni clock wat er misging. Na het verhelpen doet rni clock --once het meteen.",
            )
        elif tasks.is_late(run, now):
            yield Light(
                RED,
                f"De taak {words(run.taak)} van de klok is te lang geleden gedaan.",
                "Kijk of rni clock op de server draait, en start hem zo nodig opnieuw.",
            )
    since = found.onverzegeld_sinds
    if since is not None and now - since > UNSEALED:
        yield Light(
            RED,
            f"Het logboek is al {_ago(now, since)} niet verzegeld.",
            "Kijk of rni clock draait. Draait hij, controleer het logboek dan met rni audit verify.",
        )


def _waiting(found: Facts) -> Iterator[Light]:
    now = found.gevraagd_op
    if _older(found.werk.get(WorkState.WACHT), now, WORK_WAITS):
        yield Light(
            ORANGE,
            "Er wacht werk dat niet wordt opgepakt.",
            "Kijk bij Leveringen, Vernietiging en Post wat het is. Start rni worker (op SQLite rni serve) opnieuw als "
            "er ook niets bezig is.",
        )
    if found.berichten[FAILED].aantal:
        yield Light(
            ORANGE,
            f"Er kwamen berichten per mail niet aan: {found.berichten[FAILED].aantal}.",
            "Kijk bij Berichten waarom, en bied ze daar opnieuw aan.",
        )
    if _older(found.berichten.get(WAITS), now, MAIL_WAITS):
        yield Light(
            ORANGE,
            "Er wachten berichten langer dan twee uur.",
            "Kijk bij Berichten wat de mailserver zegt, en of die draait.",
        )
    failed = found.bezorgingen.get(ShipmentState.MISLUKT)
    if failed is not None and failed.aantal:
        yield Light(
            RED,
            f"Er konden bestanden voor UWV niet worden bezorgd: {failed.aantal}.",
            "De coordinator ziet bij Terugkoppelingen waarom. Probeer de verbinding met rni feedback connection.",
        )
    if _older(found.bezorgingen.get(ShipmentState.WACHT), now, SHIPMENT_WAITS):
        yield Light(
            ORANGE,
            "Er wachten bestanden voor UWV langer dan twee uur.",
            "Probeer de verbinding met rni feedback connection, en kijk of rni clock draait.",
        )


def _rooms(rooms: dict[str, Room]) -> Iterator[Light]:
    for place, room in rooms.items():
        if room.share < LITTLE_ROOM:
            what = "database" if place == "database" else "bestanden"
            yield Light(
                RED if room.share < NO_ROOM else ORANGE,
                f"Op de schijf met de {what} is nog {room.share:.0%} vrij.",
                "Maak ruimte of vergroot de schijf. Onder 100 MB vrij neemt de service niets meer aan.",
            )


def _tables(found: Facts) -> Iterator[Light]:
    if found.omvang is None:
        return
    for each in found.omvang.inhoud.get("tabellen", ()):
        rows, dead = each["rijen"], each["dood"]
        if dead > DEAD_ROWS and dead > DEAD_SHARE * (rows + dead):
            yield Light(
                ORANGE,
                f"In de tabel {each['naam']} wachten {dead} dode rijen op opruimen.",
                f"Laat de beheerder van de database VACUUM ANALYZE {each['naam']} uitvoeren, en kijken of autovacuum "
                "aanstaat.",
            )
    if found.omvang.inhoud["soort"] == "SQLite" and not found.omvang.inhoud["voorraad"]:
        yield Light(
            ORANGE,
            "SQLite weet nog niet hoe de rijen liggen, waardoor lijsten traag kunnen zijn.",
            "Voer op de server rni clock --once uit, of wacht tot na de nacht.",
        )


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _older(waiting: Waiting | None, now: datetime, than: timedelta) -> bool:
    return waiting is not None and waiting.oudste is not None and now - waiting.oudste > than


def _ago(now: datetime, since: datetime) -> str:
    minutes = int((now - since).total_seconds() // 60)
    return f"{minutes} minuten" if minutes < 120 else f"{minutes // 60} uur"
