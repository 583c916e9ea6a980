"""The way to the ledger: engines and transactions. Everything above works with the `Session` named here."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psycopg
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

# A lock that is not had in this time is a stuck transaction, and a retry is better than a queue behind it.
LOCK_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_SECONDS = 5
# A connection that rested for less is used without asking whether it still answers, by whoever tries again anyway.
TRUSTED_SECONDS = 1.0
PLANS_ONCE = " ".join(
    f"-c {setting}"
    for setting in (
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
    )
)
# Somebody else was in the way: a unique key that both wrote, a serialization failure, a deadlock.
_RACES = ("23505", "40001", "40P01")


class LedgerUnavailable(Exception):
    """The ledger cannot be reached; what was asked for did not happen."""


def make_engine(database_url: str, connections: int = 5, *, plans_once: bool = False) -> Engine:
    """Return an engine with a pool of at most `connections`; psycopg 3 whatever driver the URL names.

    With `plans_once` the server plans a statement once in a connection, and not for the values of each run, and a
    connection that was in use a moment ago is taken as it is. That is for activities: they ask about one invoice
    at a time, where planning costs more than all the rest, and are tried again. Their plans go by indexes alone:
    one that was made while a table was empty must serve when it is full.
    """
    plans = PLANS_ONCE if plans_once else "-c plan_cache_mode=auto"
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        # What a statement was about is a customer, and errors end in logs and in histories of processes.
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=not plans_once,
        # The connection that was used last knows the most.
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC -c jit=off {plans}",
            "application_name": "duewell",
        },
    )
    if plans_once:
        _ask_after_a_rest(engine)
    return engine


def _ask_after_a_rest(engine: Engine) -> None:
    """Let connections of the engine be asked whether they still answer only after they have rested for a while."""

    def begins_to_rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    def is_wanted(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.get("rests_since")
        if since is None or monotonic() - since < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            # What happened to it happened to all that rest.
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", begins_to_rest)
    event.listen(engine, "checkout", is_wanted)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session whose work is committed at the end, or undone as a whole by an error.

    Raises LedgerUnavailable when the server is down, goes away on the way or has no time for us.
    """
    with _told_apart(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def part(session: Session) -> Iterator[None]:
    """Let a part of the transaction be undone by itself when it raises, so that the rest can go on.

    Raises LedgerUnavailable as `transaction` does, also for a deadlock and for a lock that is not had in time:
    then the whole of it is to be done again.
    """
    with _told_apart(), session.begin_nested():
        yield


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what the driver raises for a ledger that is away into LedgerUnavailable."""
    try:
        yield
    except OperationalError as error:
        raise LedgerUnavailable(_first_line(error)) from error
    except psycopg.OperationalError as error:
        # What is copied in goes past SQLAlchemy, and so does its error.
        raise LedgerUnavailable(str(error).strip().partition("\n")[0]) from error
    except NoConnectionFree as error:
        raise LedgerUnavailable("every connection to the ledger is in use") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise LedgerUnavailable(_first_line(error)) from error
        _keep_first_lines(error, error.orig)
        raise
    except psycopg.Error as error:
        _keep_first_lines(error)
        raise


def is_race(error: BaseException | None) -> bool:
    """Say whether somebody else was in the way: what was undone may go well a moment later.

    Two wrote the same at once (a unique key, 23505), or each waited for the other (40P01).
    """
    while error is not None:
        # What was copied in went past SQLAlchemy, and so did its error.
        if getattr(getattr(error, "orig", error), "sqlstate", None) in _RACES:
            return True
        error = error.__cause__
    return False


def ping(engine: Engine) -> str:
    """Return the server's version. Raises LedgerUnavailable."""
    with transaction(engine) as session:
        return str(session.scalar(text("SHOW server_version")))


def _keep_first_lines(*errors: BaseException | None) -> None:
    """Leave in the errors what PostgreSQL objects to; the lines that follow show rows, and stay in `diag`."""
    for error in errors:
        if error is not None:
            error.args = tuple(str(said).partition("\n")[0] for said in error.args)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)


__all__ = ["Engine", "LedgerUnavailable", "Session", "is_race", "make_engine", "part", "ping", "transaction"]
