"""The API on a port of this machine, in a thread of the test's process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from console.api.app import make_app
from console.api.service import Connect, Limits
from console.server import listening_on
from db.engine import Engine

PATIENCE_SECONDS = 20.0


@contextmanager
def served(engine: Engine, connect: Connect) -> Iterator[str]:
    """Serve the API, and give its address."""
    listening = listening_on("127.0.0.1", 0)
    app = make_app(engine, connect, Limits(requests_per_minute=10_000_000, refusals_per_minute=10_000_000))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    # It accepts from here on, so that nobody has to wait for the thread.
    listening.listen()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        listening.close()
        assert not thread.is_alive()
