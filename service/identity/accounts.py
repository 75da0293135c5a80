"""Users, passwords, sessions and tokens: who somebody is, decided here; what that person sees, in access.py."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service.access import Access, access_of, municipal_scopes
from service.identity import passwords
from service.models import ApiToken, PendingSignIn, User, UserRole, WebSession
from signals.base import table
from signals.errors import DomainError, Invalid, NotFound, Reason, Refused
from signals.models import Municipality
from signals.municipalities import same_municipality
from workflow.actors import Actor, ContactPerson, Desk
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES, Role

USER_NAME = re.compile(r"[a-z][a-z0-9._-]{1,60}")
TELEPHONE = re.compile(r"[0-9+][0-9 ()-]{3,19}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
TOKEN_PREFIX = "rni_"  # noqa: S105  # nosec B105  # lets a leaked token be recognised
FIRST_PASSWORD_LIFE = timedelta(days=7)
"""So long a password works that somebody else handed over (ASVS 6.4.1)."""
TOKEN_LIFE = timedelta(days=365)
NO_PASSWORD = ""  # nosec B105  # of who signs in at the provider of the organisation
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often, so that reading a page rarely writes."""


class NotSignedIn(DomainError):
    """Nobody, or somebody whose session or token has ended."""


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
    _require_roles(session, roles)
    if session.exec(select(User.id).where(col(User.naam) == naam)).first() is not None:
        raise Refused(Reason("gebruiker_bestaat", f"De gebruiker {naam} bestaat al. Kies een andere naam.", "naam"))
    secret = password or passwords.make()
    user = User(
        naam=naam,
        weergavenaam=weergavenaam or naam,
        telefoonnummer=telefoonnummer,
        emailadres=emailadres,
        wachtwoord=passwords.hashed(secret),
        wachtwoord_tot=None if password else now + FIRST_PASSWORD_LIFE,
        demo=demo,
        aangemaakt_op=now,
    )
    session.add(user)
    session.flush()
    _give(session, user, roles)
    return user, secret


def _give(session: Session, user: User, roles: Iterable[tuple[Role, str | None]]) -> None:
    assert user.id is not None
    session.add_all(UserRole(gebruiker_id=user.id, rol=role, gemeentecode=code) for role, code in roles)
    session.flush()


def _roles_of(user: User) -> SelectOfScalar[UserRole]:
    return select(UserRole).where(col(UserRole.gebruiker_id) == user.id)


def _require_roles(session: Session, roles: Collection[tuple[Role, str | None]]) -> None:
    """At least one role, each in a municipality that exists."""
    if not roles:
        raise Invalid(Reason("rol_ontbreekt", "Geef de gebruiker ten minste één rol.", "role"))
    _require_codes(session, {code for _, code in roles if code is not None})


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
    end_sign_ins(session, user)
    session.execute(
        update(ApiToken)
        .where(col(ApiToken.gebruiker_id) == user.id, col(ApiToken.ingetrokken_op).is_(None))
        .values(ingetrokken_op=now)
    )
    return user


def enable_user(session: Session, naam: str) -> User:
    """Open a closed account again, with the roles it had; tokens stay revoked."""
    user = find_user(session, naam)
    user.uitgeschakeld_op = None
    session.add(user)
    return user


def set_roles(session: Session, user: User, roles: Iterable[tuple[Role, str | None]]) -> bool:
    """Give these roles in the place of those held, and end every sign-in; False, and nothing ends, when they are those.

    A token stays: what it may do is what its user may, at every request.
    """
    wanted = set(roles)
    _require_codes(session, {code for _, code in wanted if code is not None})
    session.exec(select(User.id).where(col(User.id) == user.id).with_for_update())  # of two at once the second waits
    held = {(row.rol, row.gemeentecode) for row in session.exec(_roles_of(user))}
    if held == wanted:
        return False
    session.execute(delete(UserRole).where(col(UserRole.gebruiker_id) == user.id))
    _give(session, user, sorted(wanted, key=str))
    end_sign_ins(session, user)
    return True


def roles_held(session: Session, user: User) -> list[tuple[Role, str | None]]:
    """The roles of a user, in a settled order."""
    return sorted(((row.rol, row.gemeentecode) for row in session.exec(_roles_of(user))), key=str)


def give_password(session: Session, naam: str, now: datetime, password: str | None = None) -> str:
    """A password that somebody else hands over, told this once, in the place of one that was lost or became known.

    Every sign-in ends; the password works for FIRST_PASSWORD_LIFE.
    """
    user, secret = find_user(session, naam), password or passwords.make()
    _set_password(session, user, secret, now + FIRST_PASSWORD_LIFE)
    return secret


def set_own_password(session: Session, naam: str, password: str, *, besides: str) -> None:
    """A password that its user alone was told; every sign-in ends but the session with the cookie `besides`."""
    _set_password(session, find_user(session, naam), password, None, besides)


