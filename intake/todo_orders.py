"""Orders about to-dos by their ids: each to-do in a transaction of its own, with a result of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from db.engine import LedgerUnavailable, Session
from db.operations import todos
from db.operations.change import Change
from db.operations.messages import drafts
from db.operations.messages.drafts import Draft
from db.operations.outbox import owe
from db.operations.refusal import Refused
from db.operations.todos import Ending
from intake.clerk_orders import Clerk, Told


@dataclass(frozen=True, slots=True)
class TodoResult:
    """What came of an order about one to-do: done, or why not. `is_tried` is False where the ledger went away."""

    id: int
    because: str | None = None
    is_tried: bool = True

    @property
    def is_done(self) -> bool:
        """Say whether the order took effect."""
        return self.because is None


@dataclass(frozen=True, slots=True)
class TodosTold:
    """What came of an order about several to-dos, in their order, and the signals that it owes."""

    results: tuple[TodoResult, ...]
    told: Told


class TodoOrders(Clerk):
    """What a person may order about to-dos."""

    __slots__ = ()

    def complete_todos(self, ids: Sequence[int], ending: Ending) -> TodosTold:
        """End the to-dos with an outcome."""
        return self._each(ids, lambda session, id_, change: todos.complete_todo(session, id_, ending, change))

    def send_todos(self, ids: Sequence[int]) -> TodosTold:
        """Let the messages of the to-dos go out; their processes send them and so complete them."""
        return self._each(ids, lambda session, id_, change: drafts.approve(session, id_, change))

    def snooze_todos(self, ids: Sequence[int], until: date) -> TodosTold:
        """Put the to-dos out of sight until a day."""
        return self._each(ids, lambda session, id_, change: todos.snooze_todo(session, id_, until, change))

    def assign_todos(self, ids: Sequence[int], owner: str) -> TodosTold:
        """Give the to-dos to a user or a group; no process needs to know."""
        return self._each(
            ids, lambda session, id_, change: todos.assign_todo(session, id_, owner, change), tells=False
        )

    def edit_todo(self, todo_id: int, draft: Draft) -> TodosTold:
        """Keep what a person made of the to-do's message."""
        return self._each([todo_id], lambda session, id_, change: drafts.edit_draft(session, id_, draft, change))

    def _each(
        self, ids: Sequence[int], operation: Callable[[Session, int, Change], int], *, tells: bool = True
    ) -> TodosTold:
        """Carry the operation out for each to-do, once; a refusal of one touches no other."""
        results: list[TodoResult] = []
        owed: list[int] = []
        away: str | None = None
        for todo_id in dict.fromkeys(ids):
            if away is not None:
                results.append(TodoResult(todo_id, away, is_tried=False))
                continue
            try:
                with self._transaction() as session:
                    change = self._change(session)
                    invoice_id = operation(session, todo_id, change)
                    payload = {"event_id": change.event_id, "by": self.by}
                    owes = owe(session, invoice_id, "invoice_changed", payload) if tells else None
            except Refused as refusal:
                results.append(TodoResult(todo_id, refusal.said))
                continue
            except LedgerUnavailable as error:
                away = f"not done, the ledger went away: {error}"
                results.append(TodoResult(todo_id, away, is_tried=False))
                continue
            results.append(TodoResult(todo_id))
            owed += [] if owes is None else [owes]
        return TodosTold(tuple(results), Told(tuple(owed), changed=any(one.is_done for one in results)))
