"""Doctor: the way out for mail."""

import asyncio
import threading

from console.check import Check
from console.environment import place_of
from mailer.choice import transport_of
from mailer.transport import ProbeFailed, Transport
from settings import Settings

SECONDS_MAX = 5.0


async def examine(chosen: Settings) -> list[Check]:
    """Return how the mail server greets, or what Resend says to the key."""
    setting, url = ("RESEND_URL", chosen.resend_url) if chosen.resend_api_key else ("SMTP_URL", chosen.smtp_url)
    try:
        transport = transport_of(chosen.smtp_url, chosen.resend_api_key, chosen.resend_url)
    except ValueError as error:
        return [Check("mail", "missing", f"{setting} cannot be read", f"set {setting} ({error})")]
    place = place_of(url)
    try:
        greeting = await _within(transport)
    except TimeoutError:
        return [Check("mail", "missing", f"{place} does not answer", _mend(setting))]
    except ProbeFailed as failure:
        return [Check("mail", "missing", f"{place}: {failure}", failure.mend)]
    return [Check("mail", "ok", f"{place} {greeting}")]


def _mend(setting: str) -> str:
    return "start the mail server, or set SMTP_URL" if setting == "SMTP_URL" else f"set {setting}"


async def _within(transport: Transport) -> str:
    """Return the greeting. Raises what the probe raises, and TimeoutError when patience ends."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def deliver(greeting: str | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(greeting or "")

    def probe() -> None:
        greeting, failed = None, None
        try:
            greeting = transport.probe()
        except Exception as error:
            failed = error
        try:
            loop.call_soon_threadsafe(deliver, greeting, failed)
        except RuntimeError:
            # The loop has ended: nobody waits for the answer any more.
            return

    # The transport itself is patient, and a thread that the program had to wait for would be so too.
    threading.Thread(target=probe, daemon=True).start()
    async with asyncio.timeout(SECONDS_MAX):
        return await answer
