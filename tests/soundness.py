"""What `rni verify` looks at, for tests that live by chance: after whatever happened it must find nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

import service.verify.running  # noqa: F401  # every check is known by then
from service.settings import Settings
from service.verify.looking import CHECKS, Look

OF_THE_SCHEMA = frozenset({"schema", "triggers", "beveiliging per rij", "databasebestand"})
"""What no step or load touches, and takes half of the time."""


def unsound(
    session: Session, settings: Settings, now: datetime, without: Collection[str] = ()
) -> list[tuple[str, str, str]]:
    """Code, place and detail of whatever is found, in the transaction of this session; without some checks."""
    left_out = OF_THE_SCHEMA.union(without)
    return [
        (finding.code, finding.waar, finding.bijzonder)
        for name, check in CHECKS.items()
        if name not in left_out
        for finding in check(Look(session, settings, now))
    ]
