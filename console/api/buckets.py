"""How often somebody may ask: token buckets, in the memory of the process."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

BUCKETS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking a token: had or not, how many are left, and when the next one is there."""

    had: bool
    left: int
    wait_seconds: float


class Buckets:
    """A bucket for each name, full at first: `size` tokens, refilled evenly within `seconds`."""

    def __init__(self, size: int, seconds: float) -> None:
        self.size = size
        self.seconds = seconds
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, name: Hashable, now: float | None = None) -> Taken:
        """Take a token. Of very many names, those that asked longest ago are forgotten."""
        now = time.monotonic() if now is None else now
        tokens, since = self._buckets.pop(name, (float(self.size), now))
        tokens = min(float(self.size), tokens + (now - since) * self.size / self.seconds)
        had = tokens >= 1
        tokens -= had
        self._buckets[name] = (tokens, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        wait_seconds = 0.0 if tokens >= 1 else (1 - tokens) * self.seconds / self.size
        return Taken(had, int(tokens), wait_seconds)

    def give_back(self, name: Hashable) -> None:
        """Give a token back that was taken."""
        if (bucket := self._buckets.get(name)) is not None:
            tokens, since = bucket
            self._buckets[name] = (min(float(self.size), tokens + 1), since)
