"""`rni serve`, `rni clock`, `rni worker`, `rni db` and `rni municipalities`: what an operator does."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from service import journal, process
from service.commands.desk import OUR_FAULT, As, AsJson, WrongUse, answer, desk, existing
from service.db import session_scope, upgrade
from service.log import audit
from service.settings import Settings, read_settings
from signals import municipalities as table
from signals.errors import Invalid, Reason, Refused
from workflow.phases import Role

database = typer.Typer(no_args_is_help=True, help="De database.")
municipalities = typer.Typer(no_args_is_help=True, help="De landelijke tabel van gemeenten.")


def serve(
    host: Annotated[str, typer.Option(help="Adres waarop de service luistert.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Poort waarop de service luistert.")] = 8000,
    with_clock: Annotated[
        bool, typer.Option("--with-clock", help="Met de klok en het lange werk in hetzelfde proces.")
    ] = False,
    actor: As = None,
) -> None:
    """Pages and API, until it is stopped; with --with-clock everything that an installation needs."""
    import uvicorn  # here: no other command needs the pages, and importing them takes a second

    from service.app import create_app, require_ready
    from service.running.metrics import Followed, exported

    with desk(actor, touches_cases=False) as at:
        require_ready(at.settings, at.engine)
        settings = at.settings
        if with_clock:
            _require_clock(settings)
    app = create_app(settings, with_clock=with_clock)
    engines = {"verzoeken": app.state.engine, "ongeduldig": app.state.impatient_engine}
    leads = (lambda: app.state.clock.leads()) if with_clock else None
    followed = Followed(settings, "web", engines, sender=app.state.sender, leads=leads)
    config = uvicorn.Config(
        app,
        server_header=False,
        log_config=None,
        access_log=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
    )
    with _listening(host, port) as listener, exported(followed):
        journal.configure(level=settings.log_level, form=settings.log_format)
        server = uvicorn.Server(config)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(OUR_FAULT)


def _listening(host: str, port: int) -> socket.socket:
    """The place where the service listens; WrongUse when it is taken or does not exist."""
    # Said to be TCP: only then does asyncio send an answer at once, instead of waiting 40 ms for a sign of the reader.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        uitleg = (
            f"De service kan niet luisteren op {host}, poort {port}: die is bezet, bestaat niet of mag niet. "
            "Kies een andere poort met --port, of een ander adres met --host."
        )
        raise WrongUse(Reason("poort_bezet", uitleg)) from None
    return listener


def clock(
    once: Annotated[bool, typer.Option("--once", help="Doe nu wat aan de beurt is, en stop.")] = False,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """The nightly work, as a process of its own or once. Of several processes one works; the others take over."""
    from service import jobs  # here: no other command needs the scheduler
    from service.running.kept import Keeper, keeping
    from service.running.metrics import Followed, exported

    with desk(actor, touches_cases=False) as at:
        _require_clock(at.settings)
        if once:
            counts: dict[str, int] = {}
            for job in (
                jobs.run_nightly,
                jobs.run_mail,
                jobs.run_shipments,
                jobs.run_connectors,
                jobs.run_retention,
                jobs.run_log,
                jobs.run_sizes,
            ):
                counts |= job(at.settings, at.engine, at.now)
            answer(counts, as_json, [f"{name}: {count}" for name, count in counts.items()])
            return
        settings = at.settings
    journal.configure(level=settings.log_level, form=settings.log_format)
    running = jobs.Clock(settings)
    followed = Followed(settings, "klok", {"klok": running.engine}, leads=running.leads)
    kept = keeping(Keeper(running.engine, "klok", settings.now))
    with exported(followed), kept, _stopped_by_signals(running.ask_to_stop):
        running.run()


def _require_clock(settings: Settings) -> None:
    """A clock that can bring nothing says so at once."""
    if settings.sftp_host:
        from service import sftp  # here: without a server nothing of SSH is needed

        sftp.Target.of(settings)


def worker(
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=16, help="Stukken werk tegelijk.")] = 2,
    actor: As = None,
) -> None:
    """Long work, until it is stopped; any number of them, on any machine."""
    with desk(actor, touches_cases=False) as at:
        settings = at.settings
    if not settings.on_postgresql:
        uitleg = (
            "Op SQLite doet de service het lange werk zelf: start alleen rni serve. Werkprocessen zijn er met een "
            "database van PostgreSQL in RNI_DATABASE_URL."
        )
        raise WrongUse(Reason("geen_werkproces", uitleg, "RNI_DATABASE_URL"))
    from service.running.metrics import Followed, exported
    from service.workers.queue import QueueWorker  # here: no other command needs the queue

    journal.configure(level=settings.log_level, form=settings.log_format)
    running = QueueWorker(settings, at_once)
    with exported(Followed(settings, "werker", {"werk": running.engine})), _stopped_by_signals(running.ask_to_stop):
        running.run()


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and Ctrl-C ask what goes on to end well."""
    before = {one: signal.signal(one, lambda *_: stop()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@database.command("upgrade", help="Brengt het schema van de database bij.")
def upgrade_schema(actor: As = None) -> None:
    """The schema of this version, and table 33 where there is none."""
    settings = read_settings()
    settings.require_safe()
    process.begin(settings)
    taken = upgrade(settings.database_url, settings.database_owner_url)
    with desk(actor, touches_cases=False) as at, session_scope(at.engine, at.access) as session:
        audit.record(session, "schema_bijgewerkt", "database", at.now)
    print(
        f"De database is bijgewerkt: {', '.join(taken)}." if taken else "De database was al bij. Er is niets gewijzigd."
    )


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
