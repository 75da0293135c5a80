"""What had been recorded at the end of a day, as frames: the one place where figures meet the database.

Like feedback, figures read the tables of all municipalities; the selection says which part is counted.
"""

import math
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Integer, Select, String, and_, case, cast, func, literal, null, or_, select, union, union_all
from sqlmodel import Session

from exports import histories
from exports.histories import days_between
from exports.selection import DIMENSIONS, GEEN
from exports.stands import AsOf, comparison, links_as_of, loads_before, told_results
from signals.base import table
from signals.models import (
    Grondslag,
    Load,
    LoadStatus,
    Municipality,
    Mutatiesoort,
    Opbrengst,
    RejectedRow,
    Signal,
    SignalChange,
)
from signals.municipalities import Municipalities
from workflow.case_file import NOT_AN_ACT
from workflow.deadlines import Term
from workflow.models import (
    Address,
    Case,
    CaseEvent,
    CaseTerm,
    Contact,
    Letter,
    LetterKind,
    OfCase,
    Source,
    Visit,
    WalaaEntry,
)
from workflow.phases import Answer, Herkomst, Outcome
from workflow.unsettled import first_event, is_unsettled

SIGNAL_FACTS = ("aanleiding", "uitkeringssoort", "adresbron")
STAY_DAYS = ("datum_vanaf", "datum_tot", "datum_signaal")
STAYS = ("korter_dan_4_maanden", "4_tot_6_maanden", "6_tot_12_maanden", "12_maanden_of_langer")
"""How long somebody stayed, in whole months, the shortest first."""
LAA_TERMS = (Term.LAA_EERSTE_ANTWOORD.value, Term.LAA_RESULTAAT.value)


@dataclass(frozen=True)
class Snapshot:
    """The frames of one day.

    cases: by id, with the dimensions, state and days of each case, bijvangst and handed over ones included.
    signals: by id, with the dimensions, the case that works on it (zaak_id), its outcome and its place in the
    reconciliation. rows: delivered rows (levering, gemeente, maand_ontvangst, uitkomst, aantal, and of rejected ones
    the codes of what was wrong as JSON). Of the others every row has a zaak_id: stays, holds, attempts, moments,
    visits, terms; yields a signal_id.
    """

    day: date
    register: Municipalities
    cases: pd.DataFrame
    signals: pd.DataFrame
    rows: pd.DataFrame
    stays: pd.DataFrame
    holds: pd.DataFrame
    attempts: pd.DataFrame
    moments: pd.DataFrame
    visits: pd.DataFrame
    terms: pd.DataFrame
    yields: pd.DataFrame

    def of(self, cases: pd.DataFrame, signals: pd.DataFrame, rows: pd.DataFrame) -> "Snapshot":
        """The same day with only these cases, signals and delivered rows, and what hangs on them."""
        parts: dict[str, Any] = {"cases": cases, "signals": signals, "rows": rows}
        for field in fields(self):
            frame = getattr(self, field.name)
            if field.name not in parts and isinstance(frame, pd.DataFrame):
                owner, ids = ("signal_id", signals.index) if field.name == "yields" else ("zaak_id", cases.index)
                parts[field.name] = frame[frame[owner].isin(ids)]
        return replace(self, **parts)


def take(session: Session, day: date, zone: ZoneInfo) -> Snapshot:
    """Everything recorded up to and including a day; zone: of the clock, in which a day ends."""
    as_of = AsOf(day, datetime.combine(day + timedelta(days=1), time.min, zone))
    register = Municipalities(session.scalars(select(Municipality)).all())
    events = _events(session, day)
    signals = _signals(session, as_of)
    cases = _cases(session, day, events, signals, register)
    signals = _with_cases(signals, cases, register, day)
    return Snapshot(
        day=day,
        register=register,
        cases=cases,
        signals=signals,
        rows=_rows(session, as_of, register),
        stays=histories.stays(events),
        holds=histories.holds(events),
        attempts=_attempts(session, day),
        moments=_moments(session, day),
        visits=_visits(session, day),
        terms=_terms(session, day, cases, signals),
        yields=_yields(session, day),
    )


def _frame(session: Session, query: Any) -> pd.DataFrame:
    result = session.execute(query)
    return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))


