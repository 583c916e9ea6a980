"""What the checker judges by: the ledger's rows as plain values, beside the provider's log and the commands'."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from tests.exactly_once.commands_log import Command
from tests.exactly_once.journal import ProviderLog


@dataclass(frozen=True)
class Rules:
    """The organization's hours, its tolerance and what it does about uncertain messages."""

    zone: ZoneInfo
    send_time: time
    send_until: time
    business_days: frozenset[int]
    holidays: frozenset[date]
    jitter_minutes: int
    tolerance: Decimal
    when_uncertain: str
    delays_customer: bool

    def day(self, at: datetime) -> date:
        """Return the organization's day."""
        return at.astimezone(self.zone).date()

    def is_business_day(self, day: date) -> bool:
        """Say whether messages go out on the day."""
        return day.weekday() in self.business_days and day not in self.holidays


@dataclass(frozen=True)
class Step:
    """A step of a cadence's published version."""

    id: str
    position: int
    anchor: str
    offset_days: int
    channel: str
    execution: str
    sender: str | None


@dataclass(frozen=True)
class Invoice:
    """An invoice as it is in the end."""

    id: int
    number: str
    customer_id: int
    issued_on: date
    due_on: date | None


@dataclass(frozen=True)
class Standing:
    """What an invoice was from a moment on: every change of it was witnessed."""

    invoice_id: int
    at: datetime
    state: str
    outstanding: Decimal
    is_hidden: bool


@dataclass(frozen=True)
class Hold:
    """A reason that stopped contact: of one invoice, or of all of a customer's."""

    invoice_id: int | None
    customer_id: int | None
    kind: str
    begun_at: datetime
    ended_at: datetime | None
    until_on: date | None


@dataclass(frozen=True)
class Collection:
    """An invoice under a cadence, and what became of its steps."""

    id: int
    invoice_id: int
    is_open: bool
    logic: str
    delay_days: int
    entered_on: date
    last_contact_on: date | None
    steps: tuple[Step, ...]
    statuses: Mapping[str, str]

    def step(self, step_id: str) -> Step | None:
        """Return the step with this id, None if it is no step of the version."""
        return next((step for step in self.steps if step.id == step_id), None)


@dataclass(frozen=True)
class Action:
    """An occurrence of a step."""

    id: int
    collection_id: int
    step_id: str
    occurrence: int
    execution: str
    channel: str
    state: str
    merged_into: int | None
    opened_at: datetime | None
    ended_on: date | None
    notes_of_sending: int


@dataclass(frozen=True)
class Message:
    """What the ledger kept of a message, and what it says became of it."""

    action_id: int
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    mime: bytes
    state: str
    unanswered: int


@dataclass(frozen=True)
class Claim:
    """The moment at which a message was claimed, under the lock of its invoice; each attempt has one."""

    message_id: str
    at: datetime


@dataclass(frozen=True)
class Sender:
    """Who sends, how much at most, and the day up to which the ledger says that no turns are left."""

    email: str
    minute_max: int | None
    day_max: int | None
    full_until: date | None = None


@dataclass(frozen=True)
class Ledger:
    """All that is judged, as of the end of a run."""

    rules: Rules
    invoices: tuple[Invoice, ...]
    standings: tuple[Standing, ...]
    holds: tuple[Hold, ...]
    collections: tuple[Collection, ...]
    actions: tuple[Action, ...]
    messages: tuple[Message, ...]
    claims: tuple[Claim, ...]
    recorded: Mapping[str, datetime]
    senders: tuple[Sender, ...]
    addresses: Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class Evidence:
    """The three logs of a run that ended at `until`, with indexes of what is asked again and again.

    To an idempotent provider messages are handed over as the fields of its API, and repeats are not delivered.
    """

    provider: ProviderLog
    ledger: Ledger
    commands: tuple[Command, ...]
    until: datetime
    is_idempotent: bool = False

    @cached_property
    def invoice(self) -> Mapping[int, Invoice]:
        """Return the invoices by their ids."""
        return {invoice.id: invoice for invoice in self.ledger.invoices}

    @cached_property
    def numbered(self) -> Mapping[str, Invoice]:
        """Return the invoices by their numbers."""
        return {invoice.number: invoice for invoice in self.ledger.invoices}

    @cached_property
    def collection(self) -> Mapping[int, Collection]:
        """Return the collections by their ids."""
        return {collection.id: collection for collection in self.ledger.collections}

    @cached_property
    def message(self) -> Mapping[str, Message]:
        """Return the messages by their Message-IDs."""
        return {message.message_id: message for message in self.ledger.messages}

    @cached_property
    def action(self) -> Mapping[int, Action]:
        """Return the actions by their ids."""
        return {action.id: action for action in self.ledger.actions}

    @cached_property
    def actions_of(self) -> Mapping[int, list[Action]]:
        """Return what a message is about, by the action that carries it: it and those merged into it."""
        parts: dict[int, list[Action]] = {}
        for action in self.ledger.actions:
            parts.setdefault(action.merged_into or action.id, []).append(action)
        return parts

    @cached_property
    def contact_days_of(self) -> Mapping[int, list[date | None]]:
        """Return the last contacts of each customer's collections; None for those that had none.

        What may have been delivered is one too, also once a person has it or it was called off (rule 2.14).
        """
        days: dict[int, list[date | None]] = {}
        for collection in self.ledger.collections:
            customer_id = self.invoice[collection.invoice_id].customer_id
            days.setdefault(customer_id, []).append(collection.last_contact_on)
        collection_of = {action.id: self.collection[action.collection_id] for action in self.ledger.actions}
        for message in self.ledger.messages:
            if message.unanswered and message.state in ("failed", "withdrawn"):
                customer_id = self.invoice[collection_of[message.action_id].invoice_id].customer_id
                days[customer_id] += [
                    self.ledger.rules.day(at) for at in self.claims_of.get(message.message_id, [])[-1:]
                ]
        return days

    @cached_property
    def claims_of(self) -> Mapping[str, list[datetime]]:
        """Return the claims of each message, in order."""
        claims: dict[str, list[datetime]] = {}
        for claim in self.ledger.claims:
            claims.setdefault(claim.message_id, []).append(claim.at)
        return claims
