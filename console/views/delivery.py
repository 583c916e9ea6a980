"""What became of the signals that an order owed: delivered here, or left to a worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many signals were delivered here, how many still wait in the outbox, and why."""

    delivered: int
    waiting: int
    because: str | None = None

    @property
    def is_complete(self) -> bool:
        """Say whether nothing is left to be delivered."""
        return self.waiting == 0

    @property
    def sentence(self) -> str:
        """Return what became of the processes; empty if there was nothing to tell."""
        told = f"{self.delivered} process{'es' if self.delivered != 1 else ''} told" if self.delivered else ""
        if self.is_complete:
            return f"{told}." if told else ""
        signals = f"{self.waiting} signal{'s wait' if self.waiting != 1 else ' waits'}"
        why = f" ({self.because})" if self.because else ""
        return f"{told + '; ' if told else ''}{signals} in the outbox, the worker passes them on{why}."
