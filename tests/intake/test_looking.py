"""What is looked at again and again is looked at after failures too, later each time and as late as it wishes."""

import asyncio
from threading import Event
from time import monotonic

from structlog.testing import capture_logs

from intake.looking import Words, keep_looking

WORDS = Words("it is away", "it is back", "there")
WISH_SECONDS = 0.3


class Away(Exception):
    """It does not answer, for so long."""

    retry_after = WISH_SECONDS


async def test_a_wish_is_kept_and_trouble_is_told_once() -> None:
    at: list[float] = []
    found: list[int] = []
    stopping, looked = Event(), asyncio.Event()

    def look() -> int:
        at.append(monotonic())
        if len(at) < 3:
            raise Away("closed")
        return len(at)

    def saw(look: int) -> None:
        found.append(look)
        looked.set()

    with capture_logs() as logs:
        looking = asyncio.create_task(keep_looking(look, Away, WORDS, stopping, 0.01, saw))
        async with asyncio.timeout(30):
            await looked.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

    assert found[0] == 3
    assert min(at[1] - at[0], at[2] - at[1]) >= WISH_SECONDS
    assert [(entry["event"], entry.get("reason")) for entry in logs] == [
        ("it is away", "closed"),
        ("it is back", None),
    ]
    assert stopping.is_set()
