"""Who is told of events over HTTP: `/v1/webhooks`."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from console.api.calls import Change, ChangeOne, ReadList, ReadOne, Reply, shown_as
from console.api.documented import changing, creating, deleting, listing, reading
from console.api.guard import GuardedRoute
from console.api.parameters import LIMIT_DEFAULT, Cursor, IdInPath, Limit, cursor_at, place_in, place_of
from console.api.problems import Problem
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
from db.queries.webhooks import delivery_lines, endpoint_lines
from intake.joined_desk import JoinedDesk

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

    def change(desk: JoinedDesk) -> Reply:
        added = desk.add_webhook(body.url, body.kinds, allows_private=False)
        reply = WebhookResource(added.id).with_secret(desk.session, added.secret)
        return Reply(201, reply.body, {**reply.headers, "Location": place_in("webhooks", str(added.id))})

    return await call.carry_out(change)


@router.get("/{id}", **reading(READ, Webhook, "getWebhook"))
async def get_webhook(id: IdInPath, call: ReadOne) -> Response:  # noqa: A002  # as the path calls it
    """Return a webhook."""
    webhook = WebhookResource(id)
    return await call.one(webhook.show, webhook.name)


@router.patch("/{id}", **changing(WRITE, Webhook, "changeWebhook"))
async def change_webhook(id: IdInPath, body: ChangeWebhookBody, call: ChangeOne) -> Response:  # noqa: A002
    """Let a webhook be somewhere else, on the public internet, or be told of other kinds of events."""
    webhook = WebhookResource(id)

    def work(desk: JoinedDesk) -> None:
        desk.change_webhook(id, body.url, body.kinds)

    return await call.of(webhook, work, webhook.name)


@router.post("/{id}/start", **changing(WRITE, Webhook, "startWebhook", body=False))
async def start_webhook(id: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Send to a webhook again, at once, what is owed to it, whatever failed before."""
    webhook = WebhookResource(id)

    def work(desk: JoinedDesk) -> None:
        desk.start_webhook(id)

    return await call.of(webhook, work, webhook.name)


@router.post("/{id}/stop", **changing(WRITE, Webhook, "stopWebhook", body=False))
async def stop_webhook(id: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Send nothing more to a webhook, and owe it nothing new; what is owed waits."""
    webhook = WebhookResource(id)

    def work(desk: JoinedDesk) -> None:
        desk.stop_webhook(id)

    return await call.of(webhook, work, webhook.name)


@router.post("/{id}/rotate", **changing(WRITE, WebhookWithSecret, "rotateWebhookSecret", body=False))
async def rotate_secret(id: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Sign with a new secret from now on, which is shown this once, and for 24 hours with the one before too."""
    webhook = WebhookResource(id)

    def change(desk: JoinedDesk) -> Reply:
        webhook.require(call, desk.session)
        secret, _ = desk.rotate_webhook_secret(id)
        return webhook.with_secret(desk.session, secret)

    return await call.carry_out(change)


@router.post("/{id}/ping", **changing(WRITE, Delivery, "pingWebhook", body=False))
async def ping_webhook(id: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Tell a webhook of an event that is about nothing, to see that it arrives."""
    webhook = WebhookResource(id)

    def change(desk: JoinedDesk) -> Reply:
        webhook.require(call, desk.session)
        delivery = DeliveryResource(id, desk.ping_webhook(id))
        return shown_as(delivery.show(desk.session))

    return await call.carry_out(change)


@router.delete("/{id}", **deleting(WRITE, "deleteWebhook"))
async def delete_webhook(id: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Forget a webhook with all its deliveries; what is owed to it is not delivered."""

    def change(desk: JoinedDesk) -> Reply:
        WebhookResource(id).require(call, desk.session)
        desk.remove_webhook(id)
        return Reply(204, b"")

    return await call.carry_out(change)


@router.get("/{id}/deliveries", **listing(READ, DeliveryList, "listDeliveries", "not-found"))
async def list_deliveries(
    id: IdInPath,  # noqa: A002
    call: ReadList,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    failed: Annotated[bool, Query(description="Only those that were not taken so far.")] = False,
) -> Response:
    """List what a webhook was told of in the last 30 days, and what is owed to it, the newest first."""

    def page(session: Session) -> DeliveryList:
        if WebhookResource(id).show(session) is None:
            raise Problem("not-found", f"there is no webhook {id}")
        before_id = None if cursor is None else place_of(cursor)
        lines = delivery_lines(session, limit + 1, id, before_id, failed=failed)
        more = cursor_at(lines[limit - 1].id) if len(lines) > limit else None
        return DeliveryList(items=list(map(delivery_shown, lines[:limit])), next_cursor=more)

    return await call.page(page)


@router.get("/{id}/deliveries/{delivery}", **reading(READ, Delivery, "getDelivery"))
async def get_delivery(id: IdInPath, delivery: IdInPath, call: ReadOne) -> Response:  # noqa: A002
    """Return a delivery."""
    one = DeliveryResource(id, delivery)
    return await call.one(one.show, one.name)


@router.post("/{id}/deliveries/{delivery}/redeliver", **changing(WRITE, Delivery, "redeliver", body=False))
async def redeliver(id: IdInPath, delivery: IdInPath, call: ChangeOne) -> Response:  # noqa: A002
    """Deliver an event once more, under the same id."""
    one = DeliveryResource(id, delivery)

    def work(desk: JoinedDesk) -> None:
        desk.redeliver_webhook(delivery)

    return await call.of(one, work, one.name)
