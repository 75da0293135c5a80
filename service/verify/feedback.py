"""What UWV was told: every row counts once, says something new, and is about its signal."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, or_, select

from exports.models import DeliveryState, FeedbackDelivery, FeedbackFile, FeedbackRow, RowKind
from exports.stands import comparison
from service import shipments
from service.models import Shipment, ShipmentState
from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from signals.keyring import KeyUnknown, keyring
from signals.models import Signal
from signals.sealing import kept

_delivery, _row, _file = table(FeedbackDelivery), table(FeedbackRow), table(FeedbackFile)
_signal, _shipment = table(Signal), table(Shipment)

_SAYS = (
    "soort",
    "eerste_antwoord",
    "datum_eerste_antwoord",
    "resultaat",
    "datum_resultaat",
    "brp_mutatie",
    "ingangsdatum_ingezetene",
    "gemeentecode",
)
"""What a row tells of its signal."""
SLACK = timedelta(hours=1)
"""So long something that is due may wait for its turn."""


@check("terugkoppelingen tellen op")
def deliveries_add_up(look: Look) -> Findings:
    """Rows numbered from 1 to as many as were counted, but for those destroyed; and each state has what it needs."""
    numbered = (
        select(
            _row.c.terugkoppeling_id.label("id"),
            func.count().label("aantal"),
            func.max(_row.c.volgnummer).label("laatste"),
            func.count(_row.c.geweigerd_op).label("geweigerd"),
        )
        .group_by(_row.c.terugkoppeling_id)
        .subquery()
    )
    count, last = func.coalesce(numbered.c.aantal, 0), func.coalesce(numbered.c.laatste, 0)
    refused = and_(count > 0, func.coalesce(numbered.c.geweigerd, 0) == count)
    state, gone = _delivery.c.staat, _delivery.c.regels_vernietigd
    as_refused = and_(gone == 0, (state == DeliveryState.GEWEIGERD) != refused)
    left_unrefused = and_(state == DeliveryState.GEWEIGERD, func.coalesce(numbered.c.geweigerd, 0) != count)
    sent = state != DeliveryState.AANGEMAAKT
    wrong: dict[str, ColumnElement[bool]] = {
        "regels": or_(_delivery.c.regels != count + gone, last > _delivery.c.regels),
        "verzonden": sent != _delivery.c.verzonden_op.is_not(None),
        "ontvangen": and_(state == DeliveryState.ONTVANGEN, _delivery.c.ontvangen_op.is_(None)),
        "geweigerd": or_(
            (state == DeliveryState.GEWEIGERD) != _delivery.c.geweigerd_op.is_not(None),
            as_refused,
            left_unrefused,
        ),
    }
    shown = (condition.label(f"k{place}") for place, condition in enumerate(wrong.values()))
    asked = select(_delivery.c.nummer, *shown).outerjoin(numbered, numbered.c.id == _delivery.c.id)
    for number, *flags in look.rows(asked.where(or_(*wrong.values()))):
        yield Finding("terugkoppeling_telt_niet_op", number, words(dict(zip(wrong, flags, strict=True))))


@check("niets dubbel verteld")
def nothing_is_told_twice(look: Look) -> Findings:
    """A row says something else of its signal than the one before it that was not refused by then."""
    before = {name: _previous(_row.c[name]).label(f"was_{name}") for name in (*_SAYS, "id", "geweigerd_op")}
    rows = select(_row, *before.values()).subquery("regels")
    stood = or_(rows.c.was_geweigerd_op.is_(None), rows.c.was_geweigerd_op >= _delivery.c.aangemaakt_op)
    same = [rows.c[name].is_not_distinct_from(rows.c[f"was_{name}"]) for name in _SAYS]
    again = (
        select(_delivery.c.nummer, rows.c.volgnummer)
        .join_from(rows, _delivery, _delivery.c.id == rows.c.terugkoppeling_id)
        .where(rows.c.geweigerd_op.is_(None), rows.c.was_id.is_not(None), stood, *same)
    )
    for number, place in look.rows(again):
        yield Finding("terugkoppeling_dubbel", f"{number}/{place}")


def _previous(of: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.lag(of).over(partition_by=_row.c.signal_id, order_by=_row.c.id)


@check("regels van terugkoppelingen")
def rows_are_about_their_signal(look: Look) -> Findings:
    """A row names its signal and person as they are; one that replaces another names that one."""
    of_signal = {name: _row.c[name] != _signal.c[name] for name in ("signaalnummer", "leveringsnummer")}
    lying = (kept(_row.c.bsn), kept(_signal.c.bsn))
    differs = {**of_signal, "persoon": lying[0] != lying[1]}
    asked = (
        select(_delivery.c.nummer, _row.c.volgnummer, *lying, *(one.label(name) for name, one in differs.items()))
        .join_from(_row, _signal, _signal.c.id == _row.c.signal_id)
        .join(_delivery, _delivery.c.id == _row.c.terugkoppeling_id)
    )
    for number, place, mine, theirs, *flags in look.rows(asked.where(or_(*differs.values()))):
        found = dict(zip(differs, flags, strict=True))
        found["persoon"] = found["persoon"] and _are_two(mine, theirs)
        if any(found.values()):
            yield Finding("terugkoppeling_regel_wijkt_af", f"{number}/{place}", words(found))
    old, told_in = _row.alias("vervangen"), _delivery.alias("daarvan")
    name = told_in.c.nummer + "/" + cast(old.c.volgnummer, String)
    wrong = or_(
        _row.c.vervangt.is_distinct_from(name),
        old.c.signal_id.is_distinct_from(_row.c.signal_id),
        (_row.c.soort == RowKind.CORRECTIE) != _row.c.vervangt_id.is_not(None),
    )
    replacing = (
        select(_delivery.c.nummer, _row.c.volgnummer)
        .join_from(_row, _delivery, _delivery.c.id == _row.c.terugkoppeling_id)
        .outerjoin(old, old.c.id == _row.c.vervangt_id)
        .outerjoin(told_in, told_in.c.id == old.c.terugkoppeling_id)
        .where(or_(_row.c.vervangt_id.is_not(None), _row.c.soort == RowKind.CORRECTIE), wrong)
    )
    for number, place in look.rows(replacing):
        yield Finding("terugkoppeling_regel_wijkt_af", f"{number}/{place}", "Het gaat om: vervangt.")


def _are_two(one: str, other: str) -> bool:
    """Whether these are of two people; what does not open is told elsewhere."""
    try:
        return keyring().open(one) != keyring().open(other)
    except KeyUnknown:
        return False


@check("afstemming met UWV")
def the_reconciliation_has_every_signal_once(look: Look) -> Findings:
    """Every accepted signal stands in it, and once."""
    rows = comparison()
    count, different = func.count(), func.count(rows.c.signal_id.distinct())
    ((counted, signals),) = [tuple(row) for row in look.rows(select(count, different).select_from(rows))]
    accepted = look.scalar(select(func.count()).select_from(_signal))
    if not counted == signals == accepted:
        told = f"Er staan {counted} regels over {signals} signalen in, en er zijn {accepted} signalen."
        yield Finding("afstemming_klopt_niet", "afstemming", told)


@check("bezorgingen aan UWV")
def what_was_brought_is_what_was_made(look: Look) -> Findings:
    """A file that was brought as it is has the bytes of its delivery; what waits is tried again in time."""
    mine = and_(_file.c.terugkoppeling_id == _shipment.c.terugkoppeling_id, _file.c.soort == _shipment.c.soort)
    of = select(_delivery.c.nummer, _shipment.c.soort).join_from(
        _shipment, _delivery, _delivery.c.id == _shipment.c.terugkoppeling_id
    )
    brought = _shipment.c.staat == ShipmentState.BEZORGD
    plain = and_(_shipment.c.ontvangers == "", _file.c.sha256.is_distinct_from(_shipment.c.sha256))
    unsure = or_(plain, _shipment.c.sha256 == "", _shipment.c.naam == "", _shipment.c.bezorgd_op.is_(None))
    for number, kind in look.rows(of.outerjoin(_file, mine).where(brought, unsure)):
        yield Finding("bezorging_wijkt_af", f"{number} {kind}")
    busy_too_long = and_(
        _shipment.c.staat == ShipmentState.ONDERWEG, _shipment.c.begonnen_op < look.now - shipments.LOST - SLACK
    )
    waits: ColumnElement[bool] = false()
    if look.settings.sftp_host:
        waits = and_(_shipment.c.staat == ShipmentState.WACHT, _shipment.c.niet_voor < look.now - SLACK)
    for number, kind in look.rows(of.where(or_(busy_too_long, waits))):
        yield Finding("bezorging_staat_stil", f"{number} {kind}")


@check("bestanden van terugkoppelingen aanwezig")
def each_delivery_has_its_files(look: Look) -> Findings:
    """A CSV and an XLSX for each; the bytes of both are there until they were destroyed, their rows stay."""
    for kind in ("csv", "xlsx"):
        there = exists().where(_file.c.terugkoppeling_id == _delivery.c.id, _file.c.soort == kind)
        for (number,) in look.rows(select(_delivery.c.nummer).where(~there)):
            yield Finding("terugkoppeling_bestand_gewijzigd", number, f"Het {kind}-bestand ontbreekt.")
    lost = and_(_file.c.inhoud.is_(None), _delivery.c.bestanden_vernietigd_op.is_(None))
    of_file = select(_delivery.c.nummer, _file.c.soort).join(_file, _file.c.terugkoppeling_id == _delivery.c.id)
    for number, kind in look.rows(of_file.where(lost)):
        yield Finding("terugkoppeling_bestand_gewijzigd", number, f"Het {kind}-bestand is leeg.")
