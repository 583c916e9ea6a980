"""Orders bulk work over to-dos in front of a person: shows what it would do, asks, opens the job, follows it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from console.connections.ledger import open_ledger
from console.failure import ASKED_WRONGLY, NOT_DONE, Failure
from console.options.manner import Manner
from console.options.todo_choice import chosen
from console.options.todo_filter import Which
from console.orders.clerk import clerk
from console.orders.job_following import begin_and_follow
from console.terminal.printing import err, out, say, say_json
from console.terminal.progress import Bar
from console.terminal.question import is_agreed, require_somebody
from db.engine import Engine, transaction
from db.queries.calendar import local_date
from db.queries.worklist import Worth, work_ids
from intake.commands import Desk
from intake.job_orders import todo_work_of
from intake.jobs.over_todos import TODOS_MAX, OverTodos
from intake.jobs.todos_foretold import TodosForetold, foretell_todos

REASONS_MAX = 12


def carry_out(kind: str, order: OverTodos, which: Which, manner: Manner) -> int:
    """Show what the work would do, ask, and order it; return the exit code. Raises Failure and Refused."""
    if which.is_everything:
        raise Failure("bulk work on to-dos needs a filter, such as --owner or --cadence", ASKED_WRONGLY)
    if not manner.yes and not manner.dry_run:
        require_somebody("bulk work asks before it begins")
    console = err() if manner.json else out()
    with open_ledger() as ledger:
        now = datetime.now(UTC)
        ids = _matching(ledger.engine, which, now)
        said: dict[str, Any] = {"kind": kind, "where": order.where, "matching": len(ids), "job": None}
        if not manner.yes or manner.dry_run:
            with Bar(err(), "working out what it would do") as bar:
                foretold = foretell_todos(ledger.engine, todo_work_of(kind), order, ids, now, bar.show)
            said |= _data(foretold)
            _print(console, foretold, order.where)
        if manner.dry_run or not ids:
            _end(console, said, manner)
            return 0
        if not manner.yes and not is_agreed(f"{kind.capitalize()}: go on with {len(ids):,} to-dos?"):
            raise Failure("nothing was ordered", NOT_DONE)
        job_id = Desk(ledger.engine, clerk()).open_over_todos(kind, order, ids)
        return begin_and_follow(ledger, job_id, kind, follow=manner.follow, as_json=manner.json)


def _matching(engine: Engine, which: Which, now: datetime) -> list[int]:
    with transaction(engine) as session:
        today = local_date(session, now)
        listed = chosen(session, which, ("open",), today)
        ids = work_ids(session, listed, Worth(), today, TODOS_MAX + 1)
    if len(ids) > TODOS_MAX:
        raise Failure(f"more than {TODOS_MAX:,} to-dos match; choose fewer by further filters", ASKED_WRONGLY)
    return ids


def _data(foretold: TodosForetold) -> dict[str, Any]:
    names = "done", "unchanged", "contacts"
    counts: dict[str, Any] = {name: getattr(foretold, name) for name in names}
    return counts | {"refused": dict(foretold.refused), "impact": asdict(foretold.impact)}


def _print(console: Console, foretold: TodosForetold, where: str) -> None:
    say(console, f"{foretold.matching:,} open to-dos match: {where}", "bold")
    impact = foretold.impact
    until = "" if impact.messages_until is None else f" by the end of {impact.messages_until:%a %Y-%m-%d}"
    for number, what in (
        (foretold.done, "would be done"),
        (foretold.contacts, "of these are by a channel that contacts the customer"),
        (foretold.unchanged, "are so already"),
        (foretold.refused.total(), "would be left as they are"),
        (impact.todos_opened, "to-dos would be opened"),
        (impact.messages_added, f"more messages would go out{until}"),
    ):
        say(console, f"{number:>9,} {what}")
    for because, number in foretold.refused.most_common(REASONS_MAX):
        say(console, f"{number:>9,} left as they are: {because}", "yellow")
    if impact.undecidable:
        say(console, f"{impact.undecidable:>9,} cannot be planned, a person would be asked to look", "yellow")


def _end(console: Console, said: dict[str, Any], manner: Manner) -> None:
    if manner.json:
        say_json(said)
    elif said["matching"]:
        say(console, "Nothing was changed, this was a dry run.", "bold")
    else:
        say(console, "No open to-do matches.")
