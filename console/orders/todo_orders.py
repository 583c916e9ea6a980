"""Carries an order about to-dos out: each by itself, with a result for each."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console.connections.environment import environment
from console.connections.ledger import Ledger, open_ledger
from console.connections.processes import pass_on
from console.failure import ASKED_WRONGLY, NOT_DONE, Failure
from console.options.todo_choice import chosen
from console.options.todo_filter import UNFILTERED, Which
from console.orders.clerk import clerk
from console.terminal.printing import complain, out, say, say_json
from db.engine import transaction
from db.queries.calendar import local_date
from db.queries.todos import PAGE_MAX, action_page
from intake.commands import Desk
from intake.todo_orders import TodosTold


@dataclass(frozen=True, slots=True)
class Chosen:
    """The to-dos that an order is about: these numbers, or `everything` open that the filters leave."""

    ids: Sequence[int]
    everything: bool = False
    which: Which = UNFILTERED

    def __post_init__(self) -> None:
        if bool(self.ids) == self.everything or (self.ids and not self.which.is_everything):
            raise Failure("name to-dos by their numbers, or all that match by --all with filters", ASKED_WRONGLY)
        if self.everything and self.which.is_everything:
            raise Failure("--all needs a filter, such as --owner or --cadence", ASKED_WRONGLY)


def carry_out(todos: Chosen, order: Callable[[Desk, Sequence[int]], TodosTold], as_json: bool) -> int:
    """Carry the order out for each of the to-dos, and say what came of each.

    The exit code is 2 if any was refused, and 1 if the ledger went away on the way. Raises Failure.
    """
    with open_ledger() as ledger:
        found = _matching(ledger, todos.which) if todos.everything else todos.ids
        came = order(Desk(ledger.engine, clerk()), found)
        why_not = asyncio.run(pass_on(ledger, environment(), came.told))
    if as_json:
        results = [{"id": one.id, "done": one.is_done, "because": one.because} for one in came.results]
        say_json({"results": results, "told": why_not is None, "not_told_because": why_not})
    else:
        _say(came, why_not)
    if any(not one.is_tried for one in came.results):
        return NOT_DONE
    return ASKED_WRONGLY if any(not one.is_done for one in came.results) else 0


def _matching(ledger: Ledger, which: Which) -> list[int]:
    with transaction(ledger.engine) as session:
        today = local_date(session, datetime.now(UTC))
        page = action_page(session, chosen(session, which, ("open",), today), PAGE_MAX)
    if page.ends_at is not None:
        raise Failure(f"more than {PAGE_MAX} to-dos match; choose fewer by further filters", ASKED_WRONGLY)
    return [line.id for line in page.lines]


def _say(came: TodosTold, why_not: str | None) -> None:
    console = out()
    for one in came.results:
        if one.is_done:
            say(console, f"{one.id}: done.")
        else:
            complain(f"{one.id}: {one.because}")
    if not came.results:
        say(console, "No open to-do matches.")
    elif len(came.results) > 1:
        done = sum(one.is_done for one in came.results)
        say(console, f"{done} of {len(came.results)} done.")
    if why_not is not None:
        say(console, f"The process will be told later; nothing is lost ({why_not}).", "yellow")
