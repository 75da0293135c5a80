"""The tables of what was delivered: deliveries, loads, signals, and what became of every row."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from signals.base import Moment, Owned, by_value
from signals.sealing import SealedBsn, SealedBytes, SealedJson

_NONE_YET = {"server_default": "0"}
"""Of a count that older rows have too."""
FACTS_GONE = date.min
"""The `datum_vanaf` of a signal of which the facts about benefit and work were destroyed."""
FACTS = ("uitkeringssoort", "datum_vanaf", "datum_tot", "werkgever", "loonheffingennummer", "toelichting")
"""The columns of a signal that say something of benefit or work, or may: they go before the dossier does."""


class Mutatiesoort(StrEnum):
    """What a delivered row does: new, changed, withdrawn."""

    NIEUW = "N"
    GEWIJZIGD = "W"
    VERVALLEN = "V"


class Grondslag(StrEnum):
    """The legal route by which a signal came: configurable, never assumed."""

    LAA_2_37 = "LAA_2_37"
    TMV_2_34 = "TMV_2_34"
    SUWI_5_9 = "SUWI_5_9"
    EIGEN_INITIATIEF = "EIGEN_INITIATIEF"


class Uitkomst(StrEnum):
    """What became of one delivered row: exactly one of five."""

    GEACCEPTEERD = "geaccepteerd"
    GEWIJZIGD = "gewijzigd"
    INGETROKKEN = "ingetrokken"
    DUBBEL = "dubbel"
    AFGEKEURD = "afgekeurd"


class LoadStatus(StrEnum):
    """Where an upload stands. Kept but not yet judged: its check waits, runs, was stopped or failed."""

    AANGEBODEN = "aangeboden"
    GECONTROLEERD = "gecontroleerd"
    GELADEN = "geladen"
    GEWEIGERD = "geweigerd"
    ONGEDAAN = "ongedaan_gemaakt"


class NumberSeries(SQLModel, table=True):
    """The last number given out in a series; its row is the lock that keeps a series without gaps."""

    __tablename__ = "number_series"

    series: str = Field(primary_key=True, max_length=40)
    year: int = Field(primary_key=True)
    last: int = 0


class Municipality(SQLModel, table=True):
    """One row of national table 33: a municipality code with its validity and its successor."""

    __tablename__ = "municipality"

    code: str = Field(primary_key=True, max_length=4)
    naam: str = Field(max_length=80)
    begin: date | None = None
    einde: date | None = Field(default=None, description="first day on which the code no longer counts")
    opvolger: str | None = Field(default=None, max_length=4)


class Participant(SQLModel, table=True):
    """A municipality that takes part in this installation from a day on; no row at all = every municipality does."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("gemeentecode", "vanaf"),)

    id: int | None = Field(default=None, primary_key=True)
    gemeentecode: str = Field(max_length=4)
    vanaf: date
    tot: date | None = Field(default=None, description="exclusive")
    besloten_door: str = Field(max_length=200)


class Delivery(SQLModel, table=True):
    """A levering: what the supplier calls one batch; may come in several loads."""

    __tablename__ = "delivery"

    leveringsnummer: str = Field(primary_key=True, max_length=20)
    eerste_ontvangst: date


