"""What was destroyed is gone: no case, fact, cell or file of it is there, in the database or on disk."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, exists, or_, select

from exports.models import FeedbackDelivery, FeedbackFile
from service.audit_models import ChainStart
from service.files.storage import RECEIVED
from service.keys import raw_of
from service.models import Shipment, Upload
from service.retention import due, journal
from service.retention.files import TOLD
from service.verify.files import digest_of, waiting_to_go
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.bulk import slices
from signals.errors import Refused
from signals.keyring import KeyUnknown
from signals.models import FACTS, FACTS_GONE, Load, OpbrengstLoad, RejectedRow, Signal, SignalChange
from workflow.models import Case, CaseSignal
from workflow.retention_models import DestructionItem, Regelstaat

_item, _case, _signal, _link = table(DestructionItem), table(Case), table(Signal), table(CaseSignal)
_load, _yields, _rejected = table(Load), table(OpbrengstLoad), table(RejectedRow)
_delivery, _file, _upload = table(FeedbackDelivery), table(FeedbackFile), table(Upload)
_shipment, _change, _start = table(Shipment), table(SignalChange), table(ChainStart)
_FEW = 20
ON_ITS_WAY = timedelta(hours=1)
"""A file that came within this may be one that somebody offers at this moment."""

_NUMBERED: Mapping[str, tuple[Column[Any], ColumnElement[bool]]] = {
    due.ZAAK: (_case.c.zaaknummer, _case.c.id.is_not(None)),
    due.LADING: (_load.c.ladingnummer, _load.c.bestand_vernietigd_op.is_(None)),
    due.OPBRENGST: (_yields.c.ladingnummer, _yields.c.bestand_vernietigd_op.is_(None)),
    due.TERUGKOPPELING: (_delivery.c.nummer, _delivery.c.bestanden_vernietigd_op.is_(None)),
}
"""By what a line is about: where its number stands, and when it is still there."""


@check("vernietigd en weg")
def what_was_destroyed_is_not_there(look: Look) -> Findings:
    """Of each line that was carried out, here or by the journal before a back-up was put back."""
    gone: dict[str, dict[str, Collection[str]]] = defaultdict(dict)
    for what, number, signals in [*_told(look), *_carried_out(look)]:
        gone[what][number] = signals
    for what, (column, is_there) in _NUMBERED.items():
        of = column.table
        assert isinstance(of, Table)
        for numbers in slices(gone[what]):
            for (number,) in look.rows(select(column).where(column.in_(numbers), is_there)):
                if look.now_too(of, column == number, is_there):  # the journal is not of the snapshot
                    yield Finding("vernietigd_en_aanwezig", number, f"Het gaat om {what}.")
    yield from _known_facts(look, gone[due.GEGEVENS])
    for number in gone[due.LOGBOEK]:
        name, _, place = number.partition(":")
        cut = and_(_start.c.gemeentecode == ("" if name == "project" else name), _start.c.volgnummer >= int(place))
        if not look.scalar(select(_start.c.volgnummer).where(cut)) and not look.now_too(_start, cut):
            yield Finding("vernietigd_en_aanwezig", number, f"Het gaat om {due.LOGBOEK}.")


def _known_facts(look: Look, gone: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """gone: by the number of a case the signals of which the facts went."""
    still = (_link.c.zaak_id == _case.c.id, _link.c.signal_id == _signal.c.id, _signal.c.feiten_vernietigd_op.is_(None))
    for numbers in slices(gone):
        found: set[str] = set()
        asked = select(_case.c.zaaknummer, _signal.c.signaalnummer, _signal.c.id)
        for number, name, signal_id in look.rows(asked.where(_case.c.zaaknummer.in_(numbers), *still)):
            told = name in gone[number] and number not in found
            if told and look.now_too(_signal, _signal.c.id == signal_id, _signal.c.feiten_vernietigd_op.is_(None)):
                found.add(number)
                yield Finding("vernietigd_en_aanwezig", number, f"Het gaat om {due.GEGEVENS}.")


Gone = tuple[str, str, Collection[str]]


def _told(look: Look) -> Iterator[Gone]:
    path = journal.path_of(look.settings.data_dir)
    if path.exists():
        try:
            yield from ((told["object"], told["nummer"], told["signalen"]) for told in journal.read(path))
        except Refused:
            return  # told as journaal_gewijzigd


def _carried_out(look: Look) -> Iterator[Gone]:
    asked = select(_item.c.object, _item.c.nummer, _item.c.signalen).where(_item.c.staat == Regelstaat.VERNIETIGD)
    yield from ((what, number, signals) for what, number, signals in look.rows(asked))


@check("vernietigde gegevens")
def nothing_is_left_of_what_has_gone(look: Look) -> Findings:
    """Where a row says that its contents were destroyed, it has none any more."""
    plain = [_signal.c[name] != "" for name in FACTS if not name.startswith("datum_")]
    facts = or_(*plain, _signal.c.datum_vanaf != FACTS_GONE, _signal.c.datum_tot.is_not(None))
    left = select(_load.c.ladingnummer, _signal.c.regel).join(_signal, _signal.c.load_id == _load.c.id)
    for number, line in look.rows(left.where(_signal.c.feiten_vernietigd_op.is_not(None), facts)):
        yield Finding("vernietiging_onvolledig", f"{number} regel {line}", "Het gaat om uitkering en werk.")
    changed = select(_load.c.ladingnummer, _change.c.regel, _change.c.oud, _change.c.nieuw).join_from(
        _change, _signal, and_(_signal.c.id == _change.c.signal_id, _signal.c.feiten_vernietigd_op >= _change.c.datum)
    )
    for number, line, *values in look.rows(changed.join(_load, _load.c.id == _change.c.load_id)):
        if any(each.keys() & set(FACTS) for each in values):
            yield Finding("vernietiging_onvolledig", f"{number} regel {line}", "Het gaat om een wijziging.")
    of_load = select(_load.c.ladingnummer, raw_of(_rejected.c.cellen)).join(
        _rejected, _rejected.c.load_id == _load.c.id
    )
    cells = look.rows(of_load.where(_load.c.bestand_vernietigd_op.is_not(None)))
    yield from _filled(cells, _rejected.c.cellen, "cellen van een afgekeurde rij")
    there = select(_yields.c.ladingnummer, raw_of(_yields.c.inhoud), _yields.c.afgewezen)
    for number, lying, rows in look.rows(there.where(_yields.c.bestand_vernietigd_op.is_not(None)), at_once=_FEW):
        yield from _filled([(number, lying)], _yields.c.inhoud, "het opbrengstbestand")
        if any(row.get("cellen") for row in rows):
            yield Finding("vernietiging_onvolledig", number, "Het gaat om cellen van een afgekeurde rij.")
    destroyed = _delivery.c.bestanden_vernietigd_op.is_not(None)
    brought = exists().where(_shipment.c.terugkoppeling_id == _delivery.c.id, _shipment.c.versleuteld.is_not(None))
    kept = exists().where(_file.c.terugkoppeling_id == _delivery.c.id, _file.c.inhoud.is_not(None))
    for (number,) in look.rows(select(_delivery.c.nummer).where(destroyed, or_(kept, brought))):
        yield Finding("vernietiging_onvolledig", number, "Het gaat om bestanden van de terugkoppeling.")
    row = exists().where(_upload.c.ladingnummer == _load.c.ladingnummer)
    for (number,) in look.rows(select(_load.c.ladingnummer).where(_load.c.bestand_vernietigd_op.is_not(None), row)):
        yield Finding("vernietiging_onvolledig", number, "Het gaat om het aangeleverde bestand.")


def _filled(rows: Iterable[Any], column: Column[Any], what: str) -> Iterator[Finding]:
    """Each number once of which something sealed is not empty; what does not open is told elsewhere."""
    found: set[str] = set()
    for number, lying in rows:
        try:
            value = column.type.process_result_value(lying, None)  # type: ignore[attr-defined]  # it is a sealed one
        except KeyUnknown:
            continue
        if value and number not in found:
            found.add(number)
            yield Finding("vernietiging_onvolledig", number, f"Het gaat om {what}.")


@check("vernietigde bestanden")
def no_destroyed_file_lies_there_again(look: Look) -> Findings:
    """Files of feedback by their name; deliveries by their bytes. Of a document nothing is known any more."""
    data, waits = look.settings.data_dir, waiting_to_go(look)
    named = select(_file.c.naam).join(_delivery, _delivery.c.id == _file.c.terugkoppeling_id)
    for (name,) in look.rows(named.where(_delivery.c.bestanden_vernietigd_op.is_not(None))):
        if (data / TOLD / name).exists() and f"{TOLD}/{name}" not in waits:
            yield Finding("vernietigd_bestand_aanwezig", f"{TOLD}/{name}")
    sums = select(_load.c.sha256, _load.c.ladingnummer).where(_load.c.bestand_vernietigd_op.is_not(None))
    gone = {sha256: number for sha256, number in look.rows(sums)}  # noqa: C416  # a row is no pair
    known = {name for (name,) in look.rows(select(_upload.c.bestand))} if gone else set()
    for path in _others(data / RECEIVED, known) if gone else ():
        young = path.stat().st_mtime > (look.now - ON_ITS_WAY).timestamp()
        found = digest_of(path)
        if young or found is None or found[0] not in gone or f"{RECEIVED}/{path.name}" in waits:
            continue
        if not look.now_too(_upload, _upload.c.bestand == path.name):
            where = f"{RECEIVED}/{path.name}"
            yield Finding("vernietigd_bestand_aanwezig", where, f"Het was van {gone[found[0]]}.")


def _others(folder: Path, known: Collection[str]) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if path.name not in known and path.is_file())
