"""The bare limit of a page: a FastAPI route that runs one SQL and answers bytes from memory.

`python -m tests.bench.bare_pages PORT FILE`; FILE holds the address of the database and, by name, SQL, parameters and
the file with the answer.
"""

import json
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import psycopg
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy import make_url

from service.settings import Settings


def make_app(told: dict[str, Any]) -> FastAPI:
    """The routes, one for each page."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        anyio.to_thread.current_default_thread_limiter().total_tokens = Settings().threads
        yield

    app = FastAPI(lifespan=lifespan)
    own = threading.local()

    def connection() -> Any:
        if not hasattr(own, "connection"):
            own.connection = _connect(told["url"])
        return own.connection

    for name, page in told["pages"].items():
        app.add_api_route(f"/{name}", _route(connection, page), methods=["GET"])
    return app


def _route(connection: Callable[[], Any], page: dict[str, Any]) -> Callable[[], Response]:
    content = Path(page["file"]).read_bytes()
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/html; charset=utf-8"}

    def answer() -> Response:
        cursor = connection().execute(page["sql"], page["parameters"])
        assert cursor.fetchall()
        return Response(content, headers=headers)

    return answer


def _connect(address: str) -> Any:
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(url.database), isolation_level=None)
        connection.execute("PRAGMA cache_size = -8192")
        return connection
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, options="-c rni.codes=* -c rni.signals=on")


if __name__ == "__main__":
    uvicorn.run(
        make_app(json.loads(Path(sys.argv[2]).read_text())),
        port=int(sys.argv[1]),
        log_level="error",
        access_log=False,
        server_header=False,
    )
