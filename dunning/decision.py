"""What a decision says: do this now, or wait until then, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dunning.cadence import Step


class Because(StrEnum):
    """What set a date or stops contact; the value is what people read."""

    TRIGGER = "trigger date"
    ENTRY = "cadence assigned"
    CONTACT_DELAY = "minimum contact delay"
    BUSINESS_DAY = "next business day"
    BEFORE_DUE_DATE = "business day before the due date"
    SEND_HOURS = "send hours are over"
    RESUMED_TODAY = "resumed after today's send time"
    TODO_OPEN = "a to-do is open"
    SNOOZED = "snoozed"
    APPROVED = "approved by a person"
    PAUSE = "paused"
    CUSTOMER_PAUSE = "customer paused"
    DISPUTE = "disputed"
    PROMISE = "promise to pay"
    PAYMENT_IN_FLIGHT = "payment in flight"
    PARTIAL_PAYMENT = "partial payment received"
    REVERSAL = "payment reversed"
    DRAFT = "not issued yet"
    HIDDEN = "hidden"
    SENDING_OFF = "automatic sending is switched off"
    NO_DUE_DATE = "no due date and no payment term"
    CANNOT_SEND = "cannot be sent"
    LAPSES = "no business day is left before the due date"
    EXHAUSTED = "every step is done"
    SENDER_LIMIT = "the sender has reached its limit"
    ON_ITS_WAY = "a message to the customer is on its way"


HOLDS = frozenset(
    {
        Because.PAUSE,
        Because.CUSTOMER_PAUSE,
        Because.DISPUTE,
        Because.PROMISE,
        Because.PAYMENT_IN_FLIGHT,
        Because.PARTIAL_PAYMENT,
        Because.REVERSAL,
    }
)
_UNTIL = HOLDS | {Because.CONTACT_DELAY, Because.SEND_HOURS, Because.RESUMED_TODAY, Because.SNOOZED}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a date or for silence: what it is, the first day it allows, and a detail to show."""

    because: Because
    day: date | None = None
    detail: str | None = None

    def __str__(self) -> str:
        words = [self.because.value]
        if self.day is not None:
            words.append(f"until {self.day:%a %Y-%m-%d}" if self.because in _UNTIL else f"{self.day:%a %Y-%m-%d}")
        elif self.because in HOLDS:
            words.append("until it is ended")
        if self.detail is not None:
            words.append(f"({self.detail})")
        return " ".join(words)


class Expiry(StrEnum):
    """Why a step will never run in this cycle."""

    OVERDUE = "overdue"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Expired:
    """A step that expired with this decision."""

    step: Step
    reason: Expiry


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until` (None: before something changes). `step` comes next, on `due_on`."""

    until: datetime | None
    step: Step | None
    due_on: date | None
    because: tuple[Reason, ...]
    expired: tuple[Expired, ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """The automatic `step` goes out now, for the `occurrence`th time in this cycle."""

    step: Step
    due_on: date
    because: tuple[Reason, ...]
    expired: tuple[Expired, ...] = ()
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class OpenTodo:
    """A person is asked to do `step` now; `obstacle` says why an automatic step needs one."""

    step: Step
    due_on: date
    because: tuple[Reason, ...]
    obstacle: str | None = None
    expired: tuple[Expired, ...] = ()
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class Exhaust:
    """Every step is done and money is still open (rule 2.10)."""

    expired: tuple[Expired, ...] = ()


class Closing(StrEnum):
    """Why a collection ends."""

    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written off"
    NO_CADENCE = "no cadence"


@dataclass(frozen=True, slots=True)
class Close:
    """The collection ends: nothing more is sent, its to-dos are canceled."""

    reason: Closing


Decision = Wait | Send | OpenTodo | Exhaust | Close
