"""Shows the server that an attempt is alive, so that a killed worker is noticed in seconds and not in minutes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context

import structlog
from temporalio import activity

# The workflow gives an attempt up after 15 seconds without a beat: three may be lost.
BEAT_SECONDS = 4.0
log = structlog.get_logger()


class Pulse:
    """Beats for all blocks of this process from one thread: to start one for each block cost 0.15 ms a message.

    The lock is held while beats are handed over, so that none follows the end of its block.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: dict[object, Context] = {}
        self._thread: threading.Thread | None = None

    def begin(self, block: object) -> None:
        """Beat for the block, in the context of its activity, BEAT_SECONDS from now at the latest."""
        context = copy_context()
        with self._lock:
            self._blocks[block] = context
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
                self._thread.start()

    def end(self, block: object) -> None:
        """Beat for it no more; a beat that is under way is waited for."""
        with self._lock:
            del self._blocks[block]

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            with self._lock:
                for context in self._blocks.values():
                    try:
                        context.run(activity.heartbeat)
                    except Exception:
                        # The others live on, and this one is given up by the server.
                        log.exception("no heartbeat")


_pulse = Pulse()


@contextmanager
def heartbeats() -> Iterator[None]:
    """Heartbeat until the block ends, while the activity's own thread waits for a server.

    A block that ends before the next beat is due costs no call. Heartbeats bring cancellations with them:
    the activity must be defined with `no_thread_cancel_exception`, or it would be torn out of the block.
    """
    block = object()
    _pulse.begin(block)
    try:
        yield
    finally:
        _pulse.end(block)
