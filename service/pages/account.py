"""What somebody sees and changes of the own account: where it is signed in, and its password."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.db import session_scope
from service.identity import accounts, attempts, offered_passwords, passwords
from service.log import audit
from service.pages.entrance import attempt_of
from service.pages.rendering import by_field, render, see_other
from service.settings import Settings
from service.web.csrf import CsrfChecked, session_secret
from service.web.dependencies import Config, Database, Now, PageSession, SignedIn, Who
from service.web.errors import headers_of, status_of
from signals.errors import DomainError, Invalid, Reason

router = APIRouter()

RENEWED = "Uw wachtwoord is vernieuwd en uw andere aanmeldingen zijn beëindigd."

PRESENT = "huidig_wachtwoord"
WRONG = Reason("wachtwoord_onjuist", "Dit is niet uw huidige wachtwoord. Er is niets gewijzigd.", PRESENT)


@router.get("/account", response_class=HTMLResponse)
def own(request: Request, who: Who, session: PageSession, settings: Config, now: Now, gedaan: str = "") -> Response:
    """Every sign-in of who asks, and for local accounts the way to a new password."""
    return _page(request, session, who, settings, now, ended=bool(gedaan))


@router.post("/account/aanmeldingen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def end_others(request: Request, who: Who, session: PageSession, now: Now) -> Response:
    """Ends every sign-in but this one."""
    user = accounts.hold(session, accounts.find_user(session, who.naam))  # a sign-in under way waits, or is seen
    accounts.end_sign_ins(session, user, besides=session_secret(request))
    audit.record(session, "aanmeldingen_beeindigd", who.naam, now)
    return see_other("/account?gedaan=ja")


@router.post("/account/wachtwoord", response_class=HTMLResponse, dependencies=[CsrfChecked])
def renew_password(
    request: Request,
    who: Who,
    engine: Database,
    settings: Config,
    now: Now,
    huidig_wachtwoord: Annotated[str, Form()] = "",
    nieuw: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Shows a new password to who knows the present one, guessing at which waits as at the door; then it is taken.

    It is shown before it counts, and taken twice is taken once: a double click or a lost answer shuts nobody out.
    """
    attempt = attempt_of(request, who.naam)
    try:
        with passwords.in_turn():
            if nieuw:
                with session_scope(engine, who.access) as session:
                    mine = accounts.find_user(session, who.naam)
                    if kept := offered_passwords.taken(session, mine, nieuw, now, PRESENT):
                        accounts.set_own_password(session, who.naam, kept, besides=session_secret(request))
                        audit.record(session, "wachtwoord_vernieuwd", who.naam, now)
                    return _page(request, session, who, settings, now, notice=RENEWED)
            with session_scope(engine, who.access) as session:
                attempts.take_turn(session, attempt, now)
            with session_scope(engine, who.access) as session:
                user = accounts.check_password(session, who.naam, huidig_wachtwoord)
                if user is not None:
                    attempts.forget_failures(session, attempt)
                    new, sealed = offered_passwords.offer(user, now)
                    return render(request, "new_password.html", user=user, password=new, own=True, sealed=sealed)
                audit.record(session, "wachtwoord_vernieuwd", who.naam, now, resultaat="geweigerd")
        raise Invalid(WRONG)
    except (Invalid, attempts.TooManyAttempts, passwords.TooBusy) as error:
        with session_scope(engine, who.access, write=False) as session:
            answer = _page(request, session, who, settings, now, error)
        answer.headers.update(headers_of(error))
        return answer


def _page(
    request: Request,
    session: Session,
    who: SignedIn,
    settings: Settings,
    now: datetime,
    error: DomainError | None = None,
    *,
    notice: str = "",
    ended: bool = False,
) -> Response:
    user = accounts.find_user(session, who.naam)
    sign_ins = accounts.sign_ins(session, user, now=now, idle_minutes=settings.session_idle_minutes)
    if ended and len(sign_ins) == 1:  # it is in the address, and that may be opened another day
        notice = "Uw andere aanmeldingen zijn beëindigd."
    reasons = error.reasons if error else ()
    return render(
        request,
        "account.html",
        status=status_of(error) if error else 200,
        user=user,
        local=user.wachtwoord != accounts.NO_PASSWORD,
        sign_ins=sign_ins,
        here=accounts.digest(session_secret(request)),
        present=PRESENT,
        reasons=reasons,
        errors=by_field(reasons),
        notice=notice,
    )
