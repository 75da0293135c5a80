"""The shapes that the API's nouns share: camelCase, Dutch, nothing that was not asked."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, RootModel
from pydantic.alias_generators import to_camel

Item = TypeVar("Item")


class ApiModel(BaseModel):
    """Every body: Dutch names in camelCase; a field that does not belong is refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", serialize_by_alias=True)


def in_utc(moment: datetime) -> str:
    """A point in time as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(in_utc, return_type=str)]
"""A point in time, answered in UTC with `Z`."""

Gegevens = Annotated[dict[str, Any], Field(description="De velden van deze stap of dit dossierdeel, per naam.")]


IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
"""The same key gives the same answer once more."""


class Reden(ApiModel):
    """Why something cannot be done."""

    code: str
    uitleg: str


class Veld(ApiModel):
    """One field that a step or a dossier entry takes."""

    naam: str
    soort: str
    label: str
    verplicht: bool
    keuzes: list[str]


class Termijn(ApiModel):
    """A term of a case, with the sentences that explain its date."""

    term: str
    vanaf: date
    einde: date
    uitleg: list[str]
    status: str


class Lijst(ApiModel, Generic[Item]):
    """A page of a list; `volgende` is the cursor for `na`, or null after the last page."""

    items: list[Item]
    volgende: str | None = None


class Vastlegging(RootModel[dict[str, Any]]):
    """A dossier entry: the fields of its kind, with `nummer`, `vastgelegdOp` and `door`."""
