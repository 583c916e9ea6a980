"""A cadence: the ordered steps by which an invoice is followed up (rules 1.*)."""

from dataclasses import dataclass
from enum import StrEnum


class Anchor(StrEnum):
    """The date that a step's offset counts from."""

    DUE_DATE = "due_date"
    ISSUE_DATE = "issue_date"


class Channel(StrEnum):
    """How a step reaches the customer; a task reaches nobody."""

    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    CALL = "call"
    TASK = "task"

    @property
    def is_contact(self) -> bool:
        """Say whether an executed step of this channel counts as a contact (rule 2.8)."""
        return self is not Channel.TASK

    @property
    def may_be_automatic(self) -> bool:
        """Say whether a step of this channel may run without a person (rule 1.3)."""
        return self not in (Channel.CALL, Channel.TASK)

    @property
    def is_written(self) -> bool:
        """Say whether the customer gets something to read; hidden invoices never do (rule 3.7)."""
        return self in (Channel.EMAIL, Channel.SMS, Channel.LETTER)


class Execution(StrEnum):
    """Whether the product acts by itself or asks a person to."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Logic(StrEnum):
    """How a backlog is worked through (rules 2.5 and 2.6)."""

    STANDARD = "standard"
    CONTEXTUAL = "contextual"


CONTACT_DELAY_DAYS_MAX = 30
CONTACT_DELAY_DAYS_DEFAULT = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a cadence. `offset_days` counts from the anchor; negative only before the due date."""

    id: str
    anchor: Anchor
    offset_days: int
    channel: Channel
    execution: Execution
    template: str | None = None
    never_supersede: bool = False

    def __post_init__(self) -> None:
        if self.execution is Execution.AUTOMATIC and not self.channel.may_be_automatic:
            raise ValueError(f"step {self.id}: a {self.channel} is manual only (rule 1.3)")
        if self.offset_days < 0 and self.anchor is Anchor.ISSUE_DATE:
            raise ValueError(f"step {self.id}: a negative offset needs the due date as anchor (rule 1.1)")

    @property
    def is_automatic(self) -> bool:
        """Say whether the product executes the step by itself."""
        return self.execution is Execution.AUTOMATIC


@dataclass(frozen=True, slots=True)
class Cadence:
    """A version of a cadence: its steps in order of position, its logic, its minimum contact delay in days."""

    name: str
    steps: tuple[Step, ...]
    logic: Logic = Logic.STANDARD
    contact_delay_days_min: int = CONTACT_DELAY_DAYS_DEFAULT

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"cadence {self.name}: has no step")
        if not 0 <= self.contact_delay_days_min <= CONTACT_DELAY_DAYS_MAX:
            raise ValueError(
                f"cadence {self.name}: minimum contact delay is 0 to {CONTACT_DELAY_DAYS_MAX} days (rule 1.5)"
            )
        if len({step.id for step in self.steps}) != len(self.steps):
            raise ValueError(f"cadence {self.name}: two steps bear the same id")
