"""How alembic meets the models of all rooms; the connection comes from service.db."""

import importlib

from alembic import context
from sqlmodel import SQLModel

for room in ("signals", "workflow", "exports", "service"):
    importlib.import_module(f"{room}.models")  # importing a room's models makes its tables known

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
