"""The tables of what was told to the supplier, in which file, and on what legal basis."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from signals.base import Moment, Owned, by_value
from signals.models import Grondslag
from signals.sealing import SealedBsn, SealedBytes
from workflow.phases import Answer, Told


class DeliveryState(StrEnum):
    """Where a feedback delivery stands."""

    AANGEMAAKT = "aangemaakt"
    VERZONDEN = "verzonden"
    ONTVANGEN = "ontvangen"
    GEWEIGERD = "geweigerd"


class RowKind(StrEnum):
    """What one row tells about one signal."""

    EERSTE_ANTWOORD = "eerste_antwoord"
    RESULTAAT = "resultaat"
    CORRECTIE = "correctie"
    INTREKKING_BEVESTIGD = "intrekking_bevestigd"


class FeedbackDelivery(SQLModel, table=True):
    """One terugkoppeling: numbered without gaps, its rows reserved from the moment it is made."""

    __tablename__ = "terugkoppeling"
    __table_args__ = (
        # Two people who make at the same moment: the database lets one of them through.
        Index(
            "uq_terugkoppeling_aangemaakt",
            "staat",
            unique=True,
            sqlite_where=text("staat = 'aangemaakt'"),
            postgresql_where=text("staat = 'aangemaakt'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    nummer: str = Field(unique=True, max_length=20, description="TK-JJJJ-NNNN")
    staat: DeliveryState = Field(sa_column=Column(by_value(DeliveryState), nullable=False))
    regels: int = 0
    aangemaakt_op: datetime = Field(sa_type=Moment)
    aangemaakt_door: str = Field(max_length=200)
    verzonden_op: datetime | None = Field(default=None, sa_type=Moment)
    verzonden_door: str | None = Field(default=None, max_length=200)
    ontvangen_op: datetime | None = Field(default=None, sa_type=Moment)
    ontvangen_door: str | None = Field(default=None, max_length=200)
    kenmerk: str | None = Field(default=None, max_length=100, description="the supplier's reference of the receipt")
    geweigerd_op: datetime | None = Field(default=None, sa_type=Moment, description="refused whole, or every row of it")
    geweigerd_door: str | None = Field(default=None, max_length=200)
    reden: str | None = Field(default=None, max_length=1000)
    regels_vernietigd: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="of `regels`: went with a dossier since"
    )
    bestanden_vernietigd_op: date | None = Field(default=None, description="since when its files are gone")


class FeedbackFile(SQLModel, table=True):
    """The bytes of a feedback delivery as they were made; sending again sends these."""

    __tablename__ = "terugkoppeling_bestand"
    __table_args__ = (UniqueConstraint("terugkoppeling_id", "soort"),)

    id: int | None = Field(default=None, primary_key=True)
    terugkoppeling_id: int = Field(foreign_key="terugkoppeling.id")
    soort: str = Field(max_length=4, description="csv or xlsx")
    naam: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    grootte: int = Field(description="bytes")
    inhoud: bytes | None = Field(
        default=None, sa_type=SealedBytes, description="none once destroyed after the retention period"
    )


class FeedbackRow(Owned, table=True):
    """One row as told. Its columns are the stand that was told: nothing else remembers it.

    `gemeentecode` (of `Owned`) is the municipality that gave the answer. A refused row (`geweigerd_op`) does not count
    as told; when a delivery is refused whole, all its rows are.
    """

    __tablename__ = "terugkoppeling_regel"
    __table_args__ = (
        UniqueConstraint("terugkoppeling_id", "volgnummer"),
        UniqueConstraint("terugkoppeling_id", "signal_id", name="uq_terugkoppeling_regel_signaal"),
        Index("ix_terugkoppeling_regel_signaal", "signal_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    terugkoppeling_id: int = Field(foreign_key="terugkoppeling.id")
    volgnummer: int
    signal_id: int = Field(foreign_key="signal.id")
    leveringsnummer: str = Field(max_length=20)
    signaalnummer: str = Field(max_length=40)
    bsn: str = Field(sa_type=SealedBsn)
    soort: RowKind = Field(sa_column=Column(by_value(RowKind), nullable=False))
    eerste_antwoord: Answer | None = Field(default=None, sa_column=Column(by_value(Answer)))
    datum_eerste_antwoord: date | None = None
    resultaat: Told | None = Field(default=None, sa_column=Column(by_value(Told)))
    datum_resultaat: date | None = None
    brp_mutatie: bool = False
    ingangsdatum_ingezetene: date | None = None
    vervangt: str | None = Field(default=None, max_length=30, description="TK-JJJJ-NNNN/volgnummer, as told")
    vervangt_id: int | None = Field(default=None, foreign_key="terugkoppeling_regel.id", index=True)
    geweigerd_op: datetime | None = Field(default=None, sa_type=Moment)
    geweigerd_door: str | None = Field(default=None, max_length=200)
    reden: str | None = Field(default=None, max_length=1000)


class LegalBasis(SQLModel, table=True):
    """A recorded legal basis for giving results to the supplier, per grondslag of the signals (Wet BRP 2.37e)."""

    __tablename__ = "grondslag_verstrekking"
    __table_args__ = (UniqueConstraint("grondslag", "vanaf"),)

    id: int | None = Field(default=None, primary_key=True)
    grondslag: Grondslag = Field(sa_column=Column(by_value(Grondslag), nullable=False))
    vanaf: date
    tot: date | None = Field(default=None, description="exclusive")
    besloten_door: str = Field(max_length=200)
    tekst: str = Field(max_length=2000, description="the article, designation or agreement that allows it")
