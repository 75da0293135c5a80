"""Whether the process answers and whether it can work: for a proxy, a supervisor of processes, and whoever wonders.

Not pages and not of the API: no sign-in, no form, no session, nothing in the log of who did what. What is wrong is for
the log of the service and the page of the beheerder; strangers hear which part, and no more.
"""

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from service.running.health import Health
from service.web.middleware import ALIVE, READY

OK, NOT_OK = "ok", "niet ok"
AT_ONCE = 2
"""Threads of their own in which is looked: those of the requests may all be at work."""


async def alive(request: Request) -> Response:
    """The process answers: nothing else is asked."""
    return JSONResponse({"status": OK})


async def ready(request: Request) -> Response:
    """Whether requests can be sent here: 200, or 503 with the part that is not well."""
    health: Health = request.app.state.health
    state = request.app.state
    if not hasattr(state, "health_threads"):
        state.health_threads = anyio.CapacityLimiter(AT_ONCE)
    found = await anyio.to_thread.run_sync(health.look, limiter=state.health_threads)
    parts = {part: OK if well else NOT_OK for part, well in found.items()}
    well = all(found.values())
    return JSONResponse({"status": OK if well else NOT_OK, "onderdelen": parts}, 200 if well else 503)


ROUTES: list[BaseRoute] = [Route(ALIVE, alive), Route(READY, ready)]
"""What the application answers beside pages and API."""
