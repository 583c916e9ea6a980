"""A desk at which orders are parts of a greater whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from db.engine import Session, part
from db.operations.change import Change
from intake.commands import Desk


@dataclass(frozen=True, slots=True)
class JoinedDesk(Desk):
    """A desk within a transaction that is open already: its orders are committed with it, or not at all.

    An order that is refused is undone by itself.
    """

    session: Session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with part(self.session):
            yield self.session

    def change(self) -> Change:
        """Return the circumstances of one more change."""
        return self._change(self.session)
