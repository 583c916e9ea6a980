"""A to-do as the command line shows it: its line, its message, and how it can end."""

from datetime import UTC, datetime

from activities.drafts import DraftText, draft_text
from console.connections.ledger import Ledger
from console.failure import ASKED_WRONGLY, Failure
from db.engine import transaction
from db.operations.messages.drafts import draft_of
from db.operations.todos import outcomes_of
from db.queries.todos import ActionLine, action_line
from dunning.cadence import Channel


def read_todo(ledger: Ledger, todo_id: int) -> tuple[ActionLine, DraftText | None, tuple[str, ...]]:
    """Return the to-do. Raises Failure if there is none, and LedgerUnavailable."""
    with transaction(ledger.engine) as session:
        line = action_line(session, todo_id)
        if line is None:
            raise Failure(f"there is no to-do {todo_id}", ASKED_WRONGLY)
        text = None
        if line.state == "open":
            text = draft_text(session, line, draft_of(session, todo_id), datetime.now(UTC))
        return line, text, outcomes_of(line.kind, Channel(line.channel))
