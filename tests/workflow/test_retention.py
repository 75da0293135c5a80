"""The rules: on which day what may go, and what keeps it."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from signals.errors import Forbidden, Invalid, Refused
from signals.models import Signal
from tests import factories
from tests.factories import ANNA, CARLA, NIJMEGEN, RECEIVED, TESS, desk, new_case, take
from workflow import dated_settings, legal_holds, retention
from workflow.models import Bezwaar, Case, CaseSignal, Source
from workflow.phases import Phase
from workflow.retention import RULES, Rule, Term
from workflow.retention_models import Soort

pytestmark = pytest.mark.every_database

CLOSED = RECEIVED + timedelta(days=1)


def closed(session: Session, received: date = RECEIVED, bsn: str = "999990019") -> Case:
    case = new_case(session, received, bsn=bsn)
    at = desk(ANNA, received + timedelta(days=1))
    take(session, case, "wijs_toe", at, behandelaar="anna")
    take(session, case, "niet_oppakken", at, reden="capaciteit")
    return case


def due(session: Session, today: date, soort: Soort = Soort.DOSSIERS) -> list[str]:
    when = retention.term(session, soort, NIJMEGEN, today)
    session.flush()
    return [case.zaaknummer for case in session.exec(retention.due(session, when, NIJMEGEN, today))]


@pytest.mark.parametrize(
    ("soort", "length", "since", "first"),
    [
        (Soort.DOSSIERS, 10, date(2026, 3, 3), date(2036, 3, 3)),
        (Soort.DOSSIERS, 10, date(2028, 2, 29), date(2038, 2, 28)),
        (Soort.DOSSIERS, 15, date(2026, 12, 31), date(2041, 12, 31)),
        (Soort.SIGNAALGEGEVENS, 12, date(2026, 3, 3), date(2027, 3, 3)),
        (Soort.SIGNAALGEGEVENS, 6, date(2026, 8, 31), date(2027, 2, 28)),
        (Soort.BESTANDEN, 3, date(2026, 11, 30), date(2027, 2, 28)),
        (Soort.BESTANDEN, 3, date(2026, 1, 31), date(2026, 4, 30)),
        (Soort.LOGBOEK, 20, date(2026, 3, 3), date(2046, 3, 3)),
    ],
)
def test_a_term_ends_on_the_day_and_no_day_before(soort: Soort, length: int, since: date, first: date) -> None:
    term = Term(RULES[soort], length, "")
    assert term.ends(since) == first
    assert term.latest(first) >= since > term.latest(first - timedelta(days=1))


def test_every_kind_has_a_rule_with_its_source_and_a_setting() -> None:
    assert RULES.keys() == set(Soort)
    for rule in RULES.values():
        assert isinstance(rule, Rule) and rule.bron and rule.vanaf
        assert rule.instelling in dated_settings.SETTINGS
        assert dated_settings.SETTINGS[rule.instelling].landelijk is not rule.per_gemeente


TEN_YEARS = date(2036, 3, 3)
assert CLOSED.replace(year=2036) == TEN_YEARS


@pytest.mark.parametrize(("today", "there"), [(TEN_YEARS - timedelta(days=1), False), (TEN_YEARS, True)])
def test_a_dossier_goes_ten_years_after_its_closing(session: Session, today: date, there: bool) -> None:
    case = closed(session)
    assert due(session, today) == [case.zaaknummer] * there


def test_a_municipality_may_keep_longer(session: Session) -> None:
    case = closed(session)
    dated_settings.set_setting(session, "bewaartermijn_dossier_jaren", NIJMEGEN, 15, RECEIVED, "college Nijmegen")
    assert due(session, TEN_YEARS) == []
    assert due(session, date(2041, 3, 3)) == [case.zaaknummer]
    when = retention.term(session, Soort.DOSSIERS, NIJMEGEN, TEN_YEARS)
    assert (when.lengte, when.in_words, "college Nijmegen" in when.besluit) == (15, "15 jaar", True)


def test_the_last_closing_counts(session: Session) -> None:
    case = closed(session)
    later = date(2030, 6, 3)
    take(session, case, "heropen", desk(CARLA, later), reden="nieuw feit")
    assert due(session, date(2050, 1, 1)) == []  # open
    take(session, case, "niet_oppakken", desk(ANNA, later + timedelta(days=1)), reden="capaciteit")
    assert due(session, date(2040, 6, 3)) == []
    assert due(session, date(2040, 6, 4)) == [case.zaaknummer]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.AFGESLOTEN])
def test_a_case_that_is_not_closed_never_goes(session: Session, phase: Phase) -> None:
    factories.case_at(session, phase)
    assert due(session, date(2099, 1, 1)) == []
    assert due(session, date(2099, 1, 1), Soort.SIGNAALGEGEVENS) == []


def test_a_bezwaar_that_was_not_decided_keeps_the_dossier(session: Session) -> None:
    case = closed(session)
    own = {"zaak_id": case.id, "gemeentecode": NIJMEGEN, "vastgelegd_op": CLOSED, "door": "anna"}
    session.add(Bezwaar(**own, tijdstip=factories.at(CLOSED), datum=CLOSED, ontvangen_via="post", te_laat=False))
    assert due(session, TEN_YEARS) == []
    when = retention.term(session, Soort.DOSSIERS, NIJMEGEN, TEN_YEARS)
    assert list(retention.obstacles(session, case, when, TEN_YEARS)) == ["Er loopt een bezwaar."]


def test_a_bewaarplicht_keeps_it_until_it_is_lifted(session: Session) -> None:
    case = closed(session)
    tess = desk(TESS, TEN_YEARS)
    first = legal_holds.place(session, case, tess, {"reden": "Beroep."})
    second = legal_holds.place(session, case, tess, {"reden": "Klacht."})
    assert first.id and second.id
    assert due(session, TEN_YEARS) == [] == due(session, TEN_YEARS, Soort.SIGNAALGEGEVENS)
    legal_holds.lift(session, case, first.id, tess, {"reden": "Beslist."})
    assert due(session, TEN_YEARS) == []
    legal_holds.lift(session, case, second.id, tess, {"reden": "Ingetrokken."})
    assert due(session, TEN_YEARS) == [case.zaaknummer]
    with pytest.raises(Refused):
        legal_holds.lift(session, case, first.id, tess, {"reden": "Nog eens."})


def test_a_bewaarplicht_asks_a_reason_and_a_role(session: Session) -> None:
    case = closed(session)
    with pytest.raises(Invalid):
        legal_holds.place(session, case, desk(TESS, TEN_YEARS), {"reden": " "})
    with pytest.raises(Forbidden):
        legal_holds.place(session, case, desk(ANNA, TEN_YEARS), {"reden": "Beroep."})
    assert legal_holds.place(session, case, desk(CARLA, TEN_YEARS), {"reden": "Beroep."}).id


YEAR = date(2027, 3, 3)


def test_benefit_and_work_go_a_year_after_closing(session: Session) -> None:
    case = closed(session)
    assert due(session, YEAR - timedelta(days=1), Soort.SIGNAALGEGEVENS) == []
    assert due(session, YEAR, Soort.SIGNAALGEGEVENS) == [case.zaaknummer]
    signal = session.exec(select(Signal)).one()
    signal.feiten_vernietigd_op = YEAR
    session.add(signal)
    assert due(session, YEAR, Soort.SIGNAALGEGEVENS) == []


@pytest.mark.parametrize(("soort", "kept"), [("uwv", True), ("werkgever", True), ("buren", False)])
def test_they_stay_where_the_dossier_names_them_as_a_source(session: Session, soort: str, kept: bool) -> None:
    case = closed(session)
    own = {"zaak_id": case.id, "gemeentecode": NIJMEGEN, "vastgelegd_op": CLOSED, "door": "anna"}
    session.add(Source(**own, tijdstip=factories.at(CLOSED), soort=soort, datum=CLOSED, bevinding="x"))
    assert due(session, YEAR, Soort.SIGNAALGEGEVENS) == [case.zaaknummer] * (not kept)


def test_they_stay_where_the_municipality_that_handed_the_signal_over_rests_on_them(session: Session) -> None:
    case = closed(session)
    other = closed(session, bsn="999990020")
    (signal_id,) = session.exec(select(CaseSignal.signal_id).where(CaseSignal.zaak_id == case.id))
    link = CaseSignal(zaak_id=other.id, gemeentecode=NIJMEGEN, signal_id=signal_id, vanaf=CLOSED, actueel=False)
    own = {"zaak_id": other.id, "gemeentecode": NIJMEGEN, "vastgelegd_op": CLOSED, "door": "anna"}
    source = Source(**own, tijdstip=factories.at(CLOSED), soort="werkgever", datum=CLOSED, bevinding="x")
    session.add_all([link, source])
    assert case.zaaknummer not in due(session, YEAR, Soort.SIGNAALGEGEVENS)
