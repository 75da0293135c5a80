"""`rni user` and `rni token`: who may come in."""

from typing import Annotated, Any

import typer

from service import accounts, audit
from service.commands.desk import As, AsJson, answer, desk
from service.db import session_scope
from workflow.phases import Role

commands = typer.Typer(no_args_is_help=True, help="Gebruikers en hun rollen.")
tokens = typer.Typer(no_args_is_help=True, help="Tokens voor de API.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="De gebruikersnaam.")]


@commands.command("add", help="Voegt een gebruiker toe en toont één keer het wachtwoord.")
def add(
    name: Name,
    role: Annotated[
        list[str], typer.Option(metavar="ROL[:GEMEENTECODE[,...]]", help="Een rol; herhaal voor meer rollen.")
    ],
    weergavenaam: Annotated[str, typer.Option(help="Naam in brieven en op pagina's.")] = "",
    telefoonnummer: Annotated[str, typer.Option(help="Telefoonnummer in brieven.")] = "",
    emailadres: Annotated[str, typer.Option(help="E-mailadres in brieven.")] = "",
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """A new user with roles; the password is made up and shown once."""
    roles = [each for text in role for each in accounts.role_given(text)]
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            _, password = accounts.create_user(
                session,
                name,
                roles,
                now=at.now,
                weergavenaam=weergavenaam,
                telefoonnummer=telefoonnummer,
                emailadres=emailadres,
            )
            audit.record(session, "gebruiker_toegevoegd", name, at.now)
    answer({"gebruiker": name, "wachtwoord": password}, as_json, [f"gebruiker: {name}", f"wachtwoord: {password}"])


@commands.command("change", help="Wijzigt hoe een gebruiker in brieven en op pagina's staat.")
def change(
    name: Name,
    weergavenaam: Annotated[str | None, typer.Option(help="Naam in brieven en op pagina's.")] = None,
    telefoonnummer: Annotated[str | None, typer.Option(help="Telefoonnummer in brieven.")] = None,
    emailadres: Annotated[str | None, typer.Option(help="E-mailadres in brieven.")] = None,
    actor: As = None,
) -> None:
    """What is not given stays as it was."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            accounts.change_user(
                session, name, weergavenaam=weergavenaam, telefoonnummer=telefoonnummer, emailadres=emailadres
            )
            audit.record(session, "gebruiker_gewijzigd", name, at.now)
    print(f"{name} is gewijzigd.")


@commands.command("list", help="Toont de gebruikers met hun rollen.")
def list_(as_json: AsJson = False, actor: As = None) -> None:
    """Every user by name."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        with session_scope(at.engine, at.access, write=False) as session:
            found = accounts.users(session)
    told: list[dict[str, Any]] = [
        {
            "gebruiker": user.naam,
            "weergavenaam": user.weergavenaam,
            "rollen": [
                f"{role.rol.value}:{role.gemeentecode}" if role.gemeentecode else role.rol.value for role in roles
            ],
            "uitgeschakeld": user.uitgeschakeld_op is not None,
        }
        for user, roles in found
    ]
    lines = [
        f"{each['gebruiker']}: {', '.join(each['rollen'])}{' (uitgeschakeld)' if each['uitgeschakeld'] else ''}"
        for each in told
    ]
    answer(told, as_json, lines or ["Er zijn nog geen gebruikers. Voeg er een toe met: rni user add"])


@commands.command("disable", help="Schakelt een gebruiker uit; aanmeldingen en tokens eindigen meteen.")
def disable(name: Name, actor: As = None) -> None:
    """Close an account."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            accounts.disable_user(session, name, at.now)
            audit.record(session, "gebruiker_uitgeschakeld", name, at.now)
    print(f"{name} is uitgeschakeld.")


@tokens.command("make", help="Maakt een token voor de API en toont het één keer.")
def make(user: Annotated[str, typer.Argument(metavar="USER", help="De gebruiker.")], actor: As = None) -> None:
    """A bearer token with the roles of its user."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            token = accounts.make_token(session, user, now=at.now)
            audit.record(session, "token_gemaakt", user, at.now)
    print(token)
