"""`rni user` and `rni token`: who may come in."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from service.commands.desk import As, AsJson, answer, desk
from service.db import session_scope
from service.identity import accounts, second_factor
from service.log import audit
from workflow.phases import Role

commands = typer.Typer(no_args_is_help=True, help="Gebruikers en hun rollen.")
tokens = typer.Typer(no_args_is_help=True, help="Tokens voor de API.")

LONGEST_LIFE = accounts.TOKEN_LIFE.days
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


@commands.command("change", help="Wijzigt de rollen van een gebruiker, of hoe hij in brieven en op pagina's staat.")
def change(
    name: Name,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROL[:GEMEENTECODE[,...]]", help="Alle rollen die hij houdt; aanmeldingen eindigen."),
    ] = None,
    weergavenaam: Annotated[str | None, typer.Option(help="Naam in brieven en op pagina's.")] = None,
    telefoonnummer: Annotated[str | None, typer.Option(help="Telefoonnummer in brieven.")] = None,
    emailadres: Annotated[str | None, typer.Option(help="E-mailadres in brieven.")] = None,
    actor: As = None,
) -> None:
    """What is not given stays as it was; roles that are given take the place of all that were held."""
    roles = [each for text in role or () for each in accounts.role_given(text)]
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            user = accounts.change_user(
                session, name, weergavenaam=weergavenaam, telefoonnummer=telefoonnummer, emailadres=emailadres
            )
            audit.record(session, "gebruiker_gewijzigd", name, at.now)
            before = accounts.roles_held(session, user)
            if roles and accounts.set_roles(session, user, roles):
                audit.record_roles(session, name, before, accounts.roles_held(session, user), at.now)
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
        f"{each['gebruiker']} ({each['weergavenaam']}): {', '.join(each['rollen']) or 'geen rollen'}"
        f"{' (uitgeschakeld)' if each['uitgeschakeld'] else ''}"
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


@commands.command("enable", help="Schakelt een gebruiker weer in; tokens blijven ingetrokken.")
def enable(name: Name, actor: As = None) -> None:
    """Open a closed account."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            accounts.enable_user(session, name)
            audit.record(session, "gebruiker_ingeschakeld", name, at.now)
    print(f"{name} is ingeschakeld.")


@commands.command("password", help="Geeft een gebruiker een nieuw wachtwoord en toont het één keer.")
def password(name: Name, as_json: AsJson = False, actor: As = None) -> None:
    """For whoever forgot it, or when it became known."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            new = accounts.give_password(session, name, at.now)
            audit.record(session, "wachtwoord_vernieuwd", name, at.now)
    answer({"gebruiker": name, "wachtwoord": new}, as_json, [f"gebruiker: {name}", f"wachtwoord: {new}"])


@commands.command("unlink", help="Ontkoppelt de app met codes en toont één keer een nieuw wachtwoord.")
def unlink(name: Name, as_json: AsJson = False, actor: As = None) -> None:
    """For whoever lost the telephone; with the new password another app is linked at the next sign-in."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            new = second_factor.unlink(session, accounts.find_user(session, name), at.now)
            audit.record(session, "tweede_factor_ontkoppeld", name, at.now)
            audit.record(session, "wachtwoord_vernieuwd", name, at.now)
    answer({"gebruiker": name, "wachtwoord": new}, as_json, [f"gebruiker: {name}", f"wachtwoord: {new}"])


@tokens.command("make", help="Maakt een token voor de API en toont het één keer.")
def make(
    user: Annotated[str, typer.Argument(metavar="USER", help="De gebruiker.")],
    days: Annotated[int, typer.Option(min=1, max=LONGEST_LIFE, help="Na zoveel dagen verloopt het.")] = LONGEST_LIFE,
    actor: As = None,
) -> None:
    """A bearer token with the roles of its user."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            token = accounts.make_token(session, user, now=at.now, life=timedelta(days=days))
            audit.record(session, "token_gemaakt", user, at.now)
    print(token)


@tokens.command("list", help="Toont de tokens die nu werken.")
def tokens_(as_json: AsJson = False, actor: As = None) -> None:
    """Never the token itself, of which only a digest is kept."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER, Role.AUDITOR)
        with session_scope(at.engine, at.access, write=False) as session:
            found = accounts.tokens(session, at.now)
    told = [
        {"nummer": token.id, "gebruiker": naam, "gemaakt": token.aangemaakt_op, "verloopt": token.verloopt_op}
        for token, naam in found
    ]
    lines = [
        f"{token.id}: {naam}, gemaakt {token.aangemaakt_op:%d-%m-%Y}, verloopt {token.verloopt_op:%d-%m-%Y}"
        for token, naam in found
    ]
    answer(told, as_json, lines or ["Er zijn geen tokens."])


@tokens.command("revoke", help="Trekt een token in; het werkt meteen niet meer.")
def revoke(
    number: Annotated[int, typer.Argument(metavar="NUMMER", help="Het nummer uit: rni token list.")], actor: As = None
) -> None:
    """For a token that leaked or is no longer needed."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        with session_scope(at.engine, at.access) as session:
            user = accounts.revoke_token(session, number, at.now)
            audit.record(session, "token_ingetrokken", user, at.now)
    print(f"Token {number} van {user} is ingetrokken.")
