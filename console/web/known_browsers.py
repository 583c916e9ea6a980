"""Browsers in which somebody has signed in before: strangers who guess cannot keep their owner out."""

import hmac
import secrets

from db.queries.access import Account

_NONCE_BYTES = 16


def mark_of(account: Account) -> str | None:
    """Return what a browser keeps once the account was signed in to in it; another password makes it worthless."""
    if account.password_hash is None:
        return None
    nonce = secrets.token_hex(_NONCE_BYTES)
    return f"{nonce}.{_signature(account, account.password_hash, nonce)}"


def known_as(mark: str | None, account: Account | None) -> str | None:
    """Return the name of the browser if the account was signed in to in it."""
    if not mark or account is None or account.password_hash is None:
        return None
    nonce, _, signature = mark.partition(".")
    expected = _signature(account, account.password_hash, nonce)
    is_known = hmac.compare_digest(signature.encode(), expected.encode())
    return nonce if is_known else None


def _signature(account: Account, password_hash: str, nonce: str) -> str:
    # The hash of the password is a secret of the ledger, with a salt of its own.
    return hmac.new(password_hash.encode(), f"browser {account.id} {nonce}".encode(), "sha256").hexdigest()
