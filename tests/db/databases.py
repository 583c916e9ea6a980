"""Databases of a test's own: copies of one that is set up, which tests may use one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Self
from uuid import uuid4

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from db.engine import Engine, make_engine

# What was deleted is still read past, by every statement until a vacuum; a table that is begun anew is not.
LITTERED_BYTES = 256 * 1024
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
 WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


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


def keep(engine: Engine) -> None:
    """Keep all that the database holds, so that `renew` can bring it back: far quicker than another copy."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        tables = connection.scalars(text(TABLES)).all()
        body = "\n".join([*_emptying(tables), *_filling(connection, tables), *_counting(connection)])
        # Without its triggers, because a timeline can only grow.
        connection.exec_driver_sql(
            "CREATE FUNCTION kept.renew() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica"
            f" AS $$ BEGIN\n{body}\nEND $$"
        )


def renew(engine: Engine) -> None:
    """Let the database hold what it held when it was kept, and nothing else."""
    with engine.begin() as connection:
        connection.execute(text("SELECT kept.renew()"))


class UsedAgain:
    """A copy of a database that tests use one after the other, as if each had one of its own."""

    def __init__(self, template_url: str) -> None:
        self._template_url = template_url
        self._copies = ExitStack()
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._copies.close()

    def lend(self) -> str:
        """Return the URL of a copy as it was in the beginning.

        One that somebody is still connected to, or that a test has broken, is left for another.
        """
        if self._engine is None or not _is_renewed(self._engine):
            url = self._copies.enter_context(a_copy_of(self._template_url))
            self._engine = make_engine(url, 1)
            self._copies.callback(self._engine.dispose)
            keep(self._engine)
        return self._engine.url.render_as_string(hide_password=False)


def _is_renewed(engine: Engine) -> bool:
    try:
        with engine.begin() as connection:
            is_alone: bool = connection.scalar(text(OTHERS)) == 0
        if is_alone:
            renew(engine)
    except DBAPIError:
        return False
    return is_alone


def _emptying(tables: Sequence[str]) -> Iterator[str]:
    sizes = {table: f"pg_relation_size('{table}')" for table in tables}
    yield f"IF greatest({', '.join(sizes.values())}) > {LITTERED_BYTES} THEN TRUNCATE {', '.join(sizes)}; END IF;"
    for table, size in sizes.items():
        yield f"IF {size} > 0 THEN DELETE FROM {table}; END IF;"


def _filling(connection: Connection, tables: Sequence[str]) -> Iterator[str]:
    for table in tables:
        if connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table})")):
            connection.execute(text(f"CREATE TABLE kept.{table} AS TABLE {table}"))
            columns = connection.scalar(text(COLUMNS), {"table": table})
            yield f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM kept.{table};"


def _counting(connection: Connection) -> Iterator[str]:
    """Let every sequence go on from where it is now."""
    for sequence in connection.scalars(text(SEQUENCES)).all():
        last, is_used = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
        yield f"PERFORM setval('{sequence}', {last}, {is_used});"
