"""`rni figures`: numbers that leave as answers."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from exports.packs.files import save
from exports.packs.messages import pack_of
from exports.packs.parts import Soort
from exports.selection import Selection
from service.commands.desk import As, AsJson, answer, day, desk, folder
from service.reporting import destroyed_remark, figures_for, municipality_names
from workflow.deadlines import in_words


def figures(
    pack: Annotated[Soort, typer.Argument(help="Voor welke sessie.")],
    levering: Annotated[list[str] | None, typer.Option(metavar="N", help="Alleen deze levering; mag vaker.")] = None,
    gemeente: Annotated[list[str] | None, typer.Option(metavar="C", help="Alleen deze gemeente; mag vaker.")] = None,
    peildatum: Annotated[str | None, typer.Option(metavar="D", help="Stand op deze dag; standaard vandaag.")] = None,
    openbaar: Annotated[bool, typer.Option("--openbaar", help="De openbare uitgave, afgerond.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Map voor werkboek (XLSX), presentatie (PPTX) en PDF.")
    ] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """The figures of a selection as of a day, as JSON, and as a workbook, a deck and a PDF."""
    target = None if out is None else folder(out)
    with desk(actor) as at:
        on = day(peildatum, at.now.date())
        selection = Selection(leveringen=tuple(levering or ()), gemeenten=tuple(gemeente or ()))
        counted = figures_for(at.engine, at.access, selection, on, today=at.now.date(), openbaar=openbaar)
        if target is not None:
            earlier = None
            if pack is Soort.EVALUATIE and levering:
                every = replace(selection, leveringen=())
                earlier = figures_for(at.engine, at.access, every, on, today=at.now.date(), openbaar=openbaar)
            names = municipality_names(at.engine)
        gone = destroyed_remark(at.engine, at.access, selection, at.now.date(), openbaar=openbaar)
    lines = [f"Cijfers op {in_words(on)}", *filter(None, [gone])]
    lines += [f"{name}: {_short(value)}" for name, value in counted["cijfers"].items() if not isinstance(value, dict)]
    if target is not None:
        stem = f"cijfers-{pack}-{on:%Y%m%d}{'-openbaar' if openbaar else ''}"
        made = pack_of(pack, counted, names=names, earlier=earlier)
        lines += [str(path) for path in save(made, counted, target, stem)]
    answer(counted, as_json, lines)


def _short(value: object) -> str:
    return "onbekend" if value is None else str(value)
