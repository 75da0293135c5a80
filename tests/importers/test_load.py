"""What becomes of a row beside what the samples show: all errors, file order, mergers, what is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from importers import reader
from importers.load import Checked, check, summary
from service.access import Access
from service.db import make_engine, session_scope
from signals.models import Delivery, Load, Mutatiesoort, Participant, RejectedRow, Signal, SignalChange, Uitkomst
from tests.databases import Databases
from tests.factories import TESS
from tests.importers.deliveries import NOW, TODAY, row, take_in, write_csv
from tests.soak import tries
from workflow import intake
from workflow.models import Case

OTHER_BSN = "999990020"


def rejected(session: Session, loaded: Load) -> dict[int, list[str]]:
    rows = session.exec(select(RejectedRow).where(RejectedRow.load_id == loaded.id))
    return {one.regel: one.codes for one in rows}


def load_rows(session: Session, tmp_path: Path, *rows: dict[str, str]) -> Load:
    number = len(list(tmp_path.glob("*.csv")))
    return take_in(session, write_csv(tmp_path / f"{number}.csv", rows))


def outcomes(loaded: Load) -> tuple[int, int, int, int, int]:
    return loaded.geaccepteerd, loaded.gewijzigd, loaded.ingetrokken, loaded.dubbel, loaded.afgekeurd


def test_a_faulty_row_keeps_its_cells_as_delivered_and_every_fault_is_explained(
    session: Session, tmp_path: Path
) -> None:
    loaded = load_rows(session, tmp_path, row(bsn=" 12", huisnummer="x", interne_notitie="weg"))
    kept = session.exec(select(RejectedRow)).one()
    assert kept.cellen["bsn"] == " 12" and kept.cellen["interne_notitie"] == "weg"
    assert kept.codes == ["bsn_ongeldig", "huisnummer_ongeldig"]
    assert [fault["kolom"] for fault in kept.fouten] == ["bsn", "huisnummer"]
    assert all("{" not in fault["uitleg"] and fault["kolom"] in fault["uitleg"] for fault in kept.fouten)
    assert (kept.signaalnummer, kept.gemeentecode) == ("T-1", "0599")
    assert loaded.waarschuwingen == {"onbekende_kolom": 1}


def test_a_signal_is_kept_as_we_read_it(session: Session, tmp_path: Path) -> None:
    load_rows(session, tmp_path, row(postcode="3074 ea", gemeentecode="0614", telefoonnummer="06-12 34 56 78"))
    signal = session.exec(select(Signal)).one()
    assert (signal.postcode, signal.telefoonnummer, signal.huisnummer) == ("3074EA", "0612345678", 12)
    assert (signal.gemeentecode, signal.gemeentecode_geleverd) == ("1992", "0614")
    assert (signal.datum_vanaf, signal.datum_tot) == (date(2025, 6, 1), None)
    assert session.exec(select(Delivery)).one().eerste_ontvangst == TODAY


def test_a_row_names_its_history_beside_its_faults(session: Session, tmp_path: Path) -> None:
    load_rows(
        session, tmp_path, row(), row(signaalnummer="T-2", bsn=OTHER_BSN), row(signaalnummer="T-2", mutatiesoort="V")
    )
    loaded = load_rows(
        session,
        tmp_path,
        row(signaalnummer="T-9", mutatiesoort="W", postcode="x"),
        row(signaalnummer="T-2", bsn=OTHER_BSN, mutatiesoort="W", postcode="x"),
        row(huisnummer="x"),
        row(mutatiesoort="W", bsn="1"),
        row(leveringsnummer="LRNI-2026-77"),
    )
    assert rejected(session, loaded) == {
        2: ["postcode_ongeldig", "signaal_onbekend"],
        3: ["postcode_ongeldig", "signaal_ingetrokken"],
        4: ["huisnummer_ongeldig", "signaal_bestaat_al_anders"],
        5: ["bsn_ongeldig"],
        6: ["leveringsnummer_wijkt_af", "signaalnummer_dubbel_in_levering"],
    }


def test_an_equal_row_below_a_rejected_one_is_a_double(session: Session, tmp_path: Path) -> None:
    bad = row(bsn="1")
    loaded = load_rows(session, tmp_path, bad, bad, bad | {"datum_signaal": "20260802"}, row())
    assert outcomes(loaded) == (0, 0, 0, 2, 2)
    assert rejected(session, loaded)[5] == ["signaalnummer_dubbel_in_levering"]


def test_rows_apply_in_file_order(session: Session, tmp_path: Path) -> None:
    loaded = load_rows(
        session,
        tmp_path,
        row(mutatiesoort="W", huisnummer="13"),  # nothing to change yet
        row(),
        row(mutatiesoort="V"),
        row(mutatiesoort="V"),
    )
    assert outcomes(loaded) == (1, 0, 1, 1, 1)
    assert rejected(session, loaded) == {2: ["signaal_onbekend"], 5: ["signaalnummer_dubbel_in_levering"]}


def test_the_whole_life_of_a_signal_in_one_file(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when every row is a chunk of its own."""
    rows = [
        row(),
        row(mutatiesoort="W", huisnummer="14"),
        row(mutatiesoort="V"),
        row(signaalnummer="T-2"),
        row(signaalnummer="T-3"),
    ]
    for size in (100, 1):
        monkeypatch.setattr(reader, "CHUNK_ROWS", size)
        with session.begin_nested() as attempt:
            loaded = load_rows(session, tmp_path, *rows, row(signaalnummer=f"T-{size + 10}", bsn=OTHER_BSN))
            assert outcomes(loaded) == (4, 1, 1, 0, 0)
            assert loaded.zaken == 3  # T-1's case closed with it, so T-2 opens another, which T-3 joins
            assert loaded.waarschuwingen == {"bsn_heeft_lopende_zaak": 1}
            assert session.exec(select(Signal.huisnummer).where(Signal.signaalnummer == "T-1")).one() == 14
            attempt.rollback()


