"""How alembic meets the models of all rooms; the connection comes from service.db."""

import importlib

from alembic import context
from sqlmodel import SQLModel

MODELS = (
    "signals.models",
    "workflow.models",
    "workflow.course",
    "workflow.visit_models",
    "workflow.sessie_models",
    "exports.models",
    "service.models",
)
for tables in MODELS:
    importlib.import_module(tables)  # importing them makes them known

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
