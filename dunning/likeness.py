"""Which collections have the same days ahead: all that a forecast reads of one, but not whose it is."""

from collections.abc import Hashable
from datetime import date

from dunning.facts import Facts


def likeness(facts: Facts, today: date) -> Hashable:
    """Return a key; collections that share it run the same steps on the same days ahead of `today`.

    Within the send hours the invoice's id sets the minute of a message, but never its day (rule 2.2), and of the
    amounts only whether anything is left to collect counts. So a book of a hundred thousand has a few thousand
    different years ahead. The moments and the reasons differ: who wants those asks for a forecast of its own.
    """
    invoice, released_at = facts.invoice, facts.released_at
    # A release is compared with the minute at which this invoice's messages go out today (rule 3.1).
    is_released_today = released_at is not None and released_at >= facts.calendar.start_of(today)
    return (
        invoice.id if is_released_today else None,
        released_at if is_released_today else None,
        facts.cadence,
        facts.calendar,
        invoice.issued_on,
        invoice.due_on,
        facts.entered_on,
        facts.last_contact_on,
        tuple(facts.statuses.items()),
        tuple(facts.runs.items()),
        facts.holds,
        tuple(facts.obstacles.items()),
        tuple(facts.blocked_senders.items()),
        facts.handed_over,
        tuple(facts.snoozed.items()),
        facts.customer_contact_on,
        facts.sends_automatically,
        facts.is_settled,
        invoice.state,
        invoice.is_hidden,
    )
