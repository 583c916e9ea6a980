"""Webhooks and deliveries to them as they are sent and answered."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from console.api.calls import Changing, Reply, shown_as
from console.api.fields import Body, Shown, line
from console.api.problems import Problem
from db.engine import Session
from db.operations.record_locks import lock_webhook_delivery, lock_webhook_record
from db.queries.webhooks import DeliveryLine, EndpointLine, delivery_line, endpoint_lines
from db.tables.webhook_events import FAMILIES, KINDS
from mailer.webhook_url import CHARACTERS_MAX

_KINDS = (*KINDS, *(f"{family}.*" for family in FAMILIES))


def _kind(value: object) -> str:
    if isinstance(value, str) and value in _KINDS:
        return value
    raise ValueError("expected a kind of event such as payment.received, or a family such as payment.*")


UrlText = Annotated[str, *line(CHARACTERS_MAX, examples=["https://hooks.helios.example/duewell"])]
Kind = Annotated[str, BeforeValidator(_kind), WithJsonSchema({"type": "string", "enum": list(_KINDS)})]
Kinds = Annotated[
    list[Kind], Field(max_length=len(_KINDS), description="None are all, also those of later releases.")
]


class Webhook(Shown):
    """An address that is told of events, and how that goes: `state` is well, failing or stopped."""

    id: int
    url: str
    kinds: list[str]
    allows_private: bool
    state: str = Field(examples=["well"])
    stopped_because: str | None
    failing_since: datetime | None
    rests_until: datetime | None
    last_error: str | None
    two_secrets_until: datetime | None
    created_at: datetime
    created_by: str


class WebhookList(Shown):
    """All webhooks, in the order in which they came."""

    items: list[Webhook]


class WebhookWithSecret(Shown):
    """A webhook, and the secret that signs what it is told; it is not shown again."""

    webhook: Webhook
    secret: str


class Delivery(Shown):
    """What became of telling a webhook of an event; `invoice` is the number of the invoice it is about."""

    id: int
    webhook: int
    event_id: str
    kind: str
    invoice: str | None
    state: str = Field(examples=["owed"])
    attempts: int
    last_status: int | None
    last_error: str | None
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None


class DeliveryList(Shown):
    """A page of deliveries, the newest first."""

    items: list[Delivery]
    next_cursor: str | None


class NewWebhookBody(Body):
    """Where events go, over https:// to the public internet, and which."""

    url: UrlText
    kinds: Annotated[Kinds, Field(default_factory=list)]


class ChangeWebhookBody(Body):
    """What is to be different; what is null or missing stays."""

    url: UrlText | None = None
    kinds: Kinds | None = None


@dataclass(frozen=True, slots=True)
class WebhookResource:
    """A webhook."""

    id: int

    @property
    def name(self) -> str:
        """Return what it is called when it is missing."""
        return f"webhook {self.id}"

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_webhook_record(session, self.id)

    def show(self, session: Session) -> Webhook | None:
        """Return what it looks like."""
        lines = endpoint_lines(session, datetime.now(UTC), self.id)
        return shown(lines[0]) if lines else None

    def require(self, call: Changing, session: Session) -> None:
        """Lock it. Raises Problem if it is not there, or not what If-Match says."""
        if not self.lock(session):
            raise Problem("not-found", f"there is no {self.name}")
        call.require_match(session, self)

    def with_secret(self, session: Session, secret: str) -> Reply:
        """Return it with its secret, under the tag that it has without."""
        webhook = self.show(session)
        tag = shown_as(webhook).headers
        assert webhook is not None, "it was made or locked a moment ago"
        return Reply(200, WebhookWithSecret(webhook=webhook, secret=secret).model_dump_json().encode(), tag)


@dataclass(frozen=True, slots=True)
class DeliveryResource:
    """A delivery to a webhook."""

    webhook: int
    id: int

    @property
    def name(self) -> str:
        """Return what it is called when it is missing."""
        return f"delivery {self.id} to webhook {self.webhook}"

    def lock(self, session: Session) -> bool:
        """Lock it."""
        return lock_webhook_delivery(session, self.webhook, self.id)

    def show(self, session: Session) -> Delivery | None:
        """Return what it looks like."""
        one = delivery_line(session, self.webhook, self.id)
        return None if one is None else delivery_shown(one)


def shown(one: EndpointLine) -> Webhook:
    """Return a webhook as it is answered."""
    said: dict[str, Any] = asdict(one) | {"state": one.state}
    return Webhook(**{name: said[name] for name in Webhook.model_fields})


def delivery_shown(one: DeliveryLine) -> Delivery:
    """Return a delivery as it is answered."""
    return Delivery(**asdict(one))
