"""What is told of every request when it was answered: a line in the log, a count, and a span for who wants those.

The outermost layer, so that nothing is left out; and nothing of who asked or about whom is in what is told: of a route
the template, of a user the roles.
"""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.running.meter import METER, OPEN, UNKNOWN, Call, Fault, Tally
from service.running.traces import Answered, Sender
from service.settings import Settings
from service.trace import Trace
from service.web.dependencies import ROLES
from service.web.middleware import API, HEALTH, HEALTH_ROUTES, STATIC

log = structlog.get_logger()

WENT_AWAY = 499
"""The status that is told when whoever asked went away before there was an answer."""


def route_of(scope: Scope) -> str:
    """The template of the route that took this request; never the path itself, in which there are numbers of cases."""
    path: str = scope["path"]
    found = getattr(scope.get("route"), "path", None)
    if path.startswith(STATIC):
        return STATIC.rstrip("/")
    if path in HEALTH_ROUTES:
        return path
    if found is None:
        return UNKNOWN
    return f"{API}{found}" if path.startswith(f"{API}/") else str(found)


class Measured:
    """Tells of every request, whatever came of it."""

    def __init__(self, app: ASGIApp, settings: Settings, sender: Sender | None) -> None:
        self.app, self.settings, self.sender = app, settings, sender

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tell of it when its answer is gone."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        tally = Tally(spans=None if self.sender is None else [])
        begun, started, status = time.time_ns(), time.perf_counter(), WENT_AWAY

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = OPEN.set(tally)
        try:
            with METER.going():
                await self.app(scope, receive, watched)
        finally:
            OPEN.reset(token)
            self._tell(scope, status, (time.perf_counter() - started) * 1000, tally, begun)

    def _tell(self, scope: Scope, status: int, ms: float, tally: Tally, begun: int) -> None:
        call = Call(route_of(scope), scope["method"], status)
        state = scope.get("state", {})
        trace: Trace = state.get("trace") or Trace()
        METER.answered(call, ms, tally)
        # Whoever looks whether the service is well does so every few seconds: only that it is not is worth a line.
        tell = log.debug if call.route.startswith(HEALTH) and status < 500 else log.info
        tell(
            "verzoek",
            methode=call.method,
            route=call.route,
            status=status,
            trace_id=trace.trace_id,
            ms=round(ms),
            rol=state.get(ROLES) or "niemand",
            vragen=tally.statements,
            db_ms=round(tally.seconds * 1000),
        )
        if status >= 500:
            METER.fault(Fault(self.settings.now().isoformat(timespec="seconds"), call.route, status, trace.trace_id))
        if self.sender is not None:
            self.sender.add(Answered(trace, call, begun, begun + round(ms * 1e6), tally))
