"""Users, passwords, sign-ins and tokens: who somebody is, decided here; what that person sees, in access.py."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select

from service.access import Access, access_of, municipal_scopes
from service.models import ApiToken, SignInAttempt, User, UserRole, WebSession
from signals.base import table
from signals.bulk import insert_if_new
from signals.errors import DomainError, Invalid, NotFound, Reason, Refused
from signals.models import Municipality
from signals.municipalities import same_municipality
from workflow.actors import Actor, ContactPerson, Desk
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES, Role

USER_NAME = re.compile(r"[a-z][a-z0-9._-]{1,60}")
TELEPHONE = re.compile(r"[0-9+][0-9 ()-]{3,19}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
TOKEN_PREFIX = "rni_"  # noqa: S105  # lets a leaked token be recognised
TOKEN_LIFE = timedelta(days=365)
FREE_ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=15)
_COUNTERS = (
    (FREE_ATTEMPTS, LONGEST_WAIT),
    (4 * FREE_ATTEMPTS, timedelta(seconds=30)),
    (10 * FREE_ATTEMPTS, timedelta(minutes=1)),
)
"""Free attempts and longest wait per counter. Those of an account and of an origin as such slow down who guesses from
many places or at many accounts; the wait stays short, because somebody else can cause it."""
LONGEST_PASSWORD = 200
"""Longer ones are refused unread: hashing must not become a way to keep the service busy."""
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often, so that reading a page rarely writes."""

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to verify for unknown users, so that they take as long as known ones."""
    return _hasher.hash(secrets.token_urlsafe())


class NotSignedIn(DomainError):
    """Nobody, or somebody whose session or token has ended."""


class TooManyAttempts(DomainError):
    """This account failed too often from this origin; `wait` says how long to stay away."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        super().__init__(
            Reason(
                "te_veel_pogingen",
                f"Te veel mislukte pogingen vanaf deze plek. Probeer het over {minutes} "
                f"{'minuut' if minutes == 1 else 'minuten'} opnieuw.",
            )
        )


