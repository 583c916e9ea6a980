"""The names and payloads that workflows and activities agree on.

Everything here is stored in histories for years: payloads only grow, new fields have defaults, unknown
fields are ignored. They hold ids, dates and amounts, and no names or addresses of persons.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

PROCESS = "InvoiceCollection"
COLLECTIONS_QUEUE = "collections"
MESSAGES_QUEUE = "messages"
PLAN_NEXT = "plan_next"
SEND_MESSAGE = "send_message"
WEBHOOK_PROCESS = "WebhookDelivery"
WEBHOOKS_QUEUE = "webhooks"
DELIVER_WEBHOOKS = "deliver_webhooks"
BULK_JOB = "BulkJob"
# A queue of its own, so that bulk work never takes the places of planning and sending.
BULK_QUEUE = "bulk"
ADVANCE_JOB = "advance_job"
CANCEL_JOB = "cancel_job"
RECONCILE = "Reconcile"
RECONCILE_PROCESSES = "reconcile_processes"

SignalName = Literal["pause", "resume", "reassign", "complete_action", "invoice_changed"]


class Payload(BaseModel):
    """What crosses the border to Temporal: frozen, and tolerant of fields that a newer sender adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Payload):
    """A signal as it waits in the inbox of a process.

    `event_id` makes it count once. `fields` are what the sender wrote, unread: whoever types a signal into the
    Temporal Web UI may mistype it, and only the activity can answer on the invoice's timeline.
    """

    signal: SignalName
    event_id: str
    by: str = "temporal"
    fields: dict[str, Any] = {}  # pydantic copies defaults
    malformed: str | None = None

    @classmethod
    def received(cls, signal: SignalName, payload: Any, fallback_id: str) -> "Event":
        """Read a signal's payload, whatever it is; never raises, because an error would fail the workflow."""
        if payload is None:
            return cls(signal=signal, event_id=fallback_id)
        if not isinstance(payload, dict):
            shown = f"{type(payload).__name__} instead of an object with named fields"
            return cls(signal=signal, event_id=fallback_id, malformed=shown)
        fields = {str(key): value for key, value in payload.items()}
        event_id = str(fields.pop("event_id", None) or fallback_id)
        return cls(signal=signal, event_id=event_id, by=str(fields.pop("by", None) or "temporal"), fields=fields)


class PlanRequest(Payload):
    """Take in the events and say what comes next for the invoice."""

    invoice_id: int
    events: tuple[Event, ...] = ()


class SendRequest(Payload):
    """Send the step that came due for the invoice, if it still is."""

    invoice_id: int


class Plan(Payload):
    """What a process does next: wake at `wake_at` (None: wait for a signal), then send or plan again.

    `sends` says that the wake-up is for an automatic step. `sentence` is for people: what is waited for and why,
    and `when` is the wake-up as the organization's clock shows it.
    """

    ends: bool = False
    stage: str
    sentence: str
    wake_at: datetime | None = None
    when: str = ""
    sends: bool = False
    step: str | None = None
    channel: str | None = None
    because: tuple[str, ...] = ()
    invoice: str = ""
    customer: str = ""
    cadence: str = ""
    outstanding: Decimal = Decimal(0)
    currency: str = ""


class CollectionStart(Payload):
    """What a process is started with: the first plan, if the starter made it, and what an earlier run left.

    `shows_amount` is for histories that began when the amount was a search attribute: such a run goes on showing
    it (docs/decisions/0025).
    """

    invoice_id: int
    plan: Plan | None = None
    inbox: tuple[Event, ...] = ()
    shows_amount: bool = True


class Status(Payload):
    """The answer to the query `status`: the plan, and how many signals wait to be taken in."""

    plan: Plan | None
    signals_waiting: int


class JobStart(Payload):
    """What the process of a bulk job starts with; `cancel_by` is who wants it canceled, from an earlier run."""

    job_id: int
    cancel_by: str | None = None


class AdvanceRequest(Payload):
    """Go on with the bulk job for a while."""

    job_id: int


class CancelRequest(Payload):
    """Cancel the bulk job; `by` is who wants it."""

    job_id: int
    by: str


class JobProgress(Payload):
    """How far a bulk job is, in objects; `total`, `rate` (each second) and `seconds_left` where they are known.

    `ends` says that it is over; `state` and `sentence` say how it stands.
    """

    ends: bool
    kind: str
    state: str
    sentence: str
    done: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None


class ReconcileStart(Payload):
    """Compare ledger and running processes; `by` is who wants it, if not the clock."""

    by: str = "duewell"


class ReconcileReport(Payload):
    """What the comparison came to: the job that keeps it, how it ended, and a sentence for people."""

    job_id: int
    state: str
    sentence: str


class WebhookStart(Payload):
    """What the process of an endpoint is started with, and what its rounds are asked for."""

    endpoint_id: int


class WebhookRound(Payload):
    """What became of a round: `wake_at` is when the next one is, None when nothing is owed any more."""

    wake_at: datetime | None = None
    sentence: str = ""
