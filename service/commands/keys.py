"""`rni keys`: another secret key for what lies sealed in the database."""

import typer

from service import keys
from service.commands.desk import As, AsJson, answer, desk, progress
from service.db import session_scope
from service.identity import second_factor
from service.log import audit
from workflow.phases import Role

commands = typer.Typer(no_args_is_help=True, help="De sleutels waaronder persoonsgegevens verzegeld liggen.")


@commands.callback()
def group() -> None:
    """De sleutels waaronder persoonsgegevens verzegeld liggen."""


@commands.command("rotate", help="Verzegelt alles opnieuw met de nieuwste sleutel, terwijl er gewoon gewerkt wordt.")
def rotate(as_json: AsJson = False, actor: As = None) -> None:
    """Goes on where an earlier one stopped; zero everywhere means that older keys seal nothing any more."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with progress("Verzegelen", as_json) as step:
            done = keys.rotate(at.engine, step)
        with session_scope(at.engine, at.access) as session:
            done["apps_van_gebruikers"] = second_factor.seal_anew(session)
            audit.record(session, "sleutels_vernieuwd", "database", at.now)
    lines = [f"{name}: {count} opnieuw verzegeld" for name, count in sorted(done.items())]
    if not any(done.values()):
        lines.append("Onder een oudere sleutel ligt niets meer verzegeld; het logboek blijft zoals het is.")
    answer(dict(done), as_json, lines)
