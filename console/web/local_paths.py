"""Addresses that somebody handed us to go on to: only paths of these very pages are followed."""

import re
from urllib.parse import urlsplit

HOME = "/"
_CHARACTERS_MAX = 2000
# What browsers read as the beginning of another host, or what could end a header.
_UNSAFE = re.compile(r"[\\\x00-\x20\x7f-\uffff]")


def local_path(address: str | None) -> str:
    """Return the path if it leads to a page here, else the way home."""
    if not address or len(address) > _CHARACTERS_MAX or _UNSAFE.search(address):
        return HOME
    if not address.startswith("/") or address.startswith("//"):
        return HOME
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else address


def path_of(url: str | None) -> str:
    """Return path and query of a whole URL, such as a browser says it is at."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return HOME
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))
