"""The shape of the ledger: all tables in one metadata, and bringing a database to it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData

from db.tables import (
    access,
    actions,
    api,
    cadences,
    collections,
    custom_fields,
    customers,
    figures,
    incoming,
    invoices,
    jobs,
    journal,
    organization,
    people,
    rules,
    templates,
    views,
    webhooks,
)
from db.tables.base import Base

_MODULES = (
    access,
    actions,
    api,
    cadences,
    collections,
    custom_fields,
    customers,
    figures,
    incoming,
    invoices,
    jobs,
    journal,
    organization,
    people,
    rules,
    templates,
    views,
    webhooks,
)


def metadata() -> MetaData:
    """Return the metadata of every table of the ledger."""
    return Base.metadata


def alembic_config(engine: Engine | None = None) -> Config:
    """Return Alembic's configuration; with an engine, commands run on it."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, upwards."""
    command.upgrade(alembic_config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision`."""
    command.downgrade(alembic_config(engine), revision)
