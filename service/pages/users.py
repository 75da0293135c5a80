"""Who may come in, for the beheerder; adding and closing accounts is done with the command `rni user`."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, select

from service.identity import accounts, offered_passwords, passwords, second_factor
from service.log import audit
from service.models import User
from service.pages.forms import Sent, claim, given, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Now, PageSession, RowNumber, Who
from service.web.errors import status_of
from signals.errors import DomainError, NotFound, Reason
from signals.models import Municipality
from workflow.fields import Field, read
from workflow.phases import Role

router = APIRouter()

BEHEERDER = frozenset({Role.BEHEERDER})
IN_LETTERS = (
    Field("weergavenaam", "tekst", "Naam", langste=200, hint="Zo staat deze persoon in brieven en op pagina's."),
    Field("telefoonnummer", "tekst", "Telefoonnummer", verplicht=False, langste=20, hint="Bijvoorbeeld 010 123 45 67."),
    Field("emailadres", "tekst", "E-mailadres", verplicht=False, langste=255),
)
NOTICES = {
    "ja": "De gebruiker is gewijzigd.",
    "ontkoppeld": "De app is ontkoppeld en de aanmeldingen zijn beëindigd. Het nieuwe wachtwoord werkt een week.",
}


@router.get("/gebruikers", response_class=HTMLResponse)
def users(request: Request, who: Who, session: PageSession, gedaan: str = "") -> Response:
    """Every account with its roles."""
    require(who, BEHEERDER)
    names = {row.code: row.naam for row in session.exec(select(Municipality))}
    notice = NOTICES.get(gedaan, "")
    return render(request, "users.html", users=accounts.users(session), municipalities=names, notice=notice)


@router.get("/gebruikers/{nummer}", response_class=HTMLResponse)
def form(request: Request, who: Who, session: PageSession, nummer: RowNumber) -> Response:
    """How a user stands in letters."""
    require(who, BEHEERDER)
    user = _user(session, nummer)
    values = {field.naam: getattr(user, field.naam) for field in IN_LETTERS}
    return _page(request, session, user, values)


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
        return _page(request, session, _user(session, nummer), sent, error)
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


def _user(session: Session, nummer: int) -> User:
    user = session.get(User, nummer)
    if user is None:
        raise NotFound(Reason("gebruiker_onbekend", "Deze gebruiker bestaat niet."))
    return user


def _page(
    request: Request, session: Session, user: User, values: Mapping[str, str], error: DomainError | None = None
) -> Response:
    reasons = error.reasons if error else ()
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
    )
