"""What every program does that follows the guide: it takes a new Idempotency-Key for each request."""

import re
from typing import Any
from uuid import uuid4

import schemathesis

_SOUND = re.compile("[!-~]{1,200}")


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Make the key of a sound request one that was never sent before; what is not sound stays as it is."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and isinstance(value, str) and _SOUND.fullmatch(value):
            case.headers[name] = value[:-32] + uuid4().hex
