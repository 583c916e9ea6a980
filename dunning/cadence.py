"""A cadence: the ordered steps by which an invoice is followed up (rules 1.*)."""

from dataclasses import dataclass, field
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


REPEAT_EVERY_DAYS_MAX = 365
REPEAT_LIMIT_MAX = 100


@dataclass(frozen=True, slots=True)
class Repeat:
    """A step runs again `every_days` after it last ran, at most `limit` times beyond the first (rule 2.13)."""

    every_days: int
    limit: int

    def __post_init__(self) -> None:
        if not 1 <= self.every_days <= REPEAT_EVERY_DAYS_MAX:
            raise ValueError(f"a step repeats every 1 to {REPEAT_EVERY_DAYS_MAX} days, not {self.every_days}")
        if not 1 <= self.limit <= REPEAT_LIMIT_MAX:
            raise ValueError(f"a step repeats 1 to {REPEAT_LIMIT_MAX} times, not {self.limit}")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a cadence. `offset_days` counts from the anchor; negative only before the due date.

    What follows `repeat` says who is concerned, and nothing about when: `responsible` are users (by address) and
    groups (by name) of whom the first there is has the to-do, `sender` is an address, None for the default one,
    `recipients` are roles of contacts, and `cc` and `bcc` addresses.
    """

    id: str
    anchor: Anchor
    offset_days: int
    channel: Channel
    execution: Execution
    template: str | None = None
    never_supersede: bool = False
    repeat: Repeat | None = None
    # Left out of the hash: steps are compared often, and told apart by the rest.
    name: str | None = field(default=None, hash=False)
    responsible: tuple[str, ...] = field(default=(), hash=False)
    sender: str | None = field(default=None, hash=False)
    recipients: tuple[str, ...] = field(default=(), hash=False)
    cc: tuple[str, ...] = field(default=(), hash=False)
    bcc: tuple[str, ...] = field(default=(), hash=False)

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
        if any(step.repeat is not None for step in self.steps[:-1]):
            raise ValueError(f"cadence {self.name}: only the last step may repeat (rule 2.13)")

    def __hash__(self) -> int:
        # Cadences are keys of caches, and to hash every step would cost more than what the caches save.
        return hash(self.name)

    def step(self, step_id: str) -> Step | None:
        """Return the step with this id, if the cadence has it."""
        return next((step for step in self.steps if step.id == step_id), None)
