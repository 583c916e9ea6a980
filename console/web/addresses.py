"""Addresses of pages with what was chosen on them."""

from collections.abc import Mapping
from urllib.parse import urlencode


def address_of(path: str, chosen: Mapping[str, object]) -> str:
    """Return the path with what was chosen, as a query."""
    return f"{path}?{urlencode({key: str(value) for key, value in chosen.items()})}" if chosen else path
