"""Whoever sends a body as slowly as can be is answered, and holds neither a connection nor a file."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serving import Installation, Served, serving
from starlette.types import Message, Receive

from service.settings import Settings
from service.web.middleware import SLOWEST, Patience, TooSlow

PART = b'--x\r\nContent-Disposition: form-data; name="bestand"; filename="a.csv"\r\n\r\n'
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """The least patient service there can be."""
    installation = Installation(settings.database_url, settings.data_dir)
    with serving(installation, tmp_path / "service.log", RNI_BODY_SECONDS="1") as running:
        yield running


def stalled(served: Served, path: str, headers: bytes, begin: bytes, length: int = 900) -> socket.socket:
    """A connection on which a body began that does not go on."""
    host, _, port = urlsplit(served.address).netloc.partition(":")
    opened = socket.create_connection((host, int(port)), timeout=60)
    origin = f"Origin: {served.address}\r\n".encode()
    opened.sendall(
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}\r\n".encode()
        + origin + headers + b"\r\n" + begin
    )  # fmt: skip
    return opened


def until_the_end(opened: socket.socket) -> bytes:
    """All that is answered; comes back only when the other side ends the connection."""
    with opened:
        return b"".join(iter(lambda: opened.recv(65_536), b""))


def spooled(served: Served) -> list[str]:
    """The files without a name that the service holds open: what it keeps of a form that is still coming in."""
    held = []
    for each in Path(f"/proc/{served.pid}/fd").iterdir():
        try:
            held.append(str(each.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return [name for name in held if name.endswith("(deleted)")]


def test_a_body_that_stays_away_is_408_and_nothing_of_it_stays(served: Served, tokens: Mapping[str, str]) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only Linux tells which files a process holds open")  # in /proc, which is not there
    before = spooled(served)
    token = f"Authorization: Bearer {tokens['ulla']}\r\n".encode()
    large = PART + b"x" * 2_000_000
    answer = until_the_end(stalled(served, "/api/v1/ladingen", FORM + token, large, 9_000_000))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower() and b"application/problem+json" in head
    assert "te_traag" in body.decode() and "verstuur het opnieuw" in body.decode()
    assert spooled(served) == before
    log = served.log.read_text()
    assert '"status": 408' in log and "Traceback" not in log


@pytest.mark.parametrize(
    ("path", "kind", "begin"),
    [
        ("/inloggen", b"application/x-www-form-urlencoded", b"gebruikersnaam=a"),
        ("/api/v1/zaken/_zoek", b"application/json", b'{"bsn": "'),
    ],
)
def test_every_kind_of_body_has_an_end(served: Served, path: str, kind: bytes, begin: bytes) -> None:
    headers = b"Content-Type: " + kind + b"\r\n"
    answer = until_the_end(stalled(served, path, headers, begin)).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "duurde te lang" in answer


def wait_for(patience: Patience, receive: Receive) -> Message:
    """In a thread of its own: where a browser was used before, a loop runs in this one."""

    async def waiting() -> Message:
        return await patience.next_of(receive)

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(lambda: asyncio.run(waiting())).result()


def test_what_came_in_fast_buys_no_silence_and_being_busy_costs_none() -> None:
    patience = Patience(30)

    async def at_once() -> Message:
        return {"type": "http.request", "body": b"x" * SLOWEST * 1000, "more_body": True}

    wait_for(patience, at_once)
    assert patience.left == patience.most == 30
    patience.left = 0.5

    async def little() -> Message:
        return {"type": "http.request", "body": b"x" * SLOWEST, "more_body": True}

    wait_for(patience, little)
    assert 1 < patience.left <= 1.5
    patience.left = 0.01

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    for _ in range(2):
        with pytest.raises(TooSlow):
            wait_for(patience, never)
