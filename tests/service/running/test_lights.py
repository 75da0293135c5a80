"""What is not well is told with what to do, and of what is well nothing is said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.models import ShipmentState, WorkState
from service.running import tasks
from service.running.facts import FAILED, WAITS, Facts, Room, Waiting
from service.running.lights import ORANGE, RED, Light, lights
from service.running.meter import Call, Counted, Meter, Tally
from service.running.models import Size, TaskRun

from ..conftest import NOW

ROOMS = {"bestanden": Room(50, 100), "database": Room(50, 100)}


def run(taak: str, minutes: float = 1, **more: Any) -> TaskRun:
    at = NOW - timedelta(minutes=minutes)
    return TaskRun(taak=taak, **{"begonnen_op": at, "gelukt_op": at, "milliseconden": 20, **more})


def size(**more: Any) -> Size:
    inhoud = {"zaken": {}, "bytes": 1, "soort": "PostgreSQL", "tabellen": [], **more}
    return Size(naam="omvang", gemeten_op=NOW, inhoud=inhoud)


WELL = Facts(
    NOW,
    berichten={WAITS: Waiting(0), FAILED: Waiting(0)},
    rondes=[*(run(task) for task in tasks.AT_MOST), run("sluit", minutes=20 * 60)],
    omvang=size(),
)


def hour(*answers: tuple[str, int, float], db: float = 0.0) -> Counted:
    meter = Meter()
    for route, status, ms in answers:
        meter.answered(Call(route, "GET", status), ms, Tally(1, db))
    return meter.taken()


def told(facts: Facts = WELL, counted: Counted | None = None, rooms: dict[str, Room] | None = None) -> list[Light]:
    return lights(facts, counted or Counted(), rooms or ROOMS)


def test_of_what_is_well_nothing_is_said() -> None:
    assert told(counted=hour(*[("/zaken", 200, 40)] * 200, ("/zaken", 404, 9000))) == []


def test_a_service_on_its_first_day_needs_a_clock() -> None:
    (light,) = told(replace(WELL, rondes=[]))
    assert light.kleur == RED and "rni clock" in light.doe


def waits(minutes: float, count: int = 1) -> Waiting:
    return Waiting(count, NOW - timedelta(minutes=minutes))


def with_task(*more: TaskRun) -> Facts:
    return replace(WELL, rondes=[*WELL.rondes, *more])


FAILING: list[tuple[str, str, Callable[[], Facts]]] = [
    ("mislukte (OperationalError)", RED, lambda: with_task(run("x", 60, mislukt_op=NOW, fout="OperationalError"))),
    ("is te lang geleden gedaan", RED, lambda: with_task(run("nacht", 28 * 60))),
    ("niet verzegeld", RED, lambda: replace(WELL, onverzegeld_sinds=NOW - timedelta(minutes=11))),
    ("werk dat niet wordt opgepakt", ORANGE, lambda: replace(WELL, werk={WorkState.WACHT: waits(11)})),
    ("niet aan: 3", ORANGE, lambda: replace(WELL, berichten={WAITS: Waiting(0), FAILED: Waiting(3)})),
    ("berichten langer dan", ORANGE, lambda: replace(WELL, berichten={WAITS: waits(121), FAILED: Waiting(0)})),
    ("niet worden bezorgd", RED, lambda: replace(WELL, bezorgingen={ShipmentState.MISLUKT: waits(1)})),
    ("UWV langer dan", ORANGE, lambda: replace(WELL, bezorgingen={ShipmentState.WACHT: waits(121)})),
    (
        "dode rijen",
        ORANGE,
        lambda: replace(WELL, omvang=size(tabellen=[{"naam": "zaak", "rijen": 9, "dood": 200_000}])),
    ),
    ("SQLite weet nog niet", ORANGE, lambda: replace(WELL, omvang=size(soort="SQLite", voorraad=0))),
]


@pytest.mark.parametrize(("words", "colour", "facts"), FAILING, ids=[words for words, *_ in FAILING])
def test_what_is_not_well_is_told_once_with_what_to_do(words: str, colour: str, facts: Callable[[], Facts]) -> None:
    (light,) = told(facts())
    assert words in light.wat and light.kleur == colour
    assert light.doe.endswith(".") and len(light.doe) > 20


SOUND = [
    lambda: with_task(run("nacht", 26 * 60)),
    lambda: with_task(run("x", 5, mislukt_op=NOW - timedelta(minutes=6), fout="")),
    lambda: replace(WELL, onverzegeld_sinds=NOW - timedelta(minutes=9)),
    lambda: replace(WELL, werk={WorkState.WACHT: waits(9), WorkState.BEZIG: waits(600)}),
    lambda: replace(WELL, berichten={WAITS: waits(119), FAILED: Waiting(0)}),
    lambda: replace(WELL, bezorgingen={ShipmentState.BEZORGD: waits(9999, 40)}),
    lambda: replace(WELL, omvang=size(tabellen=[{"naam": "zaak", "rijen": 10**6, "dood": 200_000}])),
    lambda: replace(WELL, omvang=size(soort="SQLite", voorraad=3)),
]


@pytest.mark.parametrize("facts", SOUND)
def test_what_is_within_its_bounds_is_not_told(facts: Callable[[], Facts]) -> None:
    assert told(facts()) == []


def test_slow_answers_say_where_the_time_goes() -> None:
    slow = [("/zaken", 200, 2_800.0)] * 30
    (light,) = told(counted=hour(*slow, db=2.5))
    assert light.kleur == ORANGE and "Trage vragen" in light.doe and "seconde" in light.wat
    (light,) = told(counted=hour(*slow, db=0.01))
    assert "processor" in light.doe
    assert told(counted=hour(*slow[:10])) == []
    assert told(counted=hour(*[("/static", 200, 9_000.0)] * 30)) == []


def test_a_fault_is_red_and_stands_before_what_is_orange() -> None:
    found = told(replace(WELL, werk={WorkState.WACHT: waits(30)}), hour(("/zaken", 500, 3)))
    assert [light.kleur for light in found] == [RED, ORANGE]
    assert "ging 1 verzoek bij ons mis" in found[0].wat


@pytest.mark.parametrize(("free", "colour"), [(16, None), (14, ORANGE), (4, RED)])
def test_room_on_the_disk(free: int, colour: str | None) -> None:
    found = told(rooms={"bestanden": Room(free, 100)})
    assert [light.kleur for light in found] == ([colour] if colour else [])


def test_many_refused_sign_ins_are_told() -> None:
    meter = Meter()
    for _ in range(51):
        meter.refused("wachtwoord")
    (light,) = told(counted=meter.taken())
    assert "51 aanmeldingen" in light.wat
