"""`rni figures`: numbers that leave as answers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exports.selection import Selection
from exports.workbook import write_workbook
from service.commands.desk import As, AsJson, answer, day, desk, folder
from service.reporting import figures_for
from workflow.deadlines import in_words


class Pack(StrEnum):
    """For which session the figures are."""

    WERKSESSIE = "werksessie"
    EVALUATIE = "evaluatie"


def figures(
    pack: Annotated[Pack, typer.Argument(help="Voor welke sessie.")],
    levering: Annotated[list[str] | None, typer.Option(metavar="N", help="Alleen deze levering; mag vaker.")] = None,
    gemeente: Annotated[list[str] | None, typer.Option(metavar="C", help="Alleen deze gemeente; mag vaker.")] = None,
    peildatum: Annotated[str | None, typer.Option(metavar="D", help="Stand op deze dag; standaard vandaag.")] = None,
    openbaar: Annotated[bool, typer.Option("--openbaar", help="De openbare uitgave, afgerond.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Map voor de werkmap (XLSX).")] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """The figures of a selection as of a day, as JSON and as a workbook."""
    target = None if out is None else folder(out)
    with desk(actor) as at:
        on = day(peildatum, at.now.date())
        selection = Selection(leveringen=tuple(levering or ()), gemeenten=tuple(gemeente or ()))
        counted = figures_for(at.engine, at.access, selection, on, today=at.now.date(), openbaar=openbaar)
    lines = [f"Cijfers op {in_words(on)}"]
    lines += [f"{name}: {_short(value)}" for name, value in counted["cijfers"].items() if not isinstance(value, dict)]
    if target is not None:
        path = target / f"cijfers-{pack}-{on:%Y%m%d}{'-openbaar' if openbaar else ''}.xlsx"
        with path.open("wb") as stream:
            write_workbook(counted, stream)
        lines.append(str(path))
    answer(counted, as_json, lines)


def _short(value: object) -> str:
    return "onbekend" if value is None else str(value)
