"""Who may come in and what each may do, for the beheerder; adding and closing accounts is done with `rni user`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, select

from service.identity import accounts, offered_passwords, passwords, second_factor
from service.log import audit
from service.models import User
from service.pages.forms import Sent, claim, given, new_key, with_codes
from service.pages.labels import words
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, RowNumber, SignedIn, Who
from service.web.errors import status_of
from signals.errors import DomainError, Forbidden, Invalid, NotFound, Reason, Refused, Stale
from signals.models import Municipality
from signals.municipalities import names_on
from workflow.fields import Field, read
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES, Role, role_text
from workflow.questions import MUNICIPALITY

router = APIRouter()

BEHEERDER = frozenset({Role.BEHEERDER})
IN_LETTERS = (
    Field("weergavenaam", "tekst", "Naam", langste=200, hint="Zo staat deze persoon in brieven en op pagina's."),
    Field("telefoonnummer", "tekst", "Telefoonnummer", verplicht=False, langste=20, hint="Bijvoorbeeld 010 123 45 67."),
    Field("emailadres", "tekst", "E-mailadres", verplicht=False, langste=255),
)
ROLES = tuple(sorted(MUNICIPAL_ROLES | PROJECT_ROLES))
NEW_ROLE = (
    Field("rol", "keuze", "Geef een rol erbij", verplicht=False, keuzes=ROLES, hint="Wat deze persoon nog meer mag."),
    Field(
        "gemeentecode",
        "gemeente",
        "In welke gemeente",
        verplicht=False,
        hint=f"{MUNICIPALITY.hint} Leeg bij een rol voor het hele project.",
    ),
)
KEPT, BEFORE = "houd", "stond"
"""The roles that stay ticked, and those that were held when the form was shown."""
NOTICES = {
    "rollen": "De rollen zijn gewijzigd. Deze persoon is overal afgemeld en logt opnieuw in.",
    "gelijk": "De rollen waren al zo. Er is niets gewijzigd.",
    "ja": "De gebruiker is gewijzigd.",
    "ontkoppeld": "De app is ontkoppeld en de aanmeldingen zijn beëindigd. Het nieuwe wachtwoord werkt een week.",
}


@router.get("/gebruikers", response_class=HTMLResponse)
def users(request: Request, who: Who, session: PageSession, gedaan: str = "") -> Response:
    """Every account with its roles, and when its user was last here."""
    require(who, BEHEERDER)
    notice, found = NOTICES.get(gedaan, ""), accounts.users(session)
    return render(request, "users.html", users=found, municipalities=municipality_names(session), notice=notice)


@router.get("/gebruikers/{nummer}", response_class=HTMLResponse)
def form(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber) -> Response:
    """How a user stands in letters, and what he may do."""
    require(who, BEHEERDER)
    user = _user(session, nummer)
    values = {field.naam: getattr(user, field.naam) for field in IN_LETTERS}
    return _page(request, who, session, user, now, values)


@router.post("/gebruikers/{nummer}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def change(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """Changes it, once; when it is refused everything typed stays."""
    require(who, BEHEERDER)
    user = _user(session, nummer)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    try:
        values = read(IN_LETTERS, given(IN_LETTERS, sent), now)
        accounts.change_user(session, user.naam, **{field.naam: values.get(field.naam, "") for field in IN_LETTERS})
    except DomainError as error:
        session.rollback()
        return _page(request, who, session, _user(session, nummer), now, sent, error)
    audit.record(session, "gebruiker_gewijzigd", user.naam, now)
    return claimed.finish("/gebruikers?gedaan=ja")


@router.post("/gebruikers/{nummer}/ontkoppelen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def unlink(
    request: Request,
    who: Who,
    session: PageSession,
    now: Now,
    nummer: RowNumber,
    nieuw: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Shows a new password for who lost the telephone; when it was kept, the app is forgotten and it counts."""
    require(who, BEHEERDER)
    user = _user(session, nummer)
    if not nieuw:
        new, sealed = offered_passwords.offer(user, now)
        return render(request, "new_password.html", user=user, password=new, own=False, sealed=sealed)
    with passwords.in_turn():
        if new_one := offered_passwords.taken(session, user, nieuw, now, "ontkoppelen"):
            second_factor.unlink(session, user, now, new_one)
            audit.record(session, "tweede_factor_ontkoppeld", user.naam, now)
            audit.record(session, "wachtwoord_vernieuwd", user.naam, now)
    return see_other("/gebruikers?gedaan=ontkoppeld")


