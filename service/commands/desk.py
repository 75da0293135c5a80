"""What every command has: settings, a database that is ready, who acts, and how it answers."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from service import process
from service.access import Access
from service.db import make_engine, require_schema, session_scope
from service.identity import accounts
from service.row_security import require_second_lock
from service.settings import Settings, read_settings
from signals.errors import Forbidden, Invalid, Reason, Refused
from workflow.actors import Actor
from workflow.deadlines import day_given
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES, Role

DONE, OUR_FAULT, WRONG_USE, WITH_REJECTED, REFUSED = 0, 1, 2, 3, 4
INTERRUPTED = 130

As = Annotated[
    str | None, typer.Option("--as", metavar="GEBRUIKER", help="Handel als deze gebruiker, met diens rollen.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Antwoord met één JSON-object.")]


class WrongUse(Invalid):
    """A command that cannot be meant like this; exit 2."""


@dataclass(frozen=True)
class CommandDesk:
    """Settings, database, actor and moment of one command."""

    settings: Settings
    engine: Engine
    access: Access
    now: datetime

    @property
    def door(self) -> str:
        """In whose name things are written."""
        return self.access.actor.naam

    def require(self, *roles: Role) -> None:
        """Forbidden without one of these roles."""
        if not self.access.may(*roles):
            named = " of ".join(role.value for role in roles)
            raise Forbidden(Reason("rol_ontbreekt", f"Deze opdracht is voor de rol {named}."))


@contextmanager
def desk(actor: str | None, *, touches_cases: bool = True) -> Iterator[CommandDesk]:
    """The desk of a command: the schema is there, and the actor may act.

    touches_cases: in production such a command needs --as, so that a person stands in the log.
    """
    settings = read_settings()
    settings.require_safe()
    process.begin(settings)
    engine = make_engine(settings.database_url, pooled=settings.pooled)
    try:
        require_schema(engine)
        if settings.production:
            require_second_lock(engine)
        yield CommandDesk(settings, engine, _access(settings, engine, actor, touches_cases), settings.now())
    finally:
        engine.dispose()


def _access(settings: Settings, engine: Engine, name: str | None, touches_cases: bool) -> Access:
    if name is not None:
        with session_scope(engine, Access.system(), write=False) as session:
            return accounts.access_of_user(session, name, "opdrachtregel", settings.now().date())
    if settings.production and touches_cases:
        raise Refused(
            Reason(
                "gebruiker_ontbreekt", "In productie hoort bij deze opdracht een gebruiker: voeg toe --as GEBRUIKER."
            )
        )
    roles = {Role.BEHEERDER} if settings.production else MUNICIPAL_ROLES | PROJECT_ROLES
    return Access.of(Actor(f"opdrachtregel:{getpass.getuser()}", dict.fromkeys(roles)), "opdrachtregel")


def existing(path: Path) -> Path:
    """The path when a file lies there; WrongUse without."""
    if not path.is_file():
        raise WrongUse(Reason("bestand_ontbreekt", f"Het bestand {path} is er niet. Controleer de naam en de map."))
    return path


def folder(path: Path) -> Path:
    """The folder, made when it is not there; WrongUse before anything is done when files cannot be written in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        uitleg = f"In de map {path} kan niet worden geschreven. Kies een map waarin u mag schrijven."
        raise WrongUse(Reason("map_onmogelijk", uitleg))
    return path


def day(text: str | None, otherwise: date) -> date:
    """A day as given (jjjj-mm-dd), or the other one."""
    return otherwise if text is None else day_given(text)


def answer(value: Any, as_json: bool, sentences: list[str]) -> None:
    """Print the object, or the sentences for people."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False, default=str))
    else:
        print("\n".join(sentences))


@contextmanager
def progress(what: str, as_json: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal that counts rows; nothing elsewhere and nothing with --json."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed} rijen"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda rows: bar.update(task, completed=rows)
