"""What can be done to many to-dos at once: complete, ignore, send, put off and hand on."""

from datetime import date, datetime
from typing import Any

from db.engine import Session
from db.operations import todos
from db.operations.change import Change
from db.operations.messages import drafts
from db.operations.open_todos import OpenTodo
from db.operations.refusal import Refused
from db.operations.todos import OUTCOMES, Ending, require_owner, require_possible
from dunning.events import Completed, Event, Ignored
from dunning.facts import Facts
from intake.jobs.over_todos import OverTodos, TodoWork


class EndOrder(OverTodos):
    """End the to-dos with an outcome; `text` is what was said."""

    outcome: str = "done"
    text: str | None = None

    @property
    def ending(self) -> Ending:
        """Return how they end."""
        return Ending(self.outcome, text=self.text)


class SnoozeOrder(OverTodos):
    """Put the to-dos off until a day."""

    until: date


class HandOnOrder(OverTodos):
    """Give the to-dos to a user (by e-mail address) or a group (by name)."""

    owner: str


class EndTodos(TodoWork[EndOrder]):
    """Ends to-dos, as whoever did one says so (rule 4.2)."""

    name = "complete to-dos"

    def check(self, session: Session, order: EndOrder, today: date) -> None:
        """Raise Refused for an outcome that there is none of, or that is each customer's own."""
        if order.outcome not in OUTCOMES:
            raise Refused(
                "an outcome is one of {outcomes}, not {outcome!r}",
                outcomes=", ".join(OUTCOMES),
                outcome=order.outcome,
            )
        if order.outcome == "promised":
            raise Refused("a promise has its own day; complete these to-dos one by one")

    def require(self, order: EndOrder, todo: OpenTodo, facts: Facts, on: date) -> None:
        """Raise Refused if the to-do cannot end like that."""
        require_possible(todo, order.ending)

    def event(self, order: EndOrder, todo: OpenTodo, at: datetime) -> Event | None:
        """Return the end of the step, if it is one."""
        if not todo.is_step:
            return None
        ended = Ignored if order.outcome == "ignored" else Completed
        return ended(at, todo.step_id)

    def do(self, session: Session, todo_id: int, order: EndOrder, change: Change) -> None:
        """End the to-do."""
        todos.complete_todo(session, todo_id, order.ending, change)


class IgnoreTodos(EndTodos):
    """Leaves to-dos out (rule 4.3)."""

    name = "ignore to-dos"


class SendTodos(TodoWork[OverTodos]):
    """Lets the messages of to-dos go out; their processes send them, once, and so complete them."""

    name = "send to-dos"

    def require(self, order: OverTodos, todo: OpenTodo, facts: Facts, on: date) -> None:
        """Raise Refused if there is nothing to send, or if the customer must not or cannot be written to."""
        drafts.require_sendable(todo)
        drafts.require_free(facts, on)

    def do(self, session: Session, todo_id: int, order: OverTodos, change: Change) -> None:
        """Approve the message."""
        drafts.approve(session, todo_id, change)


class SnoozeTodos(TodoWork[SnoozeOrder]):
    """Puts to-dos out of sight until a day (rule 4.7)."""

    name = "snooze to-dos"

    def check(self, session: Session, order: SnoozeOrder, today: date) -> None:
        """Raise Refused for a day that is not ahead any more."""
        if order.until <= today:
            raise Refused(
                "a to-do is put off until a day after today ({today}), not {until}", today=today, until=order.until
            )

    def is_so_already(self, order: SnoozeOrder, todo: OpenTodo) -> bool:
        """Say whether it is put off until the same day."""
        return todo.snoozed_until == order.until

    def do(self, session: Session, todo_id: int, order: SnoozeOrder, change: Change) -> None:
        """Put the to-do off."""
        todos.snooze_todo(session, todo_id, order.until, change)


class HandOnTodos(TodoWork[HandOnOrder]):
    """Gives to-dos to somebody else."""

    name = "assign to-dos"
    tells = False

    def check(self, session: Session, order: HandOnOrder, today: date) -> None:
        """Raise Refused unless there is such an owner."""
        require_owner(session, order.owner)

    def is_so_already(self, order: HandOnOrder, todo: OpenTodo) -> bool:
        """Say whether it is theirs."""
        return todo.owner is not None and todo.owner.lower() == order.owner.strip().lower()

    def do(self, session: Session, todo_id: int, order: HandOnOrder, change: Change) -> None:
        """Hand the to-do on."""
        todos.assign_todo(session, todo_id, order.owner, change)


TODO_KINDS: tuple[TodoWork[Any], ...] = (
    EndTodos(EndOrder),
    IgnoreTodos(EndOrder),
    SendTodos(OverTodos),
    SnoozeTodos(SnoozeOrder),
    HandOnTodos(HandOnOrder),
)
