"""A new password is shown before it counts: whoever sees it says that it was kept, and only then does it take effect.

So a double click, a page loaded again or an answer that got lost shuts nobody out. Nothing is stored meanwhile: the
form that is sent back holds the password sealed, for this account only.
"""

import json
from datetime import datetime, timedelta

from sqlmodel import Session

from service.identity import accounts, passwords
from service.models import User
from signals.errors import Invalid, Reason
from signals.keyring import KeyUnknown
from signals.sealing import sealed_text, unsealed_text

TO_KEEP_IT = timedelta(minutes=15)
"""So long a password that was shown can be taken."""


def offer(user: User, now: datetime) -> tuple[str, str]:
    """A new password, and the same sealed for the form that takes it."""
    new = passwords.make()
    told = {"nieuw": new, "oud": user.wachtwoord, "tot": (now + TO_KEEP_IT).isoformat()}
    return new, sealed_text(json.dumps(told), _about(user))


def taken(session: Session, user: User, sealed: str, now: datetime, veld: str) -> str | None:
    """The password that was shown, to be set now; None when that was done already.

    Invalid, at this field, when it was shown too long ago or to somebody else, or when the account got another since.
    The account is held until the transaction ends.
    """
    user = accounts.hold(session, user)
    try:
        told = json.loads(unsealed_text(sealed, _about(user)))
    except KeyUnknown:
        raise _too_late(veld) from None
    if passwords.fits(user.wachtwoord, told["nieuw"]):
        return None
    if user.wachtwoord != told["oud"] or now > datetime.fromisoformat(told["tot"]):
        raise _too_late(veld)
    new: str = told["nieuw"]
    return new


def _too_late(veld: str) -> Invalid:
    uitleg = (
        "Het getoonde wachtwoord geldt niet meer: het is langer dan een kwartier geleden gemaakt, of er is intussen "
        "een ander. Er is niets gewijzigd. Vraag een nieuw."
    )
    return Invalid(Reason("wachtwoord_te_laat", uitleg, veld))


def _about(user: User) -> str:
    return f"nieuw wachtwoord {user.id}"
