"""Shows a message before it is due: what the customer would get, sent to nobody or to a colleague alone."""

from dataclasses import dataclass, replace
from datetime import datetime

from activities.letters import composed, write_text
from db.engine import Session
from db.queries.collections import case_of
from dunning.cadence import Anchor, Channel, Execution, Step
from mailer.compose import message_id
from mailer.refusals import CannotRender
from mailer.render import Rendered


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would go out, to the byte but for its Message-ID and, if asked, whom it is for."""

    rendered: Rendered
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    mime: bytes


def preview(
    session: Session,
    template: str,
    invoice_id: int,
    at: datetime,
    locale: str | None = None,
    to: str | None = None,
) -> Preview:
    """Return the message that the template makes about the invoice; nothing is stored, and it is no contact.

    It is that of the invoice's step with the template, if its cadence has one. Raises CannotRender.
    """
    collection = case_of(session, invoice_id).collection
    if collection is None or collection.facts.cadence is None:
        raise CannotRender("no cadence follows the invoice up, so that no message would go out")
    cadence = collection.facts.cadence
    step = next((one for one in cadence.steps if one.template == template), None)
    if step is None:
        # Written as the cadence's first step would be, so that its number is one that there is.
        first = cadence.steps[0]
        step = replace(
            Step(first.id, Anchor.ISSUE_DATE, 0, Channel.EMAIL, Execution.MANUAL, template), name=first.name
        )
    about, rendered = write_text(session, collection, step, at, locale=locale)
    key = f"preview of {template} at {at.isoformat()}"
    identity = message_id(about.organization_email, collection.id, key, 0).replace("<", "<preview.", 1)
    parties, mime = composed(session, about, rendered, step, identity, at, to)
    return Preview(rendered, identity, parties.sender, parties.recipients, mime)
