"""Orders about who is told of events over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from db.engine import Session
from db.operations import webhooks
from db.operations.audit import note
from db.operations.refusal import Refused
from intake.clerk_orders import Clerk
from mailer.public_addresses import NotFound, NotPublic, Resolver, require_public, resolve
from mailer.webhook_signature import new_secret
from mailer.webhook_url import BadUrl, read_url
from phrase import phrase

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was added, and its secret, which is shown this once."""

    id: int
    kinds: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where webhooks may go, as it was looked up; in a private network only if somebody allowed that."""

    url: str
    allows_private: bool


def look_up(url: str, *, allows_private: bool = False, resolver: Resolver = resolve) -> Place:
    """Return the place that the URL leads to. Raises Refused for one that nothing would ever be sent to.

    A name server may take long, so no transaction may be open meanwhile. Each delivery looks anew.
    """
    try:
        target = read_url(url, allows_private=allows_private)
        addresses = resolver(target.host, target.port)
        if not allows_private:
            require_public(target.host, addresses)
    except NotPublic as refusal:
        raise Refused("{refusal}; allow it with --allow-private", refusal=phrase(str(refusal))) from refusal
    except (BadUrl, NotFound) as refusal:
        raise Refused(str(refusal)) from refusal
    return Place(url, allows_private)


class WebhookOrders(Clerk):
    """What a person may order about webhooks."""

    __slots__ = ()

    def add_webhook(self, place: Place, kinds: Sequence[str]) -> NewWebhook:
        """Let the place be told of events of these kinds from now on, of all if none is named. Raises Refused."""
        secret = new_secret()
        with self._transaction() as session:
            sound = webhooks.require_kinds(kinds)
            endpoint_id = webhooks.add_endpoint(session, place.url, sound, secret, place.allows_private, self.by)
            self._note_webhook(session, "webhook added", endpoint_id, url=place.url, kinds=list(sound) or None)
        return NewWebhook(endpoint_id, tuple(sound), secret)

    def change_webhook(self, webhook: int, place: Place | None, kinds: Sequence[str] | None) -> bool:
        """Let a webhook be at another place, or be told of other kinds; say whether it differs. Raises Refused."""
        with self._transaction() as session:
            url, allows_private = (None, False) if place is None else (place.url, place.allows_private)
            changed = webhooks.change_endpoint(session, webhook, url, kinds, allows_private)
            if changed:
                told = None if kinds is None else list(kinds)
                self._note_webhook(session, "webhook changed", webhook, url=url, kinds=told)
            return changed

    def rotate_webhook_secret(self, webhook: int) -> tuple[str, datetime]:
        """Return a new secret, and until when the one before signs too. Raises Refused."""
        secret = new_secret()
        with self._transaction() as session:
            until = webhooks.rotate_secret(session, webhook, secret, datetime.now(UTC))
            self._note_webhook(session, "webhook secret changed", webhook)
            return secret, until

    def stop_webhook(self, webhook: int) -> bool:
        """Send nothing more there, and say whether that is news. Raises Refused."""
        with self._transaction() as session:
            changed = webhooks.stop_endpoint(session, webhook, f"by {self.by}")
            if changed:
                self._note_webhook(session, "webhook stopped", webhook)
            return changed

    def start_webhook(self, webhook: int) -> bool:
        """Send to it again, at once, and say whether it was stopped or rested. Raises Refused."""
        with self._transaction() as session:
            changed = webhooks.start_endpoint(session, webhook)
            if changed:
                self._note_webhook(session, "webhook started", webhook)
            return changed

    def ping_webhook(self, webhook: int) -> int:
        """Owe it an event that tells of nothing, and return the delivery's id. Raises Refused."""
        with self._transaction() as session:
            return webhooks.owe_ping(session, webhook, datetime.now(UTC))

    def redeliver_webhook(self, delivery: int) -> int:
        """Deliver once more, and return the webhook's id. Raises Refused."""
        with self._transaction() as session:
            return webhooks.redeliver(session, delivery)

    def redeliver_all_given_up(self, webhook: int) -> int:
        """Deliver all once more that was given up, and return how many those are. Raises Refused."""
        count = 0
        while True:
            with self._transaction() as session:
                page = webhooks.redeliver_given_up(session, webhook, PAGE)
            count += page
            if page < PAGE:
                return count

    def remove_webhook(self, webhook: int) -> None:
        """Forget the webhook and all its deliveries; what is owed to it is not delivered. Raises Refused."""
        with self._transaction() as session:
            webhooks.remove_endpoint(session, webhook)
            self._note_webhook(session, "webhook removed", webhook)

    def _note_webhook(self, session: Session, verb: str, webhook: int, **details: Any) -> None:
        note(session, self._acting(), verb, "webhook", str(webhook), **details)
