import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service import cli, jobs
from service.db import make_engine
from service.demo import walk as demo
from service.row_security import EVERYTHING
from service.settings import Settings
from tests.sshd import Sshd

from ..conftest import NOW

ROOT = Path(__file__).parents[3]
SAMPLES = Path(__file__).parents[2] / "samples" / "demo"
JULY = SAMPLES / "LRNI-2026-07.csv"


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, what it said, and the object it printed."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        return json.loads(self.out)


Rni = Callable[..., Ran]


@pytest.fixture
def rni(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rni:
    """`rni` on a database with the schema and the cast, on a fixed day."""
    monkeypatch.setenv("RNI_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("RNI_DATA_DIR", str(settings.data_dir))
    monkeypatch.setattr(Settings, "now", lambda self: NOW)

    def run(*words: str | Path) -> Ran:
        capsys.readouterr()
        code = cli.run([str(word) for word in words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    engine = make_engine(settings.database_url)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return found


def test_a_fresh_directory_says_which_command_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["load", str(JULY)]) == 4
    assert "rni db upgrade" in capsys.readouterr().err
    assert cli.run(["db", "upgrade"]) == 0
    assert cli.run(["load", str(JULY), "--received", "2026-07-06"]) == 3


COUNTS = ("geleverd", "geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd", "zaken")
KEYS = {
    "ladingnummer", "leveringsnummer", "layout", "status", "sha256", *COUNTS, "redenen", "waarschuwingen", "seconden",
}  # fmt: skip


def test_checking_tells_what_loading_would_do_and_stores_nothing(rni: Rni, settings: Settings) -> None:
    checked = rni("check", JULY, "--json", "--as", "ulla")
    assert checked.code == 3
    assert checked.told.keys() == KEYS
    assert (checked.told["status"], checked.told["ladingnummer"]) == ("gecontroleerd", None)
    assert rows(settings, "SELECT count(*) FROM load") == [(0,)]


@pytest.mark.parametrize("name", ["LRNI-2026-07", "LRNI-2026-08"])
def test_loading_gives_the_counts_that_lie_beside_the_sample(rni: Rni, name: str) -> None:
    if name.endswith("08"):
        rni("load", JULY, "--received", "2026-07-06")
    loaded = rni("load", SAMPLES / f"{name}.csv", "--json")
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    assert loaded.code == 3
    assert loaded.told.keys() == KEYS
    assert {key: loaded.told[key] for key in expected} == expected


def test_a_refused_file_exits_4_with_the_object_and_a_sentence(rni: Rni, settings: Settings) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    again = rni("load", JULY, "--json")
    assert again.code == 4
    assert again.told.keys() == KEYS | {"reden", "uitleg"}
    assert (again.told["status"], again.told["reden"]) == ("geweigerd", "al_geladen")
    assert again.err.strip() == again.told["uitleg"]
    assert rows(settings, "SELECT status FROM load ORDER BY id") == [("geladen",), ("geweigerd",)]
    checked = rni("check", JULY, "--json")
    assert (checked.code, checked.told.keys()) == (4, again.told.keys())


def test_a_file_loads_clean_with_exit_0(rni: Rni, tmp_path: Path) -> None:
    header, first, *_ = JULY.read_text(encoding="utf-8-sig").splitlines()
    (tmp_path / "een.csv").write_text(f"{header}\n{first}\n")
    assert rni("load", tmp_path / "een.csv").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["loda"], "Deze opdracht bestaat niet"),
        (["load"], "FILE ontbreekt"),
        (["load", "nergens.csv"], "nergens.csv is er niet"),
        (["load", str(JULY), "--snel"], "--snel bestaat niet"),
        (["load", str(JULY), "--received", "gisteren"], "jjjj-mm-dd"),
        (["deadline", "onzin", "2026-03-02"], "bestaat niet"),
        (["deadline", "bezwaar"], "ontbreekt"),
        (["figures", "anders"], "klopt niet"),
        (["user", "add", "piet", "--role", "baas"], "De rol 'baas' bestaat niet"),
        (["user", "add", "piet", "--role", "behandelaar"], "behandelaar:0599"),
        (["user", "add", "piet", "--role", "behandelaar:9999"], "9999 bestaat niet"),
        (["user", "add", "Piet!", "--role", "auditor"], "kleine letters"),
        (["feedback", "refused", "TK-2026-0001", "--reason", "x", "--rows", "a"], "bijvoorbeeld 3,8"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_exits_2_with_a_dutch_sentence(rni: Rni, words: list[str], sentence: str) -> None:
    ran = rni(*words)
    assert ran.code == 2
    assert sentence in ran.err
    assert ran.out == ""


def test_our_own_fault_exits_1_and_lands_in_the_log(
    rni: Rni, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("burgerservicenummer 999900018")

    monkeypatch.setattr("service.identity.accounts.users", broken)
    ran = rni("user", "list")
    assert ran.code == 1
    assert "Er ging bij ons iets mis" in ran.err
    assert "Traceback" not in ran.err
    log = (settings.data_dir / "fouten.log").read_text()
    assert "RuntimeError" in log
    assert "999900018" not in log


def test_each_role_has_its_own_commands(rni: Rni) -> None:
    for name, words in (
        ("anna", ["load", JULY]),
        ("coen", ["load", JULY]),
        ("anna", ["feedback", "make"]),
        ("ulla", ["feedback", "make"]),
        ("ulla", ["user", "list"]),
        ("tess", ["token", "make", "anna"]),
        ("ulla", ["figures", "werksessie"]),
    ):
        ran = rni(*words, "--as", name)
        assert ran.code == 4, words
        assert "rol" in ran.err or "coördinator" in ran.err or "liaison" in ran.err
    assert rni("load", JULY, "--as", "ulla").code == 3
    assert rni("load", JULY, "--as", "niemand").code == 4


def test_a_refusal_with_json_prints_the_object_too(rni: Rni) -> None:
    ran = rni("feedback", "make", "--json", "--as", "anna")
    assert ran.code == 4
    assert ran.told["status"] == "geweigerd"
    assert ran.told["reden"] == "rol_ontbreekt"
    assert ran.told["uitleg"] == ran.err.strip()


def test_production_wants_to_know_who_acts(rni: Rni, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNI_ENVIRONMENT", "production")
    monkeypatch.setenv("RNI_BASE_URL", "https://rni.example.nl")
    assert "RNI_SECRET_KEYS" in rni("user", "list").err
    monkeypatch.setenv("RNI_SECRET_KEYS", "x" * 32)
    ran = rni("load", JULY)
    assert ran.code == 4
    assert "--as" in ran.err
    assert rni("user", "list").code == 0
    assert rni("load", JULY, "--as", "ulla").code == 3


def test_a_user_is_added_listed_given_a_token_and_disabled(rni: Rni, settings: Settings) -> None:
    added = rni("user", "add", "piet", "--role", "behandelaar:0599,0983", "--role", "auditor", "--json")
    assert added.told.keys() == {"gebruiker", "wachtwoord"}
    token = rni("token", "make", "piet").out
    assert token.startswith("rni_")
    assert len(token.split()) == 1
    (listed,) = (each for each in rni("user", "list", "--json").told if each["gebruiker"] == "piet")
    assert listed["rollen"] == ["behandelaar:0599", "behandelaar:0983", "auditor"]
    assert rni("user", "disable", "piet").code == 0
    assert rni("user", "list", "--as", "piet").code == 4
    stored = str(rows(settings, "SELECT * FROM gebruiker CROSS JOIN api_token"))
    assert added.told["wachtwoord"] not in stored
    assert token.strip() not in stored
    actions = [row[0] for row in rows(settings, "SELECT actie FROM audit WHERE object = 'piet' ORDER BY id")]
    assert actions == ["gebruiker_toegevoegd", "token_gemaakt", "gebruiker_uitgeschakeld"]


def test_roles_password_and_app_of_a_user_are_renewed_by_the_beheerder(rni: Rni, settings: Settings) -> None:
    old = rni("user", "add", "piet", "--role", "behandelaar:0599", "--json").told["wachtwoord"]
    assert rni("user", "change", "piet", "--role", "beslisser:0599,0983", "--weergavenaam", "Piet P").code == 0
    (listed,) = (each for each in rni("user", "list", "--json").told if each["gebruiker"] == "piet")
    assert (listed["rollen"], listed["weergavenaam"]) == (["beslisser:0599", "beslisser:0983"], "Piet P")
    assert rni("user", "change", "piet", "--role", "baas").code == 2
    new = rni("user", "password", "piet", "--json").told["wachtwoord"]
    assert old != new
    newer = rni("user", "unlink", "piet", "--json").told
    assert newer.keys() == {"gebruiker", "wachtwoord"}
    assert newer["wachtwoord"] not in (old, new)
    assert rni("user", "disable", "piet").code == rni("user", "enable", "piet").code == 0
    for name in ("change", "password", "unlink", "enable"):
        assert rni("user", name, "anna", "--as", "anna").code == 4
    actions = [row[0] for row in rows(settings, "SELECT actie FROM audit WHERE object = 'piet' ORDER BY id")]
    assert actions == [
        "gebruiker_toegevoegd",
        "gebruiker_gewijzigd",
        "rollen_gewijzigd",
        "wachtwoord_vernieuwd",
        "tweede_factor_ontkoppeld",
        "wachtwoord_vernieuwd",
        "gebruiker_uitgeschakeld",
        "gebruiker_ingeschakeld",
    ]
    assert new not in str(rows(settings, "SELECT * FROM gebruiker CROSS JOIN audit"))


def test_tokens_are_listed_without_their_value_and_revoked_by_number(rni: Rni) -> None:
    token = rni("token", "make", "anna", "--days", "30").out.strip()
    newest = rni("token", "list", "--json").told[0]
    assert newest.keys() == {"nummer", "gebruiker", "gemaakt", "verloopt"}
    assert newest["gebruiker"] == "anna"
    listed = rni("token", "list").out
    assert f"{newest['nummer']}: anna" in listed
    assert token not in listed
    assert rni("token", "make", "anna", "--days", "0").code == 2
    assert rni("token", "revoke", str(newest["nummer"])).code == 0
    assert f"{newest['nummer']}: anna" not in rni("token", "list").out
    assert rni("token", "revoke", "999999").code == 4
    assert rni("token", "revoke", "1", "--as", "anna").code == 4


def test_deadlines_come_with_their_explanation(rni: Rni) -> None:
    one = rni("deadline", "laa_eerste_antwoord", "2026-03-02", "--json").told
    assert one.keys() == {"term", "vanaf", "einde", "uitleg"}
    assert one["einde"] == "2026-03-30"
    two = rni("deadline", "bezwaar", "2026-03-02", "2026-03-03", "--json").told
    assert [each["einde"] for each in two] == ["2026-04-13", "2026-04-14"]
    assert "maandag 30 maart 2026" in rni("deadline", "laa_eerste_antwoord", "2026-03-02").out


def test_feedback_goes_through_its_states(rni: Rni, settings: Settings, tmp_path: Path) -> None:
    assert rni("feedback", "make", "--json").told["terugkoppelingsnummer"] is None
    rni("load", JULY, "--received", "2026-07-06")
    rni("load", SAMPLES / "LRNI-2026-08.csv", "--received", "2026-08-05")
    made = rni("feedback", "make", "--json", "--out", tmp_path / "uit")
    assert made.code == 0, made.err
    assert made.told.keys() == {"terugkoppelingsnummer", "regels", "soorten", "bestanden", "afstemming"}
    assert sum(made.told["soorten"].values()) == made.told["regels"] > 0
    paths = [Path(file["pad"]) for file in made.told["bestanden"]]
    assert [path.stat().st_size for path in paths] == [file["bytes"] for file in made.told["bestanden"]]
    number = made.told["terugkoppelingsnummer"]
    assert rni("feedback", "make").code == 4
    before = [path.read_bytes() for path in paths]
    again = rni("feedback", "again", number, "--out", tmp_path / "nogmaals")
    assert [Path(path).read_bytes() for path in again.out.split()] == before
    written = rows(settings, "SELECT count(*) FROM audit WHERE actie = 'terugkoppeling_verstrekt'")
    assert written == [(2,)], "by make and by again"
    assert rni("feedback", "received", number, "--reference", "UWV-1").code == 4
    assert rni("feedback", "sent", number).out == f"{number}: verzonden.\n"
    assert rni("feedback", "received", number, "--reference", "UWV-1").code == 0
    assert rni("feedback", "refused", number, "--reason", "fout", "--rows", "1").code == 0
    assert rni("feedback", "sent", "TK-2020-0001").code == 4


@pytest.fixture
def brings(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The server to which this installation brings feedback."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


def test_feedback_is_brought_at_once_by_who_may(rni: Rni, settings: Settings, brings: Sshd) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    rni("load", SAMPLES / "LRNI-2026-08.csv", "--received", "2026-08-05")
    made = rni("feedback", "make", "--json").told
    number, names = made["terugkoppelingsnummer"], [Path(file["pad"]).name for file in made["bestanden"]]
    send = ("feedback", "send", number, "--as")
    for name in ("anna", "ulla"):
        assert rni(*send, name).code == 4, "the coordinator has it sent"
    (brings.inbox / names[1]).write_bytes(b"iets anders")
    failed = rni(*send, "coen")
    assert failed.code == 4
    assert "xlsx-bestand is niet bezorgd. De liaison ziet waarom. Het wordt niet vanzelf" in failed.err
    assert "ander bestand" not in failed.err
    assert "ander bestand met deze naam" in rni(*send, "ulla").err
    (brings.inbox / names[1]).unlink()
    assert rni(*send, "ulla").out.splitlines() == [*(f"{name}: bezorgd." for name in names), f"{number}: verzonden."]
    assert {name: (brings.inbox / name).read_bytes() for name in brings.names()} == {
        Path(file["pad"]).name: Path(file["pad"]).read_bytes() for file in made["bestanden"]
    }
    assert "is al bezorgd" in rni(*send, "ulla").err
    assert rni("feedback", "send", "TK-2020-0001").code == 4


def test_what_fails_at_once_is_left_to_the_clock(
    rni: Rni, settings: Settings, brings: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    rni("load", SAMPLES / "LRNI-2026-08.csv", "--received", "2026-08-05")
    number = rni("feedback", "make", "--json").told["terugkoppelingsnummer"]
    monkeypatch.setenv("RNI_SFTP_PORT", "1")
    monkeypatch.setenv("RNI_SFTP_HOST_KEY", brings.known_host_at(1))
    failed = rni("feedback", "send", number)
    assert failed.code == 4 and "niet te bereiken" in failed.err and "De klok probeert het opnieuw na" in failed.err
    for name, value in brings.environment().items():
        monkeypatch.setenv(name, value)
    again = rni("feedback", "send", number)
    assert (again.code, again.out.splitlines()[-1]) == (0, f"{number}: verzonden."), "also before its time"
    told = rni("clock", "--once", "--json").told
    assert [told[f"bezorgingen_{state}"] for state in ("bezorgd", "wacht", "mislukt")] == [0, 0, 0]


def test_the_connection_is_tried_before_anything_is_made(
    rni: Rni, brings: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = rni("feedback", "connection", "--as", "bea")
    assert (tried.code, brings.names()) == (0, [])
    assert rni("feedback", "connection", "--as", "coen").code == 4
    monkeypatch.setenv("RNI_SFTP_HOST_KEY", "niets")
    for command in (("feedback", "connection"), ("clock", "--once")):
        refused = rni(*command)
        assert refused.code == 4 and "In RNI_SFTP_HOST_KEY staat geen sleutel van" in refused.err
    monkeypatch.delenv("RNI_SFTP_HOST_KEY")
    assert "Bij RNI_SFTP_HOST hoort ook RNI_SFTP_HOST_KEY" in rni("feedback", "connection").err
    for name in brings.environment():
        monkeypatch.delenv(name, raising=False)
    assert "Bezorgen staat uit" in rni("feedback", "connection").err


def test_yield_of_results_that_nobody_told_is_rejected(rni: Rni) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    loaded = rni("yield", "load", SAMPLES / "opbrengst-2026.csv", "--json", "--as", "ulla")
    assert loaded.code == 3
    told = loaded.told
    assert told["geleverd"] == told["geaccepteerd"] + told["dubbel"] + told["afgekeurd"]


def test_figures_as_an_object_and_as_a_pack(rni: Rni, tmp_path: Path) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    counted = rni("figures", "werksessie", "--levering", "LRNI-2026-07", "--out", tmp_path, "--json")
    assert counted.code == 0
    assert counted.told["cijfers"]["zaken"] == 219
    assert {"peildatum", "selectie", "cijfers", "per"} <= counted.told.keys()
    stem = "cijfers-werksessie-20261102"
    assert {path.name for path in tmp_path.glob("cijfers-*")} == {f"{stem}.xlsx", f"{stem}.pptx", f"{stem}.pdf"}
    assert rni("figures", "evaluatie", "--levering", "LRNI-2026-07", "--openbaar", "--out", tmp_path).code == 0
    assert len(list(tmp_path.glob("cijfers-evaluatie-20261102-openbaar.*"))) == 3
    mine = rni("figures", "evaluatie", "--json", "--as", "anna").told
    assert mine["selectie"]["gemeenten"] == ["0599"]


def test_the_clock_does_its_work_once_and_then_has_nothing_to_add(rni: Rni) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    first, second = rni("clock", "--once", "--json").told, rni("clock", "--once", "--json").told
    assert first["overdue"] > 0
    assert set(second.values()) == {0}


def test_the_clock_looks_often_in_its_own_zone(settings: Settings) -> None:
    clock = jobs.Clock(settings).scheduler()
    assert str(clock.timezone) == "Europe/Amsterdam"
    minutes = {
        "nacht": jobs.NIGHT_EVERY,
        "post": jobs.MAIL_EVERY,
        "bezorging": jobs.BRING_EVERY,
        "koppelingen": jobs.CONNECT_EVERY,
        "logboek": jobs.SEAL_EVERY,
        "vernietiging": jobs.DESTROY_EVERY,
        "omvang": jobs.MEASURE_EVERY,
    }
    assert {job.id: job.trigger.interval for job in clock.get_jobs()} == {
        name: timedelta(minutes=every) for name, every in minutes.items()
    }


HEAVY = {"fastapi", "uvicorn", "pandas", "openpyxl", "apscheduler", "importers"}


@pytest.mark.parametrize("word", ["deadline", "user", "token", "db", "municipalities"])
def test_a_light_command_imports_no_heavy_room(word: str) -> None:
    """Importing the rooms of every command took four seconds of each."""
    program = f"from service.cli import program; program({word!r}); import sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not HEAVY & set(ran.stdout.split())


def test_every_command_is_in_the_help(rni: Rni) -> None:
    shown = rni("--help").out
    assert all(word in shown for word in cli.COMMANDS)
    for word in cli.COMMANDS:
        assert rni(word, "--help").code == 0
    assert rni().code == 2


def test_the_demonstration_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "SAMPLES", tmp_path / "voorbeelden")
    with pytest.raises(SystemExit, match="horen bij de broncode"):
        demo.main()
    assert list(tmp_path.iterdir()) == []


def test_table_33_is_loaded_or_refused_whole(rni: Rni, tmp_path: Path) -> None:
    from signals.municipalities import TABLE_33

    assert rni("municipalities", "load", TABLE_33).code == 0
    (tmp_path / "x.csv").write_text("a;b\n")
    refused = rni("municipalities", "load", tmp_path / "x.csv")
    assert refused.code == 4
    assert "tabel 33" in refused.err


def test_the_command_is_installed_and_answers_in_a_process_of_its_own(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "rni"
    ran = subprocess.run(
        [program, "deadline", "bezwaar", "2026-03-02", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["einde"] == "2026-04-13"
