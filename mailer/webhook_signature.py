"""Signs webhooks as Standard Webhooks describes it (https://www.standardwebhooks.com), version 1."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

_PREFIX = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """Return a secret that nobody knows yet."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def signed_headers(secrets_in_force: Sequence[str], event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that let the receiver see who sent the body, when, and which event it is.

    While a secret is changed there are two signatures, of which the receiver knows at least one.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    signatures = (_signature(secret, signed) for secret in secrets_in_force)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
