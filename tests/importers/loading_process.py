"""`python -m tests.importers.loading_process DATABASE FILE MOMENT`: one load as a process that is killed in the middle.

MOMENT: the number of a statement, or `vastleggen` (just before the commit is done) or `daarna` (just after).
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from sqlalchemy import event

from importers import reader
from service.access import Access
from service.db import make_engine, session_scope
from tests.importers.deliveries import take_in


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(database: str, file: str, moment: str) -> None:
    reader.CHUNK_ROWS = 40
    engine = make_engine(f"sqlite:///{database}")
    statements = count(1)

    def before_statement(*_: object) -> None:
        if str(next(statements)) == moment:
            die()

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", lambda _: die() if moment == "vastleggen" else None)
    with session_scope(engine, Access.system()) as session:
        take_in(session, Path(file))
    if moment == "daarna":
        die()
    print(f"{next(statements) - 1} opdrachten", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
