"""Statements that every plan and every message need, run by the driver itself.

SQLAlchemy takes three times as long as the driver to run a short statement, most of it to describe the columns of
the result anew. What runs less often is written for SQLAlchemy.
"""

from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import namedtuple_row
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_CONNECTION = "driver connection"
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


class Statement:
    """A statement in SQL with parameters such as `:invoice_id`, run within the transaction of a session.

    The server prepares it at its first run in a connection. It fails as any other does, with SQLAlchemy's errors:
    whoever tells them apart need not know which way a statement went.
    """

    def __init__(self, sql: str) -> None:
        self._sql = str(text(sql).compile(dialect=_DIALECT)).encode()

    def run(self, session: Session, **values: object) -> None:
        """Run it, and return nothing."""
        with self._ran(session, values):
            pass

    def all(self, session: Session, **values: object) -> list[Any]:
        """Return all rows, as named tuples."""
        with self._ran(session, values) as cursor:
            return cursor.fetchall()

    def first(self, session: Session, **values: object) -> Any | None:
        """Return the first row, or None if there is none."""
        with self._ran(session, values) as cursor:
            return cursor.fetchone()

    def scalar(self, session: Session, **values: object) -> Any | None:
        """Return the first column of the first row, or None if there is none."""
        row = self.first(session, **values)
        return None if row is None else row[0]

    def _ran(self, session: Session, values: dict[str, object]) -> Cursor[Any]:
        connection = driver_connection(session)
        try:
            cursor: Cursor[Any] = connection.cursor(row_factory=namedtuple_row)
            return cursor.execute(self._sql, values, prepare=True)
        except psycopg.Error as error:
            raise DBAPIError.instance(
                self._sql.decode(),
                None,
                error,
                psycopg.Error,
                hide_parameters=True,
                connection_invalidated=connection.closed,
            ) from error


def driver_connection(session: Session) -> Connection[Any]:
    """Return the driver's connection that the session's transaction runs on."""
    known_in, connection = session.info.get(_CONNECTION, (None, None))
    # To ask the session each time takes as long as all the rest of a statement here. A savepoint is set by asking.
    if known_in is None or known_in is not (session.get_nested_transaction() or session.get_transaction()):
        connection = session.connection().connection.driver_connection
        known_in = session.get_nested_transaction() or session.get_transaction()
        session.info[_CONNECTION] = known_in, connection
    assert isinstance(connection, Connection), "the session has a connection while it is in a transaction"
    return connection
