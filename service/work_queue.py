"""The queue that brings work to the workers on PostgreSQL (Procrastinate); a job holds the number of the work alone.

A job is put down on the connection of the session that asks for the work, in its transaction: there are both or
neither. Whether work is done says its own row, not the job.
"""

import logging
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from sqlmodel import Session

from service.models import Work

NAME = "werk"
"""Of the queue, of its one task, and of the number in a job."""
logging.getLogger("procrastinate").setLevel(logging.ERROR)  # what comes of work stands in our own lines
_QUEUE = App(connector=SyncPsycopgConnector())
"""Never opened: it only knows how a job is put down, on a connection that is brought along."""


def put(session: Session, work: Work) -> None:
    """Have this work brought to a worker, once this transaction is committed."""
    driver: Any = session.connection().connection.driver_connection
    _QUEUE.configure_task(NAME, queue=NAME, connection=driver).defer(**{NAME: work.id})
