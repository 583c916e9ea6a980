"""Reasons as the ledger keeps them, in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dunning.decision import Because, Reason


def reason_text(reason: Mapping[str, Any]) -> str:
    """Return one reason: what it is, its detail, and the first day that it allows."""
    day, detail = reason.get("day"), reason.get("detail")
    try:
        because = Because(str(reason.get("because")))
    except ValueError:
        # Written by another release, or about a parked collection: shown as it stands.
        return ": ".join(str(part) for part in (reason.get("because"), detail, day) if part)
    return str(Reason(because, None if day is None else date.fromisoformat(day), detail))


def binding(because: Sequence[Mapping[str, Any]] | None) -> str:
    """Return the reason that had the last word, without its day, for lists."""
    return str(because[-1].get("because")) if because else ""
