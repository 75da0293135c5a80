"""What happens at the same moment: real processes on one database, and every signal counts exactly once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.loading import deliveries
from service.settings import Settings
from signals.models import Load, LoadStatus, Signal
from tests.importers.deliveries import NOW, row, write_csv
from tests.importers.processes import BSNS, Worker, at_once, holds, workers
from tests.soak import tries
from workflow.models import Case

ROUNDS = tries(2)
Person = tuple[str, str]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Worker]]:
    with workers(2, tmp_path_factory.mktemp("uploads")) as made:
        yield made


def delivery(path: Path, rows: Sequence[Person]) -> str:
    """A file with one new signal for each signaalnummer and bsn."""
    return str(write_csv(path, [row(signaalnummer=number, bsn=bsn) for number, bsn in rows]))


def rows(start: str, bsns: Sequence[str]) -> list[Person]:
    return [(f"{start}-{place}", bsn) for place, bsn in enumerate(bsns)]


def checked(engine: Engine) -> None:
    with session_scope(engine, Access.system(), write=False) as session:
        holds(session)


def number_of(session: Session, kind: type[Signal] | type[Case]) -> int:
    return session.exec(select(func.count()).select_from(kind)).one()


@pytest.mark.chance
def test_of_two_who_load_the_same_file_at_once_one_loads_it(engine: Engine, pair: list[Worker], tmp_path: Path) -> None:
    for turn in range(ROUNDS):
        file = delivery(tmp_path / f"{turn}.csv", rows(f"R{turn}", BSNS[turn * 60 : turn * 60 + 60]))
        both = at_once(*((worker, engine, "load", {"file": file}) for worker in pair))
        assert sorted((one["status"], one["reden"]) for one in both) == [("geladen", None), ("geweigerd", "al_geladen")]
        assert len({one["number"] for one in both}) == 2
        checked(engine)
    with session_scope(engine, Access.system(), write=False) as session:
        assert (number_of(session, Signal), number_of(session, Case)) == (60 * ROUNDS, 60 * ROUNDS)


@pytest.mark.chance
def test_the_same_rows_and_persons_in_two_files_at_once_make_one_signal_and_one_case(
    engine: Engine, pair: list[Worker], tmp_path: Path
) -> None:
    """Of both files 20 rows are the same, 20 name the same person under another number, and 20 are their own."""
    for turn in range(ROUNDS):
        bsns = BSNS[turn * 80 : turn * 80 + 80]
        same = rows(f"S{turn}", bsns[:20])
        files = [
            same + rows(f"{name}{turn}", bsns[20:40]) + rows(f"{name}{turn}X", own)
            for name, own in (("A", bsns[40:60]), ("B", bsns[60:80]))
        ]
        files[1].reverse()  # each meets the other in another order
        paths = [delivery(tmp_path / f"{place}-{turn}.csv", file) for place, file in enumerate(files)]
        both = at_once(*((worker, engine, "load", {"file": path}) for worker, path in zip(pair, paths, strict=True)))
        assert [one["status"] for one in both] == ["geladen", "geladen"]
        assert sorted(one["geaccepteerd"] for one in both) == [40, 60]
        assert sorted(one["dubbel"] for one in both) == [0, 20]
        assert sorted(one["zaken"] for one in both) == [20, 60]
        checked(engine)
    with session_scope(engine, Access.system(), write=False) as session:
        assert (number_of(session, Signal), number_of(session, Case)) == (100 * ROUNDS, 80 * ROUNDS)


@pytest.mark.chance
def test_of_two_who_confirm_the_same_upload_at_once_one_loads_it(
    engine: Engine, pair: list[Worker], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    settings = Settings(data_dir=folder)
    for turn in range(ROUNDS):
        path = Path(delivery(tmp_path / f"{turn}.csv", rows(f"R{turn}", BSNS[turn * 60 : turn * 60 + 60])))
        with session_scope(engine, Access.system()) as session, path.open("rb") as stream:
            kept = storage.keep(settings, stream)
            offered = deliveries.offer(
                session, settings, Access.system(), kept, path.name, received=NOW.date(), now=NOW
            )
            assert offered.status == LoadStatus.GECONTROLEERD
            number = offered.ladingnummer
        asked = {"number": number, "folder": str(folder)}
        both = at_once(*((worker, engine, "confirm", asked) for worker in pair))
        assert sorted((one["status"], one["reden"]) for one in both) == [
            ("geladen", None),
            ("geweigerd", "staat_past_niet"),
        ]
        checked(engine)
    with session_scope(engine, Access.system(), write=False) as session:
        assert (number_of(session, Signal), number_of(session, Case)) == (60 * ROUNDS, 60 * ROUNDS)


@pytest.mark.parametrize("shared", [0, 20])
@pytest.mark.chance
def test_undoing_while_another_load_goes_on_takes_back_its_own_and_nothing_else(
    engine: Engine, pair: list[Worker], tmp_path: Path, shared: int
) -> None:
    """Where the other file names the same persons, whoever is first decides: joined by then, it cannot be undone."""
    for turn in range(ROUNDS):
        bsns = BSNS[turn * 120 : turn * 120 + 120]
        first = delivery(tmp_path / f"eerst-{turn}.csv", rows(f"A{turn}", bsns[:60]))
        second = delivery(tmp_path / f"dan-{turn}.csv", rows(f"B{turn}", bsns[60 - shared : 120 - shared]))
        number = pair[0].does(engine, "load", file=first)["number"]
        undone, loaded = at_once(
            (pair[0], engine, "undo", {"number": number}), (pair[1], engine, "load", {"file": second})
        )
        assert (loaded["status"], loaded["geaccepteerd"]) == ("geladen", 60)
        if undone["status"] == "ongedaan_gemaakt":
            assert loaded["zaken"] == 60
        else:
            assert shared > 0
            assert loaded["zaken"] == 60 - shared
        checked(engine)
        with session_scope(engine, Access.system(), write=False) as session:
            of_first = select(func.count()).select_from(Signal).join(Load, col(Load.id) == Signal.load_id)
            left = session.exec(of_first.where(Load.ladingnummer == number)).one()
        assert left == (0 if undone["status"] == "ongedaan_gemaakt" else 60)
