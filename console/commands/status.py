"""`duewell status`: everything about one invoice on one page."""


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

    from console.connections.environment import environment
    from console.connections.ledger import open_ledger
    from console.terminal.printing import out, say_json
    from console.terminal.status_page import print_status, status_data
    from console.views.invoices import read_invoice
    from console.views.process_report import report_of

    with open_ledger() as ledger:
        shown = read_invoice(ledger.engine, invoice)
        process = asyncio.run(report_of(environment(), shown.view.id))
        if json:
            say_json(status_data(shown, process, ledger.organization))
        else:
            print_status(out(), shown, process, ledger.organization)
    return 0
