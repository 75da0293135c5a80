"""What people are told when what we write to has no room, is away for a moment or is held by a load: 503.

Each is nobody's fault in the program, so there is a line in the log and no traceback. Whether something was written
down is known, except when the database goes away while it is told to: then the sentence says so.
"""

import errno

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError

from service.db import Trouble, trouble_of
from service.web.csrf import SAFE_METHODS
from service.web.errors import refuse
from signals.errors import Reason

log = structlog.get_logger()

WAIT = {"Retry-After": "60"}
_BUSY = Reason(
    "database_bezet",
    "Er wordt nu een levering geladen, en daarom kan hier even niets worden vastgelegd. Er is niets gewijzigd. Probeer "
    "het over een minuut opnieuw.",
)
_AWAY = Reason(
    "database_weg",
    "De database antwoordt nu niet. Probeer het over een minuut opnieuw. Blijft het zo, waarschuw dan uw beheerder.",
)
_AWAY_WHILE_WRITING = Reason(
    "database_weg",
    "De database antwoordt nu niet. Kijk over een minuut eerst of wat u deed er al staat, en doe het anders opnieuw. "
    "Blijft het zo, waarschuw dan uw beheerder.",
)
_FULL = Reason(
    "schijf_vol",
    "Op de schijf is geen ruimte meer, en daarom kan hier niets worden vastgelegd. Er is niets gewijzigd. Waarschuw uw "
    "beheerder: na het maken van ruimte kan het opnieuw.",
)
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def reason_of(request: Request, error: Exception) -> Reason | None:
    """What to tell; None for what is our fault."""
    if isinstance(error, OSError):
        return _FULL if error.errno in _NO_ROOM else None
    if not isinstance(error, DBAPIError):
        return None
    trouble = trouble_of(error)
    if trouble is Trouble.AWAY:
        return _AWAY if request.method in SAFE_METHODS else _AWAY_WHILE_WRITING
    return {Trouble.BUSY: _BUSY, Trouble.FULL: _FULL, None: None}[trouble]


def answer(request: Request, error: Exception) -> Response | None:
    """The 503, with a line in the log; None for what is our fault."""
    reason = reason_of(request, error)
    if reason is None:
        return None
    if reason is not _BUSY:  # that is daily work
        log.error("niet vast te leggen", reden=reason.code, fout=type(getattr(error, "orig", error)).__name__)
    return refuse(request, 503, [reason], WAIT)


def install(app: FastAPI) -> None:
    """For every route; what comes up before one is found is answered by `OurFaults`."""

    async def told(request: Request, error: Exception) -> Response:
        response = answer(request, error)
        if response is None:
            raise error
        return response

    app.add_exception_handler(DBAPIError, told)
    app.add_exception_handler(OSError, told)
