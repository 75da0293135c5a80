"""How alembic meets the models of all rooms; the connection comes from service.db."""

import importlib

from alembic import context
from sqlmodel import SQLModel

from service import schema_steps

MODELS = (
    "signals.models",
    "workflow.models",
    "workflow.course",
    "workflow.visit_models",
    "workflow.sessie_models",
    "workflow.retention_models",
    "exports.models",
    "service.models",
)
for tables in MODELS:
    importlib.import_module(tables)  # importing them makes them known


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_object=schema_steps.is_ours,
    render_as_batch=connection.dialect.name == "sqlite",
    on_version_apply=schema_steps.record,
)
with context.begin_transaction():
    context.run_migrations()
