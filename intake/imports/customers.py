"""Takes in pages of customers with their contacts."""

from collections.abc import Sequence

from db.engine import Session
from db.operations.arrival.customer_pages import CustomerTaken, IncomingContact, IncomingCustomer, take_customers
from db.operations.arrival.invoices import Outcome
from db.operations.change import Change
from intake.files.rows import CustomerRow
from intake.jobs.kind import Row


def write_page(session: Session, rows: Sequence[CustomerRow], change: Change) -> list[Row]:
    """Take the customers in; a customer's rows stand together, and the first of them reports on the customer."""
    grouped: dict[str, list[CustomerRow]] = {}
    for row in rows:
        grouped.setdefault(row.customer.customer_id, []).append(row)
    taken = take_customers(session, [_incoming(of_customer) for of_customer in grouped.values()], change)
    reports: dict[int, Row] = {}
    for of_customer, one in zip(grouped.values(), taken, strict=True):
        reports |= {report.position: report for report in _reported(of_customer, one)}
    return [reports[row.line] for row in rows]


def _incoming(rows: Sequence[CustomerRow]) -> IncomingCustomer:
    locale = next((row.customer.locale for row in rows if row.customer.locale is not None), None)
    terms = [row.customer.payment_term_days for row in rows if row.customer.payment_term_days is not None]
    return IncomingCustomer(
        customer_id=rows[0].customer.customer_id,
        name=rows[0].customer.name,
        locale=locale,
        payment_term_days=terms[0] if terms else None,
        custom=tuple(dict(pair for row in rows for pair in row.customer.custom).items()),
        contacts=[
            IncomingContact(one.role, one.email, one.first_name, one.last_name)
            for row in rows
            if (one := row.contact) is not None
        ],
    )


def _reported(rows: Sequence[CustomerRow], taken: CustomerTaken) -> list[Row]:
    contacts = iter(taken.contacts)
    reports = []
    for place, row in enumerate(rows):
        outcome, said = next(contacts) if row.contact is not None else (Outcome.UNCHANGED, None)
        if place == 0:
            told = (*taken.told, *((said,) if said else ()))
            said = "; ".join(told) or None
            if taken.is_new:
                outcome, said = Outcome.CREATED, None
            elif taken.told:
                outcome = Outcome.CHANGED
        subject = row.customer.customer_id
        if place and row.contact is not None:
            subject += f" {row.contact.email or row.contact.role}"
        reports.append(Row(row.line, subject, outcome.value, said))
    return reports
