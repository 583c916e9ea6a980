"""How a message leaves the house: one small protocol, and what may come of it."""

from typing import Protocol


class Transport(Protocol):
    """Hands a message over. Blocking; called from activity threads, by several at once."""

    def send(self, sender: str, recipients: tuple[str, ...], message_id: str, message: bytes) -> str:
        """Hand the message over and return the server's answer; it is then the server's to deliver.

        Raises Deferred, Uncertain, Unreachable or Rejected.
        """
        ...


class Deferred(Exception):
    """Not accepted for now; certainly not delivered. `retry_after` is the server's wish in seconds, if any."""

    def __init__(self, error: str, retry_after: float | None = None) -> None:
        super().__init__(error)
        self.retry_after = retry_after


class Uncertain(Exception):
    """The connection broke after the message was handed over and before the answer: it may be delivered."""


class Unreachable(Exception):
    """Every recipient was refused for good."""


class Rejected(Exception):
    """The message itself was refused for good."""
