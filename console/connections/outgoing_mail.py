"""The way out for a message that a person sends to a colleague to look at; it is no contact."""

from activities.previews import Preview
from console.connections.environment import environment
from console.failure import ASKED_WRONGLY, Failure
from mailer.addresses import wire_address
from mailer.choice import transport_of
from mailer.transport import Deferred, Rejected, Uncertain, Unreachable


def send_preview(made: Preview) -> None:
    """Hand the message to the mail server that the settings name. Raises Failure."""
    chosen = environment()
    try:
        transport = transport_of(
            chosen.smtp_url, chosen.resend_api_key, chosen.resend_url, connections=1, bounces_to=chosen.bounces_to
        )
    except ValueError as error:
        raise Failure(str(error), ASKED_WRONGLY) from error
    sender, *recipients = map(wire_address, (made.sender, *made.recipients))
    try:
        transport.send(sender, tuple(recipients), made.message_id, made.mime)
    except (Deferred, Uncertain, Unreachable, Rejected) as refusal:
        raise Failure(f"the preview could not be sent: {refusal}") from refusal
    finally:
        transport.close()
