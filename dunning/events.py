"""What happens to a collection from outside: what people, customers and the accounts do.

Each event bears the moment (aware) at which it happened; its day is the organization's.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from dunning.cadence import Cadence, Channel
from dunning.facts import InvoiceState


class Resolution(StrEnum):
    """What follows when a dispute is resolved (rule 3.4)."""

    RESUME = "resume"
    RESTART = "restart"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Completed:
    """Somebody did the open to-do of the step (rule 4.2)."""

    at: datetime
    step_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Somebody decided to leave the step out (rule 4.3)."""

    at: datetime
    step_id: str


@dataclass(frozen=True, slots=True)
class Snoozed:
    """Somebody put the open to-do off until a day (rule 4.7)."""

    at: datetime
    step_id: str
    until: date


@dataclass(frozen=True, slots=True)
class Contacted:
    """Somebody wrote to or called the customer outside the cadence, perhaps in place of a step (rule 4.8)."""

    at: datetime
    channel: Channel
    as_step: str | None = None


@dataclass(frozen=True, slots=True)
class Bounced:
    """A message that was sent came back for good from all its recipients (rule 2.16).

    `step_id` is the step that it was, None if the collection is not under that step's cadence any more.
    `contacted_on` is the last contact besides it, `ran_on` the day of the step's run before it. `obstacle` is why
    nobody can be written to from now on; `asks` says that a person has to look although somebody could be.
    """

    at: datetime
    step_id: str | None
    sent_at: datetime
    contacted_on: date | None = None
    ran_on: date | None = None
    obstacle: str | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """Contact is paused until the first active day, or until it is resumed (rule 3.1)."""

    at: datetime
    until: date | None = None
    of_customer: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """A pause was ended by hand (rule 3.1)."""

    at: datetime
    of_customer: bool = False


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment was booked (rules 3.2 and 3.3)."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Reversed:
    """A payment bounced (rule 3.12)."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentAnnounced:
    """A payment is on its way, and should be there before `until` (rule 3.10)."""

    at: datetime
    until: date


@dataclass(frozen=True, slots=True)
class Disputed:
    """The customer disputes the invoice (rule 3.4)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeResolved:
    """The dispute is over (rule 3.4)."""

    at: datetime
    then: Resolution = Resolution.RESUME


@dataclass(frozen=True, slots=True)
class Promised:
    """The customer promised to pay by a day (rule 3.5)."""

    at: datetime
    promised_for: date


@dataclass(frozen=True, slots=True)
class VisibilityChanged:
    """The invoice was hidden from its customer, or shown again (rule 3.7)."""

    at: datetime
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The accounts wrote the invoice off, made it void, or took that back (rule 3.2)."""

    at: datetime
    state: InvoiceState


@dataclass(frozen=True, slots=True)
class DueDateChanged:
    """The invoice falls due on another day (rules 6.1 and 6.2)."""

    at: datetime
    due_on: date


@dataclass(frozen=True, slots=True)
class Reassigned:
    """The invoice was put under another cadence, or under none (rules 5.2 and 5.3)."""

    at: datetime
    cadence: Cadence | None


@dataclass(frozen=True, slots=True)
class Restarted:
    """The cadence begins anew for the invoice (rule 5.4)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CadenceEdited:
    """A new version of the invoice's cadence was published (rules 6.3 to 6.5)."""

    at: datetime
    cadence: Cadence


Event = (
    Completed
    | Ignored
    | Snoozed
    | Contacted
    | Bounced
    | Paused
    | Resumed
    | Paid
    | Reversed
    | PaymentAnnounced
    | Disputed
    | DisputeResolved
    | Promised
    | VisibilityChanged
    | StateChanged
    | DueDateChanged
    | Reassigned
    | Restarted
    | CadenceEdited
)
