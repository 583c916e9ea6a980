"""Orders about the addresses of customers' people."""

from db.operations.messages.addresses import mend_address
from intake.clerk_orders import Clerk, Told
from intake.people_orders import sound_address


class AddressOrders(Clerk):
    """What a person may order about addresses that are not written to any more."""

    __slots__ = ()

    def mend_address(self, customer: str, email: str, to: str | None = None, reason: str | None = None) -> Told:
        """Write to the customer's address again, or to another one instead. Raises Refused."""
        other = None if to is None else sound_address(to)
        return self._about_customer(
            customer,
            lambda session, id_, change: mend_address(session, id_, email.strip(), other, reason, change),
        )
