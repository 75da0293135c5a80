"""Figures and feedback over deliveries that came in through the real importer."""

import json
from datetime import timedelta

import pytest

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.selection import Selection
from tests.importers.deliveries import NOW, SAMPLES, TODAY, take_in

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


def test_the_splits_of_cases_add_up(session, loads):
    answer = figures(session, Selection(), TODAY + timedelta(days=7))
    for dimension, parts in answer["per"].items():
        assert sum(part["zaken"] for part in parts.values()) == answer["cijfers"]["zaken"], dimension
        assert sum(part["signalen"] for part in parts.values()) == answer["cijfers"]["signalen"], dimension
