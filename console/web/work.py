"""Carries out what a visitor orders at a page: in one transaction, with its entry in the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.from_thread

from console.api.service import Processes
from db.engine import Engine, Session, transaction
from db.operations.audit import Acting, count_noted, note
from intake.commands import Told
from intake.joined_desk import JoinedDesk


@dataclass(frozen=True, slots=True)
class VisitorsDesk(JoinedDesk):
    """A desk at which a visitor orders: the log knows them by more than their name."""

    acting: Acting

    def _acting(self) -> Acting:
        return self.acting


@dataclass(slots=True)
class Work:
    """What is being done for a visitor. `desk` takes the orders that the command line has, too."""

    session: Session
    acting: Acting
    desk: VisitorsDesk
    owed_ids: list[int] = field(default_factory=list)
    is_nothing: bool = False

    def note(self, verb: str, about_kind: str, about_name: str, **details: Any) -> None:
        """Write down what is done; orders about people and accounts do so themselves."""
        note(self.session, self.acting, verb, about_kind, about_name, **details)

    def note_if(self, changed: bool, verb: str, about_kind: str, about_name: str, **details: Any) -> None:
        """Write down what is done if the order changed anything; else say that nothing changed."""
        if changed:
            self.note(verb, about_kind, about_name, **details)
        else:
            self.nothing_changed()

    def tell(self, told: Told) -> bool:
        """Let the processes be told once all is committed, and say whether the order changed anything."""
        self.owed_ids.extend(told.owed_ids)
        return told.changed

    def nothing_changed(self) -> None:
        """Say that there is nothing to write down, because all is as it was."""
        self.is_nothing = True


@contextmanager
def working(engine: Engine, processes: Processes, acting: Acting) -> Iterator[Work]:
    """Open a transaction for a visitor's orders; afterwards the processes are told.

    Raises Refused and LedgerUnavailable. Whoever changes something and writes nothing down changes nothing.
    """
    with transaction(engine) as session:
        work = Work(session, acting, VisitorsDesk(engine, acting.by, session, acting))
        yield work
        assert work.is_nothing or count_noted(session), "a change is in the audit log"
    if work.owed_ids:
        anyio.from_thread.run(processes.tell, engine, tuple(work.owed_ids))
