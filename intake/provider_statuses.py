"""Asks Resend again and again what became of messages, and takes in what came back.

Bounces and complaints of what Resend delivers go to Resend and not to our mailbox. Its list of messages, the
newest first, says of each what happened last. Each such event is taken in once, as a message from the mailbox is:
whoever dies on the way, or looks twice, finds it there.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from db.engine import Engine, transaction
from db.operations.messages.incoming import Incoming, Undelivered
from db.operations.one_at_a_time import ASKING_THE_PROVIDER, alone
from db.queries.incoming import HandedOver, handed_to_provider, known_digests
from intake.inbox import OneByOne, take
from intake.looking import Words, keep_looking
from mailer.incoming import Kind
from mailer.resend_statuses import MEANINGS, Page, ResendStatuses, Status, StatusesUnavailable, TooManyRequests

LOOK_SECONDS = 60.0
# Most bounces come within minutes; some servers are tried for days, and complaints come when people read.
NEWEST, ALL = timedelta(hours=1), timedelta(days=4)
ALL_EVERY = timedelta(hours=1)
# Resend takes two requests a second, and messages that go out need them too.
REQUEST_SECONDS = 1.0
REQUESTS_REPEATED_MAX = 5
# A longer pause that Resend wishes for is made between looks, with nothing held meanwhile.
PATIENCE_SECONDS = 60.0
PAGES_MAX = 1000
PROVIDER = "Resend"


@dataclass
class Look:
    """One look at the list: how many events were taken in, of how many messages."""

    taken: int = 0
    listed: int = 0
    is_alone: bool = True


@dataclass
class Asker:
    """Asks for one ledger."""

    engine: Engine
    statuses: ResendStatuses
    request_seconds: float = REQUEST_SECONDS
    stopping: Event = field(default_factory=Event)
    taker: OneByOne = field(default_factory=lambda: OneByOne("what the provider says cannot be taken in"))
    asked_all_at: datetime | None = None

    def look(self) -> Look:
        """Take in what became of the newest messages, and once an hour of those of the last days.

        Raises StatusesUnavailable and LedgerUnavailable.
        """
        with alone(self.engine, ASKING_THE_PROVIDER) as is_alone:
            if not is_alone:
                return Look(is_alone=False)
            now = datetime.now(UTC)
            asks_all = self.asked_all_at is None or now - self.asked_all_at >= ALL_EVERY
            look = Look()
            for statuses in self._pages(now - (ALL if asks_all else NEWEST)):
                look.listed += len(statuses)
                look.taken += self._take_all(statuses)
            if asks_all and not self.stopping.is_set():
                self.asked_all_at = now
            return look

    def _pages(self, since: datetime) -> Iterator[Sequence[Status]]:
        """Yield the list page by page, until it comes to messages from before `since`."""
        after = None
        for _ in range(PAGES_MAX):
            page = self._page(after)
            yield page.statuses
            after = page.after
            oldest = min((one.taken_at for one in page.statuses if one.taken_at), default=since)
            if after is None or oldest < since or self.stopping.wait(self.request_seconds):
                return

    def _page(self, after: str | None) -> Page:
        for _ in range(REQUESTS_REPEATED_MAX):
            try:
                return self.statuses.page(after)
            except TooManyRequests as refusal:
                # A look that began anew each time would never come to the end of a long list.
                pause_seconds = max(refusal.retry_after or 0.0, self.request_seconds)
                if pause_seconds > PATIENCE_SECONDS or self.stopping.wait(pause_seconds):
                    raise
        return self.statuses.page(after)

    def _take_all(self, statuses: Sequence[Status]) -> int:
        bad = {one.provider_id: one.event for one in statuses if one.event in MEANINGS}
        if not bad:
            return 0
        now = datetime.now(UTC)
        with transaction(self.engine) as session:
            ours = handed_to_provider(session, list(bad))
            found = [_incoming(message, bad[message.provider_id], now) for message in ours]
            known = known_digests(session, [incoming.digest for incoming in found])
        return sum(self._take(incoming, now) for incoming in found if incoming.digest not in known)

    def _take(self, incoming: Incoming, now: datetime) -> bool:
        taking = partial(take, self.engine, incoming, now)
        taken = self.taker.take(incoming.digest, taking, about=incoming.about)
        return taken is not None and taken.is_new


async def ask_provider(
    engine: Engine,
    statuses: ResendStatuses,
    every_seconds: float = LOOK_SECONDS,
    looked: Callable[[Look], None] = lambda _: None,
) -> None:
    """Ask for ever. While Resend or the ledger is away, the pauses grow, and that is said once."""
    asker = Asker(engine, statuses)
    words = Words("the provider is not asked", "the provider is asked again", PROVIDER)
    await keep_looking(asker.look, StatusesUnavailable, words, asker.stopping, every_seconds, looked)


def _incoming(message: HandedOver, event: str, now: datetime) -> Incoming:
    """Return the event as what came back. When it happened Resend does not say: now at the latest."""
    meaning = MEANINGS[event]
    everybody = (*message.recipients, *message.copies)
    because = meaning.reason
    failing = message.recipients if meaning.of_all or len(everybody) == 1 else ()
    if not failing and meaning.kind is Kind.BOUNCE:
        because = f"{meaning.reason}, and not for which of {', '.join(everybody)}"
    is_permanent = meaning.kind is Kind.BOUNCE
    content = json.dumps({"id": message.provider_id, "last_event": event}, sort_keys=True).encode()
    return Incoming(
        digest=hashlib.sha256(content).hexdigest(),
        received_at=now,
        kind=meaning.kind.value,
        sender=PROVIDER,
        subject=f"{event}: {message.subject}",
        excerpt=because,
        content=content,
        about=(message.message_id,),
        undelivered=[Undelivered(each, is_permanent, meaning.is_dead, because) for each in failing],
    )
