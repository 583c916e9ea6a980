"""What is ahead of one invoice, by the ledger: with its customer's other invoices where a setting says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.failure import Failure
from console.views.book_ahead import Question, foretell_customer, heed_each_other, read_all
from db.engine import Engine, Session, transaction
from db.queries.collections import OpenCollection
from db.queries.customers import open_invoice_ids_of
from db.queries.under import hold_still
from dunning.forecast import Ahead, forecast


@dataclass(frozen=True, slots=True)
class InvoiceAhead:
    """An invoice's open collection, what is ahead of it, and the numbers of the customer's invoices by id."""

    collection: OpenCollection
    ahead: Ahead
    numbers: Mapping[int, str]


def invoice_ahead(engine: Engine, invoice_id: int, question: Question) -> InvoiceAhead | None:
    """Return what is ahead of the invoice, None if no collection of it is open.

    Raises Failure if that cannot be planned, and LedgerUnavailable.
    """
    with transaction(engine) as session:
        hold_still(session)
        return read_ahead(session, invoice_id, question)


def read_ahead(session: Session, invoice_id: int, question: Question) -> InvoiceAhead | None:
    """Return what is ahead of the invoice within a transaction that sees one state of the ledger.

    Raises Failure if that cannot be planned.
    """
    own = next(iter(read_all(session, [invoice_id])), None)
    if own is None:
        return None
    household = [own]
    if heed_each_other(session):
        household = read_all(session, open_invoice_ids_of(session, [own.customer_id]))
    numbers = {each.invoice_id: each.facts.invoice.number for each in household}
    try:
        if len(household) == 1:
            ahead = forecast(own.facts, question.now, question.until, question.todo_days)
        else:
            position = [each.invoice_id for each in household].index(invoice_id)
            ahead = foretell_customer(household, question)[position]
    except ValueError as error:
        raise Failure(f"{own.facts.invoice.number} cannot be planned: {error}") from error
    return InvoiceAhead(own, ahead, numbers)
