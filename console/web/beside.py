"""Counts beside pages what takes longer than a page may: whoever asks gets it when it is there."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar

# Of a small book a count is there at once; of a big one somebody asks again.
WAIT_SECONDS: Final = 0.01
# For so long an answer is the same for whoever asks the same: figures are as of a moment ago at most.
KEPT_SECONDS: Final = 5.0
# More than that wait their turn only where somebody types faster than can be counted: the oldest are let go.
COUNTS_MAX: Final = 32
THREADS: Final = 2
Counted = TypeVar("Counted")


@dataclass(slots=True)
class _Count:
    future: Future[Any]
    ended_at: float | None = None


class Beside:
    """Counts by what is counted: under way, waiting, or done a moment ago."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(THREADS, "beside")
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()

    def ask(
        self, key: Hashable, count: Callable[[], Counted], wait_seconds: float | None = WAIT_SECONDS
    ) -> Counted | None:
        """Return what `count` returns if it is there in time, else None: ask again then. Raises what it raises.

        Without `wait_seconds` it is waited for.
        """
        future = self._begun(key, count)
        try:
            found: Counted = future.result(wait_seconds)
        except TimeoutError:
            return None
        except BaseException:
            with self._lock:
                self._counts.pop(key, None)
            raise
        return found

    def _begun(self, key: Hashable, count: Callable[[], Counted]) -> Future[Any]:
        with self._lock:
            now = monotonic()
            for old, known in list(self._counts.items()):
                if known.ended_at is not None and known.ended_at < now - KEPT_SECONDS:
                    del self._counts[old]
            if key in self._counts:
                return self._counts[key].future
            while len(self._counts) >= COUNTS_MAX:
                self._counts.popitem(last=False)[1].future.cancel()
            begun = self._counts[key] = _Count(self._pool.submit(count))
        begun.future.add_done_callback(lambda _: setattr(begun, "ended_at", monotonic()))
        return begun.future
