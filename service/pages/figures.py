"""The figures of a selection on a day, as tables with their definitions, and as a workbook."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import select

from exports.figures import FIGURES
from exports.selection import DIMENSIONS, Selection
from exports.workbook import write_workbook
from service.pages import labels
from service.pages.charts import charts_of, share
from service.pages.rendering import render, require
from service.reporting import destroyed_remark, figures_for, sees_own_only
from service.web.dependencies import Now, PageSession, ReadDatabase, Who
from service.web.files import MEDIA_TYPES, download
from signals.dates import as_date, complete_date
from signals.errors import Invalid, Reason
from signals.models import Municipality
from signals.municipalities import alphabetical
from workflow.phases import MUNICIPAL_ROLES, Role

router = APIRouter()

READERS = MUNICIPAL_ROLES | {Role.COORDINATOR}
DIMENSION_LABELS: Mapping[str, str] = {
    "levering": "Levering",
    "gemeente": "Gemeente",
    "aanleiding": "Aanleiding",
    "uitkeringssoort": "Soort uitkering",
    "adresbron": "Herkomst van het adres",
    "maand_ontvangst": "Maand van ontvangst",
}
KEY_FIGURES = ("zaken", "lopend", "opgepakt", "onderzocht", "treffers", "trefkans", "eerste_antwoord_op_tijd")
DRAWN_ONLY = frozenset({"verloop_ontvangst_afgesloten"})
"""A point for every day is a drawing; all its numbers are in the workbook."""


@dataclass(frozen=True)
class Line:
    """A figure on its line: what it is called, its parts as text, what it means."""

    naam: str
    label: str
    cells: Sequence[str]
    definitie: str


@dataclass(frozen=True)
class Block:
    """A table of figures of one shape."""

    titel: str
    koppen: Sequence[str]
    lines: Sequence[Line]
    naam: str = ""
    """Of the figure, when the table is of one."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the figures; each dimension holds at most one value here."""

    peildatum: str = ""
    per: str = ""
    levering: str = ""
    gemeente: str = ""
    aanleiding: str = ""
    uitkeringssoort: str = ""
    adresbron: str = ""
    maand_ontvangst: str = ""

    @property
    def chosen(self) -> Mapping[str, str]:
        """The dimensions that are narrowed down."""
        return {name: value for name in DIMENSIONS if (value := getattr(self, name))}

    @property
    def selection(self) -> Selection:
        """As the figures take it."""
        return Selection(**{DIMENSIONS[name]: (value,) for name, value in self.chosen.items()})

    def day(self, today: date) -> date:
        """The peildatum; today when none is given."""
        if not self.peildatum:
            return today
        digits = complete_date(self.peildatum)
        day = as_date(digits) if digits else None
        if day is None:
            raise Invalid(Reason("datum_ongeldig", "De peildatum is geen bestaande datum.", "peildatum"))
        return day

    def address(self, path: str = "/cijfers", **other: str) -> str:
        """The address of these figures, or of those that differ in what is named."""
        values = {name: value for name, value in vars(replace(self, **other)).items() if value}
        return f"{path}?{urlencode(values)}" if values else path


Text = Annotated[str, Query(max_length=40)]


def _asked(
    who: Who,
    peildatum: Text = "",
    per: Text = "",
    levering: Text = "",
    gemeente: Text = "",
    aanleiding: Text = "",
    uitkeringssoort: Text = "",
    adresbron: Text = "",
    maand_ontvangst: Text = "",
) -> Asked:
    usual = "gemeente" if who.has(Role.COORDINATOR) else "levering"
    return Asked(
        peildatum,
        per if per in DIMENSIONS else usual,
        levering,
        gemeente,
        aanleiding,
        uitkeringssoort,
        adresbron,
        maand_ontvangst,
    )


@router.get("/cijfers", response_class=HTMLResponse)
def figures_page(
    request: Request,
    who: Who,
    session: PageSession,
    engine: ReadDatabase,
    now: Now,
    asked: Annotated[Asked, Depends(_asked)],
) -> Response:
    """The figures as tables; every value of the split leads to the figures of that part."""
    require(who, READERS)
    day = asked.day(now.date())
    counted = figures_for(engine, who.access, asked.selection, day, today=now.date())
    names = {row.code: row.naam for row in session.exec(select(Municipality))}
    return render(
        request,
        "figures.html",
        asked=asked,
        day=day,
        blocks=blocks(counted["cijfers"]),
        charts=charts_of(counted, names),
        split=_split(counted["per"].get(asked.per, {}), names if asked.per == "gemeente" else None),
        split_heads=[FIGURES[naam].label for naam in KEY_FIGURES],
        dimensions=DIMENSION_LABELS,
        chosen=[(name, DIMENSION_LABELS[name], value) for name, value in asked.chosen.items()],
        own=sees_own_only(who.access),
        gone=destroyed_remark(engine, who.access, asked.selection, now.date()),
    )


