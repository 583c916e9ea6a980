"""How an invoice stands to somebody who wants to write to its customer outside the cadence (rule 4.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from db.engine import Session
from db.operations.messages.drafts import ANOTHER
from db.operations.messages.writing import UNFOLLOWED
from db.queries.collections import case_of
from dunning.agenda import unsettled
from dunning.cadence import Channel, Step
from dunning.events import Contacted
from dunning.objections import objection
from dunning.writing import distance_until, what_stops_message
from phrase import Phrase


@dataclass(frozen=True, slots=True)
class Writable:
    """Whether the customer may be written to now, and what a writer should know.

    `because` says why not; `steps` are those that the message may be used as. Until `near_until` the product
    itself would not write, because of a contact on `last_contact_on`; None where that is far enough.
    """

    because: Phrase | None
    steps: Sequence[Step]
    last_contact_on: date | None
    near_until: date | None

    @property
    def warning(self) -> str | None:
        """Return what a writer should know of the last contact."""
        if self.near_until is None or self.last_contact_on is None:
            return None
        last, until = self.last_contact_on, self.near_until
        return (
            f"The customer was last contacted on {last:%a %Y-%m-%d}; the minimum contact delay lasts"
            f" until {until:%a %Y-%m-%d}."
        )


def read_writable(session: Session, invoice_id: int, now: datetime) -> Writable:
    """Return how the invoice stands. Nothing is locked: what is ordered is asked again."""
    case = case_of(session, invoice_id)
    facts, today = case.facts, case.facts.calendar.local_date(now)
    because = objection(facts, Contacted(now, Channel.EMAIL))
    if because is None and not case.is_open:
        because = UNFOLLOWED
    if because is None:
        because = what_stops_message(facts, None, today)
    if because is None and case.collection is not None and case.collection.written is not None:
        because = ANOTHER
    near = distance_until(facts)
    contacts = [day for day in (facts.last_contact_on, facts.customer_contact_on) if day is not None]
    return Writable(
        because,
        unsettled(facts) if case.is_open else (),
        max(contacts, default=None),
        near if near is not None and near > today else None,
    )
