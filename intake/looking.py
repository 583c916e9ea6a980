"""Looks at something outside again and again, however often a look fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

import structlog

from db.engine import LedgerUnavailable

PAUSE_SECONDS_MAX = 600.0
LookT = TypeVar("LookT")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Words:
    """What the log says once when looks begin to fail, once when they go well again, and about which place."""

    fails: str
    is_back: str
    place: str


async def keep_looking(
    look: Callable[[], LookT],
    away: type[Exception],
    words: Words,
    stopping: Event,
    every_seconds: float,
    looked: Callable[[LookT], None],
) -> None:
    """Look for ever, in a thread. While that raises `away`, or the ledger is away, the pauses grow.

    `stopping` is set in the end, so that the thread ends after what it has at hand.
    """
    pause_seconds, trouble = every_seconds, ""
    try:
        while True:
            try:
                found = await asyncio.to_thread(look)
            except (away, LedgerUnavailable) as error:
                if str(error) != trouble:
                    log.warning(words.fails, place=words.place, reason=str(error))
                trouble = str(error)
                # Some that are away say for how long.
                await asyncio.sleep(max(pause_seconds, getattr(error, "retry_after", None) or 0.0))
                pause_seconds = min(2 * pause_seconds, PAUSE_SECONDS_MAX)
                continue
            if trouble:
                log.info(words.is_back, place=words.place)
            trouble, pause_seconds = "", every_seconds
            looked(found)
            await asyncio.sleep(every_seconds)
    finally:
        stopping.set()
