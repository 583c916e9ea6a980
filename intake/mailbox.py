"""Looks into the mailbox again and again, and takes in what came: every message, however often a look fails.

A message is taken in and committed first, and marked in the mailbox then. Whoever dies in between finds it
unmarked again, and the ledger knows it by its digest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from db.engine import Engine
from db.operations.one_at_a_time import READING_THE_MAILBOX, alone
from intake.inbox import OneByOne, take_message
from intake.looking import Words, keep_looking
from intake.mailbox_connection import Mailbox, MailboxAddress, MailboxUnavailable

POLL_SECONDS = 30.0


@dataclass
class Look:
    """One look into the mailbox: how many messages were taken, and which have to wait for a later one."""

    taken: int = 0
    waiting: int = 0
    is_alone: bool = True


@dataclass
class Watcher:
    """Reads one mailbox for one ledger."""

    engine: Engine
    address: MailboxAddress
    stopping: Event = field(default_factory=Event)
    taker: OneByOne = field(
        default_factory=lambda: OneByOne("a message cannot be taken in, it stays in the mailbox")
    )

    def look(self) -> Look:
        """Take in what is there, unless another worker is at it.

        Raises MailboxUnavailable and LedgerUnavailable.
        """
        with alone(self.engine, READING_THE_MAILBOX) as is_alone:
            if not is_alone:
                return Look(is_alone=False)
            with Mailbox(self.address) as mailbox:
                return self._take_all(mailbox)

    def _take_all(self, mailbox: Mailbox) -> Look:
        look = Look()
        for uid in mailbox.untaken():
            if self.stopping.is_set():
                break
            if self._take(mailbox, uid):
                mailbox.mark(uid)
                look.taken += 1
            else:
                look.waiting += 1
        return look

    def _take(self, mailbox: Mailbox, uid: int) -> bool:
        """Take one message in, and say whether that is done."""
        fetched = mailbox.fetch(uid)
        if fetched is None:
            return False
        raw, received_at = fetched
        return self.taker.take(uid, lambda: take_message(self.engine, raw, received_at), uid=uid) is not None


async def watch(
    engine: Engine,
    address: MailboxAddress,
    every_seconds: float = POLL_SECONDS,
    looked: Callable[[Look], None] = lambda _: None,
) -> None:
    """Look into the mailbox for ever. While it or the ledger is away, the pauses grow, and that is said once."""
    watcher = Watcher(engine, address)
    words = Words("the mailbox is not read", "the mailbox is read again", address.place)
    await keep_looking(watcher.look, MailboxUnavailable, words, watcher.stopping, every_seconds, looked)
