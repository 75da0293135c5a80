"""Figures and feedback over deliveries that came in through the real importer."""

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.selection import Selection
from tests.importers.deliveries import NOW, SAMPLES, TODAY, take_in
from workflow import unsettled
from workflow.models import Case

ROWS = ("geleverd", "geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd")


@pytest.fixture
def loads(session):
    """Two demo deliveries, the second a week after the first."""
    demo = SAMPLES / "demo"
    return [
        take_in(session, demo / "LRNI-2026-07.csv"),
        take_in(session, demo / "LRNI-2026-08.csv", now=NOW + timedelta(days=7)),
    ]


def counts(cijfers):
    return {name: cijfers[name] for name in ROWS}


def test_delivered_rows_are_counted_as_the_loads_count_them(session, loads):
    expected = [
        {name: value for name, value in json.loads(path.read_text()).items() if name in ROWS}
        for path in sorted((SAMPLES / "demo").glob("*.expected.json"))
    ]
    later = figures(session, Selection(), TODAY + timedelta(days=7))
    per = later["per"]["levering"]
    assert [counts(per[levering]) for levering in ("LRNI-2026-07", "LRNI-2026-08")] == expected
    assert counts(later["cijfers"]) == {name: sum(one[name] for one in expected) for name in ROWS}
    assert later["cijfers"]["zaken"] == sum(load.zaken for load in loads)
    assert counts(figures(session, Selection(), TODAY)["cijfers"]) == expected[0]
    assert figures(session, Selection(), TODAY - timedelta(days=1))["cijfers"]["geleverd"] == 0


def test_every_signal_stands_once_in_the_reconciliation(session, loads):
    cijfers = figures(session, Selection(), TODAY + timedelta(days=7))["cijfers"]
    assert cijfers["afstemming"] == feedback.reconciliation(session)
    assert sum(cijfers["afstemming"].values()) == cijfers["signalen"] == cijfers["geaccepteerd"]
    assert cijfers["afstemming"]["nu_te_vertellen"] == len(feedback.due(session))


def test_figures_and_feedback_are_the_same_when_untouched_cases_get_all_their_rows(session, loads):
    """On every day: before the loads, between them and after."""
    days = [TODAY + timedelta(days=number) for number in (-1, 0, 6, 7, 60)]

    def told():
        return [figures(session, Selection(), day) for day in days], feedback.reconciliation(session)

    cases = session.exec(select(Case).where(Case.lading_id.is_not(None))).all()
    before = told()
    assert cases
    unsettled.settle(session, [case.id for case in cases])
    session.expire_all()
    assert session.exec(select(Case).where(Case.lading_id.is_not(None))).first() is None
    assert told() == before


def test_the_splits_of_cases_add_up(session, loads):
    answer = figures(session, Selection(), TODAY + timedelta(days=7))
    for dimension, parts in answer["per"].items():
        assert sum(part["zaken"] for part in parts.values()) == answer["cijfers"]["zaken"], dimension
        assert sum(part["signalen"] for part in parts.values()) == answer["cijfers"]["signalen"], dimension
