"""Every sample gives the counts and the codes per row that stand beside it."""

import csv
import json
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from importers.load import check, summary
from signals.models import Load, Mutatiesoort, RejectedRow, Signal, SignalChange, Uitkomst
from tests.factories import person
from tests.importers.deliveries import NOW, SAMPLES, TODAY, take_in
from workflow import intake, moves
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import Role

DEMO, LAYOUTS = SAMPLES / "demo", SAMPLES / "layouts"


def told(loaded: Load) -> dict[str, object]:
    return {
        name: value for name, value in summary(loaded).items() if name not in ("ladingnummer", "seconden", "sha256")
    }


def rows(session: Session, loaded: Load) -> list[tuple[int, str, str]]:
    """Per delivered row its regel, uitkomst and codes, as the sidecar has them."""
    rejected = session.exec(select(RejectedRow).where(RejectedRow.load_id == loaded.id))
    found = [(one.regel, one.uitkomst, one.codes) for one in rejected]
    signals = session.exec(select(Signal).where(Signal.load_id == loaded.id))
    found += [(one.regel, Uitkomst.GEACCEPTEERD, one.waarschuwingen) for one in signals]
    outcomes = {Mutatiesoort.GEWIJZIGD: Uitkomst.GEWIJZIGD, Mutatiesoort.VERVALLEN: Uitkomst.INGETROKKEN}
    changes = session.exec(select(SignalChange).where(SignalChange.load_id == loaded.id))
    found += [(one.regel, outcomes[one.soort], one.waarschuwingen) for one in changes]
    return [(regel, outcome.value, " ".join(sorted(codes))) for regel, outcome, codes in sorted(found)]


def assert_as_expected(session: Session, path: Path) -> Load:
    loaded = take_in(session, path)
    stem = path.name if path.suffix == ".xlsx" else path.stem
    expected = path.with_name(f"{stem}.expected.csv").read_text(encoding="utf-8").splitlines()
    wanted = [(int(regel), outcome, codes) for regel, outcome, codes in csv.reader(expected[1:], delimiter=";")]
    assert rows(session, loaded) == wanted
    assert told(loaded) == json.loads(path.with_name(f"{stem}.expected.json").read_text(encoding="utf-8"))
    return loaded


def test_the_demo_deliveries_one_after_the_other(session: Session) -> None:
    assert_as_expected(session, DEMO / "LRNI-2026-07.csv")
    assert_as_expected(session, DEMO / "LRNI-2026-08.csv")


def test_the_codes_that_need_history(session: Session) -> None:
    for name in ("codes", "codes-2", "codes-3"):
        assert_as_expected(session, LAYOUTS / f"uwv_2026_1-{name}.csv")


@pytest.mark.parametrize("name", ["uwv_2026_1-codes.xlsx", "uwv_2026_1-windows1252.csv", "uwv_kort_1.csv"])
def test_other_shapes_of_file(session: Session, name: str) -> None:
    assert_as_expected(session, LAYOUTS / name)


def test_all_samples_fit_in_one_database(session: Session) -> None:
    for path in (*sorted(DEMO.glob("LRNI*.csv")), *sorted(LAYOUTS.glob("uwv*.csv"))):
        if not path.name.endswith("expected.csv"):
            take_in(session, path)
    assert len(set(session.exec(select(Signal.signaalnummer)))) == len(session.exec(select(Signal.id)).all())


def test_a_check_tells_what_the_load_will_do_and_stores_nothing(session: Session) -> None:
    path = LAYOUTS / "uwv_2026_1-codes.csv"
    history = intake.CaseHistory(session, TODAY)
    checked = check(session, path, file_name=path.name, history=history, today=TODAY, received=TODAY)
    said = summary(checked)
    assert said["status"] == "gecontroleerd" and said["ladingnummer"] is None
    assert not session.new and session.exec(select(Load)).all() == []
    loaded = summary(take_in(session, path, now=NOW))
    same = set(said) - {"status", "ladingnummer", "seconden"}
    assert {name: said[name] for name in same} == {name: loaded[name] for name in same}
    rejected = session.exec(select(RejectedRow).order_by(col(RejectedRow.regel))).all()
    assert [(r.regel, r.codes, r.fouten, r.cellen) for r in checked.regels] == [
        (r.regel, r.codes, r.fouten, r.cellen) for r in rejected
    ]


def test_a_change_after_the_case_was_closed_by_a_step(session: Session) -> None:
    assert_as_expected(session, LAYOUTS / "uwv_2026_1-codes.csv")
    case = session.exec(
        select(Case)
        .join(Signal, col(Signal.id) == col(Case.eerste_signaal_id))
        .where(Signal.signaalnummer == "C-00012")
    ).one()
    handler = person("anna", Role.BEHANDELAAR, code=case.gemeentecode)
    desk = Desk(handler, NOW, lambda gemeentecode: ["anna"])
    moves.take(session, case, "wijs_toe", desk, versie=1, gegevens={"behandelaar": "anna"})
    moves.take(session, case, "niet_oppakken", desk, versie=2, gegevens={"reden": "capaciteit"})
    assert_as_expected(session, LAYOUTS / "uwv_2026_1-codes-4.csv")
