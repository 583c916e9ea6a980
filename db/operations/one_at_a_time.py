"""Lets one program at a time do something that takes longer than a transaction may."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from db.engine import LedgerUnavailable

READING_THE_MAILBOX = 2015
ASKING_THE_PROVIDER = 2016
KEEPING_FIGURES = 2017

# Of the session and not of a transaction: none is open while the mailbox is read. It ends with the connection.
_TRY = text("SELECT pg_try_advisory_lock(:what)")
_LEAVE = text("SELECT pg_advisory_unlock(:what)")


@contextmanager
def alone(engine: Engine, what: int) -> Iterator[bool]:
    """Say whether nobody else is at it, and keep others from it until the block ends. Raises LedgerUnavailable."""
    with _connection(engine) as connection:
        is_alone = bool(connection.scalar(_TRY, {"what": what}))
        try:
            yield is_alone
        finally:
            if is_alone:
                _leave(connection, what)


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except (OperationalError, NoConnectionFree) as error:
        raise LedgerUnavailable(str(error).splitlines()[0]) from error
    with connection, connection.execution_options(isolation_level="AUTOCOMMIT") as idle:
        yield idle


def _leave(connection: Connection, what: int) -> None:
    try:
        connection.execute(_LEAVE, {"what": what})
    except DBAPIError:
        # Nobody knows whether the server still holds it for us: without the connection it does not.
        with suppress(DBAPIError):
            connection.invalidate()
