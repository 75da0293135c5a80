"""`rni verify`: whether everything is as it must be: after a back-up was put back, a crash, or just each week."""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.commands.desk import REFUSED, As, AsJson, WrongUse, answer, desk
from service.verify.looking import Finding, Look
from service.verify.running import Verdict
from service.verify.running import verify as verify_all
from signals.errors import Reason
from workflow.phases import Role

SHOWN = 20
"""Findings of one code that stand on the screen; the file has all."""


def verify(
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="BESTAND", help="Schrijft elke bevinding op een regel van dit bestand (JSON)."),
    ] = None,
    actor: As = None,
) -> None:
    """Look at everything in one snapshot and change nothing; exit 4 with findings."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.AUDITOR, Role.BEHEERDER)
        shown: list[Finding] = []
        count: Counter[str] = Counter()
        with _report(out) as write, _watching(as_json) as begun:

            def found(finding: Finding) -> None:
                count[finding.code] += 1
                if count[finding.code] <= SHOWN:
                    shown.append(finding)
                write(finding.as_dict())

            verdict = verify_all(at.engine, at.settings, at.access, at.now, found, begun)
            write(verdict.as_dict())
    whole = verdict.as_dict() | {"bevindingen": [finding.as_dict() for finding in shown]}
    answer(whole, as_json, _sentences(verdict, shown))
    if not verdict.sound:
        raise typer.Exit(REFUSED)


def _sentences(verdict: Verdict, shown: list[Finding]) -> list[str]:
    looked = sum(ran.bekeken for ran in verdict.controles)
    lines = [f"{len(verdict.controles)} controles, {looked} gegevens bekeken."]
    for code, count in sorted(verdict.aantallen.items()):
        mine = [finding for finding in shown if finding.code == code]
        lines += ["", f"{code} ({count})"]
        lines += [f"  {finding.waar}: {finding.uitleg}" for finding in mine]
        if count > len(mine):
            lines.append(f"  en nog {count - len(mine)}; met --out BESTAND staan zij er allemaal in.")
        lines.append(f"  Wat te doen: {mine[0].doen}")
    lines += [""] if verdict.aantallen else []
    return [*lines, "Er is niets gevonden." if verdict.sound else "Zie docs/beheer/controle.md voor elke code."]


@contextmanager
def _report(path: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A line for each finding and one for the verdict; the file has its name only once it is whole."""
    if path is None:
        yield lambda told: None
        return
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        lines = fresh.open("x", encoding="utf-8")
    except OSError:
        uitleg = f"In de map van {path} kan niet worden geschreven. Kies een map waarin u mag schrijven."
        raise WrongUse(Reason("map_onmogelijk", uitleg)) from None
    try:
        with lines:
            yield lambda told: _write(lines, told)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _write(lines: TextIO, told: dict[str, Any]) -> None:
    lines.write(json.dumps(told, ensure_ascii=False) + "\n")


@contextmanager
def _watching(as_json: bool) -> Iterator[Callable[[str, Look], None] | None]:
    """On a terminal which check is made and how much it looked at; nothing elsewhere and nothing with --json."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed} bekeken"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Controleren", total=None)

        def begun(name: str, look: Look) -> None:
            bar.update(task, description=f"Controleren: {name}", completed=0)
            look.tick = lambda rows: bar.update(task, completed=rows)

        yield begun
