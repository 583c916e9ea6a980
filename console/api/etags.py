"""Entity tags: strong ones, of what a resource looks like; and the conditions that requests state with them."""

import base64
import hashlib
import re

_TAG = re.compile(r'(W/)?"([!#-~]*)"')
# What is no tag matches nothing, so that a change under it is refused.
CONDITION = "^[!-~][ -~]{0,499}$"


def etag_of(body: bytes) -> str:
    """Return the tag of a representation."""
    digest = hashlib.sha256(body).digest()[:18]
    return f'"{base64.urlsafe_b64encode(digest).decode()}"'


def matches(condition: str, etag: str | None, *, weakly: bool = False) -> bool:
    """Say whether If-Match, or weakly If-None-Match, names the tag; None stands for what does not exist."""
    if etag is None:
        return False
    if condition == "*":
        return True
    return any(f'"{tag}"' == etag for weak, tag in _TAG.findall(condition) if weakly or not weak)
