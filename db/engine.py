"""The way to the ledger: engines and transactions. Everything above works with the `Session` named here."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

# A lock that is not had in this time is a stuck transaction, and a retry is better than a queue behind it.
LOCK_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_SECONDS = 5
# Our statements are short and have many parts: to compile them takes four times as long as to run them.


class LedgerUnavailable(Exception):
    """The ledger cannot be reached; what was asked for did not happen."""


def make_engine(database_url: str, connections: int = 5) -> Engine:
    """Return an engine with a pool of at most `connections`; psycopg 3 whatever driver the URL names."""
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC -c jit=off",
            "application_name": "duewell",
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session whose work is committed at the end, or undone as a whole by an error.

    Raises LedgerUnavailable when the server is down, goes away on the way or has no time for us.
    """
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        raise LedgerUnavailable(_first_line(error)) from error
    except NoConnectionFree as error:
        raise LedgerUnavailable("every connection to the ledger is in use") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise LedgerUnavailable(_first_line(error)) from error
        raise


def ping(engine: Engine) -> str:
    """Return the server's version. Raises LedgerUnavailable."""
    with transaction(engine) as session:
        return str(session.scalar(text("SHOW server_version")))


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)


__all__ = ["Engine", "LedgerUnavailable", "Session", "make_engine", "ping", "transaction"]
