"""The tables of whoever comes in: users, their roles, sessions, tokens, and what they did."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import service.audit_models
import service.connector_models
import service.running.models  # noqa: F401  # these tables go with those here
from signals.base import Moment, Owned, by_value
from workflow.phases import Role


class User(SQLModel, table=True):
    """Somebody who may sign in. `naam` is what events, cases and logs store; never a person's BSN or e-mail address."""

    __tablename__ = "gebruiker"

    id: int | None = Field(default=None, primary_key=True)
    naam: str = Field(unique=True, max_length=100)
    weergavenaam: str = Field(max_length=200, description="as printed in letters and shown on pages")
    telefoonnummer: str = Field(default="", max_length=20)
    emailadres: str = Field(default="", max_length=255)
    pasnummer: str = Field(default="", max_length=20, description="of the pass that he shows at the door")
    wachtwoord: str = Field(max_length=200, description="argon2 hash; empty of who signs in at the provider")
    wachtwoord_tot: datetime | None = Field(
        default=None, sa_type=Moment, description="the end of a password that somebody else gave"
    )
    demo: bool = Field(default=False, description="made by the demo; production does not start with one")
    aangemaakt_op: datetime = Field(sa_type=Moment)
    uitgeschakeld_op: datetime | None = Field(default=None, sa_type=Moment)
    laatst_hier: datetime | None = Field(default=None, sa_type=Moment, description="with the pages, to the minute")


class UserRole(SQLModel, table=True):
    """A role of a user: in one municipality, or (no code) for the project."""

    __tablename__ = "gebruiker_rol"
    __table_args__ = (UniqueConstraint("gebruiker_id", "rol", "gemeentecode"),)

    id: int | None = Field(default=None, primary_key=True)
    gebruiker_id: int = Field(foreign_key="gebruiker.id", index=True)
    rol: Role = Field(sa_column=Column(by_value(Role), nullable=False))
    gemeentecode: str | None = Field(default=None, max_length=4)


