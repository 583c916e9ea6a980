"""Orders about what came in: which invoice a message is about that nothing of ours matched."""

from db.engine import transaction
from db.operations.messages.incoming import assign
from db.operations.refusal import Refused
from db.queries.invoices import invoice_id_of
from intake.clerk_orders import Clerk


class InboxOrders(Clerk):
    """What a person may order about the inbox."""

    __slots__ = ()

    def assign_incoming(self, incoming_id: int, number: str) -> None:
        """Say which invoice the message is about. Its plan stays as it is. Raises Refused."""
        with transaction(self.engine) as session:
            invoice_id = invoice_id_of(session, number)
            if invoice_id is None:
                raise Refused("there is no invoice {number!r}", number=number)
            assign(session, incoming_id, invoice_id, self._change(session))