def digest(secret: str) -> str:
    """The form in which a random secret is stored: sha256 is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def role_given(text: str) -> list[tuple[Role, str | None]]:
    """Roles as written on the command line, `ROL[:GEMEENTECODE[,...]]`; Invalid when role and scope do not fit."""
    name, _, codes = text.partition(":")
    known = sorted(MUNICIPAL_ROLES | PROJECT_ROLES)
    if name not in known:
        raise Invalid(Reason("rol_onbekend", f"De rol '{name}' bestaat niet. Kies uit: {', '.join(known)}.", "role"))
    role = Role(name)
    given = [code.strip() for code in codes.split(",") if code.strip()]
    if role in PROJECT_ROLES:
        if given:
            raise Invalid(
                Reason(
                    "rol_zonder_gemeente", f"De rol {role} geldt voor het hele project: geef geen gemeentecode.", "role"
                )
            )
        return [(role, None)]
    if not given or not all(re.fullmatch(r"[0-9]{4}", code) for code in given):
        raise Invalid(
            Reason("rol_met_gemeente", f"De rol {role} geldt per gemeente. Schrijf bijvoorbeeld {role}:0599.", "role")
        )
    return [(role, code) for code in given]


def create_user(
    session: Session,
    naam: str,
    roles: Iterable[tuple[Role, str | None]],
    *,
    now: datetime,
    password: str | None = None,
    weergavenaam: str = "",
    telefoonnummer: str = "",
    emailadres: str = "",
    demo: bool = False,
) -> tuple[User, str]:
    """A new user with roles (role, municipality or None); gives the user and the password, made up if none is given."""
    roles = list(dict.fromkeys(roles))
    if not USER_NAME.fullmatch(naam):
        raise Invalid(
            Reason(
                "gebruikersnaam_ongeldig",
                "Een gebruikersnaam bestaat uit kleine letters, cijfers, punt en streepje, en begint met een letter.",
                "naam",
            )
        )
    _require_lengths(weergavenaam=weergavenaam, telefoonnummer=telefoonnummer, emailadres=emailadres)
    _require_contact(telefoonnummer, emailadres)
    if not roles:
        raise Invalid(Reason("rol_ontbreekt", "Geef de gebruiker ten minste één rol.", "role"))
    _require_codes(session, {code for _, code in roles if code is not None})
    if session.exec(select(User.id).where(col(User.naam) == naam)).first() is not None:
        raise Refused(Reason("gebruiker_bestaat", f"De gebruiker {naam} bestaat al. Kies een andere naam.", "naam"))
    secret = password or secrets.token_urlsafe(15)
    user = User(
        naam=naam,
        weergavenaam=weergavenaam or naam,
        telefoonnummer=telefoonnummer,
        emailadres=emailadres,
        wachtwoord=_hasher.hash(secret),
        demo=demo,
        aangemaakt_op=now,
    )
    session.add(user)
    session.flush()
    assert user.id is not None
    session.add_all(UserRole(gebruiker_id=user.id, rol=role, gemeentecode=code) for role, code in roles)
    session.flush()
    return user, secret


def _require_lengths(**texts: str) -> None:
    """Every text must fit where it is stored."""
    columns = table(User).columns
    longest = {name: columns[name].type.length for name in texts}  # type: ignore[attr-defined]  # each is a text
    too_long = [
        Reason("te_lang", f"De waarde bij {name} is te lang: hooguit {longest[name]} tekens.", name)
        for name, text in texts.items()
        if len(text) > longest[name]
    ]
    if too_long:
        raise Invalid(too_long)


def _require_codes(session: Session, codes: Collection[str]) -> None:
    """Every code must exist, when the table of municipalities was loaded at all."""
    if not codes or session.exec(select(Municipality.code).limit(1)).first() is None:
        return
    known = set(session.exec(select(Municipality.code).where(col(Municipality.code).in_(codes))))
    for code in sorted(set(codes) - known):
        raise Invalid(Reason("gemeentecode_onbekend", f"De gemeentecode {code} bestaat niet.", "role"))


def find_user(session: Session, naam: str) -> User:
    """The user with this name, disabled or not; NotFound without."""
    user = session.exec(select(User).where(col(User.naam) == naam)).first()
    if user is None:
        raise NotFound(Reason("gebruiker_onbekend", f"De gebruiker {naam} bestaat niet."))
    return user


def known_name(session: Session, naam: str) -> str | None:
    """The name when somebody is called so; what else was typed may be a password, and stays out of the log."""
    return session.exec(select(User.naam).where(col(User.naam) == naam)).first()


def users(session: Session) -> list[tuple[User, list[UserRole]]]:
    """Every user with roles, by name."""
    roles: dict[int, list[UserRole]] = {}
    for role in session.exec(select(UserRole).order_by(col(UserRole.id))):
        roles.setdefault(role.gebruiker_id, []).append(role)
    return [(user, roles.get(user.id or 0, [])) for user in session.exec(select(User).order_by(col(User.naam)))]


def change_user(
    session: Session,
    naam: str,
    *,
    weergavenaam: str | None = None,
    telefoonnummer: str | None = None,
    emailadres: str | None = None,
) -> User:
    """How a user stands in letters and on pages; what is None stays as it was. Invalid with every reason."""
    user = find_user(session, naam)
    given = {"weergavenaam": weergavenaam, "telefoonnummer": telefoonnummer, "emailadres": emailadres}
    new = {name: text.strip() for name, text in given.items() if text is not None}
    _require_lengths(**new)
    _require_contact(**new)
    for name, text in new.items():
        setattr(user, name, text or (naam if name == "weergavenaam" else ""))
    session.add(user)
    session.flush()
    return user


def _require_contact(telefoonnummer: str = "", emailadres: str = "", **others: str) -> None:
    """What stands in a letter can be called and written to."""
    faults = []
    if telefoonnummer and not TELEPHONE.fullmatch(telefoonnummer):
        uitleg = "Een telefoonnummer bestaat uit cijfers, spaties en + ( ) -, bijvoorbeeld 010 123 45 67 of 14 010."
        faults.append(Reason("telefoonnummer_ongeldig", uitleg, "telefoonnummer"))
    if emailadres and not EMAIL.fullmatch(emailadres):
        uitleg = "Schrijf een e-mailadres als naam@gemeente.nl."
        faults.append(Reason("emailadres_ongeldig", uitleg, "emailadres"))
    if faults:
        raise Invalid(faults)


def disable_user(session: Session, naam: str, now: datetime) -> User:
    """Close an account: its sessions and tokens end at once."""
    user = find_user(session, naam)
    user.uitgeschakeld_op = user.uitgeschakeld_op or now
    session.add(user)
    session.execute(delete(WebSession).where(col(WebSession.gebruiker_id) == user.id))
    session.execute(
        update(ApiToken)
        .where(col(ApiToken.gebruiker_id) == user.id, col(ApiToken.ingetrokken_op).is_(None))
        .values(ingetrokken_op=now)
    )
    return user


def staff(session: Session, gemeentecode: str, today: date, role: Role = Role.BEHANDELAAR) -> list[str]:
    """Names of the enabled users who hold this role in this municipality, or in one that is part of it by today."""
    codes = same_municipality(session, {gemeentecode}, today)
    chosen = (
        select(User.naam)
        .join(UserRole, col(UserRole.gebruiker_id) == col(User.id))
        .where(col(UserRole.rol) == role, col(UserRole.gemeentecode).in_(codes), col(User.uitgeschakeld_op).is_(None))
        .order_by(col(User.naam))
        .distinct()
    )
    return list(session.exec(chosen))


def desk(session: Session, actor: Actor, now: datetime) -> Desk:
    """The desk at which this actor takes a step, with the staff and the contact persons that the users are."""
    return Desk(
        actor,
        now,
        lambda code: staff(session, code, now.date()),
        lambda naam: contact_person(session, naam),
        lambda code: staff(session, code, now.date(), Role.TOEZICHTHOUDER),
    )


def passes(session: Session, names: Collection[str]) -> dict[str, str]:
    """The pass numbers of these users, as far as they are known."""
    chosen = select(User.naam, User.pasnummer).where(col(User.naam).in_(names), col(User.pasnummer) != "")
    return dict(session.exec(chosen).all())


def remember_pass(session: Session, naam: str, pas: str) -> None:
    """Keep a pass number that was typed: his own for whoever typed it, another's only when none was known."""
    own = access_of(session).actor.naam == naam
    user = find_user(session, naam)
    if user.pasnummer != pas and (own or not user.pasnummer):
        user.pasnummer = pas
        session.add(user)


