"""Every sample gives the counts and the codes per row that stand beside it."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from importers import layouts, use_profiles
from importers.load import check, summary
from signals.models import Load, RejectedRow, Signal
from tests.factories import person
from tests.importers.deliveries import NOW, SAMPLES, TODAY, take_in
from tests.importers.expected import rows, told
from workflow import intake, moves
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import Role


@pytest.fixture(autouse=True)
def profiles() -> Iterator[None]:
    """Those that lie among the samples."""
    use_profiles(SAMPLES / "layouts")
    yield
    use_profiles(None)


def delivery_of(expected: Path) -> Path:
    """The delivery that gives this result: `x.csv` for `x.expected.json`, `x.xlsx` for `x.xlsx.expected.json`."""
    name = expected.name.removesuffix(".expected.json")
    return expected.with_name(name if name.endswith(".xlsx") else f"{name}.csv")


def close_a_case(session: Session) -> None:
    """Signal C-00012 is looked at and its case closed, by steps of a person."""
    of_signal = select(Case).join(Signal, col(Signal.id) == col(Case.eerste_signaal_id))
    case = session.exec(of_signal.where(Signal.signaalnummer == "C-00012")).one()
    desk = Desk(person("anna", Role.BEHANDELAAR, code=case.gemeentecode), NOW, lambda gemeentecode: ["anna"])
    moves.take(session, case, "wijs_toe", desk, versie=1, gegevens={"behandelaar": "anna"})
    moves.take(session, case, "niet_oppakken", desk, versie=2, gegevens={"reden": "capaciteit"})


FIRST: Mapping[str, Sequence[str]] = {
    "LRNI-2026-08.csv": ["LRNI-2026-07.csv"],
    "uwv_2026_1-codes-2.csv": ["uwv_2026_1-codes.csv"],
    "uwv_2026_1-codes-3.csv": ["uwv_2026_1-codes.csv", "uwv_2026_1-codes-2.csv"],
    "uwv_2026_1-codes-4.csv": ["uwv_2026_1-codes.csv"],
    "verwerkingsverslag-libreoffice.xlsx": ["uwv_2026_1-codes.csv"],
}
"""What must have been loaded before a sample whose result hangs on that; the others come into an empty database."""

THEN: Mapping[str, Callable[[Session], None]] = {"uwv_2026_1-codes-4.csv": close_a_case}
"""What people did between that and the sample."""


@pytest.mark.parametrize(
    "expected", sorted(SAMPLES.rglob("*.expected.json")), ids=lambda expected: delivery_of(expected).name
)
def test_a_sample_gives_the_counts_and_codes_that_stand_beside_it(session: Session, expected: Path) -> None:
    path = delivery_of(expected)
    for name in FIRST.get(path.name, ()):
        take_in(session, path.with_name(name))
    THEN.get(path.name, lambda session: None)(session)
    loaded = take_in(session, path)
    lines = expected.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
    wanted = [(int(regel), outcome, codes) for regel, outcome, codes in csv.reader(lines[1:], delimiter=";")]
    assert rows(session, loaded) == wanted
    assert told(loaded) == json.loads(expected.read_text(encoding="utf-8"))


def test_every_layout_of_a_delivery_has_a_sample() -> None:
    shown = {json.loads(path.read_text(encoding="utf-8"))["layout"] for path in SAMPLES.rglob("*.expected.json")}
    bare = {layout.name for layout in layouts() if layout.kind == "levering"} ^ shown
    todo = "put a delivery in tests/samples/layouts and run: python -m tests.importers.expected THAT_FILE"
    assert not bare, f"{sorted(bare)}: {todo}"


def test_a_check_tells_what_the_load_will_do_and_stores_nothing(session: Session) -> None:
    path = SAMPLES / "layouts" / "uwv_2026_1-codes.csv"
    history = intake.CaseHistory(session, TODAY)
    checked = check(session, path, file_name=path.name, history=history, today=TODAY, received=TODAY)
    said = summary(checked)
    assert said["status"] == "gecontroleerd" and said["ladingnummer"] is None
    assert not session.new and session.exec(select(Load)).all() == []
    loaded = summary(take_in(session, path, now=NOW))
    same = set(said) - {"status", "ladingnummer", "seconden"}
    assert {name: said[name] for name in same} == {name: loaded[name] for name in same}
    rejected = session.exec(select(RejectedRow).order_by(col(RejectedRow.regel))).all()
    told = ("regel", "codes", "fouten", "cellen")
    assert [[row[name] for name in told] for row in checked.regels] == [
        [getattr(row, name) for name in told] for row in rejected
    ]
