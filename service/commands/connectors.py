"""`rni connector`: how it goes with the systems that are asked and told, and whether they let us in."""

from typing import Annotated, Any

import typer
from sqlmodel import Session, col, func, select

from service.commands.desk import As, AsJson, CommandDesk, answer, desk
from service.connector_models import LineState, RegisterCase, RegisterLine, RegisterState
from service.connectors import outbox, subscriptions
from service.connectors.configuration import PROPERTIES, RegisterAccess, configured, iter_addresses
from service.db import session_scope
from signals.errors import NotFound, Reason, Refused
from workflow.phases import Outcome, Phase, Role

commands = typer.Typer(no_args_is_help=True, help="Koppelingen met andere systemen.")

Code = Annotated[str, typer.Argument(metavar="GEMEENTECODE", help="Vier cijfers: de naam van de map.")]


@commands.command("list", help="Toont elke koppeling: hoe het gaat en wat er wacht.")
def list_(as_json: AsJson = False, actor: As = None) -> None:
    """What is configured, what waits, what stands still."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            told = [*_systems(session), *_subscriptions(session)]
    lines = [
        f"{one['gemeentecode']} {one['soort']}: {one['staat']}"
        + (f", {one['wacht']} in de wachtrij" if one.get("wacht") else "")
        + (f". {one['fout']}" if one.get("fout") else "")
        for one in told
    ]
    answer(told, as_json, lines or ["Er is geen koppeling ingesteld. Zie docs/koppelingen.md."])


def _systems(session: Session) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for code, found in configured().items():
        if found.brp:
            told.append({"gemeentecode": code, "soort": "brp", "staat": "ingesteld"})
        if found.zgw:
            line = session.exec(select(RegisterLine).where(RegisterLine.gemeentecode == code)).first()
            counted = select(func.count()).select_from(RegisterCase).where(RegisterCase.gemeentecode == code)
            waiting = session.exec(counted.where(col(RegisterCase.staat) != RegisterState.BIJ)).one()
            stand = {"staat": line.staat.value if line else LineState.AAN.value, "fout": line.fout if line else ""}
            told.append({"gemeentecode": code, "soort": "zaaksysteem", "wacht": waiting, **stand})
    return told


def _subscriptions(session: Session) -> list[dict[str, Any]]:
    waits = outbox.counts(session)["wacht"]
    return [
        {
            "gemeentecode": one.gemeentecode,
            "soort": "webhook",
            "nummer": one.id,
            "adres": one.adres,
            "staat": one.staat.value,
            "wacht": waits.get(one.id or 0, 0),
            "fout": one.fout,
        }
        for one in subscriptions.every(session)
    ]


@commands.command("check", help="Probeert of BRP en zaaksysteem van een gemeente ons toelaten; vraagt over niemand.")
def check(gemeentecode: Code, actor: As = None) -> None:
    """Certificates, keys, rights and the addresses of types, tried for real."""
    from service.connectors import brp, zgw  # here: no other command asks other systems
    from service.connectors.answers import NotAnswered

    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        found = configured().get(gemeentecode)
        if found is None:
            raise NotFound(_nothing(gemeentecode))
        faults = []
        for name, access in (("BRP", found.brp), ("zaaksysteem", found.zgw)):
            if access is None:
                print(f"{name}: staat uit.")
                continue
            try:
                if isinstance(access, RegisterAccess):
                    _require_types(access, zgw.require_let_in(access, at.access.trace.header, _types(access)))
                else:
                    brp.require_let_in(access, at.access.trace.header)
            except NotAnswered as fault:
                faults.append(Reason("koppeling_werkt_niet", f"{name}: {fault.fault}"))
                continue
            print(f"{name}: laat ons toe.")
        if faults:
            raise Refused(faults)


def _types(access: RegisterAccess) -> list[str]:
    return [address for _, address in iter_addresses(access)]


def _require_types(access: RegisterAccess, missing: list[str]) -> None:
    if missing:
        named = ", ".join(sorted({word for word, address in iter_addresses(access) if address in missing}))
        uitleg = f"De catalogus kent deze typen niet: {named}. Verbeter de adressen in koppelingen.toml."
        raise Refused(Reason("typen_onbekend", uitleg))


@commands.command("types", help="Toont de typen van een zaaktype in de catalogus, om in koppelingen.toml te zetten.")
def types(
    gemeentecode: Code,
    zaaktype: Annotated[str, typer.Option(metavar="ID", help="Identificatie van het zaaktype in de catalogus.")],
    actor: As = None,
) -> None:
    """Lines for the file; which of ours is which of theirs is for a person to fill in where the names differ."""
    from service.connectors import zgw  # here: as above
    from service.connectors.answers import NotAnswered

    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        found = configured().get(gemeentecode)
        if found is None or found.zgw is None or not found.zgw.catalogi:
            raise NotFound(_nothing(gemeentecode))
        print("\n".join(_lines(at, found.zgw, zgw.catalogue, zaaktype, NotAnswered)))


def _lines(at: CommandDesk, access: RegisterAccess, catalogue: Any, identification: str, fault: Any) -> list[str]:
    try:
        found = catalogue(access, identification, at.access.trace.header)
    except fault as failed:
        raise Refused(Reason("catalogus_antwoordt_niet", failed.fault)) from None
    lines = [f'zaaktype = "{found["zaaktype"]}"']
    lines += [f'# roltype {one.get("omschrijving", "")}\nroltype = "{one["url"]}"' for one in found["roltypen"]]
    for noun, words, named in (
        ("statustypen", tuple(Phase), "omschrijving"),
        ("resultaattypen", tuple(Outcome), "omschrijving"),
        ("eigenschappen", PROPERTIES, "naam"),
    ):
        lines += ["", f"[zgw.{noun}]", f"# kies per adres uit: {', '.join(words)}"]
        for one in found[noun]:
            said = str(one.get(named, ""))
            word = said.lower().replace(" ", "_")
            lines.append(f'{word if word in words else "# ?"} = "{one["url"]}"  # {said}')
    return lines


@commands.command("retry", help="Probeert opnieuw wat naar zaaksysteem of abonnees van een gemeente stilstaat.")
def retry(gemeentecode: Code, actor: As = None) -> None:
    """As the button on the page: everything that stands still begins anew."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        told = []
        with session_scope(at.engine, at.access.widened()) as session:
            for one in subscriptions.every(session):
                if one.gemeentecode == gemeentecode and one.id is not None:
                    subscriptions.try_again(session, one.id, at.now)
                    told.append(f"Abonnement {one.id}: opnieuw aan de beurt.")
            found = configured().get(gemeentecode)
            if found is not None and found.zgw is not None:
                waiting = subscriptions.try_register_again(session, gemeentecode, at.now)
                told.append(f"Zaaksysteem: {waiting} zaken opnieuw aan de beurt.")
        if not told:
            raise NotFound(_nothing(gemeentecode))
    print("\n".join(told))


def _nothing(code: str) -> Reason:
    named = code if code.isdigit() and len(code) == 4 else "met deze code"
    uitleg = f"Gemeente {named} heeft hier geen koppeling. Zie docs/koppelingen.md, of: rni connector list"
    return Reason("koppeling_onbekend", uitleg)
