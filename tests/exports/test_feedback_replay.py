"""Whatever happens in whatever order: the reconciliation adds up, and what was told can be replayed from the files."""

import csv
import io
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery, FeedbackRow
from service.access import Access
from service.row_security import EVERYTHING
from signals.errors import Refused
from signals.models import Signal
from tests.exports.builder import Builder
from tests.soak import tries
from workflow.models import Case, CaseSignal
from workflow.phases import OUTCOMES, Answer, Herkomst, Outcome, Phase, Told

pytestmark = pytest.mark.terms_by_hand

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
MUNICIPALITIES = ("0363", "0935", "0268")
PEOPLE = 2

ENDINGS = (Outcome.AANGIFTE_GEDAAN, Outcome.BRIEFADRES, Outcome.OVERLEDEN, Outcome.NIET_OPGEPAKT, Outcome.INGETROKKEN)

number = st.integers(0, PEOPLE + 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), number),
        st.tuples(st.just("close"), number, st.sampled_from(ENDINGS)),
        st.tuples(st.just("reopen"), number),
        st.tuples(st.just("withdraw"), number),
        st.tuples(st.just("hand_over"), number, st.sampled_from(MUNICIPALITIES)),
        st.tuples(st.just("join"), number),
        st.tuples(st.just("make")),
        st.tuples(st.just("make_and_send")),
        st.tuples(st.just("make_and_receive")),
        st.tuples(st.just("make_and_receive")),
        st.tuples(st.just("receive"), number),
        st.tuples(st.just("refuse"), number),
        st.tuples(st.just("refuse_rows"), number, st.sets(st.integers(1, 3), min_size=1)),
    ),
    min_size=12,
    max_size=40,
)


class World:
    """Cases of a few people in a few municipalities, worked on in any order."""

    def __init__(self, session):
        self.session = session
        self.build = Builder(session)
        self.day = date(2026, 1, 6)
        self.told = {}
        load = self.build.load()
        for person in range(PEOPLE):
            for gemeente in MUNICIPALITIES[: 1 + person % 2]:
                self.build.case(self.build.signal(gemeente, load, bsn=f"99990000{person}"))

    def case(self, pick):
        cases = self.session.exec(select(Case).order_by(Case.id)).all()
        return cases[pick % len(cases)]

    def delivery(self, pick):
        made = self.session.exec(select(FeedbackDelivery).order_by(FeedbackDelivery.id)).all()
        return made[pick % len(made)] if made else None

    def take(self, step, *arguments):
        self.day += timedelta(days=1)
        with suppress(Refused):
            getattr(self, step)(*arguments)
        self.session.flush()

    def answer(self, pick):
        case = self.case(pick)
        if case.resultaat is None and case.eerste_antwoord is None:
            self.build.answer(case, self.day)

    def close(self, pick, outcome):
        case = self.case(pick)
        if case.resultaat is None:
            self.build.close(case, outcome, self.day)

    def reopen(self, pick):
        case = self.case(pick)
        links = self.session.exec(select(CaseSignal).where(CaseSignal.zaak_id == case.id, CaseSignal.actueel)).all()
        if case.resultaat is not None and links:
            self.build.reopen(case, self.day)

    def withdraw(self, pick):
        for link in self.session.exec(select(CaseSignal).where(CaseSignal.zaak_id == self.case(pick).id)):
            if link.actueel:
                link.intrekking_telt = True

    def join(self, pick):
        case = self.case(pick)
        if case.resultaat is None:
            load = self.build.load(day=self.day)
            signal = self.build.signal(case.gemeentecode, load, bsn=case.bsn)
            self.build.link(case, signal, self.day, aangesloten=True)

    def hand_over(self, pick, gemeente):
        case = self.case(pick)
        links = self.session.exec(select(CaseSignal).where(CaseSignal.zaak_id == case.id, CaseSignal.actueel)).all()
        if case.resultaat is not None or not links or gemeente == case.gemeentecode:
            return
        self.build.close(case, Outcome.ANDERE_GEMEENTE, self.day, stap="draag_over")
        first, *others = links
        values = {"herkomst": Herkomst.OVERDRACHT, "voorganger_id": case.id, "geopend_op": self.day}
        receiver = self.build.case(self.session.get(Signal, first.signal_id), gemeente, **values)
        for link in others:
            self.build.link(receiver, self.session.get(Signal, link.signal_id), self.day)
        for link in links:
            mine = (CaseSignal.zaak_id == receiver.id, CaseSignal.signal_id == link.signal_id)
            self.session.exec(select(CaseSignal).where(*mine)).one().intrekking_telt = link.intrekking_telt

    def make(self):
        self.due = feedback.reconciliation(self.session)["nu_te_vertellen"]
        delivery = feedback.make(self.session, door="coen", now=NOW, production=False)
        if delivery is None:
            return
        text = feedback.file_bytes(self.session, delivery.nummer, "csv").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
        assert [row["volgnummer"] for row in rows] == [str(place + 1) for place in range(len(rows))]
        assert len({row["signaalnummer"] for row in rows}) == len(rows)
        assert len(rows) == delivery.regels == self.due
        before = self.replayed()
        for row in rows:
            last = before.get(row["signaalnummer"])
            held_a_result = last is not None and last[0]["resultaat"] != ""
            assert (row["soort"] == "correctie") == held_a_result
            assert row["vervangt"] == (last[1] if held_a_result else "")
            assert last is None or stand_told(row) != stand_told(last[0])
            if held_a_result:
                assert feedback.find(self.session, last[1].split("/")[0]).staat is DeliveryState.ONTVANGEN
        self.told[delivery.nummer] = rows

    def send(self):
        for delivery in self.session.exec(select(FeedbackDelivery)).all():
            if delivery.staat is DeliveryState.AANGEMAAKT:
                feedback.sent(self.session, delivery.nummer, "coen", NOW)

    def make_and_send(self):
        self.send()
        self.make()
        self.send()

    def make_and_receive(self):
        self.make_and_send()
        self.receive_all()

    def receive_all(self):
        for delivery in self.session.exec(select(FeedbackDelivery)).all():
            if delivery.staat is DeliveryState.VERZONDEN:
                feedback.received(self.session, delivery.nummer, "UWV-1", "ulla", NOW)

    def receive(self, pick):
        if delivery := self.delivery(pick):
            feedback.received(self.session, delivery.nummer, "UWV-1", "ulla", NOW)

    def refuse(self, pick):
        if delivery := self.delivery(pick):
            feedback.refused(self.session, delivery.nummer, "fout", None, "ulla", NOW)

    def refuse_rows(self, pick, rows):
        delivery = self.delivery(pick)
        if delivery and max(rows) <= delivery.regels:
            feedback.refused(self.session, delivery.nummer, "fout", rows, "ulla", NOW)

    def replayed(self):
        """{signaalnummer: (last standing row, its name)}, from the files in order of their numbers."""
        refused = {
            (delivery.nummer, row.volgnummer)
            for row, delivery in self.session.exec(
                select(FeedbackRow, FeedbackDelivery).where(FeedbackDelivery.id == FeedbackRow.terugkoppeling_id)
            )
            if row.geweigerd_op is not None
        }
        last = {}
        for nummer, rows in sorted(self.told.items()):
            for row in rows:
                if (nummer, int(row["volgnummer"])) not in refused:
                    last[row["signaalnummer"]] = (row, f"{nummer}/{row['volgnummer']}")
        return last


