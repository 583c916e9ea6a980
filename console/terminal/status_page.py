"""An invoice on one page, for people and as data."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from console.terminal.inbox_table import delivery_words
from console.terminal.printing import say
from console.views.amounts import money, plain
from console.views.invoices import Shown
from console.views.process_report import ProcessReport
from console.views.reasons import reason_text
from db.queries.invoices import TimelineLine
from db.queries.organization import OrganizationView


def print_status(console: Console, shown: Shown, process: ProcessReport, organization: OrganizationView) -> None:
    """Print the page."""
    view, standing = shown.view, shown.standing
    facts = {
        "customer": f"{view.customer_name} ({view.customer})",
        "issued": f"{view.issued_on}",
        "due": f"{view.due_on or 'no due date'}",
        "state": view.state.replace("_", " "),
        "total": money(view.total, view.currency),
        "outstanding": money(view.outstanding, view.currency),
        "cadence": "none",
    }
    if standing is not None:
        facts["cadence"] = standing.cadence if standing.is_open else f"none ({standing.cadence}: {standing.state})"
    if standing is not None and standing.is_open:
        facts["stage"] = standing.stage or "not planned yet"
    say(console, view.number, "bold")
    for name, value in facts.items():
        say(console, f"  {name:<12} {value}")
    say(console, shown.following, "bold")
    if standing is not None and standing.is_open:
        for reason in standing.because:
            say(console, f"  - {reason_text(reason)}")
        for todo in standing.todos:
            owner = f", {todo.owner}" if todo.owner else ""
            why = f": {todo.obstacle}" if todo.obstacle else ""
            say(
                console,
                f"  to-do {todo.id}: {todo.step} ({todo.channel}) since {todo.due_on}{owner}{why}",
                "yellow",
            )
    # Usually the process has the ledger's plan; saying it twice would hide the case where it has another.
    agrees = process.plan == shown.following and not process.signals_waiting
    say(console, f"Process: {process.id} is running, with this plan" if agrees else f"Process: {process.sentence}")
    if process.url is not None:
        say(console, f"  {process.url}")
    if shown.deliveries:
        say(console, "Messages:")
    for delivery in shown.deliveries:
        at = delivery.sent_at
        when = f"{at.astimezone(organization.time_zone):%Y-%m-%d %H:%M}" if at is not None else f"{'–':<16}"
        say(console, f"  {when}  {delivery.step} to {', '.join(delivery.recipients)}: {delivery_words(delivery)}")
    if view.timeline:
        say(console, f"What happened ({organization.time_zone.key}):")
    for line in reversed(view.timeline):
        at = line.at.astimezone(organization.time_zone)
        say(console, f"  {at:%a %Y-%m-%d %H:%M}  {line.kind} by {line.actor}{_details(line)}")


def _details(line: TimelineLine) -> str:
    """Return the entry's data as people read it."""
    if not line.data:
        return ""
    if isinstance(changes := line.data.get("changed"), dict):
        was_and_is = {
            name: ("nothing" if one is None else str(one) for one in pair) for name, pair in changes.items()
        }
        return ": " + ", ".join(f"{name} {' to '.join(pair)}" for name, pair in was_and_is.items())
    return ": " + ", ".join(f"{name} {value}" for name, value in line.data.items())


def status_data(shown: Shown, process: ProcessReport, organization: OrganizationView) -> dict[str, Any]:
    """Return the page as data."""
    view, standing = shown.view, shown.standing
    is_open = standing is not None and standing.is_open
    return {
        "invoice": view.number,
        "customer": view.customer,
        "customer_name": view.customer_name,
        "issued_on": view.issued_on,
        "due_on": view.due_on,
        "state": view.state,
        "currency": view.currency,
        "total": plain(view.total, view.currency),
        "outstanding": shown.outstanding,
        "cadence": standing.cadence if standing and is_open else None,
        "collection": standing.state if standing else None,
        "stage": standing.stage if standing and is_open else None,
        "step": standing.step if standing and is_open else None,
        "acts_at": standing.acts_at if standing and is_open else None,
        "next": shown.following,
        "because": standing.because if standing and is_open else [],
        "todos": [asdict(todo) for todo in standing.todos] if standing else [],
        "messages": [asdict(delivery) for delivery in shown.deliveries],
        "process": asdict(process),
        "time_zone": organization.time_zone.key,
        "timeline": [asdict(line) for line in view.timeline],
    }