def test_a_change_keeps_number_identity_and_date_and_remembers_what_was(session: Session, tmp_path: Path) -> None:
    load_rows(session, tmp_path, row())
    load_rows(
        session,
        tmp_path,
        row(
            mutatiesoort="W",
            leveringsnummer="LRNI-2026-10",
            datum_signaal="20260820",
            datum_tot="20260501",
            huisnummer="14",
        ),
    )
    signal, change = session.exec(select(Signal)).one(), session.exec(select(SignalChange)).one()
    assert (signal.leveringsnummer, signal.datum_signaal) == ("LRNI-2026-09", date(2026, 8, 1))
    assert (signal.huisnummer, signal.datum_tot) == (14, date(2026, 5, 1))
    assert signal.adressleutel == "3074EA 14"
    assert change.soort == Mutatiesoort.GEWIJZIGD and change.gemeentecode == "0599"
    assert change.oud == {"huisnummer": 12, "datum_tot": None}
    assert change.nieuw == {"huisnummer": 14, "datum_tot": "2026-05-01"}


def test_a_merger_between_signal_and_repeat_is_no_difference(session: Session, tmp_path: Path) -> None:
    load_rows(session, tmp_path, row(gemeentecode="0614", datum_signaal="20221201"))
    assert session.exec(select(Signal.gemeentecode)).one() == "1992"
    loaded = load_rows(session, tmp_path, row(gemeentecode="1992"), row(gemeentecode="1992", mutatiesoort="W"))
    assert loaded.redenen == {"al_geladen": 1, "ongewijzigd": 1}


def test_a_code_counts_on_the_day_of_the_signal_or_before(session: Session, tmp_path: Path) -> None:
    loaded = load_rows(session, tmp_path, row(gemeentecode="1992", datum_signaal="20221231"), row(signaalnummer="T-2"))
    assert loaded.redenen == {"gemeentecode_onbekend": 1}


def test_only_who_takes_part(session: Session, tmp_path: Path) -> None:
    session.add(Participant(gemeentecode="0614", vanaf=date(2020, 1, 1), besloten_door="test"))
    loaded = load_rows(session, tmp_path, row(gemeentecode="0501"), row(signaalnummer="T-2"))
    assert loaded.geaccepteerd == 1 and rejected(session, loaded) == {3: ["gemeente_doet_niet_mee"]}


