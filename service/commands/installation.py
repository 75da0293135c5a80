"""`rni basis`, `rni setting` and `rni participant`: what the beheerder decides for this installation."""

from datetime import date
from typing import Annotated, Any

import typer

from exports.models import LegalBasis
from service import installation
from service.commands.desk import As, AsJson, answer, day, desk
from service.db import session_scope
from signals.models import Participant
from workflow.dated_settings import SETTINGS, DatedSetting, setting
from workflow.phases import Role

bases = typer.Typer(no_args_is_help=True, help="De grondslag om resultaten aan UWV te geven.")
settings = typer.Typer(no_args_is_help=True, help="Eigen termijnen en bezoekbeleid, met de dag vanaf wanneer.")
participants = typer.Typer(no_args_is_help=True, help="De gemeenten die meedoen.")

Ground = Annotated[str, typer.Argument(metavar="GRONDSLAG", help="De grondslag van de signalen, zoals LAA_2_37.")]
Code = Annotated[str, typer.Argument(metavar="GEMEENTECODE", help="Vier cijfers, uit tabel 33.")]
DecidedBy = Annotated[str, typer.Option(metavar="T", help="Wie dit heeft besloten, en met welk besluit.")]
From = Annotated[str | None, typer.Option(metavar="D", help="Geldt vanaf deze dag (jjjj-mm-dd); standaard vandaag.")]
Until = Annotated[str | None, typer.Option(metavar="D", help="De eerste dag waarop het niet meer geldt.")]
Municipality = Annotated[
    str | None, typer.Option(metavar="C", help="Alleen voor deze gemeente; zonder: voor alle gemeenten.")
]


@bases.command("add", help="Legt de grondslag vast om resultaten van deze signalen aan UWV te geven.")
def add_basis(
    grondslag: Ground,
    tekst: Annotated[str, typer.Option(metavar="T", help="Het artikel, besluit of de afspraak die dit toestaat.")],
    besloten_door: DecidedBy,
    vanaf: From = None,
    tot: Until = None,
    actor: As = None,
) -> None:
    """A legal basis from a day on; production makes no feedback without one."""
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        start, end = day(vanaf, at.now.date()), _end(tot)
        with session_scope(at.engine, at.access) as session:
            row = installation.add_basis(session, grondslag, tekst, besloten_door, start, end, at.now)
    print(f"{row.grondslag}: {_period(row)}.")


@bases.command("end", help="Beëindigt de grondslag die nu geldt.")
def end_basis(grondslag: Ground, tot: Until = None, actor: As = None) -> None:
    """From that day on production makes no feedback about these signals."""
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            row = installation.end_basis(session, grondslag, day(tot, at.now.date()), at.now)
    print(f"{row.grondslag}: {_period(row)}.")


@bases.command("list", help="Toont de vastgelegde grondslagen.")
def list_bases(as_json: AsJson = False, actor: As = None) -> None:
    """Every legal basis with its validity."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        with session_scope(at.engine, at.access, write=False) as session:
            found = installation.bases(session)
    told = [_dated(row, at.now.date(), grondslag=row.grondslag.value, tekst=row.tekst) for row in found]
    lines = [f"{row.grondslag}: {_period(row)}; {row.tekst} ({row.besloten_door})" for row in found]
    answer(told, as_json, lines or ["Er is nog geen grondslag vastgelegd. Leg er een vast met: rni basis add"])


@settings.command("set", help="Geeft een instelling een waarde, vanaf een dag.")
def set_(
    naam: Annotated[str, typer.Argument(metavar="NAAM", help="De instelling; rni setting list noemt ze.")],
    waarde: Annotated[str, typer.Argument(metavar="WAARDE", help="Een heel getal.")],
    besloten_door: DecidedBy,
    gemeente: Municipality = None,
    vanaf: From = None,
    actor: As = None,
) -> None:
    """A value from a day on; terms that already run keep their length."""
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        start = day(vanaf, at.now.date())
        with session_scope(at.engine, at.access) as session:
            row = installation.set_value(session, naam, waarde, gemeente, besloten_door, start, at.now)
    print(f"{_named(row)} = {row.waarde}, {_period(row)}.")


@settings.command("list", help="Toont de instellingen die gelden, en elke waarde die is vastgelegd.")
def list_settings(as_json: AsJson = False, actor: As = None) -> None:
    """What holds today in the whole country, then every value that was set."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        today = at.now.date()
        with session_scope(at.engine, at.access, write=False) as session:
            national = {naam: setting(session, naam, None, today) for naam in SETTINGS}
            found = installation.values(session)
    told: dict[str, Any] = {
        "landelijk": national,
        "vastgelegd": [
            _dated(row, today, naam=row.naam, gemeentecode=row.gemeentecode, waarde=int(row.waarde)) for row in found
        ],
    }
    lines = [f"{naam} = {value} ({SETTINGS[naam].omschrijving})" for naam, value in national.items()]
    lines += [f"vastgelegd: {_named(row)} = {row.waarde}, {_period(row)} ({row.besloten_door})" for row in found]
    answer(told, as_json, lines)


@participants.command("add", help="Laat een gemeente meedoen; na de eerste doen alleen de genoemde gemeenten mee.")
def add_participant(
    gemeentecode: Code, besloten_door: DecidedBy, vanaf: From = None, tot: Until = None, actor: As = None
) -> None:
    """A municipality takes part from a day on."""
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        start, end = day(vanaf, at.now.date()), _end(tot)
        with session_scope(at.engine, at.access) as session:
            row = installation.add_participant(session, gemeentecode, besloten_door, start, end, at.now)
            count = len(installation.participants(session))
    print(f"{row.gemeentecode}: {_period(row)}.")
    if count == 1:
        print("Dit is de eerste deelnemer: alle andere gemeenten doen nu niet meer mee tot u ze toevoegt.")


@participants.command("end", help="Legt vast dat een gemeente niet meer meedoet.")
def end_participant(gemeentecode: Code, tot: Until = None, actor: As = None) -> None:
    """From that day on its signals are rejected; its cases go on."""
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            row = installation.end_participant(session, gemeentecode, day(tot, at.now.date()), at.now)
    print(f"{row.gemeentecode}: {_period(row)}.")


@participants.command("list", help="Toont de gemeenten die meedoen.")
def list_participants(as_json: AsJson = False, actor: As = None) -> None:
    """Every participation with its validity."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        with session_scope(at.engine, at.access, write=False) as session:
            found = installation.participants(session)
    told = [_dated(row, at.now.date(), gemeentecode=row.gemeentecode) for row in found]
    lines = [f"{row.gemeentecode}: {_period(row)} ({row.besloten_door})" for row in found]
    answer(told, as_json, lines or ["Alle gemeenten doen mee: er is geen deelnemer vastgelegd."])


def _end(text: str | None) -> date | None:
    return None if text is None else day(text, date.min)


def _named(row: DatedSetting) -> str:
    return f"{row.naam} ({row.gemeentecode or 'alle gemeenten'})"


def _period(row: LegalBasis | Participant | DatedSetting) -> str:
    return f"vanaf {row.vanaf}" + (f" tot {row.tot}" if row.tot else "")


def _dated(row: LegalBasis | Participant | DatedSetting, today: date, **what: Any) -> dict[str, Any]:
    """What `--json` prints of a row; `tot` is the first day on which it no longer holds."""
    validity = {"vanaf": row.vanaf.isoformat(), "tot": row.tot and row.tot.isoformat()}
    return {**what, **validity, "geldt": installation.state(row, today), "beslotenDoor": row.besloten_door}
