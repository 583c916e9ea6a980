"""One line of `duewell doctor`: what was looked at, how it is, and what mends it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "missing", "optional"]


@dataclass(frozen=True, slots=True)
class Check:
    """`missing` is needed and not there, `warn` works and wants a look, `optional` may stay away."""

    what: str
    state: State
    found: str
    mend: str | None = None