def stand_told(row):
    names = ("eerste_antwoord", "resultaat", "brp_mutatie", "ingangsdatum_ingezetene", "gemeentecode")
    return (row["soort"] == "intrekking_bevestigd", *(row[name] for name in names))


def stands_by_hand(session):
    """{signaalnummer: stand in the words of the file}, row by row as the pages of the layout tell it."""
    cases = session.exec(select(Case)).all()
    found = {}
    for signal, link, case in session.exec(
        select(Signal, CaseSignal, Case).where(
            CaseSignal.signal_id == Signal.id, CaseSignal.actueel, Case.id == CaseSignal.zaak_id
        )
    ):
        if link.intrekking_telt or case.resultaat is Outcome.INGETROKKEN:
            found[signal.signaalnummer] = (True, "", "", "N", "", case.gemeentecode)
            continue
        result = OUTCOMES[case.resultaat].told if case.resultaat else None
        if result is Told.INGESCHREVEN:
            registered = [
                other
                for other in cases
                if other.bsn == case.bsn and other.resultaat and OUTCOMES[other.resultaat].answer is Answer.MET_MUTATIE
            ]
            first = min(registered, key=lambda other: (other.datum_resultaat, other.id))
            result = Told.INGESCHREVEN if first.gemeentecode == case.gemeentecode else Told.ELDERS
        mutation = result is Told.INGESCHREVEN
        found[signal.signaalnummer] = (
            False,
            case.eerste_antwoord or "",
            result or "",
            "J" if mutation else "N",
            f"{case.ingangsdatum:%Y%m%d}" if mutation else "",
            case.gemeentecode,
        )
    return found


@pytest.mark.chance
@settings(max_examples=tries(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_files_replayed_give_the_stand_of_every_signal(engine, steps):
    with Session(engine.execution_options(**EVERYTHING)) as session:
        session.info["access"] = Access.system()
        world = World(session)
        for step in steps:
            world.take(*step)
            counted = feedback.reconciliation(session)
            assert sum(counted.values()) == len(session.exec(select(Signal.id)).all())
        # Tell everything that is left: at most a refused row, a correction and what follows it.
        for _ in range(5):
            world.send()
            world.receive_all()
            world.make()
        assert feedback.due(session) == []
        told, stands = world.replayed(), stands_by_hand(session)
        for signaalnummer, stand in stands.items():
            row = told.get(signaalnummer)
            nothing = stand[:4] == (False, "", "", "N")
            if nothing and (row is None or row[0]["resultaat"] == ""):
                continue  # no stand: nothing is taken back but a result
            assert stand_told(row[0]) == stand, signaalnummer
        session.rollback()


def test_phase_matters_for_a_standing_outcome(session, build):
    """An outcome left behind on a case that is worked on again is not told."""
    case = build.case()
    build.close(case, Outcome.OVERLEDEN, date(2026, 2, 3))
    build.event(case, "beslis_op_bezwaar", Phase.INLICHTINGEN, date(2026, 2, 4))
    (row,) = feedback.due(session)
    assert (row["soort"], row["resultaat"]) == ("eerste_antwoord", None)
