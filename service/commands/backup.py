"""`rni backup` and `rni restore`: database and files as one set."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from service import process
from service.backup import manifest
from service.backup.making import make
from service.backup.restoring import restore
from service.backup.storing import identities_in
from service.commands.desk import As, AsJson, answer, desk, existing, folder
from service.db import session_scope, upgrade
from service.log import audit
from service.settings import read_settings
from workflow.phases import Role


def backup(
    out: Annotated[Path, typer.Option(help="Map waarin de back-up komt, in een map met de datum als naam.")],
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="AGE1…", help="Versleutel voor deze publieke sleutel (age); mag vaker."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Bewaar de nieuwste N in deze map; oudere gaan weg.")
    ] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """A set while people work; the entry in the log comes after it, so it is not in it."""
    target = folder(out)
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        made = make(at.settings, target, at.now, to=to or (), keep=keep)
        with session_scope(at.engine, at.access) as session:
            audit.record(session, "backup_gemaakt", made.folder.name, at.now)
    told = made.manifest
    value = {
        "map": str(made.folder),
        "onderdelen": len(told.onderdelen),
        "bytes": sum(part.bytes for part in told.onderdelen),
        "rijen": sum(rows.rijen for rows in told.tabellen.values()),
        "versleuteld": told.versleuteld,
        "alWeg": list(told.al_weg),
        "weggehaald": list(made.dropped),
    }
    lines = [
        f"De back-up staat in {made.folder}: {value['rijen']} rijen, {len(told.files)} bestanden, "
        f"{value['bytes']} bytes{', versleuteld' if told.versleuteld else ''}.",
        "De geheime sleutels (RNI_SECRET_KEYS) zitten er niet in. Bewaar die apart.",
        *(f"Weggehaald: {name}" for name in made.dropped),
    ]
    if told.al_weg:
        lines.append(
            f"Let op: {len(told.al_weg)} documenten waarnaar een dossier verwijst, lagen niet meer in RNI_DATA_DIR. "
            f"Welke staat in {manifest.NAME} onder al_weg. Zoek ze in een oudere back-up."
        )
    answer(value, as_json, lines)


def restore_set(
    source: Annotated[Path, typer.Argument(metavar="MAP", help="De map van één back-up: rni- en een datum.")],
    identity: Annotated[
        Path | None, typer.Option(metavar="BESTAND", help="De geheime sleutel (age), voor een versleutelde back-up.")
    ] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """Into an empty database and an empty data directory, then up to the schema of this version."""
    settings = read_settings()
    settings.require_safe()
    process.begin(settings)
    identities = identities_in(existing(identity)) if identity else []
    told = restore(settings, source, identities)
    upgrade(settings.database_url, settings.database_owner_url)
    with desk(actor, touches_cases=False) as at, session_scope(at.engine, at.access) as session:
        at.require(Role.BEHEERDER)
        audit.record(session, "backup_teruggezet", source.resolve().name, at.now)
    rows = sum(each.rijen for each in told.tabellen.values())
    value = {"gemaaktOp": told.gemaakt_op, "rijen": rows, "bestanden": len(told.files), "alWeg": list(told.al_weg)}
    lines = [
        f"Teruggezet: {rows} rijen en {len(told.files)} bestanden, van {told.gemaakt_op:%d-%m-%Y %H:%M}.",
        "Wat daarna is vastgelegd, is er niet. Doe nu, voordat iemand werkt:",
        *(f"  {step}" for step in next_steps()),
    ]
    answer(value, as_json, lines)


def next_steps() -> list[str]:
    """What follows on a restore, as far as this version has it."""
    steps = {
        "service.verify": "rni verify                    (klopt het geheel?)",
        "service.commands.audit": "rni audit verify              (is het logboek heel?)",
        "service.commands.retention": "rni retention repeat BESTAND  (vernietig opnieuw wat sindsdien is vernietigd)",
    }
    return [step for module, step in steps.items() if find_spec(module)]
