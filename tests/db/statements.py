"""Hears what is asked of the ledger, of the driver itself: not all statements go through SQLAlchemy."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self
from unittest.mock import patch

from psycopg import Connection, Cursor, RawCursor
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from db.engine import Engine
from db.statement import CURSORS

Hear = Callable[[Connection[Any], str, Any], None]


@contextmanager
def heard(engine: Engine, hear: Hear) -> Iterator[None]:
    """Tell `hear` of each statement before it is run, in transactions that begin within the block.

    It is told the connection, the statement as the driver takes it, and its values, or the first ones of many.
    """

    ours: set[Connection[Any]] = set()

    class HeardRaw(RawCursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
            if self.connection in ours:
                hear(self.connection, _text(query), params)
            return super().execute(query, params, **options)

    class Heard(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
            hear(self.connection, _text(query), params)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
            listed = list(params_seq)
            hear(self.connection, _text(query), listed[0])
            super().executemany(query, listed, **options)

    def listen(connection: Connection[Any], record: ConnectionPoolEntry, *_: object) -> None:
        record.info.pop(CURSORS, None)
        connection.cursor_factory = Heard
        ours.add(connection)

    def forget(connection: Connection[Any] | None, record: ConnectionPoolEntry) -> None:
        record.info.pop(CURSORS, None)
        if connection is not None:
            connection.cursor_factory = Cursor
            ours.discard(connection)

    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", forget)
    try:
        with patch("db.statement.RawCursor", HeardRaw):
            yield
    finally:
        event.remove(engine, "checkout", listen)
        event.remove(engine, "checkin", forget)


def _text(query: Any) -> str:
    return query.decode() if isinstance(query, bytes) else str(query)
