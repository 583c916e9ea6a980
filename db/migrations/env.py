"""Alembic's entry: run migrations on the engine that `db.schema` hands over, one transaction for all."""

from alembic import context
from sqlalchemy import Engine

from db.schema import metadata

engine: Engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata(), compare_server_default=True)
    with context.begin_transaction():
        # Of two that migrate at once, the second waits and finds nothing left to do.
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4207849302)")
        context.run_migrations()
