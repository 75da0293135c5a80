"""Signals are loaded, worked on, told, refused and taken back at random; after each step what UWV knows is the stand.

`make soak` goes on much longer than the test does.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlmodel import col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery
from exports.stands import CATEGORIES, AsOf, comparison
from service.db import session_scope
from signals.models import Load, LoadStatus, Municipality, Participant
from tests.databases import Databases
from tests.exports.by_hand import Last, Row, category_by_hand, line_by_hand, stand_of, stands_by_hand
from tests.exports.circle import DAY, PEOPLE, SYSTEM, World, ends, taken, told, turned_down
from tests.factories import NIJMEGEN, ROTTERDAM, VENLO, ZONE
from tests.soak import SOAKING, tries
from tests.workflow.test_transitions import PROCEDURE
from workflow.models import Case

STEPS_IN_A_RUN = 35
STEPS = sorted(set(PROCEDURE) - {"trek_signaal_in", "registreer_retour", "verleng_termijn", "verdaag_beslissing"})
"""Those that people take; letters that come back and terms that move change no stand."""


def is_open(case: Case) -> bool:
    """Whether it has no outcome that stands."""
    return case.fase not in ("afgesloten", "bezwaar")


FITS: Mapping[str, Callable[[Case], bool]] = {
    "stuur_terug": lambda case: is_open(case) and case.voorganger_id is not None,
    "sluit_als_ingetrokken": lambda case: is_open(case) and case.ingetrokken_door_uwv is not None,
    "zet_voort": lambda case: is_open(case) and case.ingetrokken_door_uwv is not None,
}
"""For which cases a way is meant; without any of those it is tried on another."""

ONWARD = ("start_vooronderzoek", "verstuur_aanschrijving", "verstuur_voornemen", "neem_besluit", "verwerk_in_brp")
"""The straight way to a registration ex officio."""

CLOSINGS = (
    "niet_oppakken",
    "stel_vast_reeds_ingezetene",
    "stel_vast_elders_ingeschreven",
    "stel_vast_overleden",
    "draag_over",
    "stuur_terug",
    "sluit_als_ingetrokken",
    "zet_voort",
)
WAYS: Mapping[str, Sequence[str]] = {
    **{name: (name,) for name in CLOSINGS},
    "sluit_zonder_mutatie": ("start_vooronderzoek", "verstuur_aanschrijving", "sluit_zonder_mutatie"),
    "aangifte": ("trek_besluit_in", "registreer_aangifte", "verwerk_in_brp"),
    "besluit": ONWARD,
    "onderzoek": ("start_vooronderzoek", "start_onderzoek"),
}
"""How a case can end, or go on: the steps that are tried in turn, those that do not fit its phase being passed over."""

OFTEN = ("besluit", "besluit")
"""Without a wind in its back hardly a case comes to a besluit, and so to a bezwaar."""

rules: Counter[str] = Counter()


class Circle(World, RuleBasedStateMachine):
    """All of it in any order."""

    def teardown(self) -> None:
        self.the_day_is_remembered_as_it_was()
        self.until_teardown.close()

    # --- what happens

    @initialize(data=st.data(), number=st.integers(0, 2))
    def it_begins(self, data: st.DataObject, number: int) -> None:
        """With one person who is signalled in two municipalities, and a few more."""
        with session_scope(self.engine, SYSTEM) as session:
            for code in (NIJMEGEN, VENLO):
                session.add(Participant(gemeentecode=code, vanaf=date(2020, 1, 1), besloten_door="test"))
        twice = [self.new_row(code, PEOPLE[0]) for code in (NIJMEGEN, VENLO)]
        self.load([*twice, *(self.row_of(data, "N") for _ in range(number))])

    @rule(data=st.data(), kinds=st.lists(st.sampled_from("NNJJWVVFR"), min_size=1, max_size=4))
    def a_file_comes_in(self, data: st.DataObject, kinds: list[str]) -> None:
        """New, changed and withdrawn signals, faulty rows, and those again once they are mended."""
        rules["a_file_comes_in"] += 1
        self.days_pass(data)
        self.load([self.row_of(data, kind) for kind in kinds])

    @rule(
        data=st.data(),
        ways=st.lists(st.sampled_from((*OFTEN, *sorted(WAYS))), min_size=1, max_size=4),
        then=st.booleans(),
    )
    def cases_end(self, data: st.DataObject, ways: list[str], then: bool) -> None:
        """In one of all ways, from whatever phase they are in. then: it is told at once."""
        rules["cases_end"] += 1
        self.days_pass(data)
        for way in ways:
            self.walk(data, self.some_case(data, FITS.get(way, is_open)), WAYS[way])
        if then:
            self.tell_all()

    @rule(data=st.data(), what=st.sampled_from(("comes back", "objects", "objects", "step", "step", "entry")))
    def something_else_happens(self, data: st.DataObject, what: str) -> None:
        rules[f"something_else_happens: {what}"] += 1
        self.days_pass(data)
        happens = {
            "comes back": self.comes_back,
            "objects": self.objects,
            "step": self.any_step,
            "entry": self.any_entry,
        }
        happens[what](data)

    def walk(self, data: st.DataObject, case: Case, steps: Sequence[str]) -> Case:
        """The steps of these that fit, by somebody who took the case."""
        if case.behandelaar is None and is_open(case):
            case = self.step(data, case, "wijs_toe") or case
        for name in steps:
            if case.fase in PROCEDURE[name][0].split():
                case = self.step(data, case, name) or case
        return case

    def days_pass(self, data: st.DataObject) -> None:
        """Or none; each ends with what it will always have been."""
        if days := data.draw(st.sampled_from((0, 0, 1, 6, 20)), label="days"):
            self.the_day_is_remembered_as_it_was()
            self.today += days * DAY

    def any_step(self, data: st.DataObject) -> None:
        """One that fits the phase; whether it may be taken, the gate says."""
        case = self.some_case(data)
        fitting = [name for name in STEPS if case.fase in PROCEDURE[name][0].split()]
        self.step(data, case, data.draw(st.sampled_from(fitting), label="step"))

    def comes_back(self, data: st.DataObject) -> None:
        """A case is opened again."""
        self.step(data, self.some_case(data, lambda case: case.fase == "afgesloten"), "heropen")

    def objects(self, data: st.DataObject) -> None:
        """Somebody objects to a besluit, which is taken first where there is none; or on a bezwaar is decided."""
        case = self.some_case(data, lambda case: case.fase == "bezwaar" or case.datum_voornemen is not None)
        if case.fase == "bezwaar":
            self.step(data, case, "beslis_op_bezwaar")
        else:
            self.walk(data, case, (*ONWARD, "registreer_bezwaar"))

    def any_entry(self, data: st.DataObject) -> None:
        """A source, a contact, or somebody else at the address, who may be signalled too."""
        case = self.some_case(data)
        entries = {
            "bronnen": {"soort": "verhuurder", "bevinding": "staat op het huurcontract"},
            "contacten": {"soort": "contactmoment", "kanaal": "telefoon"},
            "bijvangst": {
                "omschrijving": "nog een bewoner in de RNI",
                "bsn": data.draw(st.sampled_from(PEOPLE)),
                "geslachtsnaam": "Nowak",
            },
        }
        kind = data.draw(st.sampled_from(("bijvangst", *sorted(entries))), label="kind")
        self.attempt(kind, lambda session: self.found(session, case, kind, entries[kind]))

    @rule(data=st.data(), days=st.integers(0, 15))
    @precondition(lambda self: self.may_merge())
    def municipalities_merge(self, data: st.DataObject, days: int) -> None:
        """As table 33 tells it beforehand: on that day some of them go up in a new one."""
        with session_scope(self.engine, SYSTEM) as session:
            standing = sorted({self.code_now(session, code) for code in (NIJMEGEN, VENLO, ROTTERDAM)})
            if len(standing) == 1:
                return
            rules["municipalities_merge"] += 1
            gone = data.draw(st.sets(st.sampled_from(standing), min_size=1), label="gone")
            new, day = self.merged()[1], self.today + days * DAY
            session.add(Municipality(code=new, naam=f"Gemeente {new}", begin=day))
            for code in gone:
                one = session.get_one(Municipality, code)
                one.einde, one.opvolger = day, new

    @rule(what=st.sampled_from(("all", "make", "send")))
    def feedback_is_told(self, what: str) -> None:
        rules[f"feedback_is_told: {what}"] += 1
        {"all": self.tell_all, "make": self.make, "send": self.send}[what]()

    @rule(data=st.data(), what=st.sampled_from(("received", "refused whole", "refused rows", "refused rows")))
    @precondition(lambda self: self.states)
    def feedback_is_answered(self, data: st.DataObject, what: str) -> None:
        rules[f"feedback_is_answered: {what}"] += 1
        newest_first = sorted(self.states, reverse=True)
        nummer = data.draw(st.sampled_from(newest_first), label="which")
        if what == "received":
            self.receive(nummer)
            return
        every = {int(line["volgnummer"]) for line in self.files[nummer]}
        whole = what == "refused whole"
        asked = every if whole else data.draw(st.sets(st.sampled_from(sorted(every)), min_size=1), label="rows")
        self.refuse(nummer, asked, whole)

    # --- what holds after each step

    @invariant()
    def what_uwv_knows_is_the_stand(self) -> None:
        last = self.last_lines()
        with session_scope(self.engine, SYSTEM, write=False) as session:
            stands = stands_by_hand(session, self.withdrawn)
            compared = {one["signaalnummer"]: one for one in session.execute(select(comparison())).mappings()}
            counted = feedback.reconciliation(session)
            accepted = sum(session.exec(select(Load.geaccepteerd).where(Load.status == LoadStatus.GELADEN)))
        assert compared.keys() == stands.keys() and len(stands) == accepted
        assert tuple(counted) == CATEGORIES and sum(counted.values()) == accepted
        by_hand: Counter[str] = Counter()
        for number, stand in stands.items():
            mine = last.get(number)
            line = line_by_hand(stand, mine)
            category = category_by_hand(line, mine)
            by_hand[category] += 1
            assert bool(compared[number]["due"]) == (line is not None), number
            assert compared[number]["categorie"] == category, number
            if category not in ("nu_te_vertellen", "onderweg"):
                self.knows(stand, mine)
        assert {name: number for name, number in counted.items() if number} == dict(by_hand)

    def knows(self, stand: Row, last: Last | None) -> None:
        """The files replayed give the stand; of a stand that says nothing yet, nothing that must be taken back."""
        says = stand["ingetrokken"] == "J" or stand["eerste_antwoord"] or stand["resultaat"]
        if says or (last is not None and last.held_a_result):
            kind = {"soort": "intrekking_bevestigd"} if stand["ingetrokken"] == "J" else {"soort": ""}
            emptied = {"eerste_antwoord": ""} if stand["ingetrokken"] == "J" else {}
            assert last is not None and stand_of(last.row) == stand_of({**stand, **kind, **emptied})

    @invariant()
    def a_correction_replaces_what_the_supplier_has(self) -> None:
        lines = {f"{line['terugkoppelingsnummer']}/{line['volgnummer']}": line for line in self.standing_lines()}
        for line in lines.values():
            if line["soort"] == "correctie":
                before = lines[line["vervangt"]]  # it stands: a line that is replaced cannot be refused
                assert before["signaalnummer"] == line["signaalnummer"] and before["resultaat"]
                assert self.states[before["terugkoppelingsnummer"]] == DeliveryState.ONTVANGEN
            else:
                assert line["vervangt"] == ""

    @invariant()
    def numbers_have_no_gap(self) -> None:
        with session_scope(self.engine, SYSTEM, write=False) as session:
            stored = session.exec(select(FeedbackDelivery).order_by(col(FeedbackDelivery.id))).all()
        assert {one.nummer: one.staat for one in stored} == self.states
        years = Counter(one.aangemaakt_op.astimezone(ZONE).year for one in stored)
        every = [f"TK-{year}-{number:04d}" for year in sorted(years) for number in range(1, years[year] + 1)]
        assert [one.nummer for one in stored] == every == list(self.files)

    def the_day_is_remembered_as_it_was(self) -> None:
        """What the figures of this day will say next year is what stands at its end."""
        end = datetime.combine(self.today + DAY, time(), tzinfo=ZONE)
        with session_scope(self.engine, SYSTEM, write=False) as session:
            now, then = (
                {one["signal_id"]: dict(one) for one in session.execute(select(rows)).mappings()}
                for rows in (comparison(), comparison(AsOf(self.today, end)))
            )
        assert then == now


@pytest.mark.chance
def test_whatever_happens_the_files_that_stand_tell_the_stand_of_every_signal(
    databases: Databases, empty_database: str
) -> None:
    Circle.databases, Circle.empty = databases, empty_database
    for counter in (rules, taken, turned_down, ends, told):
        counter.clear()
    run(
        Circle,
        settings=settings(
            max_examples=tries(4),
            derandomize=not SOAKING,  # among all tests the same few: what they say does not hang on chance
            database=None,
            stateful_step_count=STEPS_IN_A_RUN,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{rules.total()} rules: {dict(rules.most_common())}")
    print(f"{taken.total()} done: {dict(taken.most_common())}; refused: {dict(turned_down.most_common())}")
    print(f"ends: {dict(ends.most_common())}")
    print(f"told: {dict(told.most_common())}")
    assert told.total() >= 10 and any(kind.startswith("resultaat") for kind in told), "too little was told"