@router.post("/gebruikers/{nummer}/rollen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def change_roles(request: Request, who: Who, session: PageSession, now: Now, nummer: RowNumber, sent: Sent) -> Response:
    """Gives a role and takes those away that were unticked, once; every sign-in of that user ends."""
    require(who, BEHEERDER)
    user = _user(session, nummer)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    try:
        _hold_both(session, who, user)
        _require_changeable(who, user)
        before = accounts.roles_held(session, user)
        changed = _set_roles(session, user, _wanted(session, user, sent, now))
    except DomainError as error:
        session.rollback()
        user = _user(session, nummer)
        values = {field.naam: getattr(user, field.naam) for field in IN_LETTERS}
        return _page(request, who, session, user, now, values | sent, error)
    if changed:
        audit.record_roles(session, user.naam, before, accounts.roles_held(session, user), now)
    return claimed.finish(f"/gebruikers?gedaan={'rollen' if changed else 'gelijk'}")


def _hold_both(session: Session, who: SignedIn, user: User) -> None:
    """Two who take each other's role away at one moment: the second is no beheerder any more, so one is left."""
    me = accounts.find_user(session, who.naam)
    for each in sorted((me, user), key=lambda one: one.id or 0):
        accounts.hold(session, each)
    if (Role.BEHEERDER, None) not in accounts.roles_held(session, me):
        raise Forbidden(Reason("rol_ontbreekt", "U bent zojuist geen beheerder meer."))


def _require_changeable(who: SignedIn, user: User) -> None:
    if reason := _unchangeable(who, user):
        raise Refused(Reason("rollen_niet_hier", reason))


def _unchangeable(who: SignedIn, user: User) -> str:
    """Why the roles of this user are not changed here; nothing when they are."""
    if user.wachtwoord == accounts.NO_PASSWORD:
        return "Deze persoon logt in via de eigen organisatie. De rollen komen daarvandaan, bij elke keer inloggen."
    if user.naam == who.naam:
        return "Uw eigen rollen wijzigt een andere beheerder."
    return ""


def _wanted(session: Session, user: User, sent: Mapping[str, str], now: datetime) -> list[tuple[Role, str | None]]:
    """The roles that are to be held from now on. Stale when somebody else changed them, Invalid naming the field."""
    held = {role_text(*each): each for each in accounts.roles_held(session, user)}
    if set(_listed(sent, BEFORE)) != set(held):
        uitleg = "Iemand anders wijzigde deze rollen intussen. Hieronder staat hoe het nu is; kies opnieuw."
        raise Stale(Reason("rollen_gewijzigd", uitleg, KEPT))
    wanted = [held[text] for text in _listed(sent, KEPT) if text in held]
    values = read(NEW_ROLE, with_codes(session, NEW_ROLE, given(NEW_ROLE, sent), now.date()), now)
    if values:
        wanted += _given_role(values.get("rol", ""), values.get("gemeentecode", ""))
    if not wanted:
        uitleg = (
            "Laat ten minste één rol staan. Mag deze persoon niets meer? Schakel hem dan op de server uit met: "
            f"rni user disable {user.naam}"
        )
        raise Invalid(Reason("rol_ontbreekt", uitleg, KEPT))
    return wanted


def _given_role(rol: str, code: str) -> list[tuple[Role, str | None]]:
    if not rol:
        raise Invalid(Reason("rol_ontbreekt", "Kies ook welke rol deze persoon daar krijgt.", "rol"))
    if rol in MUNICIPAL_ROLES and not code:
        raise Invalid(Reason("gemeente_ontbreekt", "Deze rol geldt per gemeente. Vul de gemeente in.", "gemeentecode"))
    if rol in PROJECT_ROLES and code:
        uitleg = "Deze rol geldt voor het hele project. Laat de gemeente leeg."
        raise Invalid(Reason("rol_zonder_gemeente", uitleg, "gemeentecode"))
    return [(Role(rol), code or None)]


def _set_roles(session: Session, user: User, roles: list[tuple[Role, str | None]]) -> bool:
    """As accounts does it; what it refuses is said at the field of this form."""
    try:
        return accounts.set_roles(session, user, roles)
    except Invalid as error:
        raise Invalid([replace(reason, veld="gemeentecode") for reason in error.reasons]) from None


def _listed(sent: Mapping[str, str], name: str) -> list[str]:
    return [text for text in sent.get(name, "").split(",") if text]


def _user(session: Session, nummer: int) -> User:
    user = session.get(User, nummer)
    if user is None:
        raise NotFound(Reason("gebruiker_onbekend", "Deze gebruiker bestaat niet."))
    return user


def _page(
    request: Request,
    who: SignedIn,
    session: Session,
    user: User,
    now: datetime,
    values: Mapping[str, str],
    error: DomainError | None = None,
) -> Response:
    reasons = error.reasons if error else ()
    held = [role_text(*each) for each in accounts.roles_held(session, user)]
    names = municipality_names(session)
    stale = isinstance(error, Stale)
    return render(
        request,
        "user_form.html",
        status=status_of(error) if error else 200,
        user=user,
        linked=second_factor.is_linked(session, user),
        fields=IN_LETTERS,
        values=values,
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
        roles_key=new_key(),
        held=[(text, _role_told(text, names)) for text in held],
        before=",".join(held),
        kept=_listed(values, KEPT) if BEFORE in values and not stale else held,
        new_role=NEW_ROLE,
        choices={"gemeentecode": names_on(session, now.date())},
        unchangeable=_unchangeable(who, user),
    )


def municipality_names(session: Session) -> Mapping[str, str]:
    """Names by code, former municipalities too."""
    return {row.code: row.naam for row in session.exec(select(Municipality))}


def _role_told(text: str, names: Mapping[str, str]) -> str:
    rol, _, code = text.partition(":")
    return f"{words(rol)} in {names.get(code, code)}" if code else words(rol)
