"""`rni serve`, `rni clock`, `rni db` and `rni municipalities`: what an operator does."""

from pathlib import Path
from typing import Annotated

import typer

from service import audit, journal
from service.commands.desk import As, AsJson, answer, desk, existing
from service.db import session_scope, upgrade
from service.settings import read_settings
from signals import municipalities as table
from signals.errors import Invalid, Refused
from workflow.phases import Role

database = typer.Typer(no_args_is_help=True, help="De database.")
municipalities = typer.Typer(no_args_is_help=True, help="De landelijke tabel van gemeenten.")


def serve(
    host: Annotated[str, typer.Option(help="Adres waarop de service luistert.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Poort waarop de service luistert.")] = 8000,
    actor: As = None,
) -> None:
    """Pages and API, until it is stopped."""
    import uvicorn  # here: no other command needs the pages, and importing them takes a second

    from service.app import create_app, require_ready

    with desk(actor, touches_cases=False) as at:
        require_ready(at.settings, at.engine)
        settings = at.settings
    journal.configure()
    uvicorn.run(create_app(settings), host=host, port=port, server_header=False, log_config=None, access_log=False)


def clock(
    once: Annotated[bool, typer.Option("--once", help="Doe nu wat aan de beurt is, en stop.")] = False,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """The nightly work, as a process of its own or once."""
    from service import jobs  # here: no other command needs the scheduler

    with desk(actor, touches_cases=False) as at:
        if once:
            counts = jobs.run_nightly(at.engine, at.now)
            answer(counts, as_json, [f"{name}: {count}" for name, count in counts.items()])
            return
        journal.configure()
        jobs.scheduler(at.settings, at.engine).start()


@database.command("upgrade", help="Brengt het schema van de database bij.")
def upgrade_schema(actor: As = None) -> None:
    """The schema of this version, and table 33 where there is none."""
    settings = read_settings()
    settings.require_safe()
    upgrade(settings.database_url)
    with desk(actor, touches_cases=False) as at, session_scope(at.engine, at.access) as session:
        audit.record(session, "schema_bijgewerkt", "database", at.now)
    print("De database is bijgewerkt.")


@municipalities.command("load", help="Laadt de officiële landelijke tabel 33 (CSV).")
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Tabel 33 zoals de RvIG haar uitgeeft.")],
    actor: As = None,
) -> None:
    """Put the table in place of the one that was there."""
    path = existing(file)
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        try:
            rows = table.read_table_33(path)
        except Invalid as refused:
            raise Refused(refused.reasons) from None
        with session_scope(at.engine, at.access) as session:
            count = table.store(session, rows)
            audit.record(session, "tabel_33_geladen", path.name[:100], at.now)
    print(f"{count} gemeenten geladen.")