class Load(SQLModel, table=True):
    """One upload of one file and what was made of it; a refused file leaves this row and nothing else."""

    __tablename__ = "load"
    __table_args__ = (
        Index(
            "uq_load_sha256_geladen",  # the very same file stands loaded once
            "sha256",
            unique=True,
            sqlite_where=text("status = 'geladen'"),
            postgresql_where=text("status = 'geladen'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    ladingnummer: str = Field(unique=True, max_length=20)
    leveringsnummer: str | None = Field(default=None, max_length=20, index=True)
    layout: str | None = Field(default=None, max_length=40)
    status: LoadStatus = Field(sa_column=Column(by_value(LoadStatus), nullable=False))
    bestandsnaam: str = Field(max_length=255)
    sha256: str = Field(max_length=64, index=True)
    bytes: int = 0
    datum_ontvangst: date
    aangeboden_op: datetime = Field(sa_type=Moment)
    geladen_op: datetime | None = Field(default=None, sa_type=Moment)
    door: str = Field(max_length=200)
    door_gemeente: bool = Field(
        default=False, description="by somebody who loads for the own municipality, not for UWV"
    )
    geleverd: int = 0
    geaccepteerd: int = 0
    gewijzigd: int = 0
    ingetrokken: int = 0
    dubbel: int = 0
    afgekeurd: int = 0
    zaken: int = 0
    redenen: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    waarschuwingen: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    seconden: float = 0
    reden: str | None = Field(default=None, max_length=40)
    uitleg: str | None = None
    # What of its rows was destroyed since: with these the counts above stay true.
    signalen_vernietigd: int = Field(default=0, sa_column_kwargs=_NONE_YET)
    wijzigingen_vernietigd: int = Field(default=0, sa_column_kwargs=_NONE_YET, description="rows of SignalChange")
    zaken_vernietigd: int = Field(default=0, sa_column_kwargs=_NONE_YET, description="of the cases that it opened")
    bestand_vernietigd_op: date | None = Field(
        default=None, description="since when the file and the cells of its rejected rows are gone"
    )


class RejectedRow(SQLModel, table=True):
    """A delivered row that changed nothing: rejected, with its cells as delivered, or a double."""

    __tablename__ = "rejected_row"

    id: int | None = Field(default=None, primary_key=True)
    load_id: int = Field(foreign_key="load.id", index=True)
    regel: int
    uitkomst: Uitkomst = Field(sa_column=Column(by_value(Uitkomst), nullable=False))
    signaalnummer: str | None = Field(default=None, max_length=40)
    gemeentecode: str | None = Field(default=None, max_length=4)
    codes: list[str] = Field(default_factory=list, sa_type=JSON)
    fouten: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    cellen: dict[str, str] = Field(default_factory=dict, sa_type=SealedJson)


class Signal(Owned, table=True):
    """One accepted signal, as last told by the supplier. Column names are the layout's (BRP elements).

    Filled in bulk: no foreign key points out of it (README, Decisions).
    """

    __tablename__ = "signal"
    __table_args__ = (
        # The rows of a load lie together, so on PostgreSQL it is enough to know where.
        Index("ix_signal_load_regel", "load_id", "regel", postgresql_using="brin"),
    )

    id: int | None = Field(default=None, primary_key=True)
    signaalnummer: str = Field(unique=True, max_length=40)
    leveringsnummer: str = Field(max_length=20)
    load_id: int = Field(description="of Load")
    regel: int
    datum_ontvangst: date
    datum_signaal: date
    grondslag: Grondslag = Field(sa_column=Column(by_value(Grondslag), nullable=False))
    bsn: str = Field(sa_type=SealedBsn)
    voornamen: str = Field(default="", max_length=200)
    voorvoegsel: str = Field(default="", max_length=10)
    geslachtsnaam: str = Field(max_length=200)
    geboortedatum: str = Field(max_length=8, description="8 digits, unknown parts 00; never a date")
    gemeentecode_geleverd: str = Field(max_length=4)
    straatnaam: str = Field(default="", max_length=80)
    huisnummer: int
    huisletter: str = Field(default="", max_length=1)
    huisnummertoevoeging: str = Field(default="", max_length=4)
    postcode: str = Field(default="", max_length=6)
    woonplaats: str = Field(default="", max_length=80)
    nummeraanduiding: str = Field(default="", max_length=16)
    adressleutel: str = Field(max_length=200)
    adresbron: str = Field(max_length=10)
    adresdatum: date | None = None
    aanleiding: str = Field(max_length=20)
    uitkeringssoort: str = Field(default="", max_length=10)
    datum_vanaf: date
    datum_tot: date | None = None
    werkgever: str = Field(default="", max_length=200)
    loonheffingennummer: str = Field(default="", max_length=12)
    telefoonnummer: str = Field(default="", max_length=20)
    emailadres: str = Field(default="", max_length=255)
    taal: str = Field(default="", max_length=2)
    toelichting: str = Field(default="", max_length=1000)
    waarschuwingen: list[str] = Field(default_factory=list, sa_type=JSON)
    ingetrokken_op: date | None = None
    feiten_vernietigd_op: date | None = Field(default=None, description="since when FACTS are gone")


class SignalChange(Owned, table=True):
    """A W or V that was applied to a signal: the old and the new value of what changed."""

    __tablename__ = "signal_change"

    id: int | None = Field(default=None, primary_key=True)
    signal_id: int = Field(foreign_key="signal.id", index=True)
    load_id: int = Field(foreign_key="load.id", index=True)
    regel: int
    soort: Mutatiesoort = Field(sa_column=Column(by_value(Mutatiesoort), nullable=False))
    datum: date
    oud: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    nieuw: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    waarschuwingen: list[str] = Field(default_factory=list, sa_type=JSON)


class OpbrengstLoad(SQLModel, table=True):
    """One yield file and its counts."""

    __tablename__ = "opbrengst_load"

    id: int | None = Field(default=None, primary_key=True)
    ladingnummer: str = Field(unique=True, max_length=20)
    bestandsnaam: str = Field(max_length=255)
    sha256: str = Field(max_length=64, index=True)
    inhoud: bytes = Field(sa_type=SealedBytes)
    geladen_op: datetime = Field(sa_type=Moment)
    door: str = Field(max_length=200)
    geleverd: int = 0
    geaccepteerd: int = 0
    dubbel: int = 0
    afgekeurd: int = 0
    redenen: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    waarschuwingen: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    afgewezen: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_type=JSON,
        description="per row that changed nothing its regel, uitkomst, codes, fouten and cells as delivered",
    )
    opbrengsten_vernietigd: int = Field(default=0, sa_column_kwargs=_NONE_YET, description="rows of Opbrengst")
    bestand_vernietigd_op: date | None = Field(default=None, description="since when inhoud and cells are gone")


class Opbrengst(SQLModel, table=True):
    """What UWV did with one told result: per signal and soort the latest peildatum counts."""

    __tablename__ = "opbrengst"
    __table_args__ = (UniqueConstraint("signal_id", "soort", "peildatum"),)

    id: int | None = Field(default=None, primary_key=True)
    signal_id: int = Field(foreign_key="signal.id", index=True)
    load_id: int = Field(foreign_key="opbrengst_load.id")
    soort: str = Field(max_length=20)
    bedrag: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    peildatum: date
    vastgelegd_op: date
