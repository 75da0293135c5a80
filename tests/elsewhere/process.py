"""A stand-in for another system: a FastAPI application in a process of its own, on a free port of this machine.

It writes down what it was asked in `verzoeken.jsonl`, and before each answer it reads in `gedrag.json` how to behave:
`{"/zaken": {"status": 503, "seconds": 2}}`, by what the path ends with. So a test can change it while it runs.
"""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from tests.serving import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Elsewhere:
    """A running stand-in."""

    url: str
    folder: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Every request so far: method, path, query, headers and body."""
        path = self.folder / "verzoeken.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, method: str, ending: str) -> list[dict[str, Any]]:
        """Those with this method, to a path that ends like this."""
        return [one for one in self.asked if one["method"] == method and one["path"].endswith(ending)]

    def behave(self, **how: Mapping[str, Any]) -> None:
        """From now on: by the last word of a path, `status` and `seconds`."""
        (self.folder / "gedrag.json").write_text(json.dumps(how))

    def forget(self) -> None:
        """As it was when it began."""
        for name in ("verzoeken.jsonl", "gedrag.json"):
            (self.folder / name).unlink(missing_ok=True)

    def kill(self) -> None:
        """Without a word to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(
    kind: str, folder: Path, *, port: int | None = None, tls: Mapping[str, Path] | None = None, **more: str
) -> Iterator[Elsewhere]:
    """The stand-in `tests.elsewhere.KIND`. tls: `cert` and `key`, and `ca` when whoever comes in must show one too."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    scheme = "https" if tls else "http"
    environment = os.environ | {"FOLDER": str(folder), "URL": f"{scheme}://127.0.0.1:{port}", **more}
    environment |= {f"TLS_{name.upper()}": str(path) for name, path in (tls or {}).items()}
    command = [sys.executable, "-m", "tests.elsewhere.process", kind, str(port)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    there = Elsewhere(f"{scheme}://127.0.0.1:{port}", folder, process)
    try:
        _wait(there, port)
        yield there
    finally:
        process.kill()  # it may be asleep over an answer that nobody waits for any more
        process.wait()


def _wait(there: Elsewhere, port: int) -> None:
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert there.process.poll() is None, (there.folder / "log").read_text()
        time.sleep(0.05)
    raise AssertionError("it does not listen")


class Remembers(BaseHTTPMiddleware):
    """Writes down what is asked, and behaves as it was told."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        folder = Path(os.environ["FOLDER"])
        body = (await request.body()).decode("utf-8", "replace")
        line = {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": body,
        }
        with (folder / "verzoeken.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        behaviour = folder / "gedrag.json"
        told = json.loads(behaviour.read_text()) if behaviour.exists() else {}
        mine = told.get(request.url.path.rpartition("/")[2], told.get("alles", {}))
        if request.method not in mine.get("methods", [request.method]):
            mine = {}
        if not mine.get("after"):
            await asyncio.sleep(mine.get("seconds", 0))
        if "status" in mine:
            return Response(mine.get("body", "{}"), mine["status"], headers=mine.get("headers"))
        answer = await call_next(request)
        if mine.get("after"):  # it was done, and nobody hears of it in time
            await asyncio.sleep(mine["seconds"])
        return answer


def serve(app: FastAPI, port: int) -> None:
    """Until it is stopped."""
    app.add_middleware(Remembers)
    tls: dict[str, Any] = {}
    if cert := os.environ.get("TLS_CERT"):
        tls = {"ssl_certfile": cert, "ssl_keyfile": os.environ["TLS_KEY"]}
    if authority := os.environ.get("TLS_CA"):
        tls |= {"ssl_ca_certs": authority, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", **tls)


def main(kind: str, port: str) -> None:
    """The process itself."""
    serve(import_module(f"tests.elsewhere.{kind}").app(), int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
