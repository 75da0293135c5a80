"""`rni audit`: whether the log is still as it was written."""

from pathlib import Path
from typing import Annotated

import typer

from service.commands.desk import REFUSED, As, AsJson, WrongUse, answer, desk, existing
from service.db import session_scope
from service.log import audit, chain
from signals.errors import Reason
from workflow.phases import Role

commands = typer.Typer(no_args_is_help=True, help="Het logboek.")


@commands.callback()
def group() -> None:
    """A group of one command stays a group."""


@commands.command("verify", help="Controleert of het logboek nog is zoals het werd geschreven.")
def verify(
    heads: Annotated[
        Path | None,
        typer.Option("--koppen", metavar="BESTAND", help="Ketenkoppen die eerder elders zijn bewaard (JSON)."),
    ] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """Seal what is new, then walk over everything; exit 4 with the first fault."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.AUDITOR, Role.BEHEERDER)
        path = chain.heads_file(at.settings.data_dir)
        told = _heads(existing(heads)) if heads else chain.read_heads(path)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            gone = chain.heads_gone(session, at.settings.data_dir)
        chain.seal(at.engine, at.settings.data_dir, at.now, everything=True)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            verdict = chain.verify(session, told)
        if gone and not heads:
            verdict.breuk = verdict.breuk or gone
        elif gone and verdict.breuk is None:
            chain.tell(path, verdict.koppen)  # what was kept elsewhere proves that these may be trusted
        with session_scope(at.engine, at.access) as session:
            result = "geweigerd" if verdict.breuk else "gelukt"
            audit.record(session, "logboek_gecontroleerd", "logboek", at.now, resultaat=result)
    fault = verdict.breuk
    whole = {
        "status": "geschonden" if fault else "ongeschonden",
        "regels": verdict.regels,
        "onverzegeld": verdict.onverzegeld,
        "koppen": {code: list(head) for code, head in verdict.koppen.items()},
        "fout": vars(fault) if fault else None,
    }
    chains = len(verdict.koppen)
    lines = [
        f"{verdict.regels} regels gecontroleerd in {chains} {'keten' if chains == 1 else 'ketens'}.",
        *(f"{code or 'project'}: {head.volgnummer} {head.keten}" for code, head in verdict.koppen.items()),
        fault.uitleg if fault else "Er is niets gewijzigd, verwijderd, ingevoegd of verplaatst.",
    ]
    answer(whole, as_json, lines)
    if fault:
        raise typer.Exit(REFUSED)


def _heads(path: Path) -> chain.Heads:
    try:
        return chain.read_heads(path)
    except (ValueError, TypeError, AttributeError):
        uitleg = f"In {path} staan geen ketenkoppen. Geef een kopie van logboek/ketenkoppen.json uit RNI_DATA_DIR."
        raise WrongUse(Reason("koppen_onleesbaar", uitleg)) from None
