"""The tables of the sessies: kick-off, werksessie, evaluatiesessie; organisations and what they say, never a person."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from signals.base import Moment, Owned, by_value


class SessieSoort(StrEnum):
    """Which of the meetings around a levering it is."""

    KICK_OFF = "kick_off"
    WERKSESSIE = "werksessie"
    EVALUATIESESSIE = "evaluatiesessie"


class SessieStaat(StrEnum):
    """What became of a sessie; it leaves `gepland` once."""

    GEPLAND = "gepland"
    GEHOUDEN = "gehouden"
    AFGELAST = "afgelast"


class Sessie(SQLModel, table=True):
    """A meeting of municipalities, UWV and others about one or more leveringen. Belongs to the project."""

    __tablename__ = "sessie"

    id: int | None = Field(default=None, primary_key=True)
    nummer: str = Field(unique=True, max_length=20)
    versie: int = Field(default=1, description="raised by every change of the sessie itself; compared before the next")
    soort: SessieSoort = Field(sa_column=Column(by_value(SessieSoort), nullable=False))
    staat: SessieStaat = Field(
        default=SessieStaat.GEPLAND, sa_column=Column(by_value(SessieStaat), nullable=False, index=True)
    )
    datum: date
    tijd: time | None = Field(default=None, description="when it begins, on the clock")
    plaats: str = Field(default="", max_length=200, description="an address, a room, or online")
    peildatum: date | None = Field(default=None, description="of the figures that are shown; none: not settled yet")
    reden_afgelast: str = Field(default="", max_length=500)
    gepland_door: str = Field(max_length=200)
    gepland_op: datetime = Field(sa_type=Moment)
    beeindigd_op: datetime | None = Field(
        default=None, sa_type=Moment, description="when it was said to be held or off"
    )


class SessieLevering(SQLModel, table=True):
    """A levering that a sessie treats."""

    __tablename__ = "sessie_levering"

    sessie_id: int = Field(primary_key=True, foreign_key="sessie.id")
    leveringsnummer: str = Field(primary_key=True, max_length=20)


class SessieDeelnemer(SQLModel, table=True):
    """An organisation that takes part: the code of a municipality, or the name of another."""

    __tablename__ = "sessie_deelnemer"

    sessie_id: int = Field(primary_key=True, foreign_key="sessie.id")
    organisatie: str = Field(primary_key=True, max_length=80)


class SessieVraag(Owned, table=True):
    """A question prepared for a sessie. Of UWV, which is no municipality, the gemeentecode is empty."""

    __tablename__ = "sessie_vraag"

    id: int | None = Field(default=None, primary_key=True)
    sessie_id: int = Field(foreign_key="sessie.id", index=True)
    tekst: str = Field(max_length=1000)
    gesteld_door: str = Field(max_length=200)
    gesteld_op: datetime = Field(sa_type=Moment)
    besproken: bool = False
    antwoord: str = Field(default="", max_length=2000)
    beantwoord_op: datetime | None = Field(default=None, sa_type=Moment)


class SessieLeerpunt(SQLModel, table=True):
    """That a leerpunt came up in a sessie, and what was concluded; it stays when the dossiers it came from go."""

    __tablename__ = "sessie_leerpunt"
    __table_args__ = (UniqueConstraint("sessie_id", "sleutel"),)

    id: int | None = Field(default=None, primary_key=True)
    sessie_id: int = Field(foreign_key="sessie.id", index=True)
    sleutel: str = Field(max_length=16, description="digest of soort and toelichting")
    soort: str = Field(max_length=30)
    toelichting: str = Field(default="", max_length=500)
    aantal: int = Field(description="in how many dossiers it stood by then")
    besproken: bool = False
    conclusie: str = Field(default="", max_length=1000)
    vastgelegd_op: datetime = Field(sa_type=Moment)


class SessieActie(SQLModel, table=True):
    """What was agreed: by whom, before when, and what came of it."""

    __tablename__ = "sessie_actie"

    id: int | None = Field(default=None, primary_key=True)
    sessie_id: int = Field(foreign_key="sessie.id", index=True)
    tekst: str = Field(max_length=1000)
    organisatie: str = Field(max_length=80, description="whose it is, as a participant is written", index=True)
    voor: date = Field(description="last day")
    afgesproken_op: datetime = Field(sa_type=Moment)
    gedaan_op: date | None = None
    hoe: str = Field(default="", max_length=1000)


class SessiePakket(SQLModel, table=True):
    """A pack as it was published for a sessie: what it says and the figures of that, of each edition. It never
    changes, which the database sees to; a next one stands beside it."""

    __tablename__ = "sessie_pakket"
    __table_args__ = (UniqueConstraint("sessie_id", "volgnummer"),)

    id: int | None = Field(default=None, primary_key=True)
    nummer: str = Field(unique=True, max_length=20, description="PK-JJJJ-NNNN")
    sessie_id: int = Field(foreign_key="sessie.id")
    volgnummer: int = Field(description="of the packs of this sessie; the highest one replaces those before")
    soort: str = Field(max_length=20, description="werksessie or evaluatie")
    peildatum: date
    gepubliceerd_op: datetime = Field(sa_type=Moment)
    gepubliceerd_door: str = Field(max_length=200)
    reden: str = Field(default="", max_length=500, description="why the one before it was replaced")
    binnen: dict[str, Any] = Field(sa_type=JSON, description="as exports.packs.frozen keeps it")
    openbaar: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSON(none_as_null=True), nullable=True),
        description="none for a sessie of more leveringen, which has no public figures",
    )


class SessiePakketBestand(SQLModel, table=True):
    """A file of a published pack; whoever fetches it gets these bytes."""

    __tablename__ = "sessie_pakket_bestand"

    pakket_id: int = Field(primary_key=True, foreign_key="sessie_pakket.id")
    uitgave: str = Field(primary_key=True, max_length=10, description="binnen or openbaar")
    soort: str = Field(primary_key=True, max_length=4, description="xlsx, pptx or pdf")
    naam: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    grootte: int = Field(description="bytes")
    inhoud: bytes