def is_over(user: User, now: datetime) -> bool:
    """Whether the password was given by somebody else, too long ago."""
    return user.wachtwoord_tot is not None and user.wachtwoord_tot <= now


def _set_password(session: Session, user: User, password: str, until: datetime | None, besides: str = "") -> None:
    if user.wachtwoord == NO_PASSWORD:
        uitleg = f"De gebruiker {user.naam} logt in via de eigen organisatie en heeft hier geen wachtwoord."
        raise Refused(Reason("geen_wachtwoord", uitleg))
    user.wachtwoord, user.wachtwoord_tot = passwords.hashed(password), until
    session.add(user)
    end_sign_ins(session, user, besides=besides)


def end_sign_ins(session: Session, user: User, *, besides: str = "") -> None:
    """End every session of this user but the one with this cookie, and what was on the way to one."""
    for kind in (WebSession, PendingSignIn):
        others = col(kind.gebruiker_id) == user.id, col(kind.sha256) != digest(besides)
        session.execute(delete(kind).where(*others))


def sign_ins(session: Session, user: User, *, now: datetime, idle_minutes: int) -> list[WebSession]:
    """The live sessions of this user, the newest first."""
    chosen = select(WebSession).where(col(WebSession.gebruiker_id) == user.id, *_alive(now, idle_minutes))
    return list(session.exec(chosen.order_by(col(WebSession.begonnen_op).desc(), col(WebSession.sha256))))


def _alive(now: datetime, idle_minutes: int) -> Iterable[ColumnElement[bool]]:
    return col(WebSession.eindigt_op) > now, col(WebSession.gezien_op) > now - timedelta(minutes=idle_minutes)


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
    rows = session.exec(_roles_of(user))
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
    open_ = user is not None and user.uitgeschakeld_op is None and user.wachtwoord != NO_PASSWORD
    fits = passwords.fits(user.wachtwoord if user is not None and open_ else None, password)
    return user if fits else None


def hold(session: Session, user: User) -> User:
    """The account as it is by now, kept so until this transaction ends.

    Whoever gives it another password at that moment waits, and then also ends the sign-in that begins here.
    """
    chosen = select(User).where(col(User.id) == user.id).with_for_update()
    return session.exec(chosen.execution_options(populate_existing=True)).one()


def start_session(session: Session, user: User, *, now: datetime, hours: int, toestel: str = "") -> str:
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
            toestel=toestel,
            vorige_keer=user.laatst_hier,
        )
    )
    user.laatst_hier = now
    session.add(user)
    session.flush()
    return secret


def find_session(session: Session, secret: str, *, now: datetime, idle_minutes: int) -> tuple[WebSession, User] | None:
    """The live session with this cookie and its user; None when it ended, was idle too long or never was."""
    chosen = (
        select(WebSession, User)
        .join(User, col(User.id) == col(WebSession.gebruiker_id))
        .where(
            col(WebSession.sha256) == digest(secret),
            *_alive(now, idle_minutes),
            col(User.uitgeschakeld_op).is_(None),
        )
    )
    return session.exec(chosen).first()


def touch_session(session: Session, web: WebSession, now: datetime) -> None:
    """Note that the session was used, and so that its user was here."""
    session.execute(update(WebSession).where(col(WebSession.sha256) == web.sha256).values(gezien_op=now))
    session.execute(update(User).where(col(User.id) == web.gebruiker_id).values(laatst_hier=now))


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


def tokens(session: Session, now: datetime) -> list[tuple[ApiToken, str]]:
    """Every token that still works, with the name of its user, the newest first."""
    chosen = (
        select(ApiToken, User.naam)
        .join(User, col(User.id) == col(ApiToken.gebruiker_id))
        .where(col(ApiToken.verloopt_op) > now, col(ApiToken.ingetrokken_op).is_(None))
        .order_by(col(ApiToken.id).desc())
    )
    return list(session.exec(chosen).all())


def revoke_token(session: Session, number: int, now: datetime) -> str:
    """End a token from now on; gives the name of its user."""
    token = session.get(ApiToken, number)
    if token is None:
        raise NotFound(Reason("token_onbekend", f"Er is geen token {number}. Bekijk ze met: rni token list"))
    token.ingetrokken_op = token.ingetrokken_op or now
    session.add(token)
    return session.get_one(User, token.gebruiker_id).naam


def has_demo_users(session: Session) -> bool:
    """Whether a user of the demo is here: production does not start with one."""
    chosen = select(func.count()).select_from(User).where(col(User.demo), col(User.uitgeschakeld_op).is_(None))
    return session.exec(chosen).one() > 0


def desk_of(session: Session, now: datetime) -> Desk:
    """The desk at which the session's owner takes a step."""
    return desk(session, access_of(session).actor, now)
