"""Loads: what each counted is what there is of it."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Executable, Text, cast, exists, func, literal, select

from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from signals.bulk import run
from signals.keyring import KeyUnknown
from signals.models import (
    Load,
    LoadStatus,
    Mutatiesoort,
    Opbrengst,
    OpbrengstLoad,
    RejectedRow,
    Signal,
    SignalChange,
    Uitkomst,
)
from workflow.models import Case, CaseSignal
from workflow.phases import Herkomst

_load, _signal, _change, _rejected = table(Load), table(Signal), table(SignalChange), table(RejectedRow)
_case, _link = table(Case), table(CaseSignal)
_yield, _yield_load = table(Opbrengst), table(OpbrengstLoad)

_FIVE = (_load.c.geaccepteerd, _load.c.gewijzigd, _load.c.ingetrokken, _load.c.dubbel, _load.c.afgekeurd)

_CHANGES = "wijzigingen"
"""Rows of both kinds of change together: of these the load counts as one what was destroyed."""
_SAID: Mapping[str, ColumnElement[int]] = {_CHANGES: _load.c.gewijzigd + _load.c.ingetrokken}
"""What was counted, where that is no column of its own."""
DESTROYED: Mapping[str, ColumnElement[int]] = {
    "geaccepteerd": _load.c.signalen_vernietigd,
    "zaken": _load.c.zaken_vernietigd,
    **dict.fromkeys((_CHANGES, "gewijzigd", "ingetrokken"), _load.c.wijzigingen_vernietigd),
}
"""By the name of a counter, how many of its rows are rightly gone."""
_IN_PART = ("gewijzigd", "ingetrokken")
"""Of these any part of what was destroyed may have been."""

_STANDS = {
    LoadStatus.GELADEN: frozenset({*DESTROYED, "dubbel", "afgekeurd"}),
    LoadStatus.ONGEDAAN: frozenset({"dubbel", "afgekeurd"}),
}
"""Of which counters there are rows, by what became of the load; of any other there are none at all."""


def _per_load() -> Mapping[str, Executable]:
    """By the name of each counter the rows that it counted: load id and how many."""

    def counted(of: ColumnElement[int], *where: ColumnElement[bool]) -> Executable:
        return select(of, func.count()).where(*where).group_by(of)

    change, rejected = _change.c.load_id, _rejected.c.load_id
    joined = exists().where(
        _link.c.signal_id == _case.c.eerste_signaal_id, _link.c.zaak_id == _case.c.id, _link.c.aangesloten
    )
    opened = (
        select(_signal.c.load_id, func.count())
        .join(_case, _case.c.eerste_signaal_id == _signal.c.id)
        .where(_case.c.herkomst == Herkomst.SIGNAAL, ~joined)
        .group_by(_signal.c.load_id)
    )
    return {
        "geaccepteerd": counted(_signal.c.load_id),
        "gewijzigd": counted(change, _change.c.soort == Mutatiesoort.GEWIJZIGD),
        "ingetrokken": counted(change, _change.c.soort == Mutatiesoort.VERVALLEN),
        _CHANGES: counted(change),
        "dubbel": counted(rejected, _rejected.c.uitkomst == Uitkomst.DUBBEL),
        "afgekeurd": counted(rejected, _rejected.c.uitkomst == Uitkomst.AFGEKEURD),
        "zaken": opened,
    }


@check("tellers van ladingen")
def loads_add_up(look: Look) -> Findings:
    """The five outcomes are all that was delivered, and of each as many rows as were counted and not destroyed."""
    total = sum(_FIVE, start=literal(0))
    for (number,) in look.rows(select(_load.c.ladingnummer).where(_load.c.geleverd != total)):
        yield Finding("lading_telt_niet_op", number)
    there: dict[str, dict[int, int]] = {
        name: {load_id: count for load_id, count in look.rows(asked)}  # noqa: C416  # a row is no pair
        for name, asked in _per_load().items()
    }
    said = [_SAID[name] if name in _SAID else _load.c[name] for name in there]
    gone = [DESTROYED.get(name, literal(0)) for name in there]
    counted = select(_load.c.id, _load.c.ladingnummer, _load.c.status, *said, *gone)
    for load_id, number, status, *counts in look.rows(counted.order_by(_load.c.id)):
        for (name, rows), was, went in zip(there.items(), counts, counts[len(there) :], strict=False):
            stands = name in _STANDS.get(status, ())
            least = was - went if stands else 0
            most = was if stands and name in _IN_PART else least
            if not least <= rows.get(load_id, 0) <= most:
                told = f"Het gaat om {name}: {least} verwacht, {rows.get(load_id, 0)} aanwezig."
                yield Finding("lading_wijkt_af", number, told)


@check("redenen van afkeuring")
def reasons_are_those_of_the_rows(look: Look) -> Findings:
    """Per load the codes of the rows that changed nothing; of a million rows there are a few different lists."""
    codes = cast(_rejected.c.codes, Text)
    asked = select(_rejected.c.load_id, codes, func.count()).group_by(_rejected.c.load_id, codes)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for load_id, listed, count in look.rows(asked):
        for code in json.loads(listed):
            found[load_id][code] += count
    told = select(_load.c.id, _load.c.ladingnummer, _load.c.redenen).where(_load.c.status.in_(_STANDS))
    for load_id, number, reasons in look.rows(told.order_by(_load.c.id)):
        if Counter(reasons) != found[load_id]:
            yield Finding("lading_wijkt_af", number, "Het gaat om de redenen van afkeuring.")


@check("opbrengsten")
def yields_add_up(look: Look) -> Findings:
    """Each yield file counts what it brought, and is the file that came until that was destroyed."""
    rows = select(_yield.c.load_id, func.count()).group_by(_yield.c.load_id)
    there = {load_id: count for load_id, count in look.rows(rows)}  # noqa: C416  # a row is no pair
    for (load_id,) in look.rows(select(_yield_load.c.id).order_by(_yield_load.c.id)):
        one = run(look.session, select(*_COUNTED).where(_yield_load.c.id == load_id)).one()
        wrong = {
            "geleverd": one.geleverd != one.geaccepteerd + one.dubbel + one.afgekeurd,
            "geaccepteerd": there.get(load_id, 0) != one.geaccepteerd - one.opbrengsten_vernietigd,
            "afgewezen": len(one.afgewezen) != one.dubbel + one.afgekeurd,
            "bestand": one.bestand_vernietigd_op is None and _is_another(look, load_id, one.sha256),
        }
        if any(wrong.values()):
            yield Finding("opbrengst_wijkt_af", one.ladingnummer, words(wrong))


_COUNTED = [
    _yield_load.c[name]
    for name in (
        *("ladingnummer", "sha256", "geleverd", "geaccepteerd", "dubbel", "afgekeurd", "afgewezen"),
        *("opbrengsten_vernietigd", "bestand_vernietigd_op"),
    )
]


def _is_another(look: Look, load_id: int, sha256: str) -> bool:
    """Whether the kept bytes are others than came; what does not open is told elsewhere."""
    try:
        content = run(look.session, select(_yield_load.c.inhoud).where(_yield_load.c.id == load_id)).scalar_one()
    except KeyUnknown:
        return False
    return hashlib.sha256(content).hexdigest() != sha256
