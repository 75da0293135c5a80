"""The tables of planned home visits and of the reports that came in; the visit as held stands in the dossier."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from signals.base import Moment, Owned, by_value
from signals.sealing import SealedJson
from workflow.models import OfCase


class VisitStatus(StrEnum):
    """What became of a planned visit."""

    GEPLAND = "gepland"
    AFGELEGD = "afgelegd"
    VERVALLEN = "vervallen"


_STANDS = text("status = 'gepland' OR status = 'afgelegd'")


class PlannedVisit(Owned, table=True):
    """A home visit to an address, on a day and in a slot; it concerns the cases that are open there by then."""

    __tablename__ = "bezoek"
    __table_args__ = (
        Index(
            "uq_bezoek_tijdvak",  # two planners, or a double click, make one
            "gemeentecode",
            "adressleutel",
            "dag",
            "begin",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        Index("ix_bezoek_dag", "gemeentecode", "dag"),
        Index("ix_bezoek_adres", "gemeentecode", "adressleutel"),  # also those that were called off
    )

    id: int | None = Field(default=None, primary_key=True)
    versie: int = Field(default=1, description="raised by every change; compared before the next")
    status: VisitStatus = Field(
        default=VisitStatus.GEPLAND, sa_column=Column(by_value(VisitStatus, "status"), nullable=False)
    )
    reden_vervallen: str = ""
    dag: date
    begin: time = Field(description="of the slot, on the clock")
    einde: time
    straatnaam: str = Field(default="", max_length=80)
    huisnummer: int
    huisletter: str = Field(default="", max_length=1)
    huisnummertoevoeging: str = Field(default="", max_length=4)
    postcode: str = Field(default="", max_length=6)
    woonplaats: str = Field(default="", max_length=80)
    adressleutel: str = Field(max_length=200)
    bezoekers: list[dict[str, str]] = Field(
        default_factory=list, sa_type=JSON, description="who goes: naam of the user, and pas, the number of his pass"
    )
    veiligheid: str = Field(max_length=30)
    veiligheid_toelichting: str = ""
    opmerking: str = ""
    gepland_door: str = Field(max_length=200)
    gepland_op: datetime = Field(sa_type=Moment)


class VisitReport(Owned, table=True):
    """That a report came in, once, and what was answered; what was seen stands in the dossiers and nowhere else."""

    __tablename__ = "bezoekverslag"
    __table_args__ = (UniqueConstraint("gemeentecode", "kenmerk"),)  # the same report sent twice is recorded once

    id: int | None = Field(default=None, primary_key=True)
    kenmerk: str = Field(max_length=36, description="made with the form, by which the report is known again")
    bezoek_id: int = Field(foreign_key="bezoek.id", index=True)
    sha256: str = Field(max_length=64, description="of what was filled in")
    door: str = Field(max_length=200)
    ontvangen_op: datetime = Field(sa_type=Moment)
    antwoord: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON, description="per case what became of it")


class UnplacedReport(OfCase, table=True):
    """A report about a case that had moved on: kept as it came in until somebody places it or sets it aside."""

    __tablename__ = "bezoekverslag_rest"

    id: int | None = Field(default=None, primary_key=True)
    verslag_id: int = Field(foreign_key="bezoekverslag.id", index=True)
    gegevens: dict[str, Any] = Field(default_factory=dict, sa_type=SealedJson)
    reden: str = Field(description="why it could not be placed by itself")
    afgehandeld_op: date | None = None
    afgehandeld_door: str | None = Field(default=None, max_length=200)
    afhandeling: str | None = Field(default=None, max_length=20, description="geplaatst or terzijde")
    toelichting: str = ""


class SocialConcern(Owned, table=True):
    """A worry about who lives there, and where it was brought: of no case, in no figure, no feedback and no print."""

    __tablename__ = "zorgsignaal"

    id: int | None = Field(default=None, primary_key=True)
    bezoek_id: int = Field(foreign_key="bezoek.id", index=True)
    verslag_id: int = Field(foreign_key="bezoekverslag.id", index=True)
    waarheen: str = Field(max_length=500)
    vastgelegd_op: date
    door: str = Field(max_length=200)
