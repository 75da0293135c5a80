"""A small world in which all happens that can happen to a signal, through the doors that people use.

A delivery file, a step, an entry of the dossier, a feedback file: nothing is written beside them. What the second
opinion (`by_hand.py`) may not ask of the product is remembered here: which withdrawals counted, which files left, what
was refused.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState
from service.access import Access
from service.db import session_scope
from service.files.storage import RECEIVED
from service.loading import uploads
from service.settings import Settings
from signals.errors import DomainError, Refused
from signals.models import LoadStatus, Municipality, Mutatiesoort, Signal, SignalChange
from tests.databases import Databases
from tests.engines import make_quick_engine
from tests.exports.by_hand import REGISTERED, Last, Row, line_by_hand, replayed, stands_by_hand
from tests.factories import CHECKLIST, NIJMEGEN, ROTTERDAM, VENLO, VOORNEMEN, at, contact, person
from tests.importers.deliveries import row, write_csv
from tests.soundness import unsound
from tests.workflow.test_transitions import PROCEDURE
from workflow import dossier, moves
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseSignal
from workflow.phases import Role

BEGIN = date(2026, 9, 1)
DAY = timedelta(days=1)
SYSTEM = Access.system()
ELSEWHERE = "0363"
PEOPLE = ("999990019", "999990020", "999990032")
SUCCESSORS = ("1997", "1998")
REFUSABLE = (DeliveryState.VERZONDEN, DeliveryState.ONTVANGEN)
BEFORE_VOORNEMEN = ("ontvangen", "vooronderzoek", "aanschrijving", "inlichtingen", "huisbezoek")
BEFORE_BESLUIT = (*BEFORE_VOORNEMEN, "voornemen")
WORDS = "zo staat het in de stukken"
ADDRESS = {"straatnaam": "Putselaan", "woonplaats": "Rotterdam", "postcode": "3074EA", "bron": "de verhuurder"}

ASKED: Mapping[str, Mapping[str, Any]] = {
    "wijs_toe": {},
    "start_vooronderzoek": {},
    "verstuur_aanschrijving": {},
    "win_inlichtingen_in": {},
    "ga_op_huisbezoek": {},
    "niet_oppakken": {"reden": "capaciteit"},
    "stel_vast_reeds_ingezetene": {},
    "stel_vast_elders_ingeschreven": {"gemeentecode": ELSEWHERE},
    "stel_vast_overleden": {"bron": "akte"},
    "verstuur_voornemen": {**VOORNEMEN, "uitzonderingBronnen": WORDS, "uitzonderingAanschrijving": WORDS},
    "leg_zienswijze_vast": {"tekst": "ik woon hier"},
    "neem_besluit": {"motivering": WORDS},
    "weiger_aangifte": {"motivering": WORDS},
    "verwerk_in_brp": CHECKLIST,
    "sluit_zonder_mutatie": {"reden": WORDS, "uitzonderingBezoeken": WORDS},
    "registreer_aangifte": {},
    "registreer_bezwaar": {"ontvangenVia": "post"},
    "beslis_op_bezwaar": {"motivering": WORDS, "gehoord": True},
}
"""What is filled in with a step; of any other a reason."""

DAYS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("stel_vast_reeds_ingezetene", "stel_vast_elders_ingeschreven", "stel_vast_overleden"), ("datum",)),
    **dict.fromkeys(("leg_zienswijze_vast", "registreer_aangifte", "registreer_bezwaar"), ("datum",)),
}
CHOICES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "registreer_aangifte": {"soort": ("woonadres", "briefadres")},
    "sluit_zonder_mutatie": {
        "resultaat": ("niet_vastgesteld", "buitenland_of_te_kort", "onbekend_op_adres", "buiten_aangifteplicht")
    },
    "beslis_op_bezwaar": {"uitkomst": ("gegrond", "deels_gegrond", "ongegrond", "ingetrokken")},
}

T = TypeVar("T")
taken: Counter[str] = Counter()
turned_down: Counter[str] = Counter()
ends: Counter[tuple[str, str]] = Counter()
told: Counter[str] = Counter()
came_up: Counter[str] = Counter()

SITUATIONS = (
    "handed over to one that takes part",
    "handed over to one that does not",
    "sent back",
    "withdrawal: closed",
    "withdrawal: goes on",
    "withdrawn after its result was told",
    "told result taken back, then its withdrawal confirmed",
    "opened again after its result was told",
    "objected to after its result was told",
    "correction",
    "correction of a correction",
    "correction refused",
    "joined an open case",
    "told of one person by two municipalities",
    "registered by another first",
    "merged between two lines",
    "registered again after a merger",
)
"""What a soak must have seen, by what was seen of it and not by what was meant to happen; `came_up` counts them."""

SEEN_BY_STEP: Mapping[str, str] = {
    "stuur_terug": "sent back",
    "sluit_als_ingetrokken": "withdrawal: closed",
    "zet_voort": "withdrawal: goes on",
}
SEEN_ONCE_TOLD: Mapping[str, str] = {
    "heropen": "opened again after its result was told",
    "registreer_bezwaar": "objected to after its result was told",
}


def staff(gemeentecode: str) -> list[str]:
    """The handlers of a municipality."""
    return [f"anna-{gemeentecode}"]


class World:
    """Three people in two municipalities that take part and one that does not; what UWV sends and what it is told."""

    databases: ClassVar[Databases]
    empty: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.until_teardown = ExitStack()
        url = self.until_teardown.enter_context(self.databases.copied(self.empty))
        self.engine: Engine = make_quick_engine(url)
        self.until_teardown.callback(self.engine.dispose)
        self.folder = Path(self.until_teardown.enter_context(TemporaryDirectory()))
        self.today = BEGIN
        self.numbers = count(1)
        self.delivered: dict[str, dict[str, str]] = {}
        self.faulty: dict[str, dict[str, str]] = {}
        self.withdrawn: set[str] = set()
        self.files: dict[str, list[Row]] = {}
        self.states: dict[str, DeliveryState] = {}
        self.refused: set[tuple[str, int]] = set()

    def require_sound(self) -> None:
        """Whatever happened, `rni verify` finds nothing."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            assert not unsound(session, Settings(data_dir=self.folder), self.now())

    def attempt(self, what: str, deed: Callable[[Session], T]) -> T | None:
        """Does it in a transaction; None when it is refused, and then nothing happened."""
        try:
            with session_scope(self.engine, SYSTEM) as session:
                done = deed(session)
        except DomainError:
            turned_down[what] += 1
            return None
        taken[what] += 1
        return done

    def some_case(self, data: st.DataObject, wanted: Callable[[Case], bool] = lambda case: True) -> Case:
        """One that is wanted; any when there is none."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            cases = session.exec(select(Case).order_by(col(Case.id))).all()
        by_number = {case.zaaknummer: case for case in [case for case in cases if wanted(case)] or cases}
        return by_number[data.draw(st.sampled_from(sorted(by_number)), label="case")]

    def fresh_case(self, data: st.DataObject, wanted: Callable[[Case], bool]) -> Case:
        """One that is wanted; where there is none, one may come in for it."""
        case = self.some_case(data, wanted)
        if wanted(case):
            return case
        self.load([self.row_of(data, "N")])
        return self.some_case(data, wanted)

    def row_of(self, data: st.DataObject, kind: str) -> dict[str, str]:
        """A row of a file; a new one where there is none to change, withdraw or repair.

        N: new, J: new about somebody of whom there was a signal before, W: changed, V: withdrawn, F: faulty, R: a
        faulty one repaired.
        """
        known = {"W": self.delivered, "V": self.delivered, "J": self.delivered, "R": self.faulty}.get(kind)
        if known:
            number = data.draw(st.sampled_from(sorted(known)), label="signal")
            cells = known[number]
            if kind == "J":
                return self.new_row(cells["gemeentecode"], cells["bsn"])
            if kind == "R":
                return cells | {"bsn": data.draw(st.sampled_from(PEOPLE)), "leveringsnummer": "LRNI-2026-09"}
            house = str(data.draw(st.integers(1, 9))) if kind == "W" else cells["huisnummer"]
            return cells | {"mutatiesoort": kind, "huisnummer": house}
        code = data.draw(st.sampled_from((NIJMEGEN, NIJMEGEN, VENLO, VENLO, ROTTERDAM)), label="municipality")
        bsn = "123456789" if kind == "F" else data.draw(st.sampled_from(PEOPLE), label="who")
        return self.new_row(code, bsn)

    def new_row(self, code: str, bsn: str) -> dict[str, str]:
        """Of a signal that nobody heard of."""
        return row(signaalnummer=f"S-{next(self.numbers)}", gemeentecode=code, bsn=bsn, datum_signaal="20260801")

    def load(self, rows: Sequence[dict[str, str]]) -> None:
        """What one `rni load` does, with a file of these rows; the same number twice is one row."""
        rows = list({cells["signaalnummer"]: cells for cells in rows}.values())
        kept = self.folder / RECEIVED
        kept.mkdir(exist_ok=True)
        path = write_csv(kept / f"levering-{next(self.numbers)}", rows)
        before = self.phases()
        name = f"{path.name}.csv"
        loaded = uploads.load_file(self.engine, SYSTEM, path, name, received=self.today, now=self.now())
        assert loaded.status == LoadStatus.GELADEN or loaded.reden == "al_geladen"
        with session_scope(self.engine, SYSTEM, write=False) as session:
            accepted = set(session.exec(select(Signal.signaalnummer)))
            gone = session.exec(
                select(Signal)
                .join(SignalChange, col(SignalChange.signal_id) == Signal.id)
                .where(SignalChange.load_id == loaded.id, SignalChange.soort == Mutatiesoort.VERVALLEN)
            ).all()
            new = select(Signal.id).where(Signal.load_id == loaded.id)
            joined = session.exec(
                select(CaseSignal.id).where(col(CaseSignal.signal_id).in_(new), CaseSignal.aangesloten)
            ).all()
            works_on = self.works_on(session)
        for cells in rows:
            number = cells["signaalnummer"]
            if number in accepted:
                self.faulty.pop(number, None)
                if cells["mutatiesoort"] == "N":
                    self.delivered.setdefault(number, cells)
            else:
                self.faulty[number] = cells
        came_up["joined an open case"] += 0 if loaded.reden else len(joined)
        came_up["withdrawn after its result was told"] += len({one.signaalnummer for one in gone} & self.told_results())
        # From the besluit on the case goes its own way: what UWV takes back then is told to nobody.
        self.withdrawn |= {
            one.signaalnummer for one in gone if before.get(works_on[one.id], "ontvangen") in BEFORE_BESLUIT
        }

    def phases(self) -> dict[int | None, str]:
        with session_scope(self.engine, SYSTEM, write=False) as session:
            return {case.id: case.fase.value for case in session.exec(select(Case))}

    def works_on(self, session: Session) -> dict[int | None, int | None]:
        """By the id of each signal that of its case."""
        linked = {link.signal_id: link.zaak_id for link in session.exec(select(CaseSignal)) if link.actueel}
        untouched = select(Case).where(col(Case.lading_id).is_not(None))
        return {**linked, **{case.eerste_signaal_id: case.id for case in session.exec(untouched)}}

    def signals_of(self, case: Case) -> set[str]:
        """The numbers of the signals that it works on and that UWV did not withdraw."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            works_on = self.works_on(session)
            live = session.exec(select(Signal).where(col(Signal.ingetrokken_op).is_(None))).all()
        return {one.signaalnummer for one in live if works_on[one.id] == case.id}

    def told_results(self) -> set[str]:
        """The numbers of the signals of which the supplier has received a result."""
        return {number for number, last in self.last_lines().items() if last.held_a_result and last.received}

    def step(self, data: st.DataObject, case: Case, name: str, **chosen: str) -> Case | None:
        """Somebody with the role takes it; gives the case as it is then, None when it was refused.

        chosen: what is filled in, in the place of what comes up.
        """
        if name in ("neem_besluit", "beslis_op_bezwaar"):
            self.today += 16 * DAY  # what the person may still say comes first
        code, before = case.gemeentecode, case.fase.value
        if "behandelaar" in PROCEDURE[name][2].split():
            actor = person(f"anna-{code}", Role.BEHANDELAAR, code=code)
        else:
            actor = person(data.draw(st.sampled_from(("carla", "kees")), label="who") + code, Role.BESLISSER, code=code)
        desk = Desk(actor, self.now(), staff, contact)
        values = {**self.filled_in(data, case, name, chosen), **chosen}
        result_is_told = name in SEEN_ONCE_TOLD and not self.signals_of(case).isdisjoint(self.told_results())
        receiver_takes_part: list[object] = []

        def deed(session: Session) -> Case:
            mine = session.get_one(Case, case.id)
            if name in ("stel_vast_reeds_ingezetene", "stel_vast_elders_ingeschreven"):
                dossier.add(session, mine, "bronnen", desk, {"soort": "brp", "bevinding": "staat er in"})
            event = moves.take(session, mine, name, desk, versie=mine.versie, gegevens=values)
            receiver_takes_part.append(event.gegevens.get("ontvangerDoetMee"))
            if name in ("zet_voort", "sluit_als_ingetrokken"):
                signals = [link.signal_id for link in CaseFile(session, mine).signals if link.actueel]
                numbers = select(Signal.signaalnummer).where(col(Signal.id).in_(signals))
                self.withdrawn |= set(session.exec(numbers))
            session.flush()
            return mine

        after = self.attempt(name, deed)
        if after is not None and after.resultaat is not None:
            ends[before, after.resultaat.value] += 1
        if after is not None:
            self.saw_step(name, receiver_takes_part[0], result_is_told)
        return after

    def saw_step(self, name: str, receiver_takes_part: object, result_is_told: bool) -> None:
        if name == "draag_over":
            came_up[f"handed over to one that {'takes part' if receiver_takes_part else 'does not'}"] += 1
        elif name in SEEN_BY_STEP:
            came_up[SEEN_BY_STEP[name]] += 1
        elif result_is_told:
            came_up[SEEN_ONCE_TOLD[name]] += 1

    def found(self, session: Session, case: Case, kind: str, values: Mapping[str, Any]) -> object:
        code = case.gemeentecode
        desk = Desk(person(f"anna-{code}", Role.BEHANDELAAR, code=code), self.now(), staff, contact)
        return dossier.add(session, session.get_one(Case, case.id), kind, desk, values)

    def filled_in(self, data: st.DataObject, case: Case, name: str, known: Collection[str] = ()) -> Mapping[str, Any]:
        """What the step asks, so that it is refused for what the case is and not for an empty field.

        known: the fields of which the value is chosen already.
        """
        if name == "draag_over" and "gemeentecode" in known:
            return {"reden": WORDS}
        if name == "draag_over":
            with session_scope(self.engine, SYSTEM, write=False) as session:
                there = sorted({self.code_now(session, code) for code in (NIJMEGEN, VENLO, ROTTERDAM)} | {ELSEWHERE})
            return {"reden": WORDS, "gemeentecode": data.draw(st.sampled_from(there), label="to")}
        if name == "wijzig_adres":
            return ADDRESS | {"huisnummer": str(data.draw(st.integers(20, 40)))}
        chosen = {
            field: data.draw(st.sampled_from(values), label=field) for field, values in CHOICES.get(name, {}).items()
        }
        before_receipt = (case.datum_ontvangst - 30 * DAY).isoformat()
        day = before_receipt if name == "stel_vast_reeds_ingezetene" else self.today.isoformat()
        return dict.fromkeys(DAYS.get(name, ()), day) | ASKED.get(name, {"reden": WORDS}) | chosen

    def now(self) -> datetime:
        return at(self.today)

    def merged(self) -> tuple[list[Municipality], str]:
        """The municipalities that tests made, and the code of the next."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            made = list(session.exec(select(Municipality).where(col(Municipality.code).in_(SUCCESSORS))))
        return made, next((code for code in SUCCESSORS if code not in {one.code for one in made}), "")

    def may_merge(self) -> bool:
        """Not beside a merger that is still to come; two are followed."""
        made, free = self.merged()
        return bool(free) and all(one.begin is not None and one.begin <= self.today for one in made)

    def merge(self, gone: Collection[str], days: int) -> None:
        """After so many days these go up in a new one."""
        new, day = self.merged()[1], self.today + days * DAY
        with session_scope(self.engine, SYSTEM) as session:
            session.add(Municipality(code=new, naam=f"Gemeente {new}", begin=day))
            for code in gone:
                one = session.get_one(Municipality, code)
                one.einde, one.opvolger = day, new

    def of_now(self, code: str) -> str:
        """What the municipality of this code is by now."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            return self.code_now(session, code)

    def code_now(self, session: Session, code: str) -> str:
        one = session.get_one(Municipality, code)
        gone = one.einde is not None and one.einde <= self.today and one.opvolger
        return self.code_now(session, one.opvolger or "") if gone else code

    # --- feedback

    def make(self) -> None:
        """The next file has just the lines that it must have, or there is none."""
        waits = DeliveryState.AANGEMAAKT in self.states.values()
        before, lines = self.last_lines(), self.due_by_hand()
        try:
            with session_scope(self.engine, SYSTEM) as session:
                delivery = feedback.make(session, door="coen", now=self.now(), production=False)
                text = delivery and feedback.file_bytes(session, delivery.nummer, "csv").decode("utf-8-sig")
        except Refused:
            assert waits, "a make is refused only while another delivery waits"
            return
        assert not waits and (delivery is None) == (not lines)
        if delivery is None or text is None:
            return
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
        assert [line["volgnummer"] for line in rows] == [str(place + 1) for place in range(len(rows))]
        assert {line["terugkoppelingsnummer"] for line in rows} == {delivery.nummer}
        own = ("terugkoppelingsnummer", "volgnummer")
        said = {line["signaalnummer"]: {name: cell for name, cell in line.items() if name not in own} for line in rows}
        assert len(said) == len(rows) == delivery.regels
        differ = {number for number in said.keys() | lines.keys() if said.get(number) != lines.get(number)}
        assert not differ, [(said.get(number), lines.get(number)) for number in sorted(differ)]
        self.files[delivery.nummer], self.states[delivery.nummer] = rows, delivery.staat
        told.update(f"{line['soort']} {line['resultaat']}".strip() for line in rows)
        came_up.update(name for line in rows for name in self.seen_in(line, before.get(line["signaalnummer"])))

    def seen_in(self, line: Row, before: Last | None) -> Collection[str]:
        """Which situations a line that was just told shows. before: the last one about its signal."""
        number, code = line["signaalnummer"], line["gemeentecode"]
        others = [
            one.row
            for name, one in self.last_lines().items()
            if name != number and one.row["bsn"] == line["bsn"] and one.row["resultaat"]
        ]
        with session_scope(self.engine, SYSTEM, write=False) as session:
            case = session.get_one(Case, self.works_on_number(session, number))
            is_now = {one: self.code_now(session, one) for one in (code, *(other["gemeentecode"] for other in others))}
            was = before.row["gemeentecode"] if before else code
            merged = was != code == self.code_now(session, was)
        registers = line["brp_mutatie"] == "J"
        after_correction = before is not None and before.row["soort"] == "correctie"
        seen = {
            "correction": line["soort"] == "correctie",
            "correction of a correction": line["soort"] == "correctie" and after_correction,
            "told result taken back, then its withdrawal confirmed": (
                line["soort"] == "intrekking_bevestigd" and after_correction
            ),
            "told of one person by two municipalities": line["resultaat"]
            and any(is_now[one["gemeentecode"]] != is_now[code] for one in others),
            "registered by another first": line["resultaat"] == "elders" and case.resultaat in REGISTERED,
            "merged between two lines": merged,
            "registered again after a merger": registers
            and any(
                one["brp_mutatie"] == "J" and is_now[one["gemeentecode"]] == code != one["gemeentecode"]
                for one in others
            ),
        }
        return [name for name, so in seen.items() if so]

    def works_on_number(self, session: Session, number: str) -> int | None:
        """The id of the case that works on the signal of this number."""
        signal_id = session.exec(select(Signal.id).where(Signal.signaalnummer == number)).one()
        return self.works_on(session)[signal_id]

    def send(self) -> None:
        for nummer in [nummer for nummer, state in self.states.items() if state == DeliveryState.AANGEMAAKT]:
            with session_scope(self.engine, SYSTEM) as session:
                self.states[nummer] = feedback.sent(session, nummer, "coen", self.now()).staat

    def receive(self, nummer: str) -> None:
        right = self.states[nummer] == DeliveryState.VERZONDEN
        after = self.attempt("received", lambda session: feedback.received(session, nummer, "U-1", "ulla", self.now()))
        assert (after is not None) == right
        if after is not None:
            self.states[nummer] = after.staat

    def tell_all(self) -> None:
        """As it mostly goes: what waited leaves, a delivery is made and sent, and all that was sent is received."""
        self.send()
        self.make()
        self.send()
        for nummer in [nummer for nummer, state in self.states.items() if state == DeliveryState.VERZONDEN]:
            self.receive(nummer)

    def refuse(self, nummer: str, asked: Collection[int], whole: bool) -> None:
        """Not before it left, not twice, and not what a later line that stands has replaced."""
        names = {f"{nummer}/{number}" for number in asked}
        again = {(nummer, number) for number in asked} & self.refused
        replaced = names & {line["vervangt"] for line in self.standing_lines()}
        right = self.states[nummer] in REFUSABLE and not replaced and (whole or not again)
        after = self.attempt(
            "refused",
            lambda session: (
                feedback.refused(session, nummer, "klopt niet", None if whole else asked, "ulla", self.now()).staat
            ),
        )
        assert (after is not None) == right
        if after is not None:
            self.states[nummer] = after
            corrections = {int(line["volgnummer"]) for line in self.files[nummer] if line["soort"] == "correctie"}
            fresh = {number for number in asked if (nummer, number) not in self.refused}
            came_up["correction refused"] += len(corrections & fresh)
            self.refused |= {(nummer, number) for number in asked}
            left = [line for line in self.standing_lines() if line["terugkoppelingsnummer"] == nummer]
            assert (after == DeliveryState.GEWEIGERD) == (not left)

    def standing_lines(self) -> list[Row]:
        """Every line that was not refused, oldest first."""
        return [
            line
            for nummer, rows in self.files.items()
            for line in rows
            if (nummer, int(line["volgnummer"])) not in self.refused
        ]

    def last_lines(self) -> dict[str, Last]:
        received = [nummer for nummer, state in self.states.items() if state == DeliveryState.ONTVANGEN]
        return replayed(self.files, self.refused, received)

    def due_by_hand(self) -> dict[str, Row]:
        last = self.last_lines()
        with session_scope(self.engine, SYSTEM, write=False) as session:
            stands = stands_by_hand(session, self.withdrawn)
        lines = {number: line_by_hand(stand, last.get(number)) for number, stand in stands.items()}
        return {number: line for number, line in lines.items() if line is not None}
