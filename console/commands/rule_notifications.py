"""`duewell rule notifications`: whom rules told of what, and what became of it."""


def notifications(invoice: str | None = None, /, *, limit: int = 50, json: bool = False) -> int:
    """Show whom rules told, the newest last: sent, owed with the last error, or failed with the reason.

    Parameters
    ----------
    invoice
        The invoice's number; without it, those about all invoices.
    limit
        How many lines at most.
    json
        Print one JSON document: a list of objects.
    """
    from dataclasses import asdict

    from console.connections.ledger import open_ledger
    from console.failure import ASKED_WRONGLY, Failure
    from console.orders.rule_orders import LINES_MAX
    from console.terminal.printing import out, say, say_json
    from console.terminal.tables import row, table_of
    from db.engine import transaction
    from db.queries.invoices import invoice_id_of
    from db.queries.rule_notifications import notification_lines

    if not 0 < limit <= LINES_MAX:
        raise Failure(f"--limit is 1 to {LINES_MAX}", ASKED_WRONGLY)
    with open_ledger() as ledger:
        with transaction(ledger.engine) as session:
            invoice_id = None if invoice is None else invoice_id_of(session, invoice)
            if invoice is not None and invoice_id is None:
                raise Failure(f"there is no invoice {invoice!r}", ASKED_WRONGLY)
            lines = notification_lines(session, invoice_id, limit)[::-1]
        if json:
            say_json([asdict(line) for line in lines])
        elif not lines:
            say(out(), "No rule told anybody of anything yet.")
        else:
            table = table_of("when", "invoice", "rule", "whom", "by", "state", "what was in the way")
            for line in lines:
                when = f"{line.created_at.astimezone(ledger.organization.time_zone):%Y-%m-%d %H:%M}"
                told = ", ".join(line.sent_to) or line.recipient
                row(table, when, line.invoice, line.rule, told, line.channel, line.state, line.last_error or "")
            out().print(table)
    return 0
