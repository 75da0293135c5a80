"""What is of the project: raw deliveries, yield files, feedback, and the oldest part of the log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.models import FeedbackDelivery, FeedbackFile
from service.access import Access
from service.audit_models import AuditSeal, ChainStart, LogLine
from service.db import session_scope
from service.files import storage
from service.loading import load_report, uploads
from service.log import audit, chain
from service.models import AuditEntry, Upload
from service.retention import again, carrying_out, journal, lists
from service.settings import Settings
from signals.errors import NotFound, Refused
from signals.models import Load, LoadStatus, OpbrengstLoad, RejectedRow, Signal
from tests.service.conftest import NOW as THEN
from tests.service.conftest import ROTTERDAM, access, owning
from tests.service.retention import old_cases, steps
from tests.service.retention.old_cases import NOW
from workflow.models import Source
from workflow.retention_models import Regelstaat, Soort

pytestmark = pytest.mark.every_database

SAMPLE = Path(__file__).parents[2] / "samples" / "demo" / "LRNI-2026-07.csv"


@pytest.fixture
def loaded(engine: Engine, settings: Settings) -> str:
    """The number of a load of a real delivery, of which the file is kept."""
    with SAMPLE.open("rb") as stream:
        path = storage.keep(settings, stream)
    done = uploads.load_file(engine, access(engine, "ulla"), path, SAMPLE.name, received=THEN.date(), now=THEN)
    return done.ladingnummer


def the_load(session: Session, nummer: str) -> Load:
    return session.exec(select(Load).where(Load.ladingnummer == nummer)).one()


def test_a_raw_delivery_goes_with_the_cells_of_its_rejected_rows(
    engine: Engine, settings: Settings, loaded: str
) -> None:
    with session_scope(engine, Access.system(), write=False) as session:
        rows = session.exec(select(RejectedRow).order_by(col(RejectedRow.id))).all()
        counted = [(row.regel, row.codes) for row in rows]
        assert any(row.cellen for row in rows)
    nummer = steps.carried_out(engine, settings, Soort.BESTANDEN)
    assert steps.lines(engine, nummer) == {loaded: (Regelstaat.VERNIETIGD, "")}
    assert list((settings.data_dir / storage.RECEIVED).iterdir()) == []
    wide = access(engine, "ulla").widened()
    with session_scope(engine, wide, write=False) as session:
        rows = session.exec(select(RejectedRow).order_by(col(RejectedRow.id))).all()
        assert [(row.regel, row.codes) for row in rows] == counted and not any(row.cellen for row in rows)
        load = the_load(session, loaded)
        assert load.bestand_vernietigd_op == NOW.date() and session.exec(select(Upload)).all() == []
        assert load.geleverd == load.geaccepteerd + load.dubbel + load.afgekeurd
        with pytest.raises(Refused) as refused:
            load_report.download(session, engine, wide, loaded, settings, NOW)
        assert refused.value.reasons[0].code == "bestand_vernietigd"
    with pytest.raises(Refused):
        steps.propose(engine, settings, Soort.BESTANDEN)


def test_a_bewaarplicht_keeps_the_delivery_in_which_the_signal_stood(
    engine: Engine, settings: Settings, loaded: str
) -> None:
    listed = steps.propose(engine, settings, Soort.BESTANDEN)
    steps.approve(engine, listed)
    old_cases.change(engine, old_cases.numbers(engine)[0], old_cases.hold)
    steps.start(engine, listed)
    assert carrying_out.carry_out(engine, settings, listed, NOW, "test").afgevallen == 1
    assert "bewaarplicht" in steps.lines(engine, listed)[loaded][1]
    assert len(list((settings.data_dir / storage.RECEIVED).iterdir())) == 1


def test_a_bewaarplicht_keeps_the_delivery_after_a_restore_too(
    engine: Engine, settings: Settings, loaded: str, tmp_path: Path
) -> None:
    """The journal says that it was destroyed once; the court asked for it since."""
    path = written(tmp_path, "bestanden", "lading", loaded)
    early = again.repeat(engine, settings, access(engine, "bea"), path, THEN + timedelta(days=1))
    assert early.gebleven == [(loaded, "De bewaartermijn is nog niet voorbij.")]
    old_cases.change(engine, old_cases.numbers(engine)[0], old_cases.hold)
    done = again.repeat(engine, settings, access(engine, "bea"), path, NOW)
    assert done.vernietigd == 0 and [one for one, _ in done.gebleven] == [loaded]
    assert "bewaarplicht" in done.gebleven[0][1]
    assert len(list((settings.data_dir / storage.RECEIVED).iterdir())) == 1


def written(folder: Path, soort: str, what: str, number: str) -> Path:
    """A journal in which this stands."""
    line = {
        "lijst": "VL-2037-0001", "soort": soort, "gemeentecode": "", "object": what, "nummer": number,
        "sinds": "2026-08-03", "termijn": 12, "signalen": [], "op": "2037-05-01T10:00:00+02:00",
    }  # fmt: skip
    journal.append(folder / "apart.jsonl", [line])
    return folder / "apart.jsonl"


def test_a_file_that_was_never_loaded_goes_too_and_cannot_be_loaded_any_more(
    engine: Engine, settings: Settings
) -> None:
    with SAMPLE.open("rb") as stream:
        path = storage.keep(settings, stream)
    with session_scope(engine, Access.system()) as session:
        load = Load(
            ladingnummer="LD-2026-000001", status=LoadStatus.GECONTROLEERD, bestandsnaam=SAMPLE.name, sha256="0" * 64,
            datum_ontvangst=THEN.date(), aangeboden_op=THEN, door="ulla",
        )  # fmt: skip
        session.add_all([load, Upload(ladingnummer=load.ladingnummer, bestand=path.name)])
    steps.carried_out(engine, settings, Soort.BESTANDEN)
    assert not path.exists()
    with session_scope(engine, Access.system(), write=False) as session:
        assert the_load(session, "LD-2026-000001").status == LoadStatus.GEWEIGERD


def test_files_of_a_confirmed_terugkoppeling_go_and_what_they_told_stays(engine: Engine, settings: Settings) -> None:
    with session_scope(engine, Access.system()) as session:
        old_cases.put_aside(session, received=THEN.date() - timedelta(days=60))
    steps.carried_out(engine, settings, Soort.BESTANDEN)  # the file in which the signal came
    with session_scope(engine, Access.system()) as session:
        made = feedback.make(session, door="coen", now=THEN, production=False)
        assert made is not None
        number, told = made.nummer, made.regels
    folder = settings.data_dir / "terugkoppelingen"
    with session_scope(engine, Access.system()) as session:
        paths = feedback.save(session, number, folder)
        feedback.sent(session, number, "coen", THEN)
    with pytest.raises(Refused):  # sent, but nobody knows whether UWV has it
        steps.propose(engine, settings, Soort.BESTANDEN)
    with session_scope(engine, Access.system()) as session:
        feedback.received(session, number, "UWV-1", "ulla", THEN)
    steps.carried_out(engine, settings, Soort.BESTANDEN)
    assert not any(path.exists() for path in paths)
    with session_scope(engine, Access.system(), write=False) as session:
        assert {file.inhoud for file in session.exec(select(FeedbackFile))} == {None}
        assert session.exec(select(FeedbackDelivery.regels)).one() == told > 0
        with pytest.raises(NotFound) as gone:
            feedback.file_bytes(session, number, "csv")
        assert gone.value.reasons[0].code == "bestand_vernietigd"


def test_a_yield_file_goes_and_its_counts_stay(engine: Engine, settings: Settings) -> None:
    with session_scope(engine, Access.system()) as session:
        row = {"regel": 2, "uitkomst": "afgekeurd", "codes": ["x"], "fouten": [], "cellen": {"bsn": "999990019"}}
        session.add(
            OpbrengstLoad(
                ladingnummer="OB-2026-000001",
                bestandsnaam="o.csv",
                sha256="0" * 64,
                inhoud=b"999990019",
                geladen_op=THEN,
                door="ulla",
                geleverd=1,
                afgekeurd=1,
                afgewezen=[row],
            )
        )
    steps.carried_out(engine, settings, Soort.BESTANDEN)
    with session_scope(engine, Access.system(), write=False) as session:
        load = session.exec(select(OpbrengstLoad)).one()
        assert (load.inhoud, load.afgewezen[0]["cellen"], load.geleverd, load.afgekeurd) == (b"", {}, 1, 1)


def test_benefit_and_work_go_a_year_after_closing_unless_the_dossier_rests_on_them(
    engine: Engine, settings: Settings
) -> None:
    with session_scope(engine, Access.system()) as session:
        plain = old_cases.put_aside(session, old_cases.PEOPLE[0])
        cited = old_cases.put_aside(session, old_cases.PEOPLE[1])
        own = {"vastgelegd_op": old_cases.RECEIVED, "tijdstip": THEN, "door": "anna", "gemeentecode": ROTTERDAM}
        assert cited.id is not None
        session.add(Source(**own, zaak_id=cited.id, soort="werkgever", datum=old_cases.RECEIVED, bevinding="x"))
        for signal in session.exec(select(Signal)):
            signal.werkgever, signal.toelichting = "Pannenkoekenhuis", "werkt daar"
            session.add(signal)
        numbers = plain.zaaknummer, cited.zaaknummer
    listed = steps.carried_out(engine, settings, Soort.SIGNAALGEGEVENS)
    assert list(steps.lines(engine, listed)) == [numbers[0]]
    with session_scope(engine, Access.system(), write=False) as session:
        told = session.exec(select(Signal).order_by(col(Signal.id))).all()
        assert [(one.werkgever, one.uitkeringssoort, one.feiten_vernietigd_op) for one in told] == [
            ("", "", NOW.date()),
            ("Pannenkoekenhuis", "WW", None),
        ]
        assert told[0].aanleiding == "UITKERING" and told[0].bsn
    assert old_cases.numbers(engine) == sorted(numbers)


LONG_AGO = datetime(2004, 5, 3, 9, 0, tzinfo=UTC)
"""More than twenty years before any day on which this runs: the database looks at its own clock."""


@pytest.fixture
def old_log(engine: Engine, settings: Settings) -> None:
    """Two chains: entries of long ago, sealed then, and of a little while ago."""
    for place in range(6):
        moment = LONG_AGO + timedelta(days=place) if place < 4 else THEN
        with session_scope(engine, Access.system()) as session:
            audit.record(session, "zaak_geopend", f"Z-2004-000000{place}", moment, gemeentecode=ROTTERDAM, about=())
            audit.record(session, "aanmelden", "anna", moment)
        chain.seal(engine, settings.data_dir, moment, everything=True)


def whole(engine: Engine, settings: Settings) -> chain.Verdict:
    chain.seal(engine, settings.data_dir, NOW, everything=True)
    with session_scope(engine, Access.system(), write=False) as session:
        return chain.verify(session, chain.read_heads(chain.heads_file(settings.data_dir)))


def entries(engine: Engine) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return len(session.exec(select(AuditEntry.id).where(AuditEntry.actie != "x")).all())


def test_the_oldest_part_of_the_log_goes_and_what_is_left_is_proven(
    engine: Engine, settings: Settings, old_log: None
) -> None:
    assert whole(engine, settings).breuk is None
    listed = steps.carried_out(engine, settings, Soort.LOGBOEK)
    assert set(steps.lines(engine, listed)) == {f"{ROTTERDAM}:4", "project:4"}
    with session_scope(engine, Access.system(), write=False) as session:
        assert not session.exec(select(AuditEntry).where(AuditEntry.tijdstip < THEN - timedelta(days=1))).all()
        assert not session.exec(select(LogLine).where(LogLine.start_time < LONG_AGO.timestamp() * 1000 + 1e9)).all()
        assert session.exec(select(AuditSeal).where(AuditSeal.gemeentecode == ROTTERDAM)).first() is not None
        starts = {one.gemeentecode: (one.volgnummer, one.regels) for one in session.exec(select(ChainStart))}
        assert starts == {ROTTERDAM: (4, 4), "": (4, 4)}
    verdict = whole(engine, settings)
    assert verdict.breuk is None and verdict.koppen[ROTTERDAM].volgnummer >= 6


def test_a_false_beginning_of_a_chain_is_found(engine: Engine, settings: Settings, old_log: None) -> None:
    steps.carried_out(engine, settings, Soort.LOGBOEK)
    with owning(engine) as connection:
        connection.execute(text("UPDATE audit_beginpunt SET volgnummer = 5 WHERE gemeentecode = '0599'"))
    verdict = whole(engine, settings)
    assert verdict.breuk is not None and verdict.breuk.soort == "beginpunt_vals"


def test_a_chain_without_its_beginning_is_broken(engine: Engine, settings: Settings, old_log: None) -> None:
    steps.carried_out(engine, settings, Soort.LOGBOEK)
    with owning(engine) as connection:
        connection.execute(text("DELETE FROM audit_beginpunt"))
    verdict = whole(engine, settings)
    assert verdict.breuk is not None and verdict.breuk.soort == "verwijderd"


def test_the_database_lets_nobody_take_away_what_is_younger(engine: Engine, settings: Settings, old_log: None) -> None:
    before = entries(engine)
    for name in ("audit", "audit_zegel", "logboek_dataverwerking"):
        with pytest.raises(DBAPIError) as refused, owning(engine) as connection:
            connection.execute(text(f"DELETE FROM {name}"))
        assert "alleen toegevoegd" in str(refused.value.orig)
    with session_scope(engine, Access.system()) as session, pytest.raises(DBAPIError):
        chain.cut(session, ROTTERDAM, 6, THEN.date())
        session.flush()
    assert entries(engine) == before


def held_long_ago(engine: Engine) -> None:
    """A case of which the log tells has a bewaarplicht."""
    with session_scope(engine, Access.system()) as session:
        case = old_cases.put_aside(session)
        case.zaaknummer = "Z-2004-0000002"
        session.add(case)
        old_cases.hold(session, case)


def test_the_log_of_a_held_case_stays_and_all_after_it(engine: Engine, settings: Settings, old_log: None) -> None:
    held_long_ago(engine)
    listed = steps.propose(engine, settings, Soort.LOGBOEK)
    assert f"{ROTTERDAM}:2" in steps.lines(engine, listed)


def test_the_log_of_a_held_case_stays_after_a_restore_too(
    engine: Engine, settings: Settings, old_log: None, tmp_path: Path
) -> None:
    held_long_ago(engine)
    path = written(tmp_path, "logboek", "logboek", f"{ROTTERDAM}:4")
    done = again.repeat(engine, settings, access(engine, "bea"), path, NOW)
    assert done.vernietigd == 0 and "bewaarplicht" in done.gebleven[0][1]


def test_lists_of_the_project_are_for_the_beheerder(engine: Engine, settings: Settings, loaded: str) -> None:
    listed = steps.propose(engine, settings, Soort.BESTANDEN)
    wide = access(engine, "tess").widened()
    with session_scope(engine, wide, write=False) as session, pytest.raises(NotFound):
        lists.find(session, wide.actor, listed)
