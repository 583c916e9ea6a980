"""Pages that stay open: each part of a page that may change bears a fingerprint of what it shows.

The page asks itself again now and then, and says which fingerprints it has: the answer is nothing while all is as
it was, else the page as it is now (`static/watching.js`). So nobody has to remember what a page depends on.
"""

import re
from hashlib import sha256
from typing import Final

from starlette.requests import Request

SEEN: Final = "duewell-seen"
_CHARACTERS: Final = 20
_GIVEN = re.compile(r'data-state="([0-9a-f]+)"')
# Which line of a list is opened beside it is no change of the list.
_OPENED = ' aria-current="true"'


def fingerprint(shown: str) -> str:
    """Return what differs, as good as certainly, if something else is shown."""
    return sha256(shown.replace(_OPENED, "").encode()).hexdigest()[:_CHARACTERS]


def fingerprints_in(page: str) -> list[str]:
    """Return the fingerprints of a page's parts, in their order."""
    return _GIVEN.findall(page)


def seen_by(request: Request) -> list[str] | None:
    """Return what the open page shows that asks whether it is still so; None if a person asks for the page."""
    seen = request.headers.get(SEEN)
    return None if seen is None else seen.split()