@router.get("/cijfers/werkboek")
def workbook(who: Who, engine: ReadDatabase, now: Now, asked: Annotated[Asked, Depends(_asked)]) -> Response:
    """The same figures as XLSX."""
    require(who, READERS)
    day = asked.day(now.date())
    stream = io.BytesIO()
    gone = destroyed_remark(engine, who.access, asked.selection, now.date())
    write_workbook(figures_for(engine, who.access, asked.selection, day, today=now.date()), stream, gone)
    return download(MEDIA_TYPES["xlsx"], f"cijfers-{day:%Y%m%d}.xlsx", stream.getvalue())


def blocks(cijfers: Mapping[str, Any]) -> list[Block]:
    """Every figure, in tables by shape: counts, shares, durations; then each figure that is a table by itself."""
    counts, rates, durations, others = [], [], [], []
    for naam, value in cijfers.items():
        if naam in DRAWN_ONLY:
            continue
        label, meaning = FIGURES[naam].label, FIGURES[naam].definitie
        if value is None or isinstance(value, int):
            counts.append(Line(naam, label, [labels.number(value)], meaning))
        elif "teller" in value:
            rates.append(Line(naam, label, cells_of(value), meaning))
        elif "mediaan" in value:
            cells = cells_of(value)
            durations.append(Line(naam, label, [*cells, ""] if "km_mediaan" not in value else cells, meaning))
        elif value:
            heads = heads_of(next(iter(value.values())))
            parts = [Line(name, labels.heading(labels.words(name)), cells_of(each), "") for name, each in value.items()]
            others.append(Block(label, heads, [*parts, Line("", "", [], meaning)], naam))
    return [
        Block("Aantallen", ["Aantal"], counts),
        Block("Aandelen", heads_of({"teller": 0}), rates),
        Block("Duren in kalenderdagen", heads_of({"mediaan": 0, "km_mediaan": 0}), durations),
        *others,
    ]


def heads_of(value: Any) -> list[str]:
    """The headings of the cells of a value of this shape."""
    if not isinstance(value, Mapping):
        return ["Aantal"]
    if "teller" in value:
        return ["Aandeel", "Teller en noemer", "95%-interval"]
    if "mediaan" in value:
        plain = ["Aantal", "Mediaan", "90e percentiel"]
        return [*plain, "Kaplan-Meiermediaan"] if "km_mediaan" in value else plain
    return ["Signalen", "Bedrag in euro"]


def cells_of(value: Any) -> list[str]:
    """A value as the texts of its cells."""
    if not isinstance(value, Mapping):
        return [labels.number(value)]
    if "teller" in value:
        whole = f"{labels.number(value['teller'])} van {labels.number(value['noemer'])}"
        interval = "–" if value["laag"] is None else f"{share(value['laag'])} tot {share(value['hoog'])}"
        return [share(value["waarde"]), whole, interval]
    if "mediaan" in value:
        measured = [labels.number(value[part]) for part in ("n", "mediaan", "p90")]
        return [*measured, labels.number(value["km_mediaan"])] if "km_mediaan" in value else measured
    amount = value["bedrag"]
    return [labels.number(value["signalen"]), "–" if amount is None else labels.euros(amount)]


def _split(parts: Mapping[str, Any], names: Mapping[str, str] | None) -> list[tuple[str, str, list[str]]]:
    """(value, how it is called, the key figures as text) for each part. names: of municipalities, listed by name."""
    told = [
        (
            value,
            (names or {}).get(value) or labels.heading(labels.words(value)),
            [_first(part.get(naam)) for naam in KEY_FIGURES],
        )
        for value, part in parts.items()
    ]
    return told if names is None else sorted(told, key=lambda each: alphabetical(each[1]))


def _first(value: Any) -> str:
    if isinstance(value, Mapping):
        cells = cells_of(value)
        return f"{cells[0]} ({cells[1]})" if "teller" in value else cells[0]
    return labels.number(value)