class ApiToken(SQLModel, table=True):
    """A bearer token, kept as its digest only; it has its user's roles."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    gebruiker_id: int = Field(foreign_key="gebruiker.id", index=True)
    sha256: str = Field(unique=True, max_length=64)
    aangemaakt_op: datetime = Field(sa_type=Moment)
    verloopt_op: datetime = Field(sa_type=Moment)
    ingetrokken_op: datetime | None = Field(default=None, sa_type=Moment)


class WebSession(SQLModel, table=True):
    """A sign-in with the pages: the cookie holds a random value, this row its digest."""

    __tablename__ = "websessie"

    sha256: str = Field(primary_key=True, max_length=64)
    gebruiker_id: int = Field(foreign_key="gebruiker.id", index=True)
    begonnen_op: datetime = Field(sa_type=Moment)
    gezien_op: datetime = Field(sa_type=Moment)
    eindigt_op: datetime = Field(sa_type=Moment, description="whatever happens")
    toestel: str = Field(default="", max_length=60, description="as its user recognises it: browser and system")
    vorige_keer: datetime | None = Field(
        default=None, sa_type=Moment, description="when its user was last here before it began; none the first time"
    )


class SavedList(Owned, table=True):
    """What somebody chose of the worklist, kept under a name; `service.saved_lists` is its door.

    Whose cases are "mine" in it is decided by who looks. A user is never deleted, only disabled: what was shared stays.
    """

    __tablename__ = "bewaarde_lijst"
    __table_args__ = (UniqueConstraint("gemeentecode", "door", "sleutel"),)

    id: int | None = Field(default=None, primary_key=True)
    door: str = Field(max_length=100, description="name of the user")
    naam: str = Field(max_length=60)
    sleutel: str = Field(max_length=200, description="the name as it is compared: one user has it once")
    keuzes: str = Field(max_length=1000, description="as behind the question mark of an address of the worklist")
    gedeeld: bool = Field(default=False, description="colleagues of the municipality may open it")
    bewaard_op: datetime = Field(sa_type=Moment)


class SecondFactor(SQLModel, table=True):
    """The app that makes codes for a local account (TOTP)."""

    __tablename__ = "tweede_factor"

    gebruiker_id: int = Field(primary_key=True, foreign_key="gebruiker.id")
    geheim: str = Field(max_length=300, description="shared with the app, sealed (signals.sealing)")
    gekoppeld_op: datetime = Field(sa_type=Moment)
    laatste_stap: int = Field(description="the half minute of the last code: it and those before are used up")


class PendingSignIn(SQLModel, table=True):
    """A sign-in that is under way: the cookie holds a random value, this row its digest."""

    __tablename__ = "aanmelding_onderweg"

    sha256: str = Field(primary_key=True, max_length=64)
    gebruiker_id: int | None = Field(
        default=None, foreign_key="gebruiker.id", index=True, description="whose password was right"
    )
    inhoud: str = Field(description="what must be known until the end, sealed (signals.sealing)")
    eindigt_op: datetime = Field(sa_type=Moment)


class SignInAttempt(SQLModel, table=True):
    """Failed sign-ins of one counter (`service.identity.attempts`): its digest, for a name may be a typed password."""

    __tablename__ = "aanmeldpoging"

    sleutel: str = Field(primary_key=True, max_length=64)
    mislukt: int = 0
    laatst_op: datetime = Field(sa_type=Moment)


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing, with what result, from where, when (BIO2 8.15.01). Only added to.

    `trace_id` and `span_id` are those of its lines in the Logboek Dataverwerkingen, which say about whom. `waarmerk` is
    over all other columns but the id; entries of before it was there have none.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object", "object", "id"),
        Index("ix_audit_actor", "actor", "id"),
        Index("ix_audit_actie", "actie", "id"),
        Index("ix_audit_gemeente", "gemeentecode", "tijdstip"),
        Index("ix_audit_gemeente_actor", "gemeentecode", "actor", "tijdstip"),
        Index("ix_audit_gemeente_actie", "gemeentecode", "actie", "tijdstip"),
        Index("uq_audit_span_id", "span_id", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    tijdstip: datetime = Field(sa_type=Moment, index=True)
    actor: str = Field(max_length=200)
    actie: str = Field(max_length=60)
    object: str = Field(max_length=100, description="number of a case, load, delivery or name of a user; never a BSN")
    resultaat: str = Field(max_length=20, description="gelukt or geweigerd")
    herkomst: str = Field(
        max_length=100, description="api, pagina, opdrachtregel or klok, with the address it came from"
    )
    gemeentecode: str | None = Field(default=None, max_length=4)
    trace_id: str | None = Field(default=None, max_length=32)
    span_id: str | None = Field(default=None, max_length=16)
    sleutel: str | None = Field(default=None, max_length=8, description="name of the key of the waarmerk")
    waarmerk: str | None = Field(default=None, max_length=64, description="HMAC-SHA256")


class IdempotencyKey(SQLModel, table=True):
    """The answer to a POST with an Idempotency-Key, so that the same key gives it once more."""

    __tablename__ = "idempotentie"
    __table_args__ = (UniqueConstraint("actor", "sleutel"),)

    id: int | None = Field(default=None, primary_key=True)
    actor: str = Field(max_length=200)
    sleutel: str = Field(max_length=200)
    verzoek: str = Field(max_length=64, description="digest of method, path and body")
    status: int
    antwoord: str = Field(description="the body as it was sent, JSON")
    aangemaakt_op: datetime = Field(sa_type=Moment)


class Upload(SQLModel, table=True):
    """Where the bytes of an upload lie in the data directory, under a name that nobody can guess."""

    __tablename__ = "upload"

    ladingnummer: str = Field(primary_key=True, max_length=20)
    bestand: str = Field(max_length=100)


class WorkKind(StrEnum):
    """What can take too long for a request."""

    CONTROLEREN = "controleren"
    LADEN = "laden"
    ONGEDAAN_MAKEN = "ongedaan_maken"
    TERUGKOPPELING = "terugkoppeling"
    PAKKET = "pakket"
    SLEUTELS = "sleutels"
    BRIEVEN = "brieven"
    VERNIETIGEN = "vernietigen"


class WorkState(StrEnum):
    """Where a piece of work stands; the last three are its end."""

    WACHT = "wacht"
    BEZIG = "bezig"
    KLAAR = "klaar"
    MISLUKT = "mislukt"
    GESTOPT = "gestopt"


class Work(SQLModel, table=True):
    """Work that runs outside the request, in a process of its own; `service.work` is its door.

    How far it is and who asks it to stop is told beside it (`service.work_signs`): on PostgreSQL in `werk_teken`, else
    in small files (`sleutel` names them), for a database in a file has one writer, and a load is that writer from its
    first row to its last.
    """

    __tablename__ = "werk"
    __table_args__ = (
        Index(
            "uq_werk_open",  # one thing at a time happens to a load
            "ladingnummer",
            unique=True,
            sqlite_where=text("staat = 'wacht' OR staat = 'bezig'"),
            postgresql_where=text("staat = 'wacht' OR staat = 'bezig'"),
        ),
        Index("ix_werk_ladingnummer", "ladingnummer", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    sleutel: str = Field(unique=True, max_length=40, description="random: the name of its files")
    soort: WorkKind = Field(sa_column=Column(by_value(WorkKind), nullable=False))
    ladingnummer: str = Field(
        max_length=20,
        description="what it is about: a load, a sessie, a vernietigingslijst, or a word for what there is one of",
    )
    door: str = Field(max_length=200, description="who asked: what they may by now is looked up when it runs")
    herkomst: str = Field(max_length=100, description="the door and the address it was asked from, for the audit entry")
    gevraagd_op: datetime = Field(sa_type=Moment)
    staat: WorkState = Field(default=WorkState.WACHT, sa_column=Column(by_value(WorkState), nullable=False))
    totaal: int | None = Field(default=None, description="rows, counted beforehand; none when that is not known")
    poging: int = Field(default=0, description="how often it was begun")
    uitvoerder: str | None = Field(default=None, max_length=40, description="random: who took it in hand this time")
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    klaar_op: datetime | None = Field(default=None, sa_type=Moment)
    foutzin: str | None = Field(default=None, description="why it failed, for people")
    bewijs: str | None = Field(
        default=None, max_length=64, description="of an undone load: the digest of all other rows, before and after"
    )
    gegevens: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSON, nullable=False, server_default="{}"),
        description="what its form asked; never anything of a person",
    )
    uitkomst: str | None = Field(default=None, max_length=100, description="what it made: a number, or how many")


class WorkSign(SQLModel, table=True):
    """How far a piece of work is, for every machine to see (PostgreSQL alone).

    A row of its own: that of the work is held by the transaction of the work when it ends.
    """

    __tablename__ = "werk_teken"

    werk_id: int = Field(primary_key=True, foreign_key="werk.id")
    uitvoerder: str | None = Field(default=None, max_length=40, description="of which attempt it tells")
    gedaan: int = 0
    totaal: int | None = None
    pid: int = 0
    gezien_op: datetime | None = Field(default=None, sa_type=Moment, description="by the clock of the database")


class WorkStop(SQLModel, table=True):
    """Who wants a piece of work stopped (PostgreSQL alone); apart, to wait for nobody who tells how far it is."""

    __tablename__ = "werk_stop"

    werk_id: int = Field(primary_key=True, foreign_key="werk.id")
    door: str = Field(max_length=200)
    herkomst: str = Field(max_length=100)


class ClockDay(SQLModel, table=True):
    """The last day on which the clock did a job that is done once a day; kept here, so that every clock knows it."""

    __tablename__ = "klokdag"

    taak: str = Field(primary_key=True, max_length=60)
    dag: date


class MailState(StrEnum):
    """Where a message stands. `onzeker`: it was offered to the mail server and nobody knows whether that took it."""

    WACHT = "wacht"
    ONDERWEG = "onderweg"
    VERZONDEN = "verzonden"
    ONZEKER = "onzeker"
    OPGEGEVEN = "opgegeven"


class Mail(SQLModel, table=True):
    """A message to a user, made once for a day and offered to the mail server until that takes it; no personal data."""

    __tablename__ = "mailbericht"
    __table_args__ = (
        UniqueConstraint("soort", "ontvanger", "dag"),
        Index(
            "ix_mailbericht_open",
            "niet_voor",
            sqlite_where=text("staat = 'wacht' OR staat = 'onderweg'"),
            postgresql_where=text("staat = 'wacht' OR staat = 'onderweg'"),
        ),
        Index(
            "ix_mailbericht_mislukt",  # few: so that counting them reads nothing else
            "id",
            sqlite_where=text("staat = 'onzeker' OR staat = 'opgegeven'"),
            postgresql_where=text("staat = 'onzeker' OR staat = 'opgegeven'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    soort: str = Field(max_length=20, description="dagbericht or weekbericht")
    ontvanger: str = Field(max_length=100, description="name of the user")
    dag: date
    adres: str = Field(max_length=255)
    onderwerp: str = Field(max_length=200)
    tekst: str
    staat: MailState = Field(default=MailState.WACHT, sa_column=Column(by_value(MailState), nullable=False))
    gemaakt_op: datetime = Field(sa_type=Moment)
    niet_voor: datetime = Field(sa_type=Moment, description="when it is offered next")
    pogingen: int = 0
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    verzonden_op: datetime | None = Field(default=None, sa_type=Moment)
    fout: str = Field(default="", max_length=200, description="why the last attempt failed, in words of our own")


class ShipmentState(StrEnum):
    """Where a file stands that is brought to UWV. `mislukt`: it is not tried again until a person asks."""

    WACHT = "wacht"
    ONDERWEG = "onderweg"
    BEZORGD = "bezorgd"
    MISLUKT = "mislukt"


class Shipment(SQLModel, table=True):
    """One file of a feedback delivery on its way to the server of UWV; `service.shipments` is its door."""

    __tablename__ = "bezorging"
    __table_args__ = (
        UniqueConstraint("terugkoppeling_id", "soort"),
        Index(
            "ix_bezorging_open",
            "niet_voor",
            sqlite_where=text("staat = 'wacht' OR staat = 'onderweg'"),
            postgresql_where=text("staat = 'wacht' OR staat = 'onderweg'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    terugkoppeling_id: int = Field(foreign_key="terugkoppeling.id")
    soort: str = Field(max_length=4, description="csv or xlsx")
    staat: ShipmentState = Field(default=ShipmentState.WACHT, sa_column=Column(by_value(ShipmentState), nullable=False))
    gevraagd_op: datetime = Field(sa_type=Moment)
    gevraagd_door: str = Field(max_length=200, description="in whose name the delivery becomes verzonden")
    niet_voor: datetime = Field(sa_type=Moment, description="when it is tried next")
    pogingen: int = 0
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    bezorgd_op: datetime | None = Field(default=None, sa_type=Moment)
    fout: str = Field(default="", max_length=300, description="why the last attempt failed, in words of our own")
    naam: str = Field(default="", max_length=110, description="of the file there, known at the first attempt")
    sha256: str = Field(default="", max_length=64, description="of the bytes as they go, encrypted or not")
    ontvangers: str = Field(default="", description="the public keys for which it was encrypted")
    versleuteld: bytes | None = Field(
        default=None, description="the bytes as they go, the same at each attempt; none when not encrypted, or brought"
    )
