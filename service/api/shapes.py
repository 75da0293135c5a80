"""The shapes that the API's nouns share: camelCase, Dutch, nothing that was not asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, RootModel
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from signals.errors import Invalid, NotFound, Reason

Item = TypeVar("Item")


class ApiModel(BaseModel):
    """Every body: Dutch names in camelCase; a field that does not belong is refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        serialize_by_alias=True,
        hide_input_in_errors=True,  # its exceptions end in our log
    )


def in_utc(moment: datetime) -> str:
    """A point in time as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(in_utc, return_type=str)]
"""A point in time, answered in UTC with `Z`."""

DEEPEST = 4
"""Levels of lists within a field: more than any takes."""


def _shallow(given: dict[str, Any]) -> dict[str, Any]:
    """Nothing of ours could write down again what lies hundreds of levels deep."""
    level: list[Any] = [given]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    if level:
        raise PydanticCustomError("too_deep", "more levels than a field takes")
    return given


Gegevens = Annotated[
    dict[str, Any],
    AfterValidator(_shallow),
    Field(description="De velden van deze stap of dit dossierdeel, per naam."),
]


IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
"""The same key gives the same answer once more."""


@contextmanager
def cursor() -> Iterator[None]:
    """What does not exist is no address here: Invalid, as for every other cursor that is none of ours."""
    try:
        yield
    except NotFound:
        uitleg = "Deze cursor past niet bij deze vraag. Begin opnieuw zonder 'na'."
        raise Invalid(Reason("cursor_ongeldig", uitleg, "na")) from None


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