def contact_person(session: Session, naam: str) -> ContactPerson:
    """How the letters name a user."""
    user = session.exec(select(User).where(col(User.naam) == naam)).first()
    return ContactPerson(user.weergavenaam, user.telefoonnummer, user.emailadres) if user else ContactPerson(naam)


def actor_of(session: Session, user: User, today: date) -> Actor:
    """The user as an actor; a role also holds in what its municipality was merged from or into, from that day on."""
    if user.uitgeschakeld_op is not None:
        raise NotSignedIn(Reason("gebruiker_uitgeschakeld", f"De gebruiker {user.naam} is uitgeschakeld."))
    rows = session.exec(select(UserRole).where(col(UserRole.gebruiker_id) == user.id))
    scopes = municipal_scopes((row.rol, row.gemeentecode) for row in rows)
    return Actor(
        user.naam,
        {role: None if codes is None else same_municipality(session, codes, today) for role, codes in scopes.items()},
    )


def access_of_user(session: Session, naam: str, origin: str, today: date) -> Access:
    """What this user may see and do on this day."""
    return Access.of(actor_of(session, find_user(session, naam), today), origin)


def check_password(session: Session, naam: str, password: str) -> User | None:
    """The user when name and password fit and the account is open; the same work whatever is wrong."""
    user = session.exec(select(User).where(col(User.naam) == naam)).first()
    usable = user is not None and user.uitgeschakeld_op is None and len(password) <= LONGEST_PASSWORD
    stored = user.wachtwoord if user is not None and usable else _nobody()
    try:
        _hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    return user if usable else None


def _counter_keys(naam: str, origin: str) -> list[str]:
    """Of the counters in `_COUNTERS`: this account from this origin, this account, this origin."""
    name = naam.lower()
    return [digest(f"{name}\n{origin}"), digest(f"{name}\n"), digest(f"\n{origin}")]


