"""Whether a received file holds malware: the verdict of a scanner that this installation names, or a refusal.

Only the word "clean" lets a file through. No verdict, one that is not understood or one that comes too late refuses.
"""

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import BinaryIO
from urllib.parse import urlsplit

from importers.refusals import FileRefused
from service.settings import Settings

INFECTED = 1
"""The exit code by which clamdscan, clamscan and their like say so."""
ICAP_PORT = 1344

_BLOCK = 64 * 1024
_LONGEST_HEAD = 64 * 1024
_FOUND = frozenset({"x-infection-found", "x-violations-found", "x-virus-id", "x-virus-name", "x-blocked"})


def scan(settings: Settings, path: Path, file_name: str = "Het bestand") -> None:
    """Asks every scanner of the settings about the file at `path`; without one there is no verdict to wait for.

    Raises FileRefused: `malware`, after which the caller keeps nothing of the file, or `scan_mislukt`.
    """
    if settings.scan_command:
        _by_command(settings, path, file_name)
    if settings.scan_icap:
        try:
            infected = _by_icap(settings.scan_icap, path, settings.scan_seconds)
        except (OSError, ValueError) as fault:
            raise FileRefused("scan_mislukt", file_name, "de ICAP-server gaf geen bruikbaar antwoord") from fault
        if infected:
            raise FileRefused("malware", file_name)


def _by_command(settings: Settings, path: Path, file_name: str) -> None:
    words = shlex.split(settings.scan_command)
    whole = str(path.resolve())
    named = [word.replace("{path}", whole) for word in words]
    try:
        running = subprocess.Popen(  # noqa: S603  # nosec B603  # the beheerder names the program, and no shell reads the words
            named if named != words else [*words, whole],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it started ends with it
        )
    except OSError as fault:
        raise FileRefused("scan_mislukt", file_name, "het programma start niet") from fault
    try:
        code = running.wait(settings.scan_seconds)
    except subprocess.TimeoutExpired as fault:
        raise FileRefused("scan_mislukt", file_name, f"geen antwoord in {settings.scan_seconds} seconden") from fault
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    if code == INFECTED:
        raise FileRefused("malware", file_name)
    if code != 0:
        raise FileRefused("scan_mislukt", file_name, f"het programma eindigde met code {code}")


def _by_icap(address: str, path: Path, seconds: int) -> bool:
    """True when the server says that the file is infected. RFC 3507: RESPMOD without preview, `Allow: 204`.

    Raises OSError when there is no answer in time, ValueError for one that says neither clean nor infected.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    deadline = monotonic() + seconds
    with socket.create_connection((host, parts.port or ICAP_PORT), timeout=seconds) as line, path.open("rb") as file:
        try:
            digest = _send(line, address, parts.netloc, file, deadline)
        except (BrokenPipeError, ConnectionResetError):
            digest = ""  # a server may answer, and close, before it has everything
        answer = _Answer(line, deadline)
        status, headers = answer.head("ICAP/")
        if status == 204:
            return _require_sent(digest)
        if status != 200:
            raise ValueError(f"ICAP status {status}")
        if _FOUND & headers.keys():
            return True
        status, _ = answer.head("HTTP/")
        if status != 200:
            return True  # a page that says no came in the place of the file
        if "res-body" not in headers.get("encapsulated", "") or answer.body_digest() != digest:
            raise ValueError("the file came back as something else")
        return _require_sent(digest)


def _require_sent(digest: str) -> bool:
    if not digest:
        raise ValueError("a verdict before the whole file was sent")
    return False


def _send(line: socket.socket, address: str, host: str, file: BinaryIO, deadline: float) -> str:
    """Sends the file as the body of a response; gives the sha256 of what was sent."""
    size = os.fstat(file.fileno()).st_size
    asked = b"GET http://langdurig-rni.invalid/levering HTTP/1.1\r\nHost: langdurig-rni.invalid\r\n\r\n"
    given = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n".encode()
    head = (
        f"RESPMOD {address} ICAP/1.0\r\nHost: {host}\r\nUser-Agent: langdurig-rni\r\nAllow: 204\r\n"
        f"Connection: close\r\n"
        f"Encapsulated: req-hdr=0, res-hdr={len(asked)}, res-body={len(asked) + len(given)}\r\n\r\n"
    )
    digest = sha256()
    line.sendall(head.encode() + asked + given)
    while block := file.read(_BLOCK):
        line.settimeout(_left(deadline))
        line.sendall(b"%x\r\n%b\r\n" % (len(block), block))
        digest.update(block)
    line.sendall(b"0\r\n\r\n")
    return digest.hexdigest()


class _Answer:
    """What the server says, read within the deadline."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._line = line
        self._deadline = deadline
        self._rest = b""

    def head(self, protocol: str) -> tuple[int, dict[str, str]]:
        """The status and the headers, in small letters, of a message of this protocol."""
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        words = first.split(" ")
        if not first.startswith(protocol) or len(words) < 2 or not words[1].isdecimal():
            raise ValueError(f"not {protocol}")
        named = (line.partition(":") for line in lines)
        return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in named}

    def body_digest(self) -> str:
        """The sha256 of a chunked body."""
        digest = sha256()
        for block in self._chunks():
            digest.update(block)
        return digest.hexdigest()

    def _chunks(self) -> Iterator[bytes]:
        while True:
            left = int(self._until(b"\r\n").partition(b";")[0], 16)
            if left < 0:
                raise ValueError("a chunk of less than nothing")
            if left == 0:
                return
            while left:
                if not self._rest:
                    self._more()
                block, self._rest = self._rest[:left], self._rest[left:]
                left -= len(block)
                yield block
            self._until(b"\r\n")

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            if len(self._rest) > _LONGEST_HEAD:
                raise ValueError("endless headers")
            self._more()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _more(self) -> None:
        self._line.settimeout(_left(self._deadline))
        block = self._line.recv(_BLOCK)
        if not block:
            raise ValueError("the answer stops halfway")
        self._rest += block


def _left(deadline: float) -> float:
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
