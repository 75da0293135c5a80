"""Who may do what, for the yearly review (BIO2 5.18; of special rights each quarter, 8.02), on screen and as CSV."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from exports.sheet import Column, Kind, write_csv
from service.models import ApiToken, AuditEntry, User, UserRole
from signals.municipalities import name_on
from workflow.phases import Role

SPECIAL = frozenset({Role.BEHEERDER, Role.AUDITOR, Role.UWV_LIAISON, Role.COORDINATOR})
"""Rights beyond one municipality, or over other people's rights."""
MEDIA_TYPE = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class Right:
    """One role of one user, with what a reviewer needs to judge it."""

    gebruiker: str
    weergavenaam: str
    rol: Role
    bijzonder: bool
    gemeentecode: str
    gemeente: str
    aangemaakt_op: datetime
    uitgeschakeld_op: datetime | None
    laatst_gezien: datetime | None
    tokens: int


COLUMNS: Sequence[Column] = (
    Column("gebruiker", "De naam waarmee deze persoon inlogt."),
    Column("naam", "Zo staat deze persoon op de pagina's en in brieven."),
    Column("rol", "Wat deze persoon mag."),
    Column("bijzonder", "J bij een recht dat verder gaat dan een gemeente: elk kwartaal te beoordelen."),
    Column("gemeentecode", "Waar de rol geldt; leeg voor het hele project."),
    Column("gemeente", "De naam van die gemeente."),
    Column("aangemaakt_op", "Sinds wanneer de gebruiker bestaat.", Kind.DATUM),
    Column("uitgeschakeld_op", "Sinds wanneer de gebruiker niet meer binnen kan.", Kind.DATUM),
    Column("laatst_gezien", "De laatste regel van deze persoon in het logboek.", Kind.DATUM),
    Column("tokens", "Het aantal tokens voor de API dat nu geldt.", Kind.GETAL),
)


def overview(session: Session, now: datetime) -> list[Right]:
    """Every role of every user, closed accounts too, by name."""
    last = (
        select(AuditEntry.tijdstip)
        .where(AuditEntry.actor == User.naam)
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    live = (
        select(func.count(col(ApiToken.id)))
        .where(ApiToken.gebruiker_id == User.id, col(ApiToken.ingetrokken_op).is_(None), ApiToken.verloopt_op > now)
        .scalar_subquery()
    )
    chosen = (
        select(User, UserRole, last, live)
        .join(UserRole, col(UserRole.gebruiker_id) == col(User.id))
        .order_by(col(User.naam), col(UserRole.rol), col(UserRole.gemeentecode))
    )
    return [
        Right(
            gebruiker=user.naam,
            weergavenaam=user.weergavenaam,
            rol=role.rol,
            bijzonder=role.rol in SPECIAL,
            gemeentecode=role.gemeentecode or "",
            gemeente=name_on(session, role.gemeentecode, now.date()) if role.gemeentecode else "",
            aangemaakt_op=user.aangemaakt_op,
            uitgeschakeld_op=user.uitgeschakeld_op,
            laatst_gezien=seen,
            tokens=tokens,
        )
        for user, role, seen, tokens in session.exec(chosen)
    ]


def as_csv(rights: Iterable[Right]) -> bytes:
    """The same as a file for the reviewer."""
    stream = io.BytesIO()
    write_csv(stream, COLUMNS, ([getattr(right, name) for name in Right.__dataclass_fields__] for right in rights))
    return stream.getvalue()
