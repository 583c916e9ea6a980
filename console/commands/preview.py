"""`duewell preview`: the year ahead of one invoice, and why everything is on its day."""

from console.options.arguments import Day
from console.options.todo_days import TodoDays


def preview(invoice: str, /, *, until: Day | None = None, todos_after: TodoDays = 0, json: bool = False) -> int:
    """Show the messages and to-dos ahead of an invoice, the reason for each date, and how it ends.

    Parameters
    ----------
    invoice
        The invoice's number.
    until
        The last day to look at; a year from today unless said.
    todos_after
        After how many days a to-do gets done, or never.
    json
        Print one JSON document.
    """
    from datetime import UTC, datetime

    from console.connections.ledger import open_ledger
    from console.terminal.preview_page import preview_data, print_nothing_ahead, print_preview
    from console.terminal.printing import out, say_json
    from console.views.book_ahead import asked
    from console.views.invoice_ahead import invoice_ahead
    from console.views.invoices import read_invoice

    with open_ledger() as ledger:
        question = asked(datetime.now(UTC), ledger.organization.time_zone, until, todos_after)
        shown = read_invoice(ledger.engine, invoice)
        ahead = invoice_ahead(ledger.engine, shown.view.id, question)
        if json:
            say_json(preview_data(shown, ahead, question))
        elif ahead is None:
            print_nothing_ahead(out(), shown)
        else:
            print_preview(out(), shown, ahead, question)
    return 0
