"""The tables beside the audit log: its seals, the Logboek Dataverwerkingen, and how far that was handed on."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from signals.base import Moment, by_value


class AuditSeal(SQLModel, table=True):
    """The place of an audit entry in the chain of its municipality (no code: of the project). Only added to.

    `keten` is over this row and the seal before it, so nothing can be changed, taken out, put in or moved. It holds the
    waarmerk of the entry and nothing personal: when an entry is destroyed after its retention period the chain can
    still be proven by the seals alone.
    """

    __tablename__ = "audit_zegel"
    __table_args__ = (UniqueConstraint("gemeentecode", "volgnummer"), UniqueConstraint("audit_id"))

    id: int | None = Field(default=None, primary_key=True)
    gemeentecode: str = Field(max_length=4, description="empty: of the project")
    volgnummer: int = Field(description="without gaps within a chain")
    audit_id: int = Field(description="of AuditEntry")
    waarmerk: str = Field(max_length=64, description="of the entry, as it was sealed")
    sleutel: str = Field(max_length=8, description="name of the key of keten, and of waarmerk where the entry has none")
    keten: str = Field(max_length=64, description="HMAC-SHA256 over this and the one before it")
    verzegeld_op: datetime = Field(sa_type=Moment)


class ChainStart(SQLModel, table=True):
    """From where a chain is still there: its entries and seals up to this place went after their term. Only raised.

    `waarmerk` is over the others, with the key of the chain: nobody else makes a chain seem to begin later.
    """

    __tablename__ = "audit_beginpunt"

    gemeentecode: str = Field(primary_key=True, max_length=4, description="empty: of the project")
    volgnummer: int = Field(description="of the last seal that went")
    keten: str = Field(max_length=64, description="that seal, over which the next one is")
    tot: date = Field(description="the day of the last entry that went")
    regels: int = Field(description="how many entries went, all times together")
    sleutel: str = Field(max_length=8)
    waarmerk: str = Field(max_length=64)


class LineStatus(StrEnum):
    """How a processing ended, in the words of the standard; without result or with wrong input it is Unset."""

    UNSET = "Unset"
    OK = "Ok"
    ERROR = "Error"


BULK = ("lading_geladen", "lading_bevestigd", "lading_ongedaan_gemaakt", "nachttaak")
"""What happens to a whole delivery at once: nobody looks at anybody in it, so their lines are in no index."""
BY_PERSON = text(" AND ".join(f"name <> '{each}'" for each in BULK))
"""The lines that are found by their person; a question that is to use that index says it in these words too."""


class LogLine(SQLModel, table=True):
    """A line of the Logboek Dataverwerkingen 1.0.0: one processing of the data of one person, or of nobody yet.

    The names are the standard's. Nothing of the employee is in it: who that was says the audit entry with this trace,
    of which `span_id` or `parent_span_id` is the `span_id`. Only added to.
    """

    __tablename__ = "logboek_dataverwerking"
    __table_args__ = (
        Index("ix_logboek_dataverwerking_trace_id", "trace_id", "id"),
        Index(
            "ix_logboek_dataverwerking_betrokkene",
            "data_subject_id",
            "id",
            sqlite_where=BY_PERSON,
            postgresql_where=BY_PERSON,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    trace_id: str = Field(max_length=32)
    span_id: str = Field(max_length=16)
    parent_span_id: str | None = Field(default=None, max_length=16)
    status: LineStatus = Field(sa_column=Column(by_value(LineStatus, "status"), nullable=False))
    name: str = Field(max_length=60)
    start_time: int = Field(sa_type=BigInteger, description="milliseconds since 1970")
    end_time: int = Field(sa_type=BigInteger, description="milliseconds since 1970")
    processing_activity_id: str = Field(max_length=200, description="address in the register of processing activities")
    data_subject_id: str | None = Field(default=None, max_length=64, description="pseudonym")
    data_subject_id_type: str | None = Field(default=None, max_length=20, description="what was made a pseudonym of")
    foreign_operation_processor: str | None = Field(
        default=None, max_length=500, description="address of the other system that took part in it"
    )
    gemeentecode: str | None = Field(default=None, max_length=4, description="whose processing it is")


class LogDelivery(SQLModel, table=True):
    """How far the Logboek Dataverwerkingen was handed on to a receiver: the last seal, and the last line of that."""

    __tablename__ = "logboek_aflevering"

    ontvanger: str = Field(primary_key=True, max_length=200, description="address of the receiver")
    zegel_id: int = 0
    regel_id: int = 0
    bijgewerkt_op: datetime = Field(sa_type=Moment)
