"""The book of a run: customers with one invoice and with several, and a sender that may send so much at most."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from db.engine import Engine, transaction
from db.operations.cadences import publish
from db.operations.messages.senders import NewSender, add_sender, trust_sender
from intake.cadence_file import STANDARD, read_cadence
from intake.import_invoices import import_invoices

OWN, LIMITED = "ar@duewell.example", "limited@duewell.example"
# Due so long ago that the reminder is due today; and due so soon that the message ahead of it is.
OVERDUE, UPCOMING = -4, 2
# In how many days the invoices of a customer are due, for such a share of the customers. Those of one step go out
# as one message; where the steps differ, the one that comes second waits for the minimum contact delay.
_SHARES = (
    (0.03, (UPCOMING,)),
    (0.02, (UPCOMING, UPCOMING)),
    (0.05, (OVERDUE, UPCOMING)),
    (0.15, (OVERDUE, OVERDUE, OVERDUE)),
)
_HEADER = "invoice_number customer_id customer_name issue_date due_date currency total email"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the limited sender may send, from whom all messages ahead of the due date are."""

    minute_max: int | None = None
    day_max: int | None = None


NO_LIMITS = Limits()


def lay_down(engine: Engine, today: date, customers: int, limits: Limits) -> list[str]:
    """Import a book that leads to one message to each customer today, and return the invoices' numbers."""
    with transaction(engine) as session:
        now = datetime.now(UTC)
        add_sender(session, NewSender(OWN, "Duewell Test"), now)
        limited = NewSender(LIMITED, "Reminders", minute_max=limits.minute_max, day_max=limits.day_max)
        add_sender(session, limited, now)
        trust_sender(session, LIMITED, now)
        cadence = read_cadence(STANDARD)
        steps = (replace(step, sender=LIMITED if step.id == "upcoming" else None) for step in cadence.steps)
        publish(session, replace(cadence, steps=tuple(steps)), make_default=True)
    text, numbers = io.StringIO(), list[str]()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER.split())
    for customer in range(customers):
        name, email = f"Customer {customer}", f"c-{customer}@customers.example"
        for due_in_days in _invoices_of(customer, customers):
            numbers.append(f"INV-{len(numbers)}")
            due_on = today + timedelta(days=due_in_days)
            issued_on = due_on - timedelta(days=30)
            writer.writerow([numbers[-1], f"C-{customer}", name, issued_on, due_on, "EUR", "100.00", email])
    import_invoices(engine, text.getvalue().encode())
    return numbers


def _invoices_of(customer: int, customers: int) -> tuple[int, ...]:
    last = 0.0
    for share, due_in_days in _SHARES:
        last += share * customers
        if customer + 1 <= last:
            return due_in_days
    return (OVERDUE,)
