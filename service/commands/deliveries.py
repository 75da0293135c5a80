"""`rni check`, `rni load` and `rni yield load`: files that come in."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from exports.feedback_2026_1 import told_signals
from importers import opbrengst_2026_1
from importers.load import summary
from importers.reader import fingerprint
from importers.refusals import FileRefused
from service import audit, uploads
from service.commands.desk import (
    DONE,
    REFUSED,
    WITH_REJECTED,
    As,
    AsJson,
    CommandDesk,
    answer,
    day,
    desk,
    existing,
    progress,
)
from service.db import session_scope
from signals.models import Load, LoadStatus, OpbrengstLoad
from workflow.phases import Role

yields = typer.Typer(no_args_is_help=True, help="Opbrengst: wat UWV met de resultaten deed.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV of XLSX.")]
Received = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Ontvangst in WALAA of TMV, als jjjj-mm-dd; standaard vandaag."),
]


def check(file: File, received: Received = None, as_json: AsJson = False, actor: As = None) -> None:
    """Read and judge a delivery, store nothing."""
    path = existing(file)
    with desk(actor) as at:
        on = day(received, at.now.date())
        try:
            with progress("Controleren", as_json) as step:
                checked = uploads.check_file(
                    at.engine, at.access, path, path.name, received=on, now=at.now, progress=step
                )
        except FileRefused as refused:
            told = summary(_refused(refused, path, on, at)) | {"ladingnummer": None}
        else:
            told = summary(checked)
    _tell(told, as_json)


def _refused(refused: FileRefused, path: Path, received: date, at: CommandDesk) -> Load:
    """What a refused file looks like in the answer; not stored."""
    return Load(
        ladingnummer="",
        status=LoadStatus.GEWEIGERD,
        bestandsnaam=path.name,
        sha256=fingerprint(path),
        datum_ontvangst=received,
        aangeboden_op=at.now,
        door=at.door,
        reden=refused.reden,
        uitleg=refused.uitleg,
    )


def load(file: File, received: Received = None, as_json: AsJson = False, actor: As = None) -> None:
    """Load a delivery: the whole of it or nothing."""
    path = existing(file)
    with desk(actor) as at:
        on = day(received, at.now.date())
        uploads.require_loader(at.access)
        with path.open("rb") as stream:
            kept = uploads.keep(at.settings, stream)
        with progress("Laden", as_json) as step:
            loaded = uploads.load_file(at.engine, at.access, kept, path.name, received=on, now=at.now, progress=step)
        told = summary(loaded)
    _tell(told, as_json)


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if told["status"] == LoadStatus.GEWEIGERD:
        answer(told, as_json, [f"Geweigerd: {told['reden']}."])
        print(told["uitleg"], file=sys.stderr)
        raise typer.Exit(REFUSED)
    answer(told, as_json, _sentences(told))
    raise typer.Exit(WITH_REJECTED if told["afgekeurd"] else DONE)


def _sentences(told: dict[str, Any]) -> list[str]:
    number = told["ladingnummer"] or "controle"
    lines = [
        f"{number}: {told['status']}, levering {told['leveringsnummer']}, layout {told['layout']}, "
        f"{told['seconden']:.1f} seconden.",
        f"{told['geleverd']} geleverd = {told['geaccepteerd']} geaccepteerd + {told['gewijzigd']} gewijzigd + "
        f"{told['ingetrokken']} ingetrokken + {told['dubbel']} dubbel + {told['afgekeurd']} afgekeurd.",
        f"{told['zaken']} zaken geopend.",
    ]
    for title, counts in (("Redenen", told["redenen"]), ("Waarschuwingen", told["waarschuwingen"])):
        if counts:
            lines.append(f"{title}: " + ", ".join(f"{code} {rows}" for code, rows in counts.items()))
    return lines


@yields.command("load", help="Laadt een opbrengstbestand.")
def load_yield(file: File, as_json: AsJson = False, actor: As = None) -> None:
    """Load a yield file."""
    path = existing(file)
    with desk(actor) as at:
        at.require(Role.UWV_LIAISON)
        with session_scope(at.engine, at.access.widened()) as session:
            done = opbrengst_2026_1.load(
                session, path, file_name=path.name, told=told_signals, door=at.door, now=at.now
            )
            audit.record(session, "opbrengst_geladen", done.ladingnummer, at.now)
    told = yield_summary(done)
    line = (
        f"{told['ladingnummer']}: {told['geleverd']} geleverd = {told['geaccepteerd']} geaccepteerd + "
        f"{told['dubbel']} dubbel + {told['afgekeurd']} afgekeurd."
    )
    answer(told, as_json, [line])
    raise typer.Exit(WITH_REJECTED if done.afgekeurd else DONE)


def yield_summary(done: OpbrengstLoad) -> dict[str, Any]:
    """What `rni yield load --json` prints."""
    names = ("ladingnummer", "sha256", "geleverd", "geaccepteerd", "dubbel", "afgekeurd", "redenen")
    return {name: getattr(done, name) for name in names}
