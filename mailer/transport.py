"""How a message leaves the house: one small protocol, and what may come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is the server's to deliver: what it answered, and its own id of the message, if it has one."""

    answer: str
    provider_id: str | None = None


def always() -> bool:
    """Say yes: nobody else can have the message."""
    return True


class Transport(Protocol):
    """Hands a message over. Blocking; called from activity threads, by several at once."""

    @property
    def remembers_for(self) -> timedelta | None:
        """For how long a repeat under the same Message-ID is not delivered again; None if it always is."""
        ...

    def send(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message_id: str,
        message: bytes,
        is_current: Callable[[], bool] = always,
    ) -> Accepted:
        """Hand the message over, at most once in a call.

        Where a repeat would be delivered, `is_current` is asked right before what cannot be taken back: after a
        no nothing is handed over. Raises Deferred, Uncertain, Unreachable, Rejected or Overtaken.
        """
        ...

    def probe(self) -> str:
        """Return in a few words how the server receives us. Raises ProbeFailed."""
        ...

    def close(self) -> None:
        """Take leave of the server; what is on its way right now still ends as it ends."""
        ...


class ProbeFailed(Exception):
    """The server is away or does not want us. `mend` says what a person does about it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.mend = mend


class Deferred(Exception):
    """Not accepted for now; certainly not delivered. `retry_after` is the server's wish in seconds, if any."""

    def __init__(self, error: str, retry_after: float | None = None) -> None:
        super().__init__(error)
        self.retry_after = retry_after


class Overtaken(Exception):
    """Another attempt has the message by now, and nothing was handed over by this one."""


class Uncertain(Exception):
    """No answer came although the message had been handed over: it may be delivered.

    `retry_after` is the server's wish in seconds, if any.
    """

    def __init__(self, error: str, retry_after: float | None = None) -> None:
        super().__init__(error)
        self.retry_after = retry_after


class Unreachable(Exception):
    """Every recipient was refused for good."""


class Rejected(Exception):
    """The message itself was refused for good."""
