"""Remembers what was made for a page and is the same for the next one."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

REMEMBERED_MAX = 64
Made = TypeVar("Made")


class Remembered:
    """The latest things that were made, each by all that it depends on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made for the key, or make it. Two at once may both make it."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                known: Made = self._made[key]
                return known
        made = make()
        with self._lock:
            self._made[key] = made
            if len(self._made) > REMEMBERED_MAX:
                self._made.popitem(last=False)
        return made
