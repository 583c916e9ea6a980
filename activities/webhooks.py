"""The activity of an endpoint: deliver what is due to it, and say when to go on.

Each answer is recorded at once, so that whoever dies repeats one event at most, under the same id.
"""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal

import structlog
from temporalio import activity

from activities.collection import attempt_started_at
from activities.heartbeat import heartbeats
from activities.interface import DELIVER_WEBHOOKS, WebhookRound, WebhookStart
from activities.webhook_pauses import Pauses
from db.engine import Engine, Session, transaction
from db.operations.webhook_deliveries import (
    Due,
    Endpoint,
    begin_round,
    due_deliveries,
    end_round,
    let_rest,
    record_delivered,
    record_failed,
    record_well,
)
from db.operations.webhooks import stop_endpoint
from mailer.public_addresses import Resolver, resolve
from mailer.webhook_post import POST_SECONDS, Answer, Line, NoAnswer
from mailer.webhook_signature import signed_headers

# Then others have a turn: there are more endpoints than threads.
ROUND_SECONDS = 20.0
PAGE = 20
# So many refusals in a row are the endpoint's trouble, and not that of one event.
REFUSALS_MAX = 3
# What proxies and overloaded servers answer: it is about the endpoint, and not about the event.
_IS_AWAY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_NOBODY = "Nobody is told any more"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Manners:
    """How the internet is spoken to, and with how much patience."""

    pauses: Pauses = field(default_factory=Pauses)
    resolver: Resolver = resolve
    tls: ssl.SSLContext | None = None
    post_seconds: float = POST_SECONDS


@dataclass(slots=True)
class _Round:
    """A round as it goes: the endpoint as it stands, and what was refused so far."""

    endpoint: Endpoint
    line: Line
    clock: Callable[[], datetime]
    refused_in_a_row: int = 0


