"""How long what failed waits for another attempt. Pure: chance comes from what it is about."""

from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses double from the first to the longest, give or take a tenth.

    By default an event is given up after about four days of them, and an endpoint stopped when nothing arrived
    there for three.
    """

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=6)
    attempts_max: int = 24
    stop_after: timedelta = timedelta(days=3)

    def after(self, failures: int, about: str) -> timedelta:
        """Return the pause after so many failures in a row, 1 for the first."""
        doubled = self.first * 2.0 ** min(failures - 1, 30)
        # Many that failed at the same moment must not all come back at the same moment.
        chance = crc32(f"{about}/{failures}".encode()) / 2**32
        return min(doubled, self.longest) * (0.9 + 0.2 * chance)
