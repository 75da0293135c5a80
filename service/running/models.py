"""The tables of how the service itself runs: counts by route, runs of the clock, sizes. Nobody's data is in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from signals.base import Moment, by_value


class Length(StrEnum):
    """Over how long was counted."""

    MINUUT = "minuut"
    UUR = "uur"


class Course(SQLModel, table=True):
    """What one process counted in one minute, and in one hour; `service.running.kept` is its door."""

    __tablename__ = "gang"
    __table_args__ = (Index("ix_gang_begin", "begin"),)

    lengte: Length = Field(sa_column=Column(by_value(Length), primary_key=True))
    begin: datetime = Field(sa_type=Moment, primary_key=True)
    proces: str = Field(primary_key=True, max_length=20, description="random, drawn when it began")
    soort: str = Field(max_length=20, description="web or klok")
    geteld: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class TaskRun(SQLModel, table=True):
    """How a task of the clock went last; `service.running.tasks` is its door."""

    __tablename__ = "klokronde"

    taak: str = Field(primary_key=True, max_length=60)
    begonnen_op: datetime = Field(sa_type=Moment)
    gelukt_op: datetime | None = Field(default=None, sa_type=Moment, description="when it ended well last")
    mislukt_op: datetime | None = Field(default=None, sa_type=Moment)
    milliseconden: int = Field(default=0, description="of the last run")
    aantal: int | None = Field(default=None, description="what the last good run did: reminders, files, messages")
    fout: str = Field(default="", max_length=100, description="kind of the last fault, never its words")


class Size(SQLModel, table=True):
    """What takes long to count and changes slowly: counted by the clock, read by whoever wants to know."""

    __tablename__ = "omvang"

    naam: str = Field(primary_key=True, max_length=20)
    gemeten_op: datetime = Field(sa_type=Moment)
    inhoud: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
