"""Orders that stop contact for a while, and those that end it."""

from datetime import date
from decimal import Decimal

from db.operations import customer_holds, disputes, holds, promises
from dunning.events import Resolution
from intake.clerk_orders import Clerk, Told


class HoldOrders(Clerk):
    """What a person may order about holds."""

    __slots__ = ()

    def pause(self, number: str, until: date | None = None, reason: str | None = None) -> Told:
        """Pause the invoice until the first active day, or until it is resumed. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: holds.pause(session, id_, until, reason, change),
            "pause",
            until=until.isoformat() if until else None,
            reason=reason,
        )

    def resume(self, number: str) -> Told:
        """End the invoice's pause. Raises Refused."""
        return self._about_invoice(number, holds.resume, "resume")

    def pause_customer(self, customer: str, until: date | None = None, reason: str | None = None) -> Told:
        """Pause all invoices of the customer with this number. Raises Refused."""
        return self._about_customer(
            customer,
            lambda session, id_, change: customer_holds.pause_customer(session, id_, until, reason, change),
        )

    def resume_customer(self, customer: str) -> Told:
        """End the customer's pause. Raises Refused."""
        return self._about_customer(customer, customer_holds.resume_customer)

    def dispute(self, number: str, reason: str | None = None) -> Told:
        """Hold the invoice until its dispute is resolved. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: disputes.dispute(session, id_, reason, change),
            "invoice_changed",
        )

    def resolve(self, number: str, then: Resolution = Resolution.RESUME) -> Told:
        """End the invoice's dispute. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: disputes.resolve(session, id_, then, change),
            "invoice_changed",
        )

    def promise(self, number: str, promised_for: date, amount: Decimal | None = None) -> Told:
        """Note that the customer promised to pay by the day: all, or the amount. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: promises.promise(session, id_, promised_for, amount, change),
            "invoice_changed",
        )

    def announce_payment(self, number: str, until: date) -> Told:
        """Hold the invoice while a payment is on its way. Raises Refused."""
        return self._about_invoice(
            number,
            lambda session, id_, change: holds.announce_payment(session, id_, until, change),
            "invoice_changed",
        )
