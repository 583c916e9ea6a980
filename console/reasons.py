"""Reasons as the ledger keeps them, in words."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any


def reason_text(reason: Mapping[str, Any]) -> str:
    """Return one reason: what it is, its detail, and the first day that it allows."""
    detail, day = reason.get("detail"), reason.get("day")
    text = str(reason.get("because")) + (f": {detail}" if detail else "")
    return f"{text} ({date.fromisoformat(day):%a %Y-%m-%d})" if day else text


def reasons_short(because: Iterable[Mapping[str, Any]] | None) -> str:
    """Return what the reasons are, without their days, for lists."""
    return ", ".join(str(reason.get("because")) for reason in because or ())
