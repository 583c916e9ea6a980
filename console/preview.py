"""`duewell preview`: the year ahead of one invoice, and why everything is on its day."""

from console.arguments import Day
from console.todo_days import TodoDays


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

    from console.book_ahead import asked
    from console.invoice_ahead import invoice_ahead
    from console.invoices import read_invoice
    from console.ledger import open_ledger
    from console.preview_page import preview_data, print_nothing_ahead, print_preview
    from console.printing import out, say_json

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
