"""The application: pages at the root, the API under /api/v1, and what holds for both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio.to_thread
from fastapi import FastAPI
from sqlalchemy import Engine

from importers import use_profiles
from service import pages, process
from service.access import Access
from service.api import make_api
from service.db import make_engine, require_schema, session_scope, take_stock
from service.identity import accounts
from service.identity.openid import Provider
from service.replica import Replica
from service.row_security import require_second_lock
from service.running.health import Health
from service.running.kept import Keeper
from service.running.traces import Sender
from service.settings import Misconfigured, Settings, keep_files_private, read_settings
from service.web import health, statics, without_room
from service.web.allowance import Allowance
from service.web.errors import install_api, install_pages
from service.web.measured import Measured
from service.web.middleware import API, API_VERSION, PACKED, AnswerHeaders, OurFaults, RequestGuard, Smaller
from service.work import wait_for_the_lock
from service.workers.supervisor import Supervisor
from signals.errors import Reason
from workflow.letterhead import use_letters

PATIENCE = 5
"""Seconds that a request waits for the lock of a database in a file; a load holds it longer, and there are few threads
to wait with."""
IMPATIENCE = 0.2
"""The same for what may as well be written down a minute later."""


def require_ready(settings: Settings, engine: Engine) -> None:
    """Raise Misconfigured or SchemaMissing, with the sentence that mends it, unless the service may start."""
    settings.require_safe()
    statics.require_made()
    require_schema(engine)
    if not settings.production:
        return
    require_second_lock(engine)
    with session_scope(engine, Access.system(), write=False) as session:
        if accounts.has_demo_users(session):
            raise Misconfigured(
                Reason(
                    "demogebruiker",
                    "Er staan gebruikers van de demo in deze database. Schakel ze uit met: rni user disable NAAM, "
                    "of begin met een lege database.",
                )
            )


class Helper(Protocol):
    """What goes on beside the requests for as long as the application runs."""

    def start(self) -> None:
        """From now on."""

    def stop(self) -> None:
        """Until here."""


def _helpers(app: FastAPI, settings: Settings, with_clock: bool) -> list[Helper]:
    """Long work is done here on a database in a file; on PostgreSQL by `rni worker`, or here with the clock."""
    helpers: list[Helper] = []
    if not settings.on_postgresql:
        helpers.append(Supervisor(settings))
    elif with_clock:
        from service.workers.queue import QueueWorker  # here: without a worker nothing of the queue is needed

        helpers.append(QueueWorker(settings))
    if with_clock:
        from service.jobs import Clock  # here: without a clock nothing of the scheduler is needed

        app.state.clock = Clock(settings)
        helpers.append(app.state.clock)
    return helpers


def create_app(settings: Settings | None = None, engine: Engine | None = None, *, with_clock: bool = False) -> FastAPI:
    """The application for these settings; the database is looked at when it starts.

    with_clock: the work of the clock and all long work is done in this process too.
    """
    settings = settings or read_settings()
    settings.require_safe()
    use_profiles(settings.profiles_dir)
    use_letters(settings.letters_dir)
    process.begin(settings)
    if engine is None:
        engine = make_engine(settings.database_url, pooled=settings.pooled)
        wait_for_the_lock(engine, PATIENCE)
    impatient = make_engine(settings.database_url, pooled=settings.pooled)
    wait_for_the_lock(impatient, IMPATIENCE)
    replica = Replica(settings, engine) if settings.database_read_url else None
    looks_after = Health(settings)
    sender = Sender(settings, engine.dialect.name) if settings.traces_otlp_url else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keep_files_private()
        require_ready(settings, engine)
        looks_after.begin()
        take_stock(impatient)
        # Many threads queue on the interpreter lock; a few answer more requests.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        helpers = [*_helpers(app, settings, with_clock), Keeper(impatient, "web", settings.now)]
        helpers += [each for each in (replica, sender) if each]
        for helper in helpers:
            helper.start()
        try:
            yield
        finally:
            for helper in reversed(helpers):
                await anyio.to_thread.run_sync(helper.stop)
            engine.dispose()
            impatient.dispose()
            looks_after.close()

    allowance = Allowance(settings)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    api = make_api(f"{settings.base_url.rstrip('/')}{API}", API_VERSION)
    for each in (app, api):
        each.state.settings, each.state.engine, each.state.allowance = settings, engine, allowance
    app.state.impatient_engine = impatient
    app.state.replica, app.state.health, app.state.sender = replica, looks_after, sender
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    app.state.error_page, app.state.session_ended = pages.error_page, pages.session_ended
    app.state.form_outdated = pages.form_outdated
    install_api(api)
    install_pages(app)
    for each in (app, api):
        without_room.install(each)
    app.mount(API, api)
    app.add_route("/static/{name:path}", statics.serve, methods=["GET"], include_in_schema=False)
    app.router.routes.extend(health.ROUTES)
    app.include_router(pages.router)
    # The last one added is the outermost: headers come on every answer, also on those of the others.
    app.add_middleware(RequestGuard, settings=settings, counters=allowance)
    app.add_middleware(OurFaults)
    app.add_middleware(Smaller, minimum_size=1000, compresslevel=6, exclude_content_types=PACKED)
    app.add_middleware(AnswerHeaders, settings=settings)
    app.add_middleware(Measured, settings=settings, sender=sender)
    return app
