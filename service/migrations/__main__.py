"""Write a migration: `python -m service.migrations "why"` for what changed in the models since the last one.

`python -m service.migrations --initial` writes the first one anew; only while nobody has data.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alembic import command

from service.db import MIGRATIONS, alembic_config, make_engine

VERSIONS = MIGRATIONS / "versions"
INITIAL = "0001"


def write(arguments: Sequence[str]) -> int:
    """Compare the models with a fresh database that has every migration so far, and write the difference."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    initial = arguments[0] == "--initial"
    if initial:
        for old in VERSIONS.glob("*.py"):
            old.unlink()
    number = INITIAL if initial else f"{len(list(VERSIONS.glob('*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'fresh.sqlite3'}", foreign_keys=False)
        with engine.connect() as connection:
            config = alembic_config(connection)
            if not initial:
                command.upgrade(config, "head")
            message = "De eerste tabellen" if initial else arguments[0]
            command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(write(sys.argv[1:]))
