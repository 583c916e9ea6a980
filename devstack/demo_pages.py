"""What the demo shows on the terminal after its first round."""

from pathlib import Path
from urllib.parse import quote_plus

from rich.console import Console
from rich.table import Table

from db.engine import Engine, transaction
from db.queries.book import BookFilter, book_lines
from db.queries.round import RoundCounts, last_sent, open_todos
from devstack.demo_console import DemoConsole
from devstack.stack import Stack
from dunning.money import Money

SHOWN = 6
FILTER = "WorkflowType = 'InvoiceCollection'"


def show_round(console: Console, engine: Engine, counts: RoundCounts) -> None:
    """Show what went out, what became a to-do, and what waits for when and why."""
    with transaction(engine) as session:
        sent, todos = last_sent(session, SHOWN), open_todos(session, SHOWN)
        waiting = book_lines(session, BookFilter(stage="waiting"), SHOWN)
        held = book_lines(session, BookFilter(stage="held"), SHOWN // 2)
    table = _table(f"Went out: {counts.sent} messages", "invoice", "customer", "step", "subject")
    for mail in sent:
        table.add_row(mail.invoice, mail.customer_name, mail.step, mail.subject)
    _print(console, table, counts.sent - len(sent))
    table = _table(f"Became a to-do: {counts.todos}", "invoice", "customer", "step", "owner", "why")
    for todo in todos:
        table.add_row(
            todo.invoice, todo.customer_name, todo.step, todo.owner or "", todo.obstacle or "a person's step"
        )
    _print(console, table, counts.todos - len(todos))
    table = _table(f"Waits: {counts.waiting}", "invoice", "outstanding", "for what and why")
    for line in (*waiting, *held):
        table.add_row(line.invoice, str(Money(line.outstanding, line.currency)), line.sentence or "")
    _print(console, table, counts.waiting - len(waiting) - len(held))


def show_where_to_look(console: Console, stack: Stack, env: Path, served: DemoConsole) -> None:
    """Show the addresses, the demo's sign-in, and commands to try in another terminal."""
    console.print()
    console.print(f"Console          {served.url}", highlight=False, soft_wrap=True)
    console.print(f"  sign in with   {served.email}  {served.password}", highlight=False, soft_wrap=True)
    if stack.temporal_ui_url:
        address = f"{stack.temporal_ui_url}/namespaces/default/workflows?query={quote_plus(FILTER)}"
        console.print(f"Temporal Web UI  {address}", highlight=False, soft_wrap=True)
    if stack.mail_page_url:
        console.print(f"Caught mails     {stack.mail_page_url}", highlight=False, soft_wrap=True)
    console.print("In another terminal, from this folder:", highlight=False)
    console.print(f"  . {env}", highlight=False)
    for command in ("collections --stage waiting", "status INV-0002", "pause INV-0002 --reason 'they asked'"):
        console.print(f"  .venv/bin/duewell {command}", highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, justify="right" if column == "outstanding" else "left", overflow="fold")
    return table


def _print(console: Console, table: Table, more: int) -> None:
    console.print()
    console.print(table)
    if more > 0:
        console.print(f"… and {more} more", style="dim", highlight=False)
