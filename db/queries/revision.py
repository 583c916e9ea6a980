"""Reads which revision of its schema a ledger is at. Cheap, so that every command can ask."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

_VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the ledger stands, None for an empty database, and the revisions of this release in their order."""

    current: str | None
    known: tuple[str, ...]

    @property
    def newest(self) -> str:
        """Return the revision that this release works with."""
        return self.known[-1]

    @property
    def is_current(self) -> bool:
        """Say whether this release can work with the ledger."""
        return self.current == self.newest

    @property
    def is_foreign(self) -> bool:
        """Say whether the ledger is at a revision that this release does not know: one of a newer release."""
        return self.current is not None and self.current not in self.known


def revision_of(session: Session) -> Revision:
    """Return the ledger's revision."""
    # Alembic would say the same after half a second of imports.
    known = tuple(sorted(path.stem.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py")))
    has_table = session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    current = session.scalar(text("SELECT version_num FROM alembic_version")) if has_table else None
    return Revision(current, known)
