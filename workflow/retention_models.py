"""The tables of destruction: lists of what goes, what became of each line, legal holds, certificates, files to erase.

Nothing in them is about a person: numbers of cases, loads and signals, days, and names of users.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from signals.base import Moment, Owned, by_value, index_of
from workflow.models import OfCase


class Soort(StrEnum):
    """What is destroyed together: one rule each (`workflow.retention.RULES`)."""

    DOSSIERS = "dossiers"
    SIGNAALGEGEVENS = "signaalgegevens"
    BESTANDEN = "bestanden"
    LOGBOEK = "logboek"


class Lijststaat(StrEnum):
    """Where a destruction list stands; the last two are its end."""

    VOORGESTELD = "voorgesteld"
    GOEDGEKEURD = "goedgekeurd"
    UITVOERING = "in_uitvoering"
    UITGEVOERD = "uitgevoerd"
    INGETROKKEN = "ingetrokken"


class Regelstaat(StrEnum):
    """What became of a line: it stands on the list, was left out by a person, dropped off, or is destroyed."""

    OP_LIJST = "op_lijst"
    WEGGELATEN = "weggelaten"
    AFGEVALLEN = "afgevallen"
    VERNIETIGD = "vernietigd"


class DestructionList(Owned, table=True):
    """A proposal to destroy, approved by somebody else than who made it. Of the project the gemeentecode is empty."""

    __tablename__ = "vernietigingslijst"

    id: int | None = Field(default=None, primary_key=True)
    nummer: str = Field(unique=True, max_length=20, description="VL-JJJJ-NNNN")
    versie: int = Field(default=1, description="raised by every change; compared before the next")
    soort: Soort = Field(sa_column=Column(by_value(Soort), nullable=False))
    staat: Lijststaat = Field(
        default=Lijststaat.VOORGESTELD, sa_column=Column(by_value(Lijststaat), nullable=False, index=True)
    )
    termijn: int = Field(description="the term as it was when the list was made, in the unit of its rule")
    termijn_besluit: str = Field(default="", max_length=300, description="who set that term; empty: the default")
    herhaling_van: str = Field(
        default="", max_length=20, description="the list of which this repeats what a restore undid"
    )
    voorgesteld_op: datetime = Field(sa_type=Moment)
    voorgesteld_door: str = Field(max_length=200)
    goedgekeurd_op: datetime | None = Field(default=None, sa_type=Moment)
    goedgekeurd_door: str | None = Field(default=None, max_length=200)
    uitgevoerd_door: str | None = Field(default=None, max_length=200)
    begonnen_op: datetime | None = Field(default=None, sa_type=Moment)
    ruimte_gewist_op: datetime | None = Field(
        default=None, sa_type=Moment, description="when the space that came free in the database was overwritten"
    )
    uitgevoerd_op: datetime | None = Field(default=None, sa_type=Moment)
    ingetrokken_op: datetime | None = Field(default=None, sa_type=Moment)
    ingetrokken_door: str | None = Field(default=None, max_length=200)
    reden_intrekking: str = Field(default="", max_length=500)


_LISTED = text("staat = 'op_lijst'")


class DestructionItem(Owned, table=True):
    """A line of a list: one case, one load, one feedback delivery, or one chain of the log."""

    __tablename__ = "vernietigingsregel"
    __table_args__ = (
        UniqueConstraint("lijst_id", "object", "nummer"),
        Index(
            "uq_vernietigingsregel_open",  # a thing stands on one list at a time, whoever makes two at once
            "object",
            "nummer",
            unique=True,
            sqlite_where=_LISTED,
            postgresql_where=_LISTED,
        ),
        # The first day on which figures say that dossiers are gone, and up to which closing.
        index_of("staat = 'vernietigd' AND object = 'zaak'", "ix_vernietigingsregel_zaken", "gemeentecode", "sinds"),
        index_of("staat = 'vernietigd' AND NOT in_journaal", "ix_vernietigingsregel_journaal", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    lijst_id: int = Field(foreign_key="vernietigingslijst.id", index=True)
    object: str = Field(
        max_length=20, description="zaak, signaalgegevens, lading, opbrengst, terugkoppeling or logboek"
    )
    nummer: str = Field(max_length=40, description="of the case, load, delivery; of a log the last place that goes")
    sinds: date = Field(description="the day from which the term was counted")
    versie: int = Field(default=0, description="of the case when the list was made")
    staat: Regelstaat = Field(default=Regelstaat.OP_LIJST, sa_column=Column(by_value(Regelstaat), nullable=False))
    reden: str = Field(default="", max_length=500, description="why it was left out or dropped off")
    door: str | None = Field(default=None, max_length=200, description="who left it out")
    gewijzigd_op: datetime | None = Field(default=None, sa_type=Moment)
    rijen: int = Field(default=0, description="rows of the database that went")
    bestanden: int = Field(default=0, description="files that went")
    signalen: list[str] = Field(
        default_factory=list, sa_type=JSON, description="numbers of the signals that went along"
    )
    in_journaal: bool = Field(default=False, description="it stands in the journal that is kept apart")


class LegalHold(OfCase, table=True):
    """A bewaarplicht: as long as it stands, nothing of the case is destroyed."""

    __tablename__ = "bewaarplicht"
    __table_args__ = (index_of("opgeheven_op IS NULL", "ix_bewaarplicht_staat", "zaak_id"),)

    id: int | None = Field(default=None, primary_key=True)
    reden: str = Field(max_length=500)
    opgeheven_op: date | None = None
    opgeheven_door: str | None = Field(default=None, max_length=200)
    reden_opheffing: str = Field(default="", max_length=500)


class Certificate(Owned, table=True):
    """A verklaring van vernietiging, as it was drawn up. It never changes and never goes: the database sees to it."""

    __tablename__ = "verklaring_van_vernietiging"

    id: int | None = Field(default=None, primary_key=True)
    nummer: str = Field(unique=True, max_length=20, description="VV-JJJJ-NNNN")
    lijst_id: int = Field(foreign_key="vernietigingslijst.id", unique=True)
    opgemaakt_op: datetime = Field(sa_type=Moment)
    inhoud: dict[str, Any] = Field(
        sa_type=JSON, description="all that it says, as service.retention.certificates made it"
    )
    sha256: str = Field(max_length=64, description="of the PDF")
    pdf: bytes = Field(sa_type=LargeBinary)


class FileToErase(SQLModel, table=True):
    """A file in the data directory of which the row is gone: it goes after the commit, and is swept until it is."""

    __tablename__ = "te_wissen_bestand"

    id: int | None = Field(default=None, primary_key=True)
    lijst_id: int | None = Field(default=None, index=True, description="of DestructionList")
    pad: str = Field(max_length=300, description="within the data directory")
    sinds: datetime = Field(sa_type=Moment)