def waiting_time(session: Session, naam: str, origin: str, now: datetime) -> timedelta:
    """How long this account must wait from this origin; zero when it may try."""
    wait = timedelta()
    for key, (free, longest) in zip(_counter_keys(naam, origin), _COUNTERS, strict=True):
        attempt = session.get(SignInAttempt, key)
        if attempt is not None and attempt.mislukt >= free:
            pause = min(timedelta(seconds=2 ** min(attempt.mislukt - free + FREE_ATTEMPTS, 20)), longest)
            wait = max(wait, attempt.laatst_op + pause - now)
    return wait


def note_attempt(session: Session, naam: str, origin: str, *, success: bool, now: datetime) -> None:
    """Count a failed sign-in of this account, from this origin, or forget them; the origin's own count stays.

    Two at once are two: the database counts.
    """
    *forgotten, _ = _counter_keys(naam, origin)
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.laatst_op) < now - timedelta(days=1)))
    counters = table(SignInAttempt)
    if success:
        session.execute(delete(SignInAttempt).where(col(SignInAttempt.sleutel).in_(forgotten)))
        return
    for key in _counter_keys(naam, origin):
        session.execute(insert_if_new(session, counters).values(sleutel=key, mislukt=0, laatst_op=now))
        counted = update(SignInAttempt).where(col(SignInAttempt.sleutel) == key)
        session.execute(counted.values(mislukt=col(SignInAttempt.mislukt) + 1, laatst_op=now))


def start_session(session: Session, user: User, *, now: datetime, hours: int) -> str:
    """Open a WebSession and give the random value for the cookie."""
    assert user.id is not None
    session.execute(delete(WebSession).where(col(WebSession.eindigt_op) < now))
    secret = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            sha256=digest(secret),
            gebruiker_id=user.id,
            begonnen_op=now,
            gezien_op=now,
            eindigt_op=now + timedelta(hours=hours),
        )
    )
    session.flush()
    return secret


def find_session(session: Session, secret: str, *, now: datetime, idle_minutes: int) -> tuple[WebSession, User] | None:
    """The live session with this cookie and its user; None when it ended, was idle too long or never was."""
    chosen = (
        select(WebSession, User)
        .join(User, col(User.id) == col(WebSession.gebruiker_id))
        .where(
            col(WebSession.sha256) == digest(secret),
            col(WebSession.eindigt_op) > now,
            col(WebSession.gezien_op) > now - timedelta(minutes=idle_minutes),
            col(User.uitgeschakeld_op).is_(None),
        )
    )
    return session.exec(chosen).first()


def touch_session(session: Session, web: WebSession, now: datetime) -> None:
    """Note that the session was used."""
    session.execute(update(WebSession).where(col(WebSession.sha256) == web.sha256).values(gezien_op=now))


def end_session(session: Session, secret: str) -> None:
    """Sign out."""
    session.execute(delete(WebSession).where(col(WebSession.sha256) == digest(secret)))


def make_token(session: Session, naam: str, *, now: datetime, life: timedelta = TOKEN_LIFE) -> str:
    """A new API token of this user, given this once; only its digest is kept."""
    user = find_user(session, naam)
    if user.uitgeschakeld_op is not None:
        raise Refused(Reason("gebruiker_uitgeschakeld", f"De gebruiker {naam} is uitgeschakeld."))
    assert user.id is not None
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(ApiToken(gebruiker_id=user.id, sha256=digest(secret), aangemaakt_op=now, verloopt_op=now + life))
    session.flush()
    return secret


def user_of_token(session: Session, secret: str, now: datetime) -> User | None:
    """The user of a live token."""
    chosen = (
        select(User)
        .join(ApiToken, col(ApiToken.gebruiker_id) == col(User.id))
        .where(
            col(ApiToken.sha256) == digest(secret),
            col(ApiToken.verloopt_op) > now,
            or_(col(ApiToken.ingetrokken_op).is_(None), col(ApiToken.ingetrokken_op) > now),
            col(User.uitgeschakeld_op).is_(None),
        )
    )
    return session.exec(chosen).first()


def has_demo_users(session: Session) -> bool:
    """Whether a user of the demo is here: production does not start with one."""
    chosen = select(func.count()).select_from(User).where(col(User.demo), col(User.uitgeschakeld_op).is_(None))
    return session.exec(chosen).one() > 0
