"""A small builder of signals, cases and their events, as the gate and the loader would leave them."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session, select

from signals.models import Delivery, Grondslag, Load, LoadStatus, Signal
from workflow import course
from workflow.models import Case, CaseEvent, CaseSignal, CaseTerm
from workflow.phases import OUTCOMES, PROCEDURE_VERSION, Answer, Herkomst, Outcome, Phase

AMSTERDAM = "0363"
MAASTRICHT = "0935"
RECEIPT = date(2026, 1, 5)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@dataclass
class Builder:
    """Rows as the importer, the intake and the gate would leave them."""

    session: Session
    count: int = 0

    def load(self, levering: str = "LRNI-2026-01", day: date = RECEIPT, **values: Any) -> Load:
        if self.session.get(Delivery, levering) is None:
            self.session.add(Delivery(leveringsnummer=levering, eerste_ontvangst=day))
        self.count += 1
        load = Load(
            ladingnummer=f"L-{self.count:05d}",
            leveringsnummer=levering,
            layout="uwv_2026_1",
            status=LoadStatus.GELADEN,
            bestandsnaam="levering.csv",
            sha256=hashlib.sha256(str(self.count).encode()).hexdigest(),
            datum_ontvangst=day,
            aangeboden_op=noon(day),
            geladen_op=noon(day),
            door="ulla",
            **values,
        )
        self.session.add(load)
        self.session.flush()
        return load

    def signal(self, gemeente: str = AMSTERDAM, load: Load | None = None, **values: Any) -> Signal:
        load = load or self.load()
        self.count += 1
        defaults: dict[str, Any] = {
            "signaalnummer": f"S{self.count}",
            "leveringsnummer": load.leveringsnummer,
            "load_id": load.id,
            "regel": self.count,
            "datum_ontvangst": load.datum_ontvangst,
            "datum_signaal": load.datum_ontvangst,
            "grondslag": Grondslag.LAA_2_37,
            "bsn": f"9999{self.count:05d}",
            "geslachtsnaam": "Test",
            "geboortedatum": "19880400",
            "gemeentecode": gemeente,
            "gemeentecode_geleverd": gemeente,
            "huisnummer": 1,
            "adressleutel": f"1000AA-{self.count}",
            "adresbron": "UWV",
            "aanleiding": "UITKERING",
            "uitkeringssoort": "WW",
            "datum_vanaf": date(2025, 1, 1),
            "inhoud": "x",
        }
        signal = Signal(**{**defaults, **values})
        self.session.add(signal)
        self.session.flush()
        return signal

    def case(self, signal: Signal | None = None, gemeente: str | None = None, **values: Any) -> Case:
        """A case of a new or given signal, opened on the day of receipt, with its first event and LAA terms."""
        signal = signal or self.signal(gemeente or AMSTERDAM, **values.pop("signaal", {}))
        self.count += 1
        defaults: dict[str, Any] = {
            "zaaknummer": f"Z-{self.count}",
            "fase": Phase.ONTVANGEN,
            "herkomst": Herkomst.SIGNAAL,
            "grondslag": signal.grondslag,
            "gemeentecode": gemeente or signal.gemeentecode,
            "datum_ontvangst": signal.datum_ontvangst,
            "geopend_op": signal.datum_ontvangst,
            "leveringsnummer": signal.leveringsnummer,
            "eerste_signaal_id": signal.id,
            "bsn": signal.bsn,
            "geslachtsnaam": signal.geslachtsnaam,
            "geboortedatum": signal.geboortedatum,
            "huisnummer": signal.huisnummer,
            "adressleutel": signal.adressleutel,
            "adresbron": signal.adresbron,
            "adres_vanaf": signal.datum_ontvangst,
            "adres_signaal_id": signal.id,
        }
        case = Case(**{**defaults, **values})
        self.session.add(case)
        self.session.flush()
        self.event(case, "ontvang_signaal", Phase.ONTVANGEN, case.geopend_op, van=None)
        if case.herkomst is not Herkomst.BIJVANGST:
            self.link(case, signal)
        return case

    def link(self, case: Case, signal: Signal, day: date | None = None, **values: Any) -> CaseSignal:
        """Makes the case the one that works on the signal."""
        for older in self.session.exec(select(CaseSignal).where(CaseSignal.signal_id == signal.id)):
            older.actueel = False
        link = CaseSignal(
            zaak_id=case.id,
            signal_id=signal.id,
            gemeentecode=case.gemeentecode,
            vanaf=day or case.geopend_op,
            **values,
        )
        self.session.add(link)
        self.session.flush()
        return link

    def event(self, case: Case, stap: str, naar: Phase, day: date, **values: Any) -> CaseEvent:
        """A step taken; the snapshot is what the case says."""
        number = len(self.session.exec(select(CaseEvent.id).where(CaseEvent.zaak_id == case.id)).all()) + 1
        taken = CaseEvent(
            **{
                "zaak_id": case.id,
                "gemeentecode": case.gemeentecode,
                "vastgelegd_op": day,
                "tijdstip": noon(day),
                "door": "anna",
                "volgnummer": number,
                "stap": stap,
                "van": case.fase,
                "naar": naar,
                "rol": "behandelaar",
                "grondslag": "Wet BRP",
                "procedure": PROCEDURE_VERSION,
                "resultaat": case.resultaat,
                "datum_resultaat": case.datum_resultaat,
                "eerste_antwoord": case.eerste_antwoord,
                "datum_eerste_antwoord": case.datum_eerste_antwoord,
                "ingangsdatum": case.ingangsdatum,
                "aangehouden": case.aangehouden_sinds is not None,
                **values,
            }
        )
        case.fase = naar
        case.versie += 1
        course.record(self.session, case, taken)
        self.session.flush()
        return taken

    def answer(self, case: Case, day: date, naar: Phase = Phase.VOORONDERZOEK) -> None:
        """The investigation starts: first answer onderzoek_in_de_brp."""
        case.eerste_antwoord, case.datum_eerste_antwoord = Answer.ONDERZOEK_IN_DE_BRP, day
        case.start_onderzoek = day
        self.event(case, "start_onderzoek", naar, day)

    def close(self, case: Case, outcome: Outcome, day: date, stap: str = "sluit_zonder_mutatie", **values: Any) -> None:
        """Closes with an outcome; the first answer of the outcome when none was given."""
        meaning = OUTCOMES[outcome]
        case.resultaat, case.datum_resultaat = outcome, day
        if case.eerste_antwoord is None and meaning.answer is not None:
            case.eerste_antwoord, case.datum_eerste_antwoord = meaning.answer, day
        if meaning.answer is Answer.MET_MUTATIE:
            case.ingangsdatum = values.get("ingangsdatum", day)
        self.event(case, stap, Phase.AFGESLOTEN, day)

    def reopen(self, case: Case, day: date) -> None:
        case.resultaat = case.datum_resultaat = case.ingangsdatum = None
        self.event(case, "heropen", Phase.VOORONDERZOEK, day)

    def term(self, case: Case, term: str, einde: date) -> None:
        self.session.add(
            CaseTerm(
                zaak_id=case.id,
                gemeentecode=case.gemeentecode,
                vastgelegd_op=case.geopend_op,
                tijdstip=noon(case.geopend_op),
                door="systeem",
                term=term,
                vanaf=case.datum_ontvangst,
                einde=einde,
            )
        )
        self.session.flush()
