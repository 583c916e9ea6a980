"""A ledger whose invoices are due on days that can be read: Mondays, some weeks ahead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from db.engine import Engine, transaction
from db.queries.calendar import local_date
from dunning.cadence import Cadence, Channel
from tests.db.book import Book
from tests.dunning.builders import a_cadence, a_step

# Due +3 is a Thursday, +8 a Tuesday, +13 a Sunday, +21 a Monday.
STEPS = (a_step("S1", 3), a_step("S2", 8), a_step("S3", 13), a_step("S4", 21, Channel.CALL), a_step("S5", 28))
W = a_cadence(STEPS, name="W")


@dataclass(frozen=True)
class Ahead:
    """A ledger, and the Monday on which its invoices are due."""

    book: Book
    today: date
    monday: date

    @classmethod
    def of(cls, engine: Engine, cadences: Iterable[Cadence] = (W,)) -> "Ahead":
        """Publish the cadences in a ledger without jitter."""
        book = Book(engine)
        book.set(jitter_minutes=0)
        for cadence in cadences:
            book.publish(cadence)
        with transaction(engine) as session:
            today = local_date(session, datetime.now(UTC))
        return cls(book, today, today + timedelta(days=21 - today.weekday()))

    def invoice(self, number: str = "INV-1", cadence: str = "W", **changed: Any) -> int:
        """Take in an invoice that is due on the Monday, put it under the cadence, and return its id."""
        noon = f"{self.today} 12:00"
        issued_on = self.today - timedelta(days=3)
        invoice_id = self.book.invoice(number, noon, issued_on=issued_on, due_on=self.monday, **changed)
        self.book.reassign(invoice_id, cadence, noon)
        return invoice_id

    def day(self, days: int) -> str:
        """Return so many days after the Monday, as people read it."""
        return f"{self.monday + timedelta(days=days):%a %Y-%m-%d}"

    def iso(self, days: int) -> str:
        """Return so many days after the Monday, as programs read it."""
        return (self.monday + timedelta(days=days)).isoformat()
