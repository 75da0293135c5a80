"""What had been recorded at the end of a day, as columns: the one place where figures meet the database.

Like feedback, figures read the tables of all municipalities; the selection says which part is counted. A case says of
itself how it went (`workflow.course`); of a case in which something was done after the day the events say it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Integer, String, and_, case, cast, func, literal, null, or_, select, union_all
from sqlmodel import Session

from exports import histories
from exports.acts import add_dossier, add_terms
from exports.columns import NOTHING, Array, Columns, Reader, Words, by_id, marked, places
from exports.selection import DIMENSIONS, GEEN, VERNIETIGD
from exports.stands import (
    STANDING,
    AsOf,
    comparison,
    links_as_of,
    loads_before,
    now_unless_changed,
    told_results,
)
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
from workflow.course import Stay
from workflow.models import (
    Address,
    Case,
    CaseEvent,
)
from workflow.phases import OUTCOMES, Herkomst, Outcome

SIGNAL_FACTS = ("aanleiding", "uitkeringssoort", "adresbron")
STAY_DAYS = ("datum_vanaf", "datum_tot", "datum_signaal")
STAYS = ("korter_dan_4_maanden", "4_tot_6_maanden", "6_tot_12_maanden", "12_maanden_of_langer")
"""How long somebody stayed, in whole months, the shortest first."""


@dataclass(frozen=True)
class Snapshot:
    """The columns of one day; the numbers of texts are those of `words`.

    cases: by rising id, with the dimensions, state, flags and days of each case, bijvangst and handed over ones
    included. signals: by rising id, with the dimensions, the place of the case that works on it (`zaak`), its outcome
    and its place in the reconciliation. rows: delivered rows (levering, gemeente, maand_ontvangst, uitkomst, aantal,
    and of rejected ones the codes of what was wrong as JSON).
    stays: zaak (a place), soort, dagen. yields: signaal (a place), soort, cent.
    """

    day: date
    register: Municipalities
    words: Mapping[str, Words]
    cases: Columns
    signals: Columns
    rows: Columns
    stays: Columns
    yields: Columns


def take(session: Session, day: date, zone: ZoneInfo) -> Snapshot:
    """Everything recorded up to and including a day; zone: of the clock, in which a day ends."""
    as_of = AsOf(day, datetime.combine(day + timedelta(days=1), time.min, zone))
    register = Municipalities(session.scalars(select(Municipality)).all())
    taking = _Taking(session, Reader(session), as_of, register)
    signals = taking.signals()
    cases = taking.cases(signals)
    taking.join(signals, cases)
    add_dossier(taking.reader, day, cases)
    add_terms(taking.reader, day, cases, signals)
    stays, yields = taking.stays(cases), taking.yields(signals)
    return Snapshot(
        day=day,
        register=register,
        words=taking.reader.words,
        cases=cases,
        signals=signals,
        rows=taking.rows(),
        stays=stays,
        yields=yields,
    )


@dataclass
class _Taking:
    """One snapshot on its way."""

    session: Session
    reader: Reader
    as_of: AsOf
    register: Municipalities

    @property
    def day(self) -> date:
        return self.as_of.day

    # --- signals

    def signals(self) -> Columns:
        """Every accepted signal as it was told by then, with the id of its case and its place in the reconciliation."""
        signal, link = table(Signal), links_as_of(self.day)
        query = select(
            signal.c.id,
            signal.c.leveringsnummer.label("levering"),
            *(signal.c[name] for name in (*SIGNAL_FACTS, *STAY_DAYS)),
            signal.c.datum_ontvangst,
            signal.c.gemeentecode,
            signal.c.feiten_vernietigd_op,
            case((signal.c.ingetrokken_op <= self.day, signal.c.ingetrokken_op)).label("ingetrokken_op"),
        ).where(signal.c.load_id.in_(loads_before(self.as_of.before)))
        signals = by_id(self.reader.read(query))
        linked = self.reader.read(select(link.c.signal_id, link.c.zaak_id))
        here = places(linked["signal_id"], signals["id"])
        of_case = np.full(len(signals["id"]) + 1, NOTHING)
        of_case[here] = linked["zaak_id"]
        signals["zaak_id"] = of_case[:-1]
        self._undo_later_changes(signals)
        for name in SIGNAL_FACTS:
            words = self.reader.words_of(name)
            signals[name] = words.translated(signals[name], words, lambda text: text or GEEN)
        signals["verblijf"] = self.reader.words_of("verblijf").of(STAYS)[_stays(signals)]
        gone = ~np.isnan(signals["feiten_vernietigd_op"])
        for name in ("uitkeringssoort", "verblijf"):
            if gone.any():
                signals[name][gone] = self.reader.words_of(name).number(VERNIETIGD)
        self._add_month_and_municipality(signals)
        then = now_unless_changed(self.session, self.as_of)
        compared = comparison(then)
        told = self.reader.read(select(compared.c.signal_id, compared.c.categorie))
        signals["categorie"] = np.full(len(signals["id"]), NOTHING, np.int32)
        signals["categorie"][places(told["signal_id"], signals["id"])] = told["categorie"]
        results = self.reader.read(told_results(then))["signal_id"]
        signals["verteld"] = marked(signals, results)
        signals["geteld"] = np.ones(len(signals["id"]), bool)
        return signals

    def _undo_later_changes(self, signals: Columns) -> None:
        """Puts back what a later W changed, so that the same question gives the same answer next year."""
        change = table(SignalChange)
        later = select(change.c.signal_id, change.c.oud).where(
            change.c.datum > self.day, change.c.soort == Mutatiesoort.GEWIJZIGD
        )
        for signal_id, old in self.session.execute(later.order_by(change.c.id.desc())):
            (place,) = places(np.array([signal_id]), signals["id"])
            for name in SIGNAL_FACTS:
                if name in old and place != NOTHING:
                    signals[name][place] = self.reader.words_of(name).number(old[name])
            for name in STAY_DAYS:
                if name in old and place != NOTHING:
                    signals[name][place] = date.fromisoformat(old[name]).toordinal() if old[name] else np.nan

    def _add_month_and_municipality(self, columns: Columns) -> None:
        """What a day and a code stand for: the month of receipt, and the municipality that the code is on the day."""
        days, back = np.unique(columns["datum_ontvangst"], return_inverse=True)
        months = [date.fromordinal(int(day)).strftime("%Y-%m") for day in days]
        columns["maand_ontvangst"] = self.reader.words_of("maand_ontvangst").of(months)[back]
        codes, into = self.reader.words_of("gemeentecode"), self.reader.words_of("gemeente")
        columns["gemeente"] = codes.translated(columns["gemeentecode"], into, self._successor)

    def _successor(self, code: str) -> str:
        return self.register.successor(code, self.day)

    def join(self, signals: Columns, cases: Columns) -> None:
        """Signals get the municipality that works on them and the outcome of their case."""
        signals["zaak"] = mine = places(signals["zaak_id"], cases["id"])
        theirs = np.append(cases["gemeente"], NOTHING)[mine]
        signals["gemeente"] = np.where(theirs != NOTHING, theirs, signals["gemeente"])
        signals["ingetrokken"] = ~np.isnan(signals["ingetrokken_op"])
        for name in ("onderzocht", "treffer"):
            signals[f"{name}_telt"] = np.append(cases[name], False)[mine] & ~signals["ingetrokken"]

    # --- cases

    def cases(self, signals: Columns) -> Columns:
        """Every case that was opened by then, with its dimensions, state, address and days."""
        zaak = table(Case)
        query = select(
            zaak.c.id,
            zaak.c.gemeentecode,
            (zaak.c.herkomst == Herkomst.BIJVANGST).label("bijvangst"),
            zaak.c.datum_ontvangst,
            zaak.c.eerste_signaal_id,
            zaak.c.ouder_id,
            zaak.c.voorganger_id,
            zaak.c.adressleutel,
            zaak.c.fase,
            case((zaak.c.fase.in_(STANDING), zaak.c.resultaat)).label("resultaat"),
            zaak.c.datum_eerste_antwoord.label("eerste_antwoord_op"),
            zaak.c.aangehouden_vanaf.is_not(None).label("aangehouden"),
            zaak.c.heropend_op.is_not(None).label("heropend"),
            zaak.c.laatst_afgesloten_op.label("laatste_sluiting"),
            zaak.c.eerst_afgesloten_op.label("eerste_sluiting"),
            zaak.c.beantwoord_op.label("beantwoord"),
            zaak.c.onderzoek_begon_op.label("start_onderzoek"),
            (zaak.c.grondslag == Grondslag.LAA_2_37).label("laa"),
            *(zaak.c[name] for name in ("eerste_antwoord_voor", "resultaat_voor")),
        ).where(zaak.c.geopend_op <= self.day)
        cases = by_id(self.reader.read(query))
        self._replay(cases)
        first = places(_first_signals(cases), signals["id"])
        for name in ("levering", "verblijf", *SIGNAL_FACTS):
            cases[name] = np.append(signals[name], NOTHING)[first]
        self._add_month_and_municipality(cases)
        self._add_addresses(cases)
        self._add_outcomes(cases)
        self._add_days(cases)
        return cases

    def _replay(self, cases: Columns) -> None:
        """The state of the cases in which something was done after the day, from their events until then."""
        event, zaak = table(CaseEvent), table(Case)
        later = select(zaak.c.id).where(zaak.c.laatste_stap_op > self.day)
        query = select(
            event.c.zaak_id,
            event.c.stap,
            _text(event.c.van),
            _text(event.c.naar),
            event.c.vastgelegd_op,
            _text(event.c.resultaat),
            event.c.datum_eerste_antwoord,
            event.c.aangehouden,
        ).where(event.c.zaak_id.in_(later), event.c.vastgelegd_op <= self.day)
        found = self.session.execute(query.order_by(event.c.zaak_id, event.c.volgnummer))
        events = pd.DataFrame([tuple(row) for row in found], columns=list(found.keys()))
        if events.empty:
            return
        then = histories.states(events).join(histories.closing_days(events))
        here = places(then.index.to_numpy(), cases["id"])
        for name in ("fase", "resultaat"):
            texts = then[name].astype(object).where(then[name].notna(), None)
            cases[name][here] = self.reader.words_of(name).of(texts)
        for name in ("aangehouden", "heropend"):
            cases[name][here] = then[name].to_numpy(bool)
        for name in ("eerste_antwoord_op", "laatste_sluiting", "eerste_sluiting", "beantwoord", "start_onderzoek"):
            cases[name][here] = [day.toordinal() if isinstance(day, date) else np.nan for day in then[name]]

    def _add_addresses(self, cases: Columns) -> None:
        """The address that was current then: the last chosen by a step, else the first.

        An address that came with a joined signal is a second presumed one, never the current one by itself.
        """
        address, zaak = table(Address), table(Case)
        others = select(address.c.zaak_id, address.c.adressleutel, address.c.signal_id, address.c.vanaf, address.c.id)
        now = select(
            zaak.c.id.label("zaak_id"), zaak.c.adressleutel, zaak.c.adres_signaal_id, zaak.c.adres_vanaf, null()
        ).where(zaak.c.id.in_(select(address.c.zaak_id)))
        found = self.session.execute(union_all(others, now))
        known = pd.DataFrame([tuple(row) for row in found], columns=list(found.keys()))
        order = ["zaak_id", "vanaf", "signal_id", "id"]  # the current one has no id, so it is the last of its day
        known = known.sort_values(order, na_position="last")
        first = ~known.duplicated("zaak_id")
        chosen = known[first | (known["signal_id"].isna() & (known["vanaf"] <= self.day))]
        current = chosen.drop_duplicates("zaak_id", keep="last")
        here = places(current["zaak_id"].to_numpy(np.int64), cases["id"])
        keys = self.reader.words_of("adressleutel").of(current["adressleutel"])
        cases["adressleutel"][here[here != NOTHING]] = keys[here != NOTHING]
        # The same key in two municipalities is two addresses.
        cases["adres"] = cases["gemeente"].astype(np.int64) << 40 | cases["adressleutel"]

    def _add_outcomes(self, cases: Columns) -> None:
        words = self.reader.words_of("resultaat")

        def ended(*outcomes: Outcome) -> Array:
            numbers = {words.known(outcome.value) for outcome in outcomes} - {NOTHING}
            return np.isin(cases["resultaat"], list(numbers))

        told, returned = self._handed_over()
        followed = marked(cases, cases["voorganger_id"])
        accepted = followed & ~marked(cases, [one for one, took in told.items() if not took])
        accepted |= marked(cases, [one for one, took in told.items() if took]) | marked(cases, returned)
        cases["overgedragen"] = ended(Outcome.ANDERE_GEMEENTE)
        cases["bij_deelnemer"] = cases["overgedragen"] & accepted
        cases["telt"] = ~cases["bijvangst"] & ~cases["bij_deelnemer"]
        cases["lopend"] = cases["resultaat"] == NOTHING
        cases["ingetrokken"] = ended(Outcome.INGETROKKEN)
        cases["onderzocht"] = ended(*(one for one in Outcome if OUTCOMES[one].investigated))
        cases["treffer"] = ended(*(one for one in Outcome if OUTCOMES[one].hit))
        cases["ligt_stil"] = cases["lopend"] & cases["aangehouden"]
        cases["gebleven"] = ~cases["ingetrokken"] & ~cases["overgedragen"]
        cases["weg"] = cases["overgedragen"] & ~cases["bijvangst"]
        cases["bijvangst_hier"] = cases["bijvangst"] & ~cases["bij_deelnemer"]

    def _handed_over(self) -> tuple[Mapping[int, bool], list[int]]:
        """By case whether its last hand-over went to a participant, also where it joined the receiver's open case; and
        the cases that were sent back last.
        """
        event, zaak = table(CaseEvent), table(Case)
        handed = select(zaak.c.id).where(
            or_(zaak.c.resultaat == Outcome.ANDERE_GEMEENTE, zaak.c.laatste_stap_op > self.day)
        )
        query = select(event.c.id, event.c.zaak_id, event.c.stap, event.c.gegevens).where(
            event.c.zaak_id.in_(handed),
            event.c.stap.in_(("draag_over", "stuur_terug")),
            event.c.vastgelegd_op <= self.day,
        )
        told: dict[int, bool | None] = {}
        last: dict[int, str] = {}
        # Put in order here: told to, SQLite would read every event in the order of its id.
        for _, zaak_id, stap, gegevens in sorted(self.session.execute(query), key=lambda row: row.id):
            last[zaak_id] = stap
            if stap == "draag_over":
                told[zaak_id] = gegevens.get("ontvangerDoetMee")
        known = {zaak_id: taken for zaak_id, taken in told.items() if taken is not None}
        return known, [zaak_id for zaak_id, stap in last.items() if stap == "stuur_terug"]

    def _add_days(self, cases: Columns) -> None:
        received, closed = cases["datum_ontvangst"], cases["eerste_sluiting"]
        cases["dagen_eerste_antwoord"] = cases["eerste_antwoord_op"] - received
        cases["dagen_afgesloten"] = closed - received
        cases["dagen_onderzoek"] = closed - cases["start_onderzoek"]
        answered = ~np.isnan(cases["beantwoord"])
        watched = np.where(cases["lopend"], self.day.toordinal(), cases["laatste_sluiting"])
        cases["km_dagen"] = np.where(answered, cases["beantwoord"], watched) - received
        cases["km_beantwoord"] = answered

    # --- what hangs on cases and signals

    def stays(self, cases: Columns) -> Columns:
        """Every stay in a phase and every time on hold that had ended."""
        stay = table(Stay)
        stays = self.reader.read(select(stay.c.zaak_id, stay.c.soort, stay.c.dagen).where(stay.c.tot <= self.day))
        stays["zaak"] = places(stays.pop("zaak_id"), cases["id"])
        return stays

    def rows(self) -> Columns:
        """Delivered rows counted by levering, municipality, day of receipt and what became of them."""
        load, signal, change, rejected = table(Load), table(Signal), table(SignalChange), table(RejectedRow)
        done = and_(load.c.status == LoadStatus.GELADEN, load.c.id.in_(loads_before(self.as_of.before)))
        applied = case((change.c.soort == Mutatiesoort.VERVALLEN, "ingetrokken"), else_="gewijzigd")
        parts = []
        nothing: Any = literal("[]")
        for source, outcome, codes in (
            (signal, literal("geaccepteerd"), nothing),
            (change, applied, nothing),
            (rejected, _text(rejected.c.uitkomst), cast(rejected.c.codes, String)),
        ):
            keys = (
                load.c.leveringsnummer.label("levering"),
                source.c.gemeentecode,
                load.c.datum_ontvangst,
                outcome.label("uitkomst"),
                codes.label("codes"),
            )
            counted = select(*keys, func.count().label("aantal")).join_from(source, load, load.c.id == source.c.load_id)
            parts.append(self.reader.read(counted.where(done).group_by(*keys)))
        rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        self._add_month_and_municipality(rows)
        return rows

    def yields(self, signals: Columns) -> Columns:
        """Per signal and soort what UWV reported last."""
        result = table(Opbrengst)
        cents = cast(func.round(func.coalesce(result.c.bedrag, 0) * 100), Integer).label("cent")
        columns = (result.c.id, result.c.signal_id, result.c.soort.label("gevolg"), cents, result.c.peildatum)
        found = self.reader.read(select(*columns).where(result.c.vastgelegd_op <= self.day))
        frame = (
            pd.DataFrame(found).sort_values(["peildatum", "id"]).drop_duplicates(["signal_id", "gevolg"], keep="last")
        )
        here = places(frame["signal_id"].to_numpy(), signals["id"])
        signals["onbeantwoord"] = signals["verteld"] & ~marked(signals, frame["signal_id"].to_numpy())
        return {"signaal": here, "gevolg": frame["gevolg"].to_numpy(), "cent": frame["cent"].to_numpy()}


def _text(column: Any) -> Any:
    """The stored value itself, not the member of an enum."""
    return cast(column, String).label(column.name)


def _stays(signals: Columns) -> Array:
    """Which of STAYS each tells of: until its last day, or until the day of the signal when there is none."""
    first, last, told = (signals[name] for name in STAY_DAYS)
    begin, end = (
        (days - date(1970, 1, 1).toordinal()).astype("datetime64[D]")
        for days in (first, np.where(np.isnan(last), told, last))
    )
    months = (end.astype("datetime64[M]") - begin.astype("datetime64[M]")).astype(int)
    of_month = ((days - days.astype("datetime64[M]")).astype(int) for days in (end, begin))
    stays: Array = np.digitize(months - np.less(*of_month), (4, 6, 12))
    return stays


def _first_signals(cases: Columns) -> Array:
    """By case the id of the signal it began with: its own, or that of the case it came from (parent or sender)."""
    first = cases["eerste_signaal_id"].astype(np.float64)
    sender = np.where(np.isnan(cases["voorganger_id"].astype(np.float64)), cases["ouder_id"], cases["voorganger_id"])
    origin = places(sender.astype(np.float64), cases["id"])
    while True:
        unknown = np.isnan(first) & (origin != NOTHING)
        found = np.where(unknown, np.append(first, np.nan)[origin], first)
        if np.array_equal(found, first, equal_nan=True):
            return first
        first = found


assert {"levering", "gemeente", "maand_ontvangst", *SIGNAL_FACTS} == set(DIMENSIONS)
