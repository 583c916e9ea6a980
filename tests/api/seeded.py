"""A ledger with something of everything in it, under the names that the examples of the API use."""

from datetime import UTC, datetime

from db.engine import Engine, transaction
from db.operations.arrival.incoming_invoice import IncomingInvoice
from db.operations.arrival.invoices import take_invoice
from db.operations.change import Change
from db.operations.webhooks import add_endpoint, owe_ping
from db.queries.calendar import local_date
from mailer.webhook_signature import new_secret
from tests.db.book import an_invoice


def seed(engine: Engine) -> None:
    """Fill the ledger."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        change = Change(now, local_date(session, now), by="import")
        for number, customer in (("INV-2026-017", "C-1"), ("INV-2", "C-1"), ("INV-3", "C-2")):
            invoice: IncomingInvoice = an_invoice(number, customer_id=customer)
            take_invoice(session, invoice, change)
        endpoint = add_endpoint(session, "https://8.8.8.8/hook", [], new_secret(), False, "ana")
        owe_ping(session, endpoint, now)
