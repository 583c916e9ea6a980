"""Orders bulk work in front of a person: shows what it changes, asks, opens the job and follows it."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from console.connections.ledger import open_ledger
from console.failure import NOT_DONE, Failure
from console.options.invoice_filter import Which, conditions_of
from console.options.manner import Manner
from console.orders.clerk import clerk
from console.orders.job_following import begin_and_follow
from console.terminal.printing import err, out, say, say_json
from console.terminal.progress import Bar
from console.terminal.question import is_agreed, require_somebody
from intake.commands import Desk
from intake.job_orders import work_of
from intake.jobs.foretold import Foretold, count, foretell
from intake.jobs.over_invoices import OverInvoices
from rules.conditions import Condition
from rules.written import written_conditions


def carry_out(
    kind: str,
    order_of: Callable[[tuple[Condition, ...]], OverInvoices],
    which: Which,
    manner: Manner,
) -> int:
    """Show what the work would change, ask, and order it; return the exit code. Raises Failure and Refused."""
    if not manner.yes and not manner.dry_run:
        require_somebody("bulk work asks before it begins")
    console = err() if manner.json else out()
    work = work_of(kind)
    with open_ledger() as ledger:
        order = order_of(conditions_of(ledger.engine, which))
        now = datetime.now(UTC)
        said: dict[str, Any] = {"kind": kind, "where": written_conditions(order.conditions), "job": None}
        if manner.yes and not manner.dry_run:
            said["matching"] = count(ledger.engine, work, order, now)
        else:
            with Bar(err(), "working out what it changes") as bar:
                foretold = foretell(ledger.engine, work, order, now, bar.show)
            said |= asdict(foretold)
            _print(console, said["where"], foretold)
        if manner.dry_run:
            if manner.json:
                say_json(said)
            else:
                say(console, "Nothing was changed, this was a dry run.", "bold")
            return 0
        if not manner.yes and not is_agreed(f"{kind.capitalize()}: go on with {said['matching']:,} invoices?"):
            raise Failure("nothing was ordered", NOT_DONE)
        job_id = Desk(ledger.engine, clerk()).open_bulk(kind, order)
        return begin_and_follow(ledger, job_id, kind, follow=manner.follow, as_json=manner.json)


def _print(console: Console, where: str, foretold: Foretold) -> None:
    impact = foretold.impact
    say(console, f"{foretold.matching:,} invoices match: {where or 'all'}", "bold")
    until = "" if impact.messages_until is None else f" by the end of {impact.messages_until:%a %Y-%m-%d}"
    for number, what in (
        (foretold.changed, "would be changed"),
        (foretold.unchanged, "are so already"),
        (foretold.refused, "would be refused"),
        (impact.next_actions_changed, "next actions would change"),
        (impact.todos_canceled, "to-dos would be canceled"),
        (impact.todos_opened, "to-dos would be opened"),
        (impact.messages_added, f"more messages would go out{until}"),
    ):
        say(console, f"{number:>9,} {what}")
    if impact.undecidable:
        say(console, f"{impact.undecidable:>9,} cannot be planned, a person would be asked to look", "yellow")
