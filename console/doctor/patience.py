"""Asks a server that may stay silent, without waiting longer than a person at a command line would."""

import asyncio
import threading
from collections.abc import Callable

SECONDS_MAX = 5.0


async def soon(ask: Callable[[], str]) -> str:
    """Return the answer. Raises what `ask` raises, and TimeoutError when patience ends."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def deliver(said: str | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(said or "")

    def wait() -> None:
        said, failed = None, None
        try:
            said = ask()
        except Exception as error:
            failed = error
        try:
            loop.call_soon_threadsafe(deliver, said, failed)
        except RuntimeError:
            # The loop has ended: nobody waits for the answer any more.
            return

    # Whoever asks is patient, and a thread that the program had to wait for would be so too.
    threading.Thread(target=wait, daemon=True).start()
    async with asyncio.timeout(SECONDS_MAX):
        return await answer
