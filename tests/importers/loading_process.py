"""`python -m tests.importers.loading_process`: does one task per line of its input, each in a process of its own.

The task is JSON: what to do (`load`, `confirm` or `undo`), on which database, and at which moment to be killed: the
number of a statement, a number of seconds, `vastleggen` (just before the commit is done) or `daarna` (just after).
What became of it is one line of JSON; of a killed task only that it was killed.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from importers import delimited
from service.access import Access
from service.db import make_engine, session_scope
from service.files import storage
from service.loading import deliveries, uploads
from service.settings import Settings
from signals.errors import DomainError
from signals.keyring import use_keys
from tests.importers.deliveries import NOW

BEFORE_COMMIT, AFTER = "vastleggen", "daarna"
ACCESS = Access.system()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(engine: Engine, moment: Any) -> "count[int]":
    """Sees to it that this process dies at the moment, and counts the statements until then."""
    statements = count(1)

    def before_statement(*_: object) -> None:
        if next(statements) == moment:
            die()

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", lambda _: die() if moment == BEFORE_COMMIT else None)
    if isinstance(moment, float):
        timer = threading.Timer(moment, die)
        timer.daemon = True
        timer.start()
    return statements


def done(engine: Engine, task: dict[str, Any]) -> dict[str, Any]:
    """What became of the task."""
    settings = Settings(database_url=task["url"], data_dir=Path(task["folder"]))
    now = NOW + timedelta(seconds=1)
    if task["do"] == "undo":
        return {"status": uploads.undo(engine, ACCESS, task["number"], now).load.status.value, "reden": None}
    if task["do"] == "confirm":
        with session_scope(engine, ACCESS) as session:
            load = deliveries.confirm(session, settings, ACCESS, task["number"], now)
    else:
        file = Path(task["file"])
        with file.open("rb") as stream:
            kept = storage.keep(settings, stream)
        load = uploads.load_file(engine, ACCESS, kept, file.name, received=now.date(), now=now)
    counts = ("geleverd", "geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd", "zaken")
    told = {"status": load.status.value, "reden": load.reden, "number": load.ladingnummer}
    return told | {name: getattr(load, name) for name in counts}


def carry_out(task: dict[str, Any]) -> dict[str, Any]:
    delimited.FIRST_BLOCK = delimited.BLOCK = 8 * 1024  # several pieces of even a small file
    engine = make_engine(task["url"])
    statements = killed_at(engine, task.get("moment"))
    time.sleep(max(0.0, task.get("start", 0.0) - time.time()))
    started = time.perf_counter()
    try:
        told = done(engine, task)
    except DomainError as refused:
        told = {"status": "geweigerd", "reden": refused.reasons[0].code, "number": None}
    if task.get("moment") == AFTER:
        die()
    return told | {"statements": next(statements) - 1, "seconds": time.perf_counter() - started}


def main() -> None:
    use_keys(Settings().keys)
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()  # nothing is open yet, and importing all this again would take a second or two each time
        if child == 0:
            try:
                print(json.dumps(carry_out(task)), flush=True)
            except BaseException:
                print(json.dumps({"status": "fout", "reden": traceback.format_exc()}), flush=True)
                raise  # and then nothing of the parent's is cleaned up here
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps({"status": "gedood", "signal": os.WTERMSIG(status)}), flush=True)


if __name__ == "__main__":
    main()
