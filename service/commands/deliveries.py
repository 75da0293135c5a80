"""`rni check`, `rni load`, `rni undo` and `rni yield load`: files that come in."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from exports.feedback_2026_1 import told_signals
from importers import opbrengst_2026_1, use_profiles
from importers.load import summary
from importers.refusals import FileRefused
from service.commands.desk import (
    DONE,
    INTERRUPTED,
    REFUSED,
    WITH_REJECTED,
    As,
    AsJson,
    WrongUse,
    answer,
    day,
    desk,
    existing,
    progress,
)
from service.db import session_scope
from service.files import storage
from service.loading import load_report, uploads
from service.log import audit
from service.settings import read_settings
from signals.errors import Reason
from signals.models import LoadStatus, OpbrengstLoad, Uitkomst
from workflow.phases import Role

Report = Annotated[
    Path | None,
    typer.Option(metavar="OUT.xlsx", help="Schrijf ook het verwerkingsverslag (XLSX); het bevat persoonsgegevens."),
]

yields = typer.Typer(no_args_is_help=True, help="Opbrengst: wat UWV met de resultaten deed.")

MOST_REJECTED = 20
"""So many rejected rows of a yield file are named on the screen."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV of XLSX.")]
Received = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Ontvangst in WALAA of TMV, als jjjj-mm-dd; standaard vandaag."),
]


def check(
    file: File, received: Received = None, as_json: AsJson = False, report: Report = None, actor: As = None
) -> None:
    """Read and judge a delivery, store nothing."""
    path, out = existing(file), _writable(report, file)
    use_profiles(read_settings().profiles_dir)
    with desk(actor) as at:
        on = day(received, at.now.date())
        try:
            with progress("Controleren", as_json) as step:
                checked = uploads.check_file(
                    at.engine, at.access, path, storage.shown_name(path.name), received=on, now=at.now, progress=step
                )
        except FileRefused as refused:
            done = load_report.unsaved(path, refused, received=on, now=at.now, door=at.door)
            told = summary(done) | {"ladingnummer": None}
            if out:
                load_report.write_refused(done, out, at.settings.zone)
        else:
            told = summary(checked)
            if out:
                done = load_report.unsaved(path, checked, received=on, now=at.now, door=at.door)
                load_report.write_checked(done, checked, out, at.settings.zone)
    _tell(told, as_json, out)


def load(
    file: File, received: Received = None, as_json: AsJson = False, report: Report = None, actor: As = None
) -> None:
    """Load a delivery: the whole of it or nothing."""
    path, out = existing(file), _writable(report, file)
    use_profiles(read_settings().profiles_dir)
    with desk(actor) as at:
        on = day(received, at.now.date())
        uploads.require_loader(at.access)
        try:
            with path.open("rb") as stream:
                kept = storage.keep(at.settings, stream)
            with storage.dropped_on_failure(kept), progress("Laden", as_json) as step:
                loaded = uploads.load_file(
                    at.engine,
                    at.access,
                    kept,
                    storage.shown_name(path.name),
                    received=on,
                    now=at.now,
                    settings=at.settings,
                    progress=step,
                )
        except KeyboardInterrupt:
            print("Afgebroken; er is niets geladen.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        told = summary(loaded)
        if out:
            with session_scope(at.engine, at.access.widened(), write=False) as session:
                load_report.write_loaded(session, loaded, out, at.settings.zone)
    _tell(told, as_json, out)


def undo(
    ladingnummer: Annotated[str, typer.Argument(metavar="LADINGNUMMER", help="Bijvoorbeeld LD-2026-000001.")],
    actor: As = None,
) -> None:
    """Take a load back, with the proof that nothing else changed."""
    with desk(actor) as at:
        done = uploads.undo(at.engine, at.access, ladingnummer, at.now)
    print(
        f"{ladingnummer}: ongedaan gemaakt. "
        f"Weggehaald: {done.load.geaccepteerd} (signalen), {done.load.zaken} (zaken).\n"
        "De tellingen en de afgekeurde rijen blijven. Hetzelfde bestand kan opnieuw worden geladen.\n"
        f"Al het andere is gelijk gebleven: controlegetal voor en na {done.proof}."
    )


def _writable(report: Path | None, file: Path) -> Path | None:
    """Where the report goes; known before anything is loaded. WrongUse when it cannot be written there."""
    if report is None:
        return None
    if report.exists() and report.samefile(file):
        uitleg = f"Het verslag {report} zou de levering overschrijven. Kies een andere naam."
        raise WrongUse(Reason("verslag_over_bestand", uitleg))
    place = report if report.exists() else report.absolute().parent
    if report.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        uitleg = f"Het verslag {report} kan daar niet worden geschreven. Kies een bestaande map waarin u mag schrijven."
        raise WrongUse(Reason("verslag_onmogelijk", uitleg))
    return report


def _tell(told: dict[str, Any], as_json: bool, report: Path | None) -> None:
    if told["status"] == LoadStatus.GEWEIGERD:
        answer(told, as_json, [f"Geweigerd: {told['reden']}."])
        print(told["uitleg"], file=sys.stderr)
        raise typer.Exit(REFUSED)
    answer(told, as_json, [*_sentences(told), *([f"Verwerkingsverslag: {report}"] if report else [])])
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
    use_profiles(read_settings().profiles_dir)
    with desk(actor) as at:
        at.require(Role.UWV_LIAISON)
        with session_scope(at.engine, at.access.widened()) as session:
            done = opbrengst_2026_1.load(
                session, path, file_name=storage.shown_name(path.name), told=told_signals, door=at.door, now=at.now
            )
            audit.record(session, "opbrengst_geladen", done.ladingnummer, at.now)
    told = yield_summary(done)
    line = (
        f"{told['ladingnummer']}: {told['geleverd']} geleverd = {told['geaccepteerd']} geaccepteerd + "
        f"{told['dubbel']} dubbel + {told['afgekeurd']} afgekeurd."
    )
    answer(told, as_json, [line, *_turned_down(done)])
    raise typer.Exit(WITH_REJECTED if done.afgekeurd else DONE)


def _turned_down(done: OpbrengstLoad) -> list[str]:
    """The rejected rows, by their number in a spreadsheet, with what to do."""
    rejected = [row for row in done.afgewezen if row["uitkomst"] == Uitkomst.AFGEKEURD]
    lines = [
        f"Regel {row['regel']}: " + " ".join(fault["uitleg"] for fault in row["fouten"])
        for row in rejected[:MOST_REJECTED]
    ]
    left = len(rejected) - len(lines)
    return [*lines, f"En nog {left} afgekeurde rijen; ze staan op de pagina Opbrengst."] if left else lines


def yield_summary(done: OpbrengstLoad) -> dict[str, Any]:
    """What `rni yield load --json` prints."""
    names = ("ladingnummer", "sha256", "geleverd", "geaccepteerd", "dubbel", "afgekeurd", "redenen")
    return {name: getattr(done, name) for name in names}
