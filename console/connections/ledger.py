"""The way of a command to the ledger: open it, be sure of its schema, and say in one line what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from console.connections.environment import environment, place_of
from console.failure import ASKED_WRONGLY, Failure
from db.engine import Engine, LedgerUnavailable, make_engine, transaction
from db.operations.refusal import Refused
from db.queries.organization import OrganizationView, organization_view
from db.queries.revision import Revision, revision_of


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger that this release can work with."""

    engine: Engine
    organization: OrganizationView


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Open the ledger. Raises Failure if it is away, now or on the way, or not set up, and for what it refuses."""
    with reached() as engine:
        require_current(read_revision(engine))
        with transaction(engine) as session:
            organization = organization_view(session)
        if organization is None:
            raise Failure("the ledger has no organization yet; run: duewell migrate")
        yield Ledger(engine, organization)


@contextmanager
def reached() -> Iterator[Engine]:
    """Open the ledger's server, whatever is in it; its errors become Failures."""
    place = place_of(environment().database_url)
    try:
        engine = make_engine(environment().database_url)
    except Exception as error:  # The URL may be wrong in every way that the driver knows, passwords included.
        raise Failure(_BAD_URL, ASKED_WRONGLY) from error
    try:
        yield engine
    except LedgerUnavailable as error:
        raise Failure(f"PostgreSQL at {place} cannot be used: {_told(error)}") from error
    except Refused as refusal:
        raise Failure(str(refusal), ASKED_WRONGLY) from refusal
    finally:
        engine.dispose()


def read_revision(engine: Engine) -> Revision:
    """Return the ledger's revision. Raises LedgerUnavailable, and Failure for options that nobody knows."""
    try:
        with transaction(engine) as session:
            return revision_of(session)
    except LedgerUnavailable:
        raise
    except Exception as error:  # The first connection is where a wrong option of the URL shows.
        raise Failure(_BAD_URL, ASKED_WRONGLY) from error


def require_current(revision: Revision) -> None:
    """Raise Failure unless this release can work with the ledger."""
    if revision.is_foreign:
        raise Failure(
            f"the ledger's schema is at revision {revision.current}, which this release does not know "
            f"(its newest is {revision.newest}); use the release that migrated it"
        )
    if not revision.is_current:
        stands = "is empty" if revision.current is None else f"is at revision {revision.current}"
        raise Failure(f"the ledger {stands}, this release needs {revision.newest}; run: duewell migrate")


_BAD_URL = "DATABASE_URL cannot be read; it looks like postgresql://user:password@host:5432/duewell"


def _told(error: LedgerUnavailable) -> str:
    """Return what the server or the driver said, without the address that is named already."""
    text = str(error)
    return text.rpartition(" failed: ")[2] if " failed: " in text else text
