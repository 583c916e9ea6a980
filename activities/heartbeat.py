"""Shows the server that an attempt is alive, so that a killed worker is noticed in seconds and not in minutes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

from temporalio import activity

# The workflow gives an attempt up after 15 seconds without a beat: three may be lost.
BEAT_SECONDS = 4.0


@contextmanager
def heartbeats() -> Iterator[None]:
    """Heartbeat from a helper thread until the block ends, while the activity's own thread waits for a server.

    A block that ends before the first beat is due costs no call. Heartbeats bring cancellations with them:
    the activity must be defined with `no_thread_cancel_exception`, or it would be torn out of the block.
    """
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            activity.heartbeat()

    helper = threading.Thread(target=copy_context().run, args=(beat,), name="heartbeat", daemon=True)
    helper.start()
    try:
        yield
    finally:
        over.set()
        helper.join()