class WebhookActivities:
    """The activity of `WebhookDelivery`, bound to a ledger."""

    def __init__(self, engine: Engine, manners: Manners | None = None) -> None:
        self._engine = engine
        self._manners = manners or Manners()

    @activity.defn(name=DELIVER_WEBHOOKS, no_thread_cancel_exception=True)
    def deliver_webhooks(self, start: WebhookStart) -> WebhookRound:
        """Deliver what is due to the endpoint, for some seconds at most, and return when to go on.

        Raises LedgerUnavailable, for Temporal to retry.
        """
        with heartbeats():
            return self._deliver(start.endpoint_id, _clock(attempt_started_at()))

    def _deliver(self, endpoint_id: int, clock: Callable[[], datetime]) -> WebhookRound:
        now = clock()
        with transaction(self._engine) as session:
            endpoint = begin_round(session, endpoint_id, now)
        if endpoint is None:
            return WebhookRound(sentence=_NOBODY)
        if endpoint.rests_until is None or endpoint.rests_until <= now:
            manners = self._manners
            line = Line(
                endpoint.url,
                allows_private=endpoint.allows_private,
                resolver=manners.resolver,
                tls=manners.tls,
                post_seconds=manners.post_seconds,
            )
            try:
                self._deliver_some(_Round(endpoint, line, clock))
            finally:
                line.close()
        with transaction(self._engine) as session:
            ended = end_round(session, endpoint_id, clock())
        if ended is None:
            return WebhookRound(sentence=_NOBODY)
        if ended.next_at is None:
            return WebhookRound(sentence="All is delivered")
        # Why it waits is in the ledger: what a receiver answers is no matter of a history's.
        sentence = f"More is owed; see duewell webhook show {endpoint_id}"
        return WebhookRound(wake_at=ended.next_at, sentence=sentence)

    def _deliver_some(self, on: _Round) -> None:
        ends_at = time.monotonic() + ROUND_SECONDS
        while True:
            with transaction(self._engine) as session:
                due = self._next_page(session, on)
            if not due:
                return
            waiting: set[int | None] = set()
            for delivery in due:
                if time.monotonic() >= ends_at or activity.is_worker_shutdown():
                    return
                # A later event of an invoice does not overtake an earlier one that waits.
                if delivery.invoice_id is not None and delivery.invoice_id in waiting:
                    continue
                outcome = self._deliver_one(on, delivery)
                if outcome == "ends":
                    return
                if outcome == "waits":
                    waiting.add(delivery.invoice_id)

    def _next_page(self, session: Session, on: _Round) -> list[Due]:
        if on.endpoint.failing_since is not None:
            # After a rest, an event that was never tried: one on which a receiver hangs must not keep it resting.
            untried = due_deliveries(session, on.endpoint.id, on.clock(), 1, untried=True)
            if untried:
                return untried
        return due_deliveries(session, on.endpoint.id, on.clock(), PAGE)

    def _deliver_one(self, on: _Round, delivery: Due) -> Literal["arrived", "waits", "ends"]:
        """Deliver one event, and record what became of it."""
        # The same bytes at each attempt.
        body = json.dumps(delivery.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        headers = signed_headers(on.endpoint.secrets, delivery.event_id, on.clock(), body)
        try:
            answer = on.line.post(body, headers)
        except NoAnswer as failure:
            return self._record_failure(on, delivery, None, str(failure))
        if not answer.is_taken:
            return self._record_failure(on, delivery, answer, f"{answer.status} {answer.said}".strip())
        with transaction(self._engine) as session:
            record_delivered(session, delivery, answer.status, on.clock())
            if on.endpoint.failing_since is not None:
                record_well(session, on.endpoint.id)
        on.endpoint = replace(on.endpoint, failing_since=None, failures=0)
        on.refused_in_a_row = 0
        return "arrived"

    def _record_failure(
        self, on: _Round, delivery: Due, answer: Answer | None, error: str
    ) -> Literal["waits", "ends"]:
        now, pauses = on.clock(), self._manners.pauses
        failures = delivery.attempts + 1
        due_at = now + pauses.after(failures, f"delivery {delivery.id}")
        ended_at = now if failures >= pauses.attempts_max else None
        status = None if answer is None else answer.status
        on.refused_in_a_row += 1
        rests = answer is None or answer.status in _IS_AWAY or on.refused_in_a_row >= REFUSALS_MAX
        rests_until = self._rests_until(on.endpoint, answer, now) if rests else None
        with transaction(self._engine) as session:
            record_failed(session, delivery, status, error, due_at, ended_at=ended_at)
            if status == HTTPStatus.GONE:
                stop_endpoint(session, on.endpoint.id, "it answered 410 Gone: it wants to hear nothing more")
            elif rests_until is not None:
                let_rest(session, on.endpoint.id, error, now, rests_until)
                self._stop_if_hopeless(session, on.endpoint, error, now)
        log.warning(
            "webhook not delivered", endpoint=on.endpoint.id, event_id=delivery.event_id, reason=error, rests=rests
        )
        return "ends" if rests or status == HTTPStatus.GONE else "waits"

    def _rests_until(self, endpoint: Endpoint, answer: Answer | None, now: datetime) -> datetime:
        """Return until when the endpoint is left alone: the pause that is its turn, or longer if it wishes so."""
        pauses = self._manners.pauses
        pause = pauses.after(endpoint.failures + 1, f"endpoint {endpoint.id}")
        if answer is None or answer.retry_after is None:
            return now + pause
        return now + max(pause, min(timedelta(seconds=answer.retry_after), pauses.longest))

    def _stop_if_hopeless(self, session: Session, endpoint: Endpoint, error: str, now: datetime) -> None:
        since = endpoint.failing_since
        if since is not None and now - since >= self._manners.pauses.stop_after:
            stop_endpoint(session, endpoint.id, f"nothing arrived there since {since:%Y-%m-%d %H:%M} UTC: {error}")


def _clock(started_at: datetime) -> Callable[[], datetime]:
    """Return the server's clock, as it goes on from the start of the attempt."""
    began = time.monotonic()
    return lambda: started_at + timedelta(seconds=time.monotonic() - began)
