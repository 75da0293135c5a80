"""What the supplier should know of every signal now, what it was told last, and whether the two differ: in SQL.

Statements on the tables themselves, which are about all municipalities, whoever asks: a delivery made under somebody's
narrower view would silently leave signals out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlmodel import Session

from exports.models import FeedbackDelivery, FeedbackRow, RowKind
from signals.base import table
from signals.models import Load, Municipality, Signal, SignalChange
from workflow.models import Case, CaseEvent, CaseSignal
from workflow.phases import OUTCOMES, Outcome, Phase, Told
from workflow.unsettled import first_link, is_unsettled

REGISTERED = tuple(outcome for outcome, meaning in OUTCOMES.items() if meaning.told is Told.INGESCHREVEN)
STANDING = (Phase.AFGESLOTEN, Phase.BEZWAAR)
"""The phases in which an outcome stands; heropen and a successful bezwaar suspend it."""

CATEGORIES = (
    "nu_te_vertellen",
    "onderweg",
    "ingetrokken_verteld",
    "resultaat_verteld",
    "alleen_eerste_antwoord",
    "nog_niets",
)
"""The reconciliation, in order of precedence."""

MOMENTS = ("aangemaakt_op", "verzonden_op", "ontvangen_op", "geweigerd_op")
"""Of a delivery of feedback."""

STAND = ("eerste_antwoord", "resultaat", "brp_mutatie", "ingangsdatum_ingezetene", "gemeentecode")
"""The columns of a row that, with the withdrawal, are the stand; a date alone is no news."""


@dataclass(frozen=True)
class AsOf:
    """A day, and the first moment after it: what was recorded before that moment counts."""

    day: date
    before: datetime


def cases_as_of(day: date) -> Subquery:
    """The columns of `zaak` that a stand needs, as they were recorded up to and including a day.

    They are those of the case itself, and of its last event by then where something was done in it since.
    """
    event, zaak = table(CaseEvent), table(Case)
    told = ("ingangsdatum", "resultaat", "datum_resultaat", "eerste_antwoord", "datum_eerste_antwoord")
    own = (zaak.c.id, zaak.c.gemeentecode, zaak.c.bsn)
    still = select(*own, zaak.c.fase, *(zaak.c[name] for name in told)).where(
        zaak.c.geopend_op <= day, func.coalesce(zaak.c.laatste_stap_op <= day, true())
    )
    later = select(zaak.c.id).where(zaak.c.laatste_stap_op > day)
    last = (
        select(event.c.zaak_id, func.max(event.c.volgnummer).label("volgnummer"))
        .where(event.c.zaak_id.in_(later), event.c.vastgelegd_op <= day)
        .group_by(event.c.zaak_id)
        .subquery("laatste")
    )
    moved_on = (
        select(*own, event.c.naar, *(event.c[name] for name in told))
        .join_from(last, event, and_(event.c.zaak_id == last.c.zaak_id, event.c.volgnummer == last.c.volgnummer))
        .join(zaak, zaak.c.id == event.c.zaak_id)
    )
    return union_all(still, moved_on).subquery("zaak_toen")


def links_as_of(day: date) -> Subquery:
    """Per signal (signal_id, zaak_id, intrekking_telt) the case that worked on it at the end of a day.

    A case that sent its signal back is passed over: the signal is with the sender again, whose link is older.
    """
    link, event, signal, zaak = table(CaseSignal), table(CaseEvent), table(Signal), table(Case)
    counts = and_(link.c.intrekking_telt, func.coalesce(signal.c.ingetrokken_op <= day, false()))
    columns = (link.c.signal_id, link.c.zaak_id, counts.label("intrekking_telt"))
    by_then = select(*columns).join_from(link, signal, signal.c.id == link.c.signal_id).where(link.c.vanaf <= day)
    # A signal may lie elsewhere now than then when it got another case since, or one of its cases took a step.
    of_later = select(link.c.signal_id).join(zaak, zaak.c.id == link.c.zaak_id).where(zaak.c.laatste_stap_op > day)
    moved = union(select(link.c.signal_id).where(link.c.vanaf > day), of_later)
    still = by_then.where(link.c.actueel, link.c.signal_id.not_in(moved))
    returned = select(event.c.zaak_id).where(event.c.stap == "stuur_terug", event.c.vastgelegd_op <= day)
    newest_first = (link.c.vanaf.desc(), link.c.id.desc())
    ranked = (
        by_then.add_columns(func.row_number().over(partition_by=link.c.signal_id, order_by=newest_first).label("rang"))
        .where(link.c.signal_id.in_(moved), link.c.zaak_id.not_in(returned))
        .subquery("koppelingen")
    )
    names = ("signal_id", "zaak_id", "intrekking_telt")
    again = select(*(ranked.c[name] for name in names)).where(ranked.c.rang == 1)
    unsettled = select(*first_link(*names)).where(is_unsettled, zaak.c.geopend_op <= day)
    return union_all(still, again, unsettled).subquery("koppeling_toen")


def _with_links(signal: Table, as_of: AsOf | None) -> tuple[FromClause, ColumnElement[int], ColumnElement[bool]]:
    """Signals with their links: what to select from, the case that works on the signal, whether a withdrawal counts."""
    if as_of:
        link = links_as_of(as_of.day)
        return signal.outerjoin(link, link.c.signal_id == signal.c.id), link.c.zaak_id, link.c.intrekking_telt
    # Of one table and another rather than of their union, which SQLite would write down whole before it looks in it.
    row, opened = table(CaseSignal), table(Case).alias("geopend")
    linked = signal.outerjoin(row, and_(row.c.signal_id == signal.c.id, row.c.actueel)).outerjoin(
        opened, and_(opened.c.eerste_signaal_id == signal.c.id, opened.c.lading_id.is_not(None))
    )
    return linked, func.coalesce(row.c.zaak_id, opened.c.id), row.c.intrekking_telt


def _first_registrations(cases: FromClause) -> Subquery:
    """Per bsn the municipality that registered the person first: nobody becomes a resident twice."""
    ranked = (
        select(
            cases.c.bsn,
            cases.c.gemeentecode,
            func.row_number()
            .over(partition_by=cases.c.bsn, order_by=(cases.c.datum_resultaat, cases.c.id))
            .label("rang"),
        )
        .where(cases.c.resultaat.in_(REGISTERED), cases.c.fase.in_(STANDING), cases.c.bsn.is_not(None))
        .subquery("inschrijvingen")
    )
    return select(ranked.c.bsn, ranked.c.gemeentecode).where(ranked.c.rang == 1).subquery("eerste_inschrijving")


def _merged_by(
    code: ColumnElement[str], day: ColumnElement[Any], name: str
) -> tuple[ColumnElement[str], list[tuple[FromClause, ColumnElement[bool]]]]:
    """The municipality in which that of a code had gone up by a day (itself: in none), and what to join.

    Two mergers are followed: more than a case lives through. name: to tell the tables from others.
    """
    first, second = table(Municipality).alias(name), table(Municipality).alias(f"{name}_daarna")
    joins: list[tuple[FromClause, ColumnElement[bool]]] = [
        (first, and_(first.c.code == code, first.c.einde <= day)),
        (second, and_(second.c.code == first.c.opvolger, second.c.einde <= day)),
    ]
    return func.coalesce(second.c.opvolger, first.c.opvolger, code), joins


def _told_as(outcome: ColumnElement[Any]) -> ColumnElement[Any]:
    """The last column of the outcome table."""
    whens = [(outcome == member, literal(meaning.told.value)) for member, meaning in OUTCOMES.items()]
    return case(*whens, else_=null())


def stands(as_of: AsOf | None = None) -> Subquery:
    """One row per accepted signal with its stand, now or at the end of a day.

    Columns: signal_id, leveringsnummer, signaalnummer, bsn, grondslag, ingetrokken, eerste_antwoord,
    datum_eerste_antwoord, resultaat, datum_resultaat, brp_mutatie, ingangsdatum_ingezetene, gemeentecode. Of a
    withdrawn signal the first answer stays in, because a correction that goes first must carry it.
    """
    signal = table(Signal)
    cases: FromClause = cases_as_of(as_of.day) if as_of else table(Case)
    linked, zaak_id, withdrawal_counts = _with_links(signal, as_of)
    first = _first_registrations(cases)
    standing = cases.c.fase.in_(STANDING)
    withdrawn = func.coalesce(or_(withdrawal_counts, and_(standing, cases.c.resultaat == Outcome.INGETROKKEN)), false())
    # What was told before a merger stays told as it was: the day of the answer says which municipality gave it.
    answered = func.coalesce(cases.c.datum_resultaat, cases.c.datum_eerste_antwoord)
    own, mergers = _merged_by(cases.c.gemeentecode, answered, "opgegaan")
    that_of_first, mergers_of_first = _merged_by(first.c.gemeentecode, answered, "eerste_opgegaan")
    registered_by_another = and_(
        cases.c.resultaat.in_(REGISTERED), first.c.gemeentecode.is_not(None), that_of_first != own
    )
    told: ColumnElement[Any] = case(
        (or_(withdrawn, ~func.coalesce(standing, false())), null()),
        (registered_by_another, literal(Told.ELDERS.value)),
        else_=_told_as(cases.c.resultaat),
    )
    mutation = func.coalesce(told == literal(Told.INGESCHREVEN.value), false())

    def not_before_receipt(day: ColumnElement[Any]) -> ColumnElement[Any]:
        return case((day < signal.c.datum_ontvangst, signal.c.datum_ontvangst), else_=day)

    query = (
        select(
            signal.c.id.label("signal_id"),
            signal.c.leveringsnummer,
            signal.c.signaalnummer,
            signal.c.bsn,
            signal.c.grondslag,
            signal.c.gemeentecode.label("gemeente_signaal"),
            withdrawn.label("ingetrokken"),
            cast(cases.c.eerste_antwoord, String).label("eerste_antwoord"),
            not_before_receipt(cases.c.datum_eerste_antwoord).label("datum_eerste_antwoord"),
            told.label("resultaat"),
            case((told.is_not(None), not_before_receipt(cases.c.datum_resultaat))).label("datum_resultaat"),
            mutation.label("brp_mutatie"),
            case((mutation, cases.c.ingangsdatum)).label("ingangsdatum_ingezetene"),
            func.coalesce(own, signal.c.gemeentecode).label("gemeentecode"),
        )
        .outerjoin_from(linked, cases, cases.c.id == zaak_id)
        .outerjoin(first, first.c.bsn == cases.c.bsn)
    )
    for row, merged in (*mergers, *mergers_of_first):
        query = query.outerjoin(row, merged)
    if as_of:
        query = query.where(signal.c.load_id.in_(loads_before(as_of.before)))
    return query.subquery("stand")


def now_unless_changed(session: Session, as_of: AsOf) -> AsOf | None:
    """None where nothing was recorded after the day: what stands now is what stood then, and is quicker to find."""
    link, load, zaak = table(CaseSignal), table(Load), table(Case)
    change, delivery, row = table(SignalChange), table(FeedbackDelivery), table(FeedbackRow)
    moments = (load.c.geladen_op, *(delivery.c[name] for name in MOMENTS), row.c.geweigerd_op)
    days = (zaak.c.laatste_stap_op, zaak.c.geopend_op, link.c.vanaf, change.c.datum)
    later = (
        *(select(exists().where(moment >= as_of.before)) for moment in moments),
        *(select(exists().where(day > as_of.day)) for day in days),
    )
    return as_of if any(session.scalar(each) for each in later) else None


def loads_before(moment: datetime) -> Select[Any]:
    """The ids of the loads done before a moment."""
    load = table(Load)
    return select(load.c.id).where(func.coalesce(load.c.geladen_op, load.c.aangeboden_op) < moment)


def last_told(as_of: AsOf | None = None, *, sent: bool = False) -> Subquery:
    """Per signal the last row that was not refused: the columns of STAND, soort, regel_id, naam and `ontvangen`.

    sent: the last row that left, so the last the supplier knows of; without, a delivery that waits to be sent counts.
    """
    row, delivery = table(FeedbackRow), table(FeedbackDelivery)

    def by_then(moment: ColumnElement[Any]) -> ColumnElement[Any]:
        # A comparison with an empty moment is unknown, which is neither true nor false.
        return func.coalesce(moment < as_of.before, false()) if as_of else moment.is_not(None)

    counts = by_then(delivery.c.verzonden_op if sent else delivery.c.aangemaakt_op)
    ranked = (
        select(
            row.c.signal_id,
            row.c.id.label("regel_id"),
            (delivery.c.nummer + "/" + cast(row.c.volgnummer, String)).label("naam"),
            row.c.soort,
            *(row.c[name] if name != "eerste_antwoord" else cast(row.c[name], String).label(name) for name in STAND),
            by_then(delivery.c.ontvangen_op).label("ontvangen"),
            func.row_number().over(partition_by=row.c.signal_id, order_by=row.c.id.desc()).label("rang"),
        )
        .join_from(row, delivery, delivery.c.id == row.c.terugkoppeling_id)
        .where(counts, ~by_then(row.c.geweigerd_op))
        .subquery("verteld")
    )
    return select(ranked).where(ranked.c.rang == 1).subquery("laatst_verteld")


def told_results(as_of: AsOf | None = None) -> Select[Any]:
    """The signal_ids of which the supplier was told a result that it was not told to forget since."""
    told = last_told(as_of, sent=True)
    return select(told.c.signal_id).where(told.c.resultaat.is_not(None))


@lru_cache(maxsize=8)  # building the statement takes longer than running it on a small register
def comparison(as_of: AsOf | None = None) -> Subquery:
    """Every accepted signal with the row it would get, whether that row is due, and its place in the reconciliation.

    Columns: those of a row (soort, the stand, vervangt, vervangt_id), signal_id, leveringsnummer, signaalnummer, bsn,
    grondslag, gemeente_signaal, `due` and `categorie`.

    A result that was told is taken back before a withdrawal is confirmed: one row cannot say both, since an empty
    result means "under investigation again" in a correction.
    """
    stand, told = stands(as_of), last_told(as_of)
    correction = told.c.resultaat.is_not(None)
    confirms = and_(stand.c.ingetrokken, ~correction)
    news = _news(stand, confirms)
    due = _due(news, told, confirms)
    signal = ("signal_id", "leveringsnummer", "signaalnummer", "bsn", "grondslag", "gemeente_signaal")
    return (
        select(
            *(stand.c[name] for name in signal),
            _kind(news, told, confirms).label("soort"),
            *(column.label(name) for name, column in news.items()),
            case((correction, told.c.naam)).label("vervangt"),
            case((correction, told.c.regel_id)).label("vervangt_id"),
            case((due, true()), else_=false()).label("due"),
            _category(due, told).label("categorie"),
        )
        .outerjoin_from(stand, told, told.c.signal_id == stand.c.signal_id)
        .subquery("vergelijking")
    )


def _news(stand: Subquery, confirms: ColumnElement[bool]) -> dict[str, ColumnElement[Any]]:
    """The columns of the row that would be told; one that confirms a withdrawal keeps its municipality only."""
    emptied = ("eerste_antwoord", "datum_eerste_antwoord", "resultaat", "datum_resultaat")
    return {
        **{name: case((confirms, null()), else_=stand.c[name]) for name in emptied},
        **{name: stand.c[name] for name in ("ingangsdatum_ingezetene", "brp_mutatie", "gemeentecode")},
    }


def _due(news: Mapping[str, ColumnElement[Any]], told: Subquery, confirms: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the row says something that differs from what was told, and may be told now."""
    correction = told.c.resultaat.is_not(None)
    says_something = or_(confirms, news["eerste_antwoord"].is_not(None), news["resultaat"].is_not(None), correction)
    differs = or_(
        told.c.regel_id.is_(None),
        confirms.is_distinct_from(told.c.soort == RowKind.INTREKKING_BEVESTIGD),
        *(
            news[name].is_distinct_from(cast(told.c[name], String) if name == "resultaat" else told.c[name])
            for name in STAND
        ),
    )
    # A correction of something the supplier may still refuse would correct nothing.
    return and_(says_something, differs, or_(~correction, told.c.ontvangen))


def _kind(news: Mapping[str, ColumnElement[Any]], told: Subquery, confirms: ColumnElement[bool]) -> ColumnElement[str]:
    return case(
        (told.c.resultaat.is_not(None), literal(RowKind.CORRECTIE.value)),
        (confirms, literal(RowKind.INTREKKING_BEVESTIGD.value)),
        (news["resultaat"].is_not(None), literal(RowKind.RESULTAAT.value)),
        else_=literal(RowKind.EERSTE_ANTWOORD.value),
    )


def _category(due: ColumnElement[bool], told: Subquery) -> ColumnElement[str]:
    return case(
        (due, literal("nu_te_vertellen")),
        (told.c.ontvangen.is_(false()), literal("onderweg")),
        (told.c.soort == RowKind.INTREKKING_BEVESTIGD, literal("ingetrokken_verteld")),
        (told.c.resultaat.is_not(None), literal("resultaat_verteld")),
        (told.c.regel_id.is_not(None), literal("alleen_eerste_antwoord")),
        else_=literal("nog_niets"),
    )
