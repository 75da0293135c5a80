"""`rni`: the commands put together, and how a command says no.

Exit: 0 done, 3 done but rows were rejected, 4 refused and nothing changed, 2 wrong use, 1 our fault.
"""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import structlog
import typer
from typer.exceptions import TyperException

from service import journal
from service.commands.desk import OUR_FAULT, REFUSED, WRONG_USE
from service.db import usable_database
from service.settings import keep_files_private, read_settings
from signals.errors import DomainError, Invalid

COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "serve": ("system", "serve", "Start de pagina's en de API."),
    "clock": ("system", "clock", "Start de klok: herinneringen aan termijnen, elke nacht."),
    "worker": ("system", "worker", "Start een werkproces voor lang werk, zoals het laden van een levering."),
    "check": ("deliveries", "check", "Leest en controleert een levering, bewaart niets."),
    "load": ("deliveries", "load", "Laadt een levering."),
    "undo": ("deliveries", "undo", "Maakt een lading ongedaan; bewijst dat al het andere gelijk blijft."),
    "verify": ("verify", "verify", "Controleert of alles hier is zoals het hoort; wijzigt niets."),
    "figures": ("reports", "figures", "De cijfers voor een werksessie of evaluatie."),
    "deadline": ("terms", "deadline", "Wanneer een termijn eindigt, en waarom dan."),
    "db": ("system", "database", ""),
    "backup": ("backup", "backup", "Maakt een back-up van database en bestanden samen, terwijl er wordt gewerkt."),
    "restore": ("backup", "restore_set", "Zet een back-up terug op een lege machine."),
    "feedback": ("feedback", "commands", ""),
    "yield": ("deliveries", "yields", ""),
    "user": ("users", "commands", ""),
    "token": ("users", "tokens", ""),
    "keys": ("keys", "commands", ""),
    "municipalities": ("system", "municipalities", ""),
    "basis": ("installation", "bases", ""),
    "setting": ("installation", "settings", ""),
    "participant": ("installation", "participants", ""),
    "connector": ("connectors", "commands", ""),
    "audit": ("audit", "commands", ""),
    "retention": ("retention", "commands", ""),
}
"""Per word after `rni`: the module of `service.commands`, what stands there, and its help (a group has its own)."""


def program(word: str = "") -> typer.Typer:
    """The commands put together; of a known word only that one, because importing the rooms of all takes seconds."""
    app = typer.Typer(
        name="rni",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Langdurig RNI: signalen, zaken, terugkoppeling en cijfers.",
    )
    app.callback()(lambda: None)  # with one command it would otherwise be that command
    for name in [word] if word in COMMANDS else COMMANDS:
        module, attribute, help_ = COMMANDS[name]
        found = getattr(import_module(f"service.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, help=help_)(found)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run a command; gives the exit code. Every no is a Dutch sentence on standard error."""
    journal.configure(level=logging.WARNING)
    try:
        app = program(*arguments[:1])
        with usable_database():
            return int(app(args=list(arguments), standalone_mode=False) or 0)
    except DomainError as error:
        return _refused(error, arguments)
    except TyperException as error:
        print(_wrong_use(error), file=sys.stderr)
        return WRONG_USE
    except (KeyboardInterrupt, typer.Abort):
        print("Afgebroken.", file=sys.stderr)
        return 130
    except Exception:  # noqa: BLE001  # the last net: into the log with its traceback, a sentence on the screen
        try:
            with journal.in_file(read_settings().data_dir) as path:
                structlog.get_logger().exception("onverwachte fout", opdracht=" ".join(arguments[:2]))
            where = f"De technische melding staat in {path}."
        except OSError:
            where = "De technische melding kon niet worden bewaard: controleer de map in RNI_DATA_DIR."
        print(f"{journal.OUR_FAULT} {where}", file=sys.stderr)
        return OUR_FAULT


def _refused(error: DomainError, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        told = {"status": "geweigerd", "reden": error.reasons[0].code, "uitleg": error.uitleg}
        print(json.dumps(told, ensure_ascii=False))
    print(error.uitleg, file=sys.stderr)
    return WRONG_USE if isinstance(error, Invalid) else REFUSED


def _wrong_use(error: TyperException) -> str:
    """The command line itself was not understood; the parser's own sentence is English."""
    parameter = getattr(error, "param", None)
    option = getattr(error, "option_name", None)
    name = option or (parameter.opts[0] if parameter is not None and parameter.opts else None)
    if parameter is not None and parameter.param_type_name == "argument":
        name = (parameter.metavar or parameter.name or "").upper()
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "rni"
    kind = type(error).__name__
    said = {
        "NoSuchOption": f"De optie {name} bestaat niet.",
        "MissingParameter": f"{name} ontbreekt.",
        "BadParameter": f"De waarde bij {name} klopt niet.",
        "BadOptionUsage": f"De optie {name} is niet goed gebruikt.",
        "NoArgsIsHelpError": "Kies een opdracht.",
    }.get(kind, "Deze opdracht bestaat niet of heeft te veel woorden.")
    return f"{said} Zie: {where} --help"


def main() -> None:
    """The entry point of `rni`."""
    keep_files_private()
    sys.exit(run(sys.argv[1:]))
