"""Bulk work over to-dos that somebody listed: the same for each of them, by the operations of one to-do.

A job goes over the ids that matched when its list was made, and no others: who ordered it was told how many they
are and what would go out. Each of them has a result, also where it ended meanwhile (docs/decisions/0030).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, ClassVar, Generic, Self, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict

from db.engine import LedgerUnavailable, Session, part
from db.operations.change import Change
from db.operations.open_todos import OpenTodo, open_todo_of
from db.operations.outbox import owe_many
from db.operations.refusal import Refused
from db.operations.settle import lock_invoices
from db.queries.calendar import local_date
from db.queries.job_ids import count_ids, ids_of_page, written_ids
from db.queries.todos import invoices_of_actions
from dunning.events import Event
from dunning.facts import Facts
from intake.jobs.kind import Page, Row, Running
from phrase import Phrase

# So few that a person who acts on one of their invoices hardly waits: all are locked until the page ends.
PAGE = 25
# As many as the ledger is built for.
TODOS_MAX = 1_000_000
log = structlog.get_logger()


class OverTodos(BaseModel):
    """What is ordered of to-dos; kept with the job, so that it only grows. Their ids are the job's file.

    `where` says to people which list they were, empty for some that were named one by one. `fingerprint` tells the
    list apart from others.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    where: str = ""
    fingerprint: str = ""

    def about(self, ids: Sequence[int]) -> Self:
        """Return the order with the fingerprint of these ids."""
        return self.model_copy(update={"fingerprint": sha256(written_ids(ids)).hexdigest()[:32]})


Order = TypeVar("Order", bound=OverTodos)


class TodoWork(ABC, Generic[Order]):
    """A kind of bulk work that does one thing to each to-do. `tells` says that processes have to know of it."""

    name: ClassVar[str]
    tells: ClassVar[bool] = True

    def __init__(self, model: type[Order]) -> None:
        self._model = model

    def read(self, order: Any) -> Order:
        """Return the order as the job keeps it."""
        return self._model.model_validate(order)

    @abstractmethod
    def do(self, session: Session, todo_id: int, order: Order, change: Change) -> None:
        """Do it to the to-do, whose invoice is locked. Raises Refused."""

    def check(self, session: Session, order: Order, today: date) -> None:
        """Raise Refused for an order that makes no sense, whatever the to-dos are."""

    def is_so_already(self, order: Order, todo: OpenTodo) -> bool:
        """Say whether the to-do is as it is to be."""
        return False

    def require(self, order: Order, todo: OpenTodo, facts: Facts, on: date) -> None:
        """Raise Refused, as `do` would on the day, where that can be told beforehand."""

    def event(self, order: Order, todo: OpenTodo, at: datetime) -> Event | None:
        """Return what it means to the plan of the to-do's invoice, to foretell what else that changes."""
        return None

    def total(self, session: Session, job: Running) -> int:
        """Count the to-dos."""
        return count_ids(session, job.id)

    def page(self, session: Session, job: Running) -> Page:
        """Do it to the next to-dos. One that cannot be done is refused by itself, and holds up no other."""
        order = self.read(job.order)
        now = datetime.now(UTC)
        change = Change(now, local_date(session, now), job.by, job_id=job.id)
        self.check(session, order, change.on)
        done = int(job.cursor.get("done") or 0)
        ids = ids_of_page(session, job.id, done, PAGE)
        rows = self._over(session, order, ids, change)
        outcomes = [row.outcome for row in rows]
        counts = {
            "done": len(rows),
            "changed": outcomes.count("changed"),
            "unchanged": outcomes.count("unchanged"),
            "failed": outcomes.count("refused"),
        }
        return Page({"done": done + len(ids)} if len(ids) == PAGE else None, counts, rows)

    def _over(self, session: Session, order: Order, ids: Sequence[int], change: Change) -> list[Row]:
        invoices = invoices_of_actions(session, ids)
        lock_invoices(session, list({invoice_id for invoice_id, _ in invoices.values()}))
        rows = [self._one(session, order, id_, invoices, change) for id_ in ids]
        changed = {invoices[row.position][0] for row in rows if row.outcome == "changed"}
        if self.tells:
            owe_many(session, sorted(changed), "invoice_changed", {"by": change.by}, is_bulk=True)
        return rows

    def _one(
        self, session: Session, order: Order, todo_id: int, invoices: dict[int, tuple[int, str]], change: Change
    ) -> Row:
        if todo_id not in invoices:
            nobody = Phrase("there is no to-do {action_id}", action_id=todo_id)
            return Row(todo_id, str(todo_id), "refused", nobody)
        number = invoices[todo_id][1]
        try:
            with part(session):
                # Under the lock: another hand may have ended it since it was listed.
                if self.is_so_already(order, open_todo_of(session, todo_id)):
                    return Row(todo_id, number, "unchanged")
                self.do(session, todo_id, order, change)
                return Row(todo_id, number, "changed")
        except LedgerUnavailable:
            raise
        except Refused as refusal:
            return Row(todo_id, number, "refused", refusal.said)
        except Exception as error:
            log.exception("a to-do of a job is given up", job_id=change.job_id, todo_id=todo_id)
            return Row(todo_id, number, "refused", f"{type(error).__name__}: {error}")
