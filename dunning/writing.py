"""A message that a person writes outside the cadence: as what it goes out, and what stops it (rule 4.8)."""

from dataclasses import replace
from datetime import date, timedelta

from dunning.cadence import Anchor, Channel, Execution, Step
from dunning.facts import Facts, InvoiceState
from phrase import Phrase, phrase

# No step of a cadence can have an id in brackets.
MESSAGE = "(message)"


def message_step(facts: Facts, as_step: str | None) -> Step:
    """Return as what the message goes out: to whom and from whom the step writes that it is used as."""
    like = None if as_step is None or facts.cadence is None else facts.cadence.step(as_step)
    own = Step(MESSAGE, Anchor.ISSUE_DATE, 0, Channel.EMAIL, Execution.MANUAL, name="message")
    if like is None:
        return own
    return replace(own, sender=like.sender, recipients=like.recipients, cc=like.cc, bcc=like.bcc)


def what_stops(facts: Facts, today: date) -> Phrase | None:
    """Return why nothing that a person wrote may go out today; None if it may.

    The minimum contact delay, send hours and business days bind the product, and no person.
    """
    invoice = facts.invoice
    if invoice.state is not InvoiceState.OPEN:
        state = phrase(invoice.state.value.replace("_", " "))
        return Phrase("nothing goes out: the invoice is {state}", state=state)
    if facts.is_settled:
        return Phrase("nothing goes out: nothing is outstanding")
    held = [hold for hold in facts.holds if hold.until is None or hold.until > today]
    if held:
        return Phrase("nothing goes out: {hold}", hold=phrase(held[0].kind.replace("_", " ")))
    if invoice.is_hidden:
        return Phrase("nothing goes out: the invoice is hidden from its customer")
    obstacle = facts.obstacles.get(Channel.EMAIL)
    return None if obstacle is None else Phrase("it cannot be sent: {obstacle}", obstacle=phrase(obstacle))


def what_stops_message(facts: Facts, as_step: str | None, today: date) -> Phrase | None:
    """Return why no message outside the cadence may go out today, from the address that it would be sent from."""
    stopped = what_stops(facts, today)
    if stopped is not None:
        return stopped
    sender = message_step(facts, as_step).sender
    obstacle = facts.blocked_senders.get(None if sender is None else sender.lower())
    return None if obstacle is None else Phrase("it cannot be sent: {obstacle}", obstacle=phrase(obstacle))


def distance_until(facts: Facts) -> date | None:
    """Return the first day on which the product itself would write again (rule 1.5), None without a contact."""
    if facts.cadence is None:
        return None
    delay_days = facts.cadence.contact_delay_days_min
    days = [
        contact_on + timedelta(days=days)
        for contact_on, days in (
            (facts.last_contact_on, max(delay_days, 1)),
            (facts.customer_contact_on, delay_days),
        )
        if contact_on is not None
    ]
    return max(days, default=None)
