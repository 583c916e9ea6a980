"""Databases of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import make_url, text

from db.engine import make_engine


@contextmanager
def a_copy_of(template_url: str) -> Iterator[str]:
    """Make a copy of the database for as long as the block lasts, and give its URL."""
    name = f"test_{uuid4().hex}"
    source = make_url(template_url)
    admin = make_engine(source.set(database="postgres").render_as_string(hide_password=False), 1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{source.database}"'))
    yield source.set(database=name).render_as_string(hide_password=False)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
