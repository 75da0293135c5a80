"""The tables of the connectors: what other systems must still be told, to whom, and how that goes. No personal data."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from signals.base import Moment, Owned, by_value, index_of
from signals.sealing import SealedJson


class LineState(StrEnum):
    """Whether something is sent at all. `uitgezet`: it failed for days, and nothing goes until a person asks."""

    AAN = "aan"
    UITGEZET = "uitgezet"
    BEEINDIGD = "beeindigd"


class Line(SQLModel):
    """What every line to another system has: how it goes, and until when it rests after something failed."""

    pogingen: int = Field(default=0, description="that failed one after the other")
    niet_voor: datetime = Field(sa_type=Moment, description="when it is tried next")
    mislukt_sinds: datetime | None = Field(default=None, sa_type=Moment, description="the first of those attempts")
    laatst_gelukt_op: datetime | None = Field(default=None, sa_type=Moment)
    fout: str = Field(default="", max_length=300, description="why the last attempt failed, in words of our own")


class RegisterLine(Owned, Line, table=True):
    """The line to the zaaksysteem of a municipality; it is there from the first attempt on."""

    __tablename__ = "zaaksysteem"
    __table_args__ = (UniqueConstraint("gemeentecode"),)

    id: int | None = Field(default=None, primary_key=True)
    staat: LineState = Field(default=LineState.AAN, sa_column=Column(by_value(LineState), nullable=False))


class RegisterState(StrEnum):
    """Where a case stands beside its zaak elsewhere. `mislukt`: refused there; it waits until a person asks."""

    WACHT = "wacht"
    ONDERWEG = "onderweg"
    BIJ = "bij"
    MISLUKT = "mislukt"


class RegisterCase(Owned, table=True):
    """How far the zaaksysteem knows a case: up to which of its events, and up to which it must.

    `gevraagd` is raised in the transaction of the step itself; one row per case, so its steps arrive in their order.
    """

    __tablename__ = "zaaksysteem_zaak"
    __table_args__ = (
        UniqueConstraint("zaak_id"),
        index_of("staat = 'wacht' OR staat = 'onderweg'", "ix_zaaksysteem_zaak_open", "niet_voor", "id"),
        index_of("staat = 'mislukt'", "ix_zaaksysteem_zaak_mislukt", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    zaak_id: int = Field(foreign_key="zaak.id")
    gevraagd: int = Field(description="volgnummer of the newest event")
    gebracht: int = Field(default=0, description="volgnummer of the last event that is known there; 0 for none")
    adres: str = Field(default="", max_length=1000, description="of the zaak there")
    staat: RegisterState = Field(default=RegisterState.WACHT, sa_column=Column(by_value(RegisterState), nullable=False))
    niet_voor: datetime = Field(sa_type=Moment, description="when it is tried next")
    pogingen: int = 0
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    bijgewerkt_op: datetime | None = Field(default=None, sa_type=Moment)
    fout: str = Field(default="", max_length=300, description="why the last attempt failed, in words of our own")


class Subscription(Owned, Line, table=True):
    """An address that wants to be told of what happens to cases of a municipality."""

    __tablename__ = "abonnement"

    id: int | None = Field(default=None, primary_key=True)
    adres: str = Field(max_length=500, description="https")
    soorten: str = Field(max_length=300, description="the types of events, without their prefix, with commas")
    geheim: str = Field(sa_type=SealedJson, description="with which each message is signed")
    staat: LineState = Field(default=LineState.AAN, sa_column=Column(by_value(LineState), nullable=False))
    vastgelegd_op: datetime = Field(sa_type=Moment)
    vastgelegd_door: str = Field(max_length=200)
    beeindigd_op: datetime | None = Field(default=None, sa_type=Moment)


class MessageState(StrEnum):
    """Where a message to a subscriber stands. `geweigerd`: the receiver had it and will not take it."""

    WACHT = "wacht"
    ONDERWEG = "onderweg"
    BEZORGD = "bezorgd"
    GEWEIGERD = "geweigerd"


class SubscriptionMessage(Owned, table=True):
    """One event on its way to one subscriber; written in the transaction in which it happened."""

    __tablename__ = "abonnement_bericht"
    __table_args__ = (
        UniqueConstraint("abonnement_id", "kenmerk"),
        index_of("staat = 'wacht' OR staat = 'onderweg'", "ix_abonnement_bericht_open", "abonnement_id", "id"),
        index_of("staat = 'geweigerd'", "ix_abonnement_bericht_geweigerd", "id"),
        index_of("lading_id IS NOT NULL", "ix_abonnement_bericht_lading_id", "lading_id"),
        index_of("staat = 'bezorgd'", "ix_abonnement_bericht_bezorgd", "bezorgd_op"),
    )

    id: int | None = Field(default=None, primary_key=True)
    abonnement_id: int = Field(foreign_key="abonnement.id")
    kenmerk: str = Field(max_length=80, description="id of the event: the same at every attempt")
    soort: str = Field(max_length=40, description="type of the event, without its prefix")
    onderwerp: str = Field(max_length=20, description="number of the case or of the feedback")
    tijdstip: datetime = Field(sa_type=Moment, description="when it happened")
    fase: str | None = Field(default=None, max_length=20, description="of the case, after it")
    versie: int | None = Field(default=None, description="of the case, after it")
    lading_id: int | None = Field(default=None, description="of Load: when that opened the case")
    staat: MessageState = Field(default=MessageState.WACHT, sa_column=Column(by_value(MessageState), nullable=False))
    pogingen: int = 0
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    bezorgd_op: datetime | None = Field(default=None, sa_type=Moment)
    fout: str = Field(default="", max_length=300, description="why it was refused, in words of our own")
