"""Reads which collections are under a cadence, page by page (ix_collections_version_id)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.tables.cadences import CadenceVersion
from db.tables.collections import OPEN_STATES, Collection

_IS_OPEN = Collection.state.in_(OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Outdated:
    """A version that collections are still reckoned by although another one is published."""

    cadence_id: int
    version_id: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk over the collections of a cadence has come to."""

    version_id: int = 0
    invoice_id: int = 0


def hold_still(session: Session) -> None:
    """Let the transaction see the ledger as it is at its first look, change nothing and lock nothing."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})


def count_under(session: Session, cadence_id: int) -> int:
    """Return how many open collections are under the cadence."""
    statement = select(func.count()).where(Collection.cadence_id == cadence_id, _IS_OPEN)
    return session.scalar(statement) or 0


_PAGE_UNDER = text("""
SELECT version_id, invoice_id FROM collections
 WHERE cadence_id = :cadence_id AND state IN ('active', 'exhausted')
   AND (version_id, invoice_id) > (:version_id, :invoice_id)
 ORDER BY cadence_id, version_id, invoice_id
 LIMIT :limit
""")


def page_under(session: Session, cadence_id: int, after: Place, limit: int) -> list[Place]:
    """Return the next open collections under the cadence."""
    parameters = {"cadence_id": cadence_id, "limit": limit}
    parameters |= {"version_id": after.version_id, "invoice_id": after.invoice_id}
    return [Place(row.version_id, row.invoice_id) for row in session.execute(_PAGE_UNDER, parameters)]


def outdated_versions(session: Session) -> list[Outdated]:
    """Return the versions that open collections have to leave for the published one, one look for each."""
    has_collections = select(Collection.id).where(
        Collection.cadence_id == CadenceVersion.cadence_id, Collection.version_id == CadenceVersion.id, _IS_OPEN
    )
    in_force = (
        select(CadenceVersion.cadence_id)
        .where(CadenceVersion.state == "published")
        .correlate(None)
        .scalar_subquery()
    )
    statement = (
        select(CadenceVersion.cadence_id, CadenceVersion.id)
        .where(
            CadenceVersion.state == "retired", CadenceVersion.cadence_id.in_(in_force), has_collections.exists()
        )
        .order_by(CadenceVersion.id)
    )
    return [Outdated(cadence_id, version_id) for cadence_id, version_id in session.execute(statement)]


def count_outdated(session: Session, outdated: Sequence[Outdated]) -> int:
    """Return how many open collections are still reckoned by these versions."""
    total = 0
    for one in outdated:
        whose = Collection.cadence_id == one.cadence_id, Collection.version_id == one.version_id
        total += session.scalar(select(func.count()).where(*whose, _IS_OPEN)) or 0
    return total