def _text(column: Any) -> Any:
    """The stored value itself, not the member of an enum."""
    return cast(column, String).label(column.name)


def _month(days: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.to_datetime(days).dt.strftime("%Y-%m")


def _events(session: Session, day: date) -> pd.DataFrame:
    event = table(CaseEvent)
    columns = (
        event.c.zaak_id,
        event.c.volgnummer,
        event.c.stap,
        _text(event.c.van),
        _text(event.c.naar),
        event.c.vastgelegd_op,
        _text(event.c.resultaat),
        event.c.datum_eerste_antwoord,
        event.c.aangehouden,
    )
    settled = select(*columns).where(event.c.vastgelegd_op <= day)
    unsettled = select(*first_event(*(column.name for column in columns))).where(
        is_unsettled, table(Case).c.geopend_op <= day
    )
    return _frame(session, union_all(settled, unsettled).order_by("zaak_id", "volgnummer"))


def _signals(session: Session, as_of: AsOf) -> pd.DataFrame:
    """By id every accepted signal as it was told by then, with its case and its place in the reconciliation."""
    signal, link = table(Signal), links_as_of(as_of.day)
    query = (
        select(
            signal.c.id,
            signal.c.leveringsnummer.label("levering"),
            *(signal.c[name] for name in (*SIGNAL_FACTS, *STAY_DAYS)),
            signal.c.datum_ontvangst,
            signal.c.gemeentecode,
            case((signal.c.ingetrokken_op <= as_of.day, signal.c.ingetrokken_op)).label("ingetrokken_op"),
            link.c.zaak_id,
        )
        .outerjoin_from(signal, link, link.c.signal_id == signal.c.id)
        .where(signal.c.load_id.in_(loads_before(as_of.before)))
    )
    signals = _frame(session, query).set_index("id")
    _undo_later_changes(session, signals, as_of.day)
    for name in SIGNAL_FACTS:
        signals[name] = signals[name].replace("", GEEN)
    signals["verblijf"] = _stay(signals)
    signals["maand_ontvangst"] = _month(signals["datum_ontvangst"])
    compared = comparison(as_of)
    places = _frame(session, select(compared.c.signal_id, compared.c.categorie)).set_index("signal_id")
    signals["categorie"] = places["categorie"].reindex(signals.index)
    signals["verteld"] = signals.index.isin(_frame(session, told_results(as_of))["signal_id"])
    return signals


def _undo_later_changes(session: Session, signals: pd.DataFrame, day: date) -> None:
    """Puts back what a later W changed, so that the same question gives the same answer next year."""
    change = table(SignalChange)
    later = select(change.c.signal_id, change.c.oud).where(
        change.c.datum > day, change.c.soort == Mutatiesoort.GEWIJZIGD
    )
    for signal_id, old in session.execute(later.order_by(change.c.id.desc())):
        for name in (*SIGNAL_FACTS, *STAY_DAYS):
            if name in old and signal_id in signals.index:
                signals.loc[signal_id, name] = old[name]


def _stay(signals: pd.DataFrame) -> "pd.Series[Any]":
    """Which of STAYS a signal tells of: until its last day, or until the day of the signal when there is none."""
    first, last, told = (pd.to_datetime(signals[name]) for name in STAY_DAYS)
    last = last.where(last.notna(), told)
    months = (last.dt.year - first.dt.year) * 12 + last.dt.month - first.dt.month - (last.dt.day < first.dt.day)
    return pd.cut(months, [-math.inf, 4, 6, 12, math.inf], right=False, labels=STAYS).astype(object)


def _cases(
    session: Session, day: date, events: pd.DataFrame, signals: pd.DataFrame, register: Municipalities
) -> pd.DataFrame:
    zaak = table(Case)
    query = select(
        zaak.c.id,
        zaak.c.gemeentecode,
        _text(zaak.c.herkomst),
        zaak.c.datum_ontvangst,
        zaak.c.eerste_signaal_id,
        zaak.c.ouder_id,
        zaak.c.voorganger_id,
        zaak.c.adressleutel,
    ).where(zaak.c.geopend_op <= day)
    cases = _frame(session, query).set_index("id")
    cases = cases.join(histories.states(events), how="inner").join(histories.closing_days(events))
    first = _first_signals(cases)
    for name in ("levering", "verblijf", *SIGNAL_FACTS):
        cases[name] = signals[name].reindex(first).to_numpy()
    cases["gemeente"] = _successors(cases["gemeentecode"], register, day)
    cases["maand_ontvangst"] = _month(cases["datum_ontvangst"])
    current = _addresses(session, day).reindex(cases.index)
    current = current.where(current.notna(), cases["adressleutel"])
    cases["adres"] = cases["gemeente"] + " " + current
    cases["bijvangst"] = cases["herkomst"] == Herkomst.BIJVANGST.value
    _add_outcomes(session, cases, day)
    _add_days(cases, day)
    acts = _frame(session, _investigation_acts(day))
    cases["handeling"] = cases.index.isin(acts["zaak_id"])
    return cases


def _first_signals(cases: pd.DataFrame) -> "pd.Series[Any]":
    """By case the signal it began with: its own, or that of the case it came from (parent or sender)."""
    first, sender, parent = (pd.to_numeric(cases[name]) for name in ("eerste_signaal_id", "voorganger_id", "ouder_id"))
    origin = sender.where(sender.notna(), parent)
    for _ in range(len(cases)):
        unknown = first.isna() & origin.notna()
        found = first.reindex(origin[unknown]).set_axis(origin[unknown].index).dropna()
        if found.empty:
            break
        first = first.where(first.notna(), found.reindex(first.index))
    return first


def _successors(codes: "pd.Series[Any]", register: Municipalities, day: date) -> "pd.Series[Any]":
    """The municipality that each code stands for on the day, through all mergers."""
    return codes.map({code: register.successor(code, day) for code in codes.unique()}).astype(object)


def _add_outcomes(session: Session, cases: pd.DataFrame, day: date) -> None:
    outcome = cases["resultaat"]
    taken = _taken_over(session, day)
    followed = cases["voorganger_id"].dropna()
    accepted = cases.index.isin(followed) & ~cases.index.isin([one for one, took in taken.items() if not took])
    accepted |= cases.index.isin([one for one, took in taken.items() if took])
    cases["overgedragen"] = outcome == Outcome.ANDERE_GEMEENTE.value
    cases["bij_deelnemer"] = cases["overgedragen"] & (accepted | (cases["laatste_stap"] == "stuur_terug"))
    cases["lopend"] = outcome.isna()
    cases["ingetrokken"] = outcome == Outcome.INGETROKKEN.value
    cases["onderzocht"] = outcome.isin(histories.INVESTIGATED)
    cases["treffer"] = outcome.isin(histories.HITS)


def _taken_over(session: Session, day: date) -> dict[int, bool]:
    """Whether the last hand-over of a case went to a participant, also where it joined the receiver's open case."""
    event = table(CaseEvent)
    query = select(event.c.zaak_id, event.c.gegevens).where(event.c.stap == "draag_over", event.c.vastgelegd_op <= day)
    told = {
        zaak_id: gegevens.get("ontvangerDoetMee") for zaak_id, gegevens in session.execute(query.order_by(event.c.id))
    }
    return {zaak_id: taken for zaak_id, taken in told.items() if taken is not None}


def _add_days(cases: pd.DataFrame, day: date) -> None:
    received, closed = cases["datum_ontvangst"], cases["eerste_sluiting"]
    cases["dagen_eerste_antwoord"] = days_between(received, cases["eerste_antwoord_op"])
    cases["dagen_afgesloten"] = days_between(received, closed)
    cases["dagen_onderzoek"] = days_between(cases["start_onderzoek"], closed)
    watched = cases["laatste_sluiting"].where(cases["resultaat"].notna(), day)
    answered = cases["beantwoord"].notna()
    cases["km_dagen"] = days_between(received, cases["beantwoord"].where(answered, watched))
    cases["km_beantwoord"] = answered


def _addresses(session: Session, day: date) -> "pd.Series[Any]":
    """By case the key of the address that was current then: the last chosen by a step, else the first.

    An address that came with a joined signal is a second presumed one, never the current one by itself.
    """
    address, zaak = table(Address), table(Case)
    others = select(address.c.zaak_id, address.c.adressleutel, address.c.signal_id, address.c.vanaf, address.c.id)
    now = select(zaak.c.id.label("zaak_id"), zaak.c.adressleutel, zaak.c.adres_signaal_id, zaak.c.adres_vanaf, null())
    order = ["zaak_id", "vanaf", "signal_id", "id"]  # the current one has no id, so it is the last of its day
    known = _frame(session, union_all(others, now)).sort_values(order, na_position="last")
    first = ~known.duplicated("zaak_id")
    chosen = first | (known["signal_id"].isna() & (known["vanaf"] <= day))
    return known[chosen].drop_duplicates("zaak_id", keep="last").set_index("zaak_id")["adressleutel"]


def _recorded(model: type[OfCase], day: date, *columns: Any, **fixed: str) -> Select[Any]:
    """zaak_id and some columns of a dossier table, as recorded by the end of the day."""
    entry = table(model)
    extra = [literal(value).label(name) for name, value in fixed.items()]
    return select(entry.c.zaak_id, *columns, *extra).where(entry.c.vastgelegd_op <= day)


def _investigation_acts(day: date) -> Any:
    sources = _recorded(Source, day).where(table(Source).c.soort.not_in(NOT_AN_ACT))
    return union(sources, *(_recorded(model, day) for model in (Contact, Visit, Letter)))


def _attempts(session: Session, day: date) -> pd.DataFrame:
    """Per case and channel: an attempt at contact. A posted letter and a visit are attempts by themselves.

    A letter to an employer or landlord asks somebody else and is none.
    """
    contact, letter = table(Contact), table(Letter)
    asked = _recorded(Contact, day, contact.c.kanaal).where(contact.c.soort == "contactpoging")
    posted = _recorded(Letter, day, kanaal="brief").where(letter.c.soort != LetterKind.INLICHTINGENVERZOEK)
    return _frame(session, union(asked, posted, _recorded(Visit, day, kanaal="huisbezoek")))


def _moments(session: Session, day: date) -> pd.DataFrame:
    """Per case and channel: the person was reached; found at a visit is a moment."""
    contact, visit = table(Contact), table(Visit)
    reached = _recorded(Contact, day, contact.c.kanaal).where(contact.c.soort == "contactmoment")
    found = _recorded(Visit, day, kanaal="huisbezoek").where(visit.c.aangetroffen)
    return _frame(session, union(reached, found))


def _visits(session: Session, day: date) -> pd.DataFrame:
    visit = table(Visit)
    visits = _frame(session, _recorded(Visit, day, visit.c.toestemming, visit.c.aangetroffen))
    visits["geweigerd"] = visits["toestemming"] == "geweigerd"
    visits["aangetroffen"] = visits["aangetroffen"].eq(True)
    return visits


def _terms(session: Session, day: date, cases: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """The LAA terms whose last day has passed, with whether WALAA had the answer in time: zaak_id, term, op_tijd.

    Left out: cases that were withdrawn on or before that last day.
    """
    walaa = table(WalaaEntry)
    terms = _frame(session, _passed(day)).drop_duplicates(["zaak_id", "term"])
    final = or_(walaa.c.antwoord == Answer.MET_MUTATIE, walaa.c.antwoord == Answer.ZONDER_MUTATIE)
    entered = (
        select(
            walaa.c.zaak_id,
            func.min(walaa.c.datum).label(LAA_TERMS[0]),
            func.min(case((final, walaa.c.datum))).label(LAA_TERMS[1]),
        )
        .where(walaa.c.vastgelegd_op <= day)
        .group_by(walaa.c.zaak_id)
    )
    answers = _frame(session, entered).set_index("zaak_id")
    answered = pd.Series(None, index=terms.index, dtype=object)
    for name in LAA_TERMS:
        mine = terms["term"] == name
        answered[mine] = answers[name].reindex(terms.loc[mine, "zaak_id"]).to_numpy()
    last_day = pd.to_datetime(terms["einde"])
    terms["op_tijd"] = pd.to_datetime(answered) <= last_day
    withdrawn = _withdrawn_on(cases, signals).reindex(terms["zaak_id"]).set_axis(terms.index)
    return terms[~(withdrawn <= last_day)]


def _passed(day: date) -> Any:
    """The LAA terms that had passed, the oldest first: zaak_id, term, einde."""
    term, zaak = table(CaseTerm), table(Case)
    rows = _recorded(CaseTerm, day, term.c.term, term.c.einde, term.c.id).where(term.c.term.in_(LAA_TERMS))
    ends = dict(zip(LAA_TERMS, (zaak.c.eerste_antwoord_voor, zaak.c.resultaat_voor), strict=True))
    kept = (
        select(zaak.c.id, literal(name), end, literal(0)).where(
            zaak.c.grondslag == Grondslag.LAA_2_37, zaak.c.geopend_op <= day
        )
        for name, end in ends.items()
    )
    every = union_all(rows, *kept).subquery()
    passed = select(every.c.zaak_id, every.c.term, every.c.einde).where(every.c.einde < day)
    return passed.order_by(every.c.id)


def _withdrawn_on(cases: pd.DataFrame, signals: pd.DataFrame) -> "pd.Series[Any]":
    """By case the day on which the last of its signals was withdrawn, or the case closed as withdrawn."""
    withdrawn = pd.to_datetime(signals["ingetrokken_op"]).groupby(signals["zaak_id"])
    all_of_them = withdrawn.max().where(withdrawn.count() == withdrawn.size())
    closed = pd.to_datetime(cases.loc[cases["ingetrokken"], "laatste_sluiting"])
    earliest: pd.Series[Any] = pd.concat([all_of_them, closed]).groupby(level=0).min()
    return earliest


def _with_cases(signals: pd.DataFrame, cases: pd.DataFrame, register: Municipalities, day: date) -> pd.DataFrame:
    """Signals with the municipality that works on them and the outcome of their case."""
    mine = cases.reindex(signals["zaak_id"]).set_axis(signals.index)
    own = _successors(signals["gemeentecode"], register, day)
    return signals.assign(
        gemeente=mine["gemeente"].where(mine["gemeente"].notna(), own),
        ingetrokken=signals["ingetrokken_op"].notna(),
        onderzocht=mine["onderzocht"].eq(True),
        treffer=mine["treffer"].eq(True),
    )


def _rows(session: Session, as_of: AsOf, register: Municipalities) -> pd.DataFrame:
    """Delivered rows counted by levering, municipality, day of receipt and what became of them."""
    load, signal, change, rejected = table(Load), table(Signal), table(SignalChange), table(RejectedRow)
    done = and_(load.c.status == LoadStatus.GELADEN, load.c.id.in_(loads_before(as_of.before)))
    applied = case((change.c.soort == Mutatiesoort.VERVALLEN, "ingetrokken"), else_="gewijzigd")
    parts = []
    nothing: Any = literal("[]")
    for source, outcome, codes in (
        (signal, literal("geaccepteerd"), nothing),
        (change, applied, nothing),
        (rejected, _text(rejected.c.uitkomst), cast(rejected.c.codes, String)),
    ):
        told = outcome.label("uitkomst"), codes.label("codes")
        keys = (load.c.leveringsnummer, source.c.gemeentecode, load.c.datum_ontvangst, *told)
        counted = select(*keys, func.count().label("aantal")).join_from(source, load, load.c.id == source.c.load_id)
        parts.append(_frame(session, counted.where(done).group_by(*keys)))
    rows = pd.concat([part for part in parts if not part.empty] or parts[:1])
    return pd.DataFrame(
        {
            "levering": rows["leveringsnummer"],
            "gemeente": _successors(rows["gemeentecode"], register, as_of.day),
            "maand_ontvangst": _month(rows["datum_ontvangst"]),
            "uitkomst": rows["uitkomst"],
            "codes": rows["codes"],
            "aantal": rows["aantal"].astype(int),
        }
    )


def _yields(session: Session, day: date) -> pd.DataFrame:
    """Per signal and soort what UWV reported last: signal_id, soort, cent."""
    result = table(Opbrengst)
    cents = cast(func.round(func.coalesce(result.c.bedrag, 0) * 100), Integer).label("cent")
    query = select(result.c.signal_id, result.c.soort, cents).where(result.c.vastgelegd_op <= day)
    reported = _frame(session, query.order_by(result.c.peildatum, result.c.id))
    return reported.drop_duplicates(["signal_id", "soort"], keep="last")


assert {"levering", "gemeente", "maand_ontvangst", *SIGNAL_FACTS} == set(DIMENSIONS)
