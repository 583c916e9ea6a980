"""Statements that every plan and every message need, run by the driver itself.

SQLAlchemy takes three times as long as the driver to run a short statement, most of it to describe the columns of
the result anew. What runs less often is written for SQLAlchemy.
"""

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from psycopg import Connection, Cursor, RawCursor
from psycopg.rows import RowMaker, namedtuple_row
from sqlalchemy import Dialect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_CONNECTION = "driver connection"
# The server's own placeholders: the driver has nothing to translate at a run.
_DIALECT: Dialect = cast(Any, make_url("postgresql+psycopg://").get_dialect())(paramstyle="numeric_dollar")
# Where a connection of the pool keeps the cursors of statements for as long as it lives.
CURSORS = "cursors of statements"
# A cursor that is kept holds its last result and values: pages are let go.
KEPT_ROWS_MAX = 50


class Statement:
    """A statement in SQL with parameters such as `:invoice_id`, run within the transaction of a session.

    The server prepares it at its first run in a connection. It fails as any other does, with SQLAlchemy's errors:
    whoever tells them apart need not know which way a statement went.

    A connection keeps a cursor for each statement that returns something, which remembers how values are written
    and columns are read; one that `is_big` returns files, and nothing of it is kept.
    """

    def __init__(self, sql: str, *, is_big: bool = False) -> None:
        self._is_big = is_big
        compiled = text(sql).compile(dialect=_DIALECT)
        self._sql = str(compiled).encode()
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        self._make_row: RowMaker[Any] | None = None

    def run(self, session: Session, **values: object) -> None:
        """Run it, and return nothing. No cursor is kept: what is written may be a message with its files."""
        with self._execute(_held(session)[0], None, values):
            pass

    def all(self, session: Session, **values: object) -> list[Any]:
        """Return all rows, as named tuples."""
        rows = self._ran(session, values).fetchall()
        if len(rows) > KEPT_ROWS_MAX:
            _held(session)[1].pop(self, None)
        return rows

    def first(self, session: Session, **values: object) -> Any | None:
        """Return the first row, or None if there is none."""
        return self._ran(session, values).fetchone()

    def scalar(self, session: Session, **values: object) -> Any | None:
        """Return the first column of the first row, or None if there is none."""
        row = self.first(session, **values)
        return None if row is None else row[0]

    def _ran(self, session: Session, values: dict[str, object]) -> Cursor[Any]:
        connection, cursors = _held(session)
        cursor = self._execute(connection, cursors.get(self), values)
        if not self._is_big:
            cursors[self] = cursor
        return cursor

    def _execute(
        self, connection: Connection[Any], kept: Cursor[Any] | None, values: dict[str, object]
    ) -> Cursor[Any]:
        try:
            cursor = RawCursor(connection, row_factory=self._rows) if kept is None else kept
            return cursor.execute(self._sql, [values[name] for name in self._names], prepare=True)
        except psycopg.Error as error:
            raise DBAPIError.instance(
                self._sql.decode(),
                None,
                error,
                psycopg.Error,
                hide_parameters=True,
                connection_invalidated=connection.closed,
            ) from error

    def _rows(self, cursor: Cursor[Any]) -> RowMaker[Any]:
        """Return what makes the rows; the names of the columns are asked for once."""
        if self._make_row is None:
            self._make_row = namedtuple_row(cursor)
        return self._make_row


def driver_connection(session: Session) -> Connection[Any]:
    """Return the driver's connection that the session's transaction runs on."""
    return _held(session)[0]


def _held(session: Session) -> tuple[Connection[Any], dict[Statement, Cursor[Any]]]:
    """Return the driver's connection of the session's transaction, and the cursors that it has for statements.

    What the session has not written yet is written first, as before any statement of its own.
    """
    session.flush()
    known_in, connection, cursors = session.info.get(_CONNECTION, (None, None, None))
    # To ask the session each time takes as long as all the rest of a statement here. A savepoint is set by asking.
    if known_in is None or known_in is not (session.get_nested_transaction() or session.get_transaction()):
        pooled = session.connection().connection
        connection, cursors = pooled.driver_connection, pooled.info.setdefault(CURSORS, {})
        known_in = session.get_nested_transaction() or session.get_transaction()
        session.info[_CONNECTION] = known_in, connection, cursors
    assert isinstance(connection, Connection), "the session has a connection while it is in a transaction"
    return connection, cursors
