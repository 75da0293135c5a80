"""What an operator gets wrong: an address, a folder, a port, a key pressed too early. Each time a sentence."""

import socket
from pathlib import Path

import pytest
import uvicorn
from uvicorn.middleware.proxy_headers import _TrustedHosts

from service.files import storage
from service.loading import uploads
from service.settings import Settings

from .test_cli import JULY, Rni, rni, rows

__all__ = ["rni"]


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    path = tmp_path / "bestaat-al"
    path.write_text("iets van een ander")
    return path


def test_nothing_is_told_when_the_folder_is_no_folder(rni: Rni, settings: Settings, taken: Path) -> None:
    one = JULY.read_text(encoding="utf-8-sig").splitlines()[:2]
    delivery = taken.with_name("een.csv")
    delivery.write_text("\n".join(one) + "\n")
    rni("load", delivery, "--received", "2026-07-06")
    for words in (
        ("feedback", "make", "--out", taken),
        ("feedback", "again", "TK-2026-0001", "--out", taken),
        ("figures", "werksessie", "--out", taken),
    ):
        refused = rni(*words)
        assert (refused.code, refused.out) == (2, ""), refused.err
        assert "Kies een map" in refused.err
    assert rows(settings, "SELECT count(*) FROM terugkoppeling") == [(0,)]
    assert taken.read_text() == "iets van een ander"


def test_a_user_whose_name_is_too_long_is_wrong_use(rni: Rni) -> None:
    refused = rni("user", "add", "nieuw", "--role", "auditor", "--weergavenaam", "x" * 201)
    assert (refused.code, "200 tekens" in refused.err) == (2, True)


@pytest.mark.parametrize("port", ["0", "70000", "-1"])
def test_a_port_that_does_not_exist_is_wrong_use(rni: Rni, port: str) -> None:
    refused = rni("serve", "--port", port)
    assert (refused.code, "--port" in refused.err) == (2, True)


def test_a_port_in_use_is_wrong_use(rni: Rni) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = rni("serve", "--port", str(other.getsockname()[1]))
    assert (refused.code, "Kies een andere poort" in refused.err) == (2, True)
    assert rni("serve", "--host", "bestaat.invalid").code == 2


@pytest.mark.parametrize(
    "address",
    ["onzin", "onzin://x", "postgresql+psycopg://nobody:x@127.0.0.1:1/rni", "sqlite:///{folder}", "sqlite:///{file}"],
)
def test_a_database_that_cannot_be_used_is_named(
    rni: Rni, taken: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RNI_DATABASE_URL", address.format(folder=taken.parent, file=taken))
    for words in (("check", JULY), ("db", "upgrade"), ("user", "list")):
        refused = rni(*words)
        assert (refused.code, refused.out) == (4, ""), refused.err
        assert "RNI_DATABASE_URL" in refused.err


def test_looking_at_a_database_that_is_not_there_makes_nothing(
    rni: Rni, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNI_DATABASE_URL", f"sqlite:///{tmp_path / 'nieuw' / 'rni.sqlite3'}")
    refused = rni("check", JULY)
    assert (refused.code, "rni db upgrade" in refused.err) == (4, True)
    assert not (tmp_path / "nieuw").exists()
    (tmp_path / "nieuw").mkdir()
    assert rni("check", JULY).code == 4
    assert not list((tmp_path / "nieuw").iterdir())


def test_a_data_directory_that_cannot_be_made_is_a_sentence(
    rni: Rni, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNI_DATA_DIR", str(taken / "data"))
    refused = rni("load", JULY)
    assert (refused.code, "RNI_DATA_DIR" in refused.err) == (4, True)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("stuk")

    monkeypatch.setattr(uploads, "check_file", broken)
    refused = rni("check", JULY)
    assert (refused.code, "RNI_DATA_DIR" in refused.err, "Traceback" in refused.err) == (1, True, False)


def test_an_interrupted_load_leaves_nothing_and_says_so(
    rni: Rni, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.loading.uploads.load", interrupted)
    stopped = rni("load", JULY)
    assert (stopped.code, stopped.err) == (130, "Afgebroken; er is niets geladen.\n")
    assert rows(settings, "SELECT count(*) FROM load") == [(0,)]
    assert not list((settings.data_dir / storage.RECEIVED).iterdir())


def test_nobody_is_believed_about_where_a_request_came_from_unless_named(
    rni: Rni, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = []

    def run(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        trusted.append(_TrustedHosts(server.config.forwarded_allow_ips or ""))
        server.started = True

    monkeypatch.setattr(uvicorn.Server, "run", run)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert rni("serve", "--port", port).code == 0
    monkeypatch.setenv("RNI_FORWARDED_ALLOW_IPS", "192.0.2.7")
    assert rni("serve", "--port", port).code == 0
    assert [["127.0.0.1" in each, "192.0.2.7" in each] for each in trusted] == [[False, False], [False, True]]
