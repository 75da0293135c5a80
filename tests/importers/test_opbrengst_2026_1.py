"""What UWV did with what it was told: which rows count, which replace, which are turned down."""

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from importers.opbrengst_2026_1 import load
from importers.refusals import FileRefused
from signals.models import Opbrengst, OpbrengstLoad, Signal
from tests.importers.deliveries import NOW, SAMPLES, row, take_in, write_csv

HEADER = "signaalnummer;soort;bedrag;peildatum\n"


def everything(session: Session, signal_ids: Collection[int]) -> set[int]:
    return set(signal_ids)


def take(session: Session, path: Path, told: object = everything) -> OpbrengstLoad:
    return load(session, path, file_name=path.name, told=told, door="ulla", now=NOW)  # type: ignore[arg-type]


@pytest.fixture
def path(session: Session, tmp_path: Path) -> Path:
    take_in(session, write_csv(tmp_path / "levering.csv", [row(), row(signaalnummer="T-2")]))
    return tmp_path / "opbrengst.csv"


def test_the_sample(session: Session) -> None:
    take_in(session, SAMPLES / "demo" / "LRNI-2026-07.csv")
    done = take(session, SAMPLES / "demo" / "opbrengst-2026.csv")
    assert (done.geleverd, done.geaccepteerd, done.dubbel, done.afgekeurd) == (34, 30, 1, 3)
    assert done.redenen == {"bedrag_ongeldig": 1, "code_onbekend": 1, "rij_dubbel": 1, "signaal_onbekend": 1}
    assert [one["regel"] for one in done.afgewezen] == [32, 33, 34, 35]
    with pytest.raises(FileRefused, match="al_geladen"):
        take(session, SAMPLES / "demo" / "opbrengst-2026.csv")


def test_a_later_peildatum_is_kept_beside_the_earlier(session: Session, path: Path) -> None:
    path.write_text(HEADER + "T-1;boete;10;20260801\nT-1;boete;12,5;20260815\nT-2;geen_gevolg;;15-08-2026\n")
    assert take(session, path).geaccepteerd == 3
    rows = session.exec(select(Opbrengst).order_by(col(Opbrengst.id))).all()
    assert [(one.bedrag, f"{one.peildatum:%d}") for one in rows] == [
        (Decimal(10), "01"),
        (Decimal("12.50"), "15"),
        (None, "15"),
    ]


def test_the_same_again_from_another_file(session: Session, path: Path) -> None:
    path.write_text(HEADER + "T-1;boete;10;20260801\n")
    take(session, path)
    path.write_text(HEADER + "T-1;boete;10.00;20260801\nT-1;boete;11;20260801\n")
    done = take(session, path)
    assert (done.dubbel, done.afgekeurd) == (1, 1)
    assert done.redenen == {"al_geladen": 1, "opbrengst_bestaat_al_anders": 1}


def test_only_signals_of_which_a_result_was_told_count(session: Session, path: Path) -> None:
    path.write_text(HEADER + "T-1;boete;10;20260801\nT-2;boete;10;20260801\n")
    second = session.exec(select(Signal.id).where(Signal.signaalnummer == "T-2")).one()
    done = take(session, path, lambda session, ids: {second} & set(ids))
    assert (done.geaccepteerd, done.redenen) == (1, {"signaal_zonder_resultaat": 1})
    assert "nog geen resultaat" in done.afgewezen[0]["fouten"][0]["uitleg"]


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("T-1;boete;-5,00;20260801", ["bedrag_ongeldig"]),
        ("T-1;boete;5,005;20260801", ["bedrag_ongeldig"]),
        ("T-1;boete;1.250,00;20260801", ["bedrag_ongeldig"]),
        ("T-1;boete;;20260801", ["verplicht_leeg"]),
        ("T-1;geen_gevolg;5;20260801", ["bedrag_ongeldig"]),
        ("T-1;boete;5;20990101", ["datum_in_toekomst"]),
        ("T-9;schenking;x;2026", ["bedrag_ongeldig", "code_onbekend", "datum_ongeldig", "signaal_onbekend"]),
        (";boete;5;20260801", ["verplicht_leeg"]),
    ],
)
def test_rows_that_are_turned_down_name_all_their_errors(
    session: Session, path: Path, line: str, codes: list[str]
) -> None:
    path.write_text(HEADER + line)
    done = take(session, path)
    assert done.afgekeurd == 1 and done.afgewezen[0]["codes"] == codes
    assert done.afgewezen[0]["cellen"]["soort"] == line.split(";")[1]


def test_cells_beyond_the_header_are_told_and_not_taken(session: Session, path: Path) -> None:
    path.write_text(HEADER + "T-1;boete;1;250,00;20260801\nT-1;boete;10;20260801;verschoven\nT-2;boete;5;20260801;;\n")
    done = take(session, path)
    assert (done.geaccepteerd, done.afgekeurd) == (1, 2)
    assert [one["codes"] for one in done.afgewezen] == [["datum_ongeldig", "te_veel_cellen"], ["te_veel_cellen"]]
    assert done.afgewezen[1]["cellen"]["kolom 5"] == "verschoven"
    assert done.afgewezen[1]["fouten"][0]["uitleg"].startswith("Rechts van de laatste kolom")


def test_an_unknown_column_is_a_warning(session: Session, path: Path) -> None:
    path.write_text("Signaalnummer;SOORT;Bedrag;peildatum;opmerking;dossier\nT-1;boete;x;20260801;let op;1\n")
    done = take(session, path)
    assert done.waarschuwingen == {"onbekende_kolom": 2} and done.redenen == {"bedrag_ongeldig": 1}
    assert done.afgewezen[0]["fouten"][0]["kolom"] == "Bedrag"
    path.write_text(HEADER + "T-1;boete;5;20260801\n")
    assert take(session, path).waarschuwingen == {}


def test_a_delivery_at_this_door_is_refused(session: Session, path: Path) -> None:
    with pytest.raises(FileRefused, match="kop_onbekend") as refused:
        take(session, path.with_name("levering.csv"))
    assert "levering" in refused.value.uitleg
