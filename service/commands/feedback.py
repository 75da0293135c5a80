"""`rni feedback`: what UWV is told, and what becomes of it."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from exports import feedback_2026_1 as exporter
from exports.models import FeedbackDelivery
from service import shipments
from service.commands.desk import As, AsJson, WrongUse, answer, desk, folder
from service.db import session_scope
from service.log import audit, disclosure
from service.models import Shipment, ShipmentState
from signals.errors import Reason, Refused
from workflow.phases import Role

commands = typer.Typer(no_args_is_help=True, help="Terugkoppeling aan UWV.")

Number = Annotated[str, typer.Argument(metavar="NUMMER", help="Het nummer van de terugkoppeling: TK-JJJJ-NNNN.")]


@commands.command("make", help="Maakt de volgende terugkoppeling: CSV en XLSX.")
def make(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Map voor de bestanden.")] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """Tell what is due; without anything to tell nothing is made."""
    with desk(actor) as at:
        at.require(Role.COORDINATOR)
        target = folder(out or at.settings.data_dir / "terugkoppelingen")
        with session_scope(at.engine, at.access.widened()) as session:
            production, beside = at.settings.production, at.settings.data_dir
            made = exporter.make(session, door=at.door, now=at.now, production=production, folder=beside)
            if made is not None:
                audit.record(session, "terugkoppeling_gemaakt", made.nummer, at.now)
            told = exporter.summary(session, made, target)
        if made is not None:
            disclosure.save(at.engine, at.access, made.nummer, target, at.now)
    if made is None:
        lines = ["Er is niets te vertellen; er is geen terugkoppeling gemaakt."]
    else:
        kinds = ", ".join(f"{kind} {rows}" for kind, rows in told["soorten"].items())
        lines = [f"{made.nummer}: {made.regels} regels ({kinds}).", *(file["pad"] for file in told["bestanden"])]
    answer(told, as_json, lines)


@commands.command("again", help="Schrijft de bewaarde bestanden opnieuw, byte voor byte.")
def again(
    nummer: Number, out: Annotated[Path, typer.Option(metavar="DIR", help="Map voor de bestanden.")], actor: As = None
) -> None:
    """The stored bytes again."""
    with desk(actor) as at:
        at.require(Role.COORDINATOR, Role.UWV_LIAISON)
        paths = disclosure.save(at.engine, at.access, nummer, folder(out), at.now)
    print("\n".join(str(path) for path in paths))


@commands.command("sent", help="Legt vast dat de terugkoppeling is verzonden.")
def sent(nummer: Number, actor: As = None) -> None:
    """aangemaakt -> verzonden."""
    with desk(actor) as at:
        at.require(Role.COORDINATOR)
        with session_scope(at.engine, at.access.widened()) as session:
            done = shipments.sent(session, nummer, at.door, at.now)
            audit.record(session, "terugkoppeling_verzonden", nummer, at.now)
            line = _line(done)
    print(line)


@commands.command("send", help="Bezorgt de terugkoppeling nu op de SFTP-server van UWV.")
def send(nummer: Number, actor: As = None) -> None:
    """Both files at once, without waiting for the clock; what fails the clock tries again."""
    with desk(actor) as at:
        at.require(Role.COORDINATOR, Role.UWV_LIAISON)
        wide = at.access.widened()
        with session_scope(at.engine, wide) as session:
            if not any(each.staat in shipments.OPEN for each in shipments.of_delivery(session, nummer)):
                shipments.ask(session, at.settings, nummer, at.now)
        shipments.deliver(at.settings, at.engine, at.now, nummer=nummer, access=wide)
        with session_scope(at.engine, wide, write=False) as session:
            brought = shipments.of_delivery(session, nummer)
            line = _line(exporter.find(session, nummer))
        liaison = at.access.may(Role.UWV_LIAISON)
    away = [each for each in brought if each.staat != ShipmentState.BEZORGD]
    failed = [_not_there(each, each.fout if liaison else "De liaison ziet waarom.", at.settings.zone) for each in away]
    if failed:
        raise Refused(failed)
    print("\n".join([*(f"{each.naam}: bezorgd." for each in brought), line]))


def _not_there(shipment: Shipment, why: str, zone: ZoneInfo) -> Reason:
    """That a file is not there, and what comes of it."""
    if shipment.staat == ShipmentState.ONDERWEG:
        after = "Een ander proces is ermee bezig."
    elif shipment.staat == ShipmentState.WACHT:
        after = f"De klok probeert het opnieuw na {shipment.niet_voor.astimezone(zone):%d-%m-%Y %H:%M}."
    else:
        after = "Het wordt niet vanzelf opnieuw geprobeerd."
    return Reason("niet_bezorgd", f"Het {shipment.soort}-bestand is niet bezorgd. {why} {after}")


@commands.command("connection", help="Probeert de verbinding met de SFTP-server van UWV; bezorgt niets.")
def connection(actor: As = None) -> None:
    """Host key, name, key and folder, tried for real."""
    from service import sftp  # here: no other command needs SSH

    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.UWV_LIAISON)
        shipments.require_server(at.settings)
        try:
            sftp.probe(sftp.Target.of(at.settings))
        except sftp.NotBrought as failed:
            raise Refused(Reason("verbinding_mislukt", failed.fault)) from None
    print("De SFTP-server is de bedoelde, laat ons binnen en heeft de map.")


@commands.command("received", help="Legt vast dat UWV de terugkoppeling ontving.")
def received(
    nummer: Number,
    reference: Annotated[str, typer.Option(metavar="R", help="Het kenmerk waarmee UWV bevestigde.")],
    actor: As = None,
) -> None:
    """verzonden -> ontvangen."""
    with desk(actor) as at:
        at.require(Role.UWV_LIAISON)
        with session_scope(at.engine, at.access.widened()) as session:
            done = exporter.received(session, nummer, reference, at.door, at.now)
            audit.record(session, "terugkoppeling_ontvangen", nummer, at.now)
            line = _line(done)
    print(line)


@commands.command("refused", help="Legt vast dat UWV de terugkoppeling weigert, geheel of deels.")
def refused(
    nummer: Number,
    reason: Annotated[str, typer.Option(metavar="T", help="Waarom UWV weigert.")],
    rows: Annotated[
        str | None, typer.Option(metavar="3,8", help="Alleen deze regels; zonder: de hele terugkoppeling.")
    ] = None,
    actor: As = None,
) -> None:
    """Refused rows become due again."""
    chosen = None if rows is None else _numbers(rows)
    with desk(actor) as at:
        at.require(Role.UWV_LIAISON)
        with session_scope(at.engine, at.access.widened()) as session:
            done = exporter.refused(session, nummer, reason, chosen, at.door, at.now)
            audit.record(session, "terugkoppeling_geweigerd", nummer, at.now)
            line = _line(done)
    print(line)


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise WrongUse(Reason("regels_ongeldig", "Noem de regels als getallen met komma's ertussen, bijvoorbeeld 3,8."))
    return [int(part) for part in parts]


def _line(delivery: FeedbackDelivery) -> str:
    return f"{delivery.nummer}: {delivery.staat.value}."
