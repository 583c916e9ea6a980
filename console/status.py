"""`duewell status`: everything about one invoice on one page."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from console.invoices import Shown
    from console.process_report import ProcessReport
    from db.queries.invoices import TimelineLine
    from db.queries.organization import OrganizationView


def status(invoice: str, /, *, json: bool = False) -> int:
    """Show what is owed, what happens next and why, the open to-dos and what happened so far.

    Parameters
    ----------
    invoice
        The invoice's number.
    json
        Print one JSON document.
    """
    import asyncio

    from console.environment import environment
    from console.invoices import read_invoice
    from console.ledger import open_ledger
    from console.printing import out, say_json
    from console.process_report import report_of

    with open_ledger() as ledger:
        shown = read_invoice(ledger, invoice)
        process = asyncio.run(report_of(environment(), shown.view.id))
        if json:
            say_json(_as_data(shown, process, ledger.organization))
        else:
            _print(out(), shown, process, ledger.organization)
    return 0


def _print(console: "Console", shown: "Shown", process: "ProcessReport", organization: "OrganizationView") -> None:
    from console.amounts import money
    from console.printing import say
    from console.reasons import reason_text

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
    say(console, f"\n{shown.following}".lstrip("\n"), "bold")
    if standing is not None and standing.is_open:
        for reason in standing.because:
            say(console, f"  - {reason_text(reason)}")
        for todo in standing.todos:
            owner = f", {todo.owner}" if todo.owner else ""
            why = f": {todo.obstacle}" if todo.obstacle else ""
            say(console, f"  to-do {todo.step} ({todo.channel}) since {todo.due_on}{owner}{why}", "yellow")
    say(console, f"Process: {process.sentence}")
    if process.url is not None:
        say(console, f"  {process.url}")
    if view.timeline:
        say(console, f"What happened ({organization.time_zone.key}):")
    for line in reversed(view.timeline):
        at = line.at.astimezone(organization.time_zone)
        say(console, f"  {at:%a %Y-%m-%d %H:%M}  {line.kind}{_details(line)} [{line.actor}]")


def _details(line: "TimelineLine") -> str:
    """Return the entry's data as people read it."""
    if not line.data:
        return ""
    if isinstance(changes := line.data.get("changed"), dict):
        return ": " + ", ".join(f"{name} {' to '.join(map(str, pair))}" for name, pair in changes.items())
    return ": " + ", ".join(f"{name} {value}" for name, value in line.data.items())


def _as_data(shown: "Shown", process: "ProcessReport", organization: "OrganizationView") -> dict[str, Any]:
    from dataclasses import asdict

    from console.amounts import plain

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
        "process": asdict(process),
        "time_zone": organization.time_zone.key,
        "timeline": [asdict(line) for line in view.timeline],
    }
