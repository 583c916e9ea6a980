"""Orders by which people write to customers outside the cadence."""

from activities.own_words import Wish, in_own_words
from db.engine import Session
from db.operations.change import Change
from db.operations.messages.drafts import Draft
from db.operations.messages.writing import require_writable, write_to_customer
from db.operations.refusal import Refused
from intake.clerk_orders import Clerk, Told
from mailer.refusals import CannotRender


class MessageOrders(Clerk):
    """What a person may order to be written."""

    __slots__ = ()

    def write(self, number: str, wish: Wish) -> Told:
        """Let a message about the invoice go out, as it reads with its tags filled in now. Raises Refused."""
        return self._about_invoice(
            number, lambda session, id_, change: _write(session, id_, wish, change), "invoice_changed"
        )


def _write(session: Session, invoice_id: int, wish: Wish, change: Change) -> bool:
    if require_writable(session, invoice_id, wish.as_step, change) is None:
        return False
    try:
        message = in_own_words(session, invoice_id, wish, change.at)
    except CannotRender as obstacle:
        raise Refused(str(obstacle)) from obstacle
    return write_to_customer(session, invoice_id, Draft(message.subject, message.body), wish.as_step, change)