def test_a_user_of_one_municipality_loads_against_what_everybody_has(engine: Engine, tmp_path: Path) -> None:
    """What is known must not hang on what the loader may see: bulk statements see every row."""
    with session_scope(engine, Access.system()) as session:
        load_rows(session, tmp_path, row())
    with session_scope(engine, Access.of(TESS)) as session:
        loaded = load_rows(session, tmp_path, row(leveringsnummer="LRNI-2026-10"), row(signaalnummer="T-2"))
        assert loaded.redenen == {"al_geladen": 1, "leveringsnummer_wijkt_af": 1}
    with session_scope(engine, Access.of(TESS)) as session:
        assert load_rows(session, tmp_path, row(signaalnummer="T-2")).waarschuwingen == {"bsn_heeft_lopende_zaak": 1}


def test_a_cell_far_too_long_is_a_fault_of_its_own_column(session: Session, tmp_path: Path) -> None:
    long = row(signaalnummer="T-2", toelichting="x" * 200_000)
    loaded = take_in(session, write_csv(tmp_path / "lang.csv", [row(), long]))
    assert (loaded.geaccepteerd, loaded.redenen) == (1, {"te_lang": 1})
    (fault,) = session.exec(select(RejectedRow)).one().fouten
    assert fault["kolom"] == "toelichting"


def test_a_signal_below_a_withdrawn_one_joins_the_case_of_one_withdrawn_below_it(
    session: Session, tmp_path: Path
) -> None:
    numbers = ("T-1", "T-2", "T-1", "T-3", "T-2")
    rows = [row(signaalnummer=number, mutatiesoort=kind) for kind, number in zip("NNVNV", numbers, strict=True)]
    loaded = load_rows(session, tmp_path, *rows)
    assert (outcomes(loaded), loaded.zaken) == ((3, 0, 2, 0, 0), 1)
    assert session.exec(select(Case)).one().fase == "ontvangen"
    loaded = load_rows(session, tmp_path, row(signaalnummer="T-3", mutatiesoort="V"))
    assert (outcomes(loaded), session.exec(select(Case)).one().fase) == ((0, 0, 1, 0, 0), "afgesloten")


KINDS = st.sampled_from(["N", "W", "V"])
ROW = st.builds(
    lambda kind, number, person, house, good: row(
        mutatiesoort=kind,
        signaalnummer=f"T-{number}",
        bsn=person,
        huisnummer=house,
        geslachtsnaam="Kowalska" if good else "",
    ),
    KINDS,
    st.integers(1, 4),
    st.sampled_from(["999990019", OTHER_BSN]),
    st.sampled_from(["12", "13"]),
    st.sampled_from([True, True, True, False]),
)


@pytest.mark.chance
@settings(max_examples=tries(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROW, min_size=1, max_size=12), min_size=1, max_size=3), st.sampled_from([1, 3, 100]))
def test_the_five_always_add_up_and_the_cases_are_those_foretold(
    databases: Databases, empty_database: str, tmp_path: Path, files: list[list[dict[str, str]]], size: int
) -> None:
    """Whatever the rows and however they are cut in chunks: also against what a check said just before."""
    with (
        pytest.MonkeyPatch.context() as patched,
        databases.copied(empty_database) as url,
        connected(url) as engine,
        session_scope(engine, Access.system()) as session,
    ):
        patched.setattr(reader, "CHUNK_ROWS", size)
        for number, rows in enumerate(files):
            path = write_csv(tmp_path / "file.csv", [one | {"toelichting": f"bestand {number}"} for one in rows])
            foretold = look(session, path)
            loaded = take_in(session, path)
            assert sum(outcomes(loaded)) == loaded.geleverd == len(rows)
            said, done = summary(foretold), summary(loaded)
            for name in (
                "geaccepteerd",
                "gewijzigd",
                "ingetrokken",
                "dubbel",
                "afgekeurd",
                "zaken",
                "redenen",
                "waarschuwingen",
            ):
                assert said[name] == done[name], name
        assert_one_open_case_each(session)


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def look(session: Session, path: Path) -> Checked:
    history = intake.CaseHistory(session, TODAY)
    return check(session, path, file_name=path.name, history=history, today=NOW.date(), received=TODAY)


def assert_one_open_case_each(session: Session) -> None:
    several = (
        select(Case.bsn)
        .where(col(Case.resultaat).is_(None))
        .group_by(col(Case.bsn), col(Case.gemeentecode))
        .having(func.count() > 1)
    )
    assert session.exec(several).all() == []
    doubles = select(RejectedRow).where(RejectedRow.uitkomst == Uitkomst.DUBBEL)
    assert all(len(one.codes) == 1 for one in session.exec(doubles))
