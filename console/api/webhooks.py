"""Who is told of events over HTTP: `/v1/webhooks`."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from console.api.calls import Change, ChangeOne, Changing, ReadList, ReadOne, Reply, shown_as
from console.api.documented import changing, creating, deleting, listing, reading
from console.api.guard import GuardedRoute
from console.api.parameters import (
    LIMIT_DEFAULT,
    Cursor,
    DeliveryInPath,
    IdInPath,
    Limit,
    page_of,
    place_in,
    place_of,
)
from console.api.problems import Problem
from console.api.service import Service
from console.api.webhook_shapes import (
    ChangeWebhookBody,
    Delivery,
    DeliveryList,
    DeliveryResource,
    NewWebhookBody,
    Webhook,
    WebhookList,
    WebhookResource,
    WebhookWithSecret,
    delivery_shown,
    shown,
)
from db.engine import Session
from db.operations.refusal import Refused
from db.queries.webhooks import delivery_lines, endpoint_lines
from intake.joined_desk import JoinedDesk
from intake.webhook_orders import Place

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=GuardedRoute)
READ, WRITE = "webhooks:read", "webhooks:write"


@router.get("", **listing(READ, WebhookList, "listWebhooks"))
async def list_webhooks(call: ReadList) -> Response:
    """List the webhooks; there are few."""
    return await call.page(
        lambda session: WebhookList(items=list(map(shown, endpoint_lines(session, datetime.now(UTC)))))
    )


@router.post("", **creating(WRITE, WebhookWithSecret, "addWebhook"))
async def add_webhook(body: NewWebhookBody, call: Change) -> Response:
    """Let a URL be told of events from now on, and learn the secret that signs them, this once.

    Whoever runs the server may add one in a private network, with `duewell webhook add`.
    """
    place = await _look_up(call, body.url)

    def change(desk: JoinedDesk) -> Reply:
        added = desk.add_webhook(_found(place), body.kinds)
        reply = WebhookResource(added.id).with_secret(desk.session, added.secret)
        return Reply(201, reply.body, {**reply.headers, "Location": place_in("webhooks", str(added.id))})

    return await call.carry_out(change)


@router.get("/{id}", **reading(READ, Webhook, "getWebhook"))
async def get_webhook(webhook_id: IdInPath, call: ReadOne) -> Response:
    """Return a webhook."""
    webhook = WebhookResource(webhook_id)
    return await call.one(webhook.show, webhook.name)


@router.patch("/{id}", **changing(WRITE, Webhook, "changeWebhook"))
async def change_webhook(webhook_id: IdInPath, body: ChangeWebhookBody, call: ChangeOne) -> Response:
    """Let a webhook be somewhere else, on the public internet, or be told of other kinds of events."""
    webhook = WebhookResource(webhook_id)
    place = None if body.url is None else await _look_up(call, body.url)

    def work(desk: JoinedDesk) -> None:
        desk.change_webhook(webhook_id, None if place is None else _found(place), body.kinds)

    return await call.of(webhook, work, webhook.name)


@router.post("/{id}/start", **changing(WRITE, Webhook, "startWebhook", body=False))
async def start_webhook(webhook_id: IdInPath, call: ChangeOne) -> Response:
    """Send to a webhook again, at once, what is owed to it, whatever failed before."""
    webhook = WebhookResource(webhook_id)
    return await call.of(webhook, lambda desk: desk.start_webhook(webhook_id), webhook.name)


@router.post("/{id}/stop", **changing(WRITE, Webhook, "stopWebhook", body=False))
async def stop_webhook(webhook_id: IdInPath, call: ChangeOne) -> Response:
    """Send nothing more to a webhook, and owe it nothing new; what is owed waits."""
    webhook = WebhookResource(webhook_id)
    return await call.of(webhook, lambda desk: desk.stop_webhook(webhook_id), webhook.name)


@router.post("/{id}/rotate", **changing(WRITE, WebhookWithSecret, "rotateWebhookSecret", body=False))
async def rotate_secret(webhook_id: IdInPath, call: ChangeOne) -> Response:
    """Sign with a new secret from now on, which is shown this once, and for 24 hours with the one before too."""
    webhook = WebhookResource(webhook_id)

    def change(desk: JoinedDesk) -> Reply:
        webhook.require(call, desk.session)
        secret, _ = desk.rotate_webhook_secret(webhook_id)
        return webhook.with_secret(desk.session, secret)

    return await call.carry_out(change)


@router.post("/{id}/ping", **changing(WRITE, Delivery, "pingWebhook", body=False))
async def ping_webhook(webhook_id: IdInPath, call: ChangeOne) -> Response:
    """Tell a webhook of an event that is about nothing, to see that it arrives."""
    webhook = WebhookResource(webhook_id)

    def change(desk: JoinedDesk) -> Reply:
        webhook.require(call, desk.session)
        delivery = DeliveryResource(webhook_id, desk.ping_webhook(webhook_id))
        return shown_as(delivery.show(desk.session))

    return await call.carry_out(change)


@router.delete("/{id}", **deleting(WRITE, "deleteWebhook"))
async def delete_webhook(webhook_id: IdInPath, call: ChangeOne) -> Response:
    """Forget a webhook with all its deliveries; what is owed to it is not delivered."""

    def change(desk: JoinedDesk) -> Reply:
        WebhookResource(webhook_id).require(call, desk.session)
        desk.remove_webhook(webhook_id)
        return Reply(204, b"")

    return await call.carry_out(change)


@router.get("/{id}/deliveries", **listing(READ, DeliveryList, "listDeliveries", "not-found"))
async def list_deliveries(
    webhook_id: IdInPath,
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    failed: Annotated[bool, Query(description="Only those that were not taken so far.")] = False,
) -> Response:
    """List what a webhook was told of in the last 30 days, and what is owed to it, the newest first."""

    def page(session: Session) -> DeliveryList:
        if WebhookResource(webhook_id).show(session) is None:
            raise Problem("not-found", f"there is no webhook {webhook_id}")
        before_id = None if cursor is None else place_of(cursor)
        lines = delivery_lines(session, limit + 1, webhook_id, before_id, failed=failed)
        listed, more = page_of(lines, limit)
        return DeliveryList(items=list(map(delivery_shown, listed)), next_cursor=more)

    return await call.page(page)


@router.get("/{id}/deliveries/{delivery}", **reading(READ, Delivery, "getDelivery"))
async def get_delivery(webhook_id: IdInPath, delivery_id: DeliveryInPath, call: ReadOne) -> Response:
    """Return a delivery."""
    one = DeliveryResource(webhook_id, delivery_id)
    return await call.one(one.show, one.name)


@router.post("/{id}/deliveries/{delivery}/redeliver", **changing(WRITE, Delivery, "redeliver", body=False))
async def redeliver(webhook_id: IdInPath, delivery_id: DeliveryInPath, call: ChangeOne) -> Response:
    """Deliver an event once more, under the same id."""
    one = DeliveryResource(webhook_id, delivery_id)
    return await call.of(one, lambda desk: desk.redeliver_webhook(delivery_id), one.name)


async def _look_up(call: Changing, url: str) -> Place | Refused:
    # Before the transaction, and without raising: whether the webhook is there, or the request is a repeat, counts
    # first.
    service: Service = call.request.app.state.service
    return await service.look_up(url)


def _found(place: Place | Refused) -> Place:
    if isinstance(place, Refused):
        raise place
    return place
