"""Alembic's entry: run migrations on the engine that `db.schema` hands over, one transaction for all."""

from alembic import context
from sqlalchemy import Engine

from db.schema import metadata

engine: Engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata(), compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
