"""Keys of the REST API: made here, shown once, and known by their SHA-256 ever after."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from db.engine import Engine
from db.operations.api_keys import add_key, revoke_key
from db.operations.audit import note
from db.operations.refusal import Refused
from intake.cells import parse_short
from intake.clerk_orders import Clerk
from intake.problems import Wrong
from intake.typed_text import typed_line
from phrase import phrase

RESOURCES = (
    "customers",
    "invoices",
    "payments",
    "credit_notes",
    "custom_fields",
    "collections",
    "actions",
    "cadences",
    "rules",
    "jobs",
    "webhooks",
)
SCOPES = tuple(f"{resource}:{may}" for resource in RESOURCES for may in ("read", "write"))
# 256 bits, so that a key is safe behind a plain digest; what is before them tells what was found where it leaked.
SECRET_BYTES = 32
TOKEN_START = "duewell_"  # noqa: S105  # the part of a key that is no secret
PREFIX_CHARACTERS = len(TOKEN_START) + 6


class ApiKeyOrders(Clerk):
    """What a person may order about the keys of programs."""

    __slots__ = ()

    def make_api_key(self, name: str, scopes: Sequence[str], expires_at: datetime | None) -> str:
        """Make a key and return it; nobody can be told it a second time. Raises Refused."""
        sound = typed_line(name)
        sound = sound if isinstance(sound, Wrong) else parse_short(sound)
        if isinstance(sound, Wrong):
            raise Refused(
                "{name!r} is {wrong}; expected {expected}",
                name=name,
                wrong=phrase(sound.wrong),
                expected=phrase(sound.expected),
            )
        if not sound:
            raise Refused("a key needs a name, such as that of the program that will bear it")
        if expires_at is not None and expires_at <= datetime.now(UTC):
            raise Refused("a key expires in the future")
        token = TOKEN_START + secrets.token_urlsafe(SECRET_BYTES)
        may = granted(scopes)
        with self._transaction() as session:
            add_key(session, sound, token[:PREFIX_CHARACTERS], digest_of(token), may, expires_at, self.by)
            note(session, self._acting(), "API key made", "API key", sound, scopes=may)
        return token

    def revoke_api_key(self, name: str) -> bool:
        """End a key at once, and say whether that is new. Raises Refused."""
        with self._transaction() as session:
            changed = revoke_key(session, name, datetime.now(UTC))
            if changed:
                note(session, self._acting(), "API key revoked", "API key", name)
        return changed


def make_key(engine: Engine, name: str, scopes: Sequence[str], expires_at: datetime | None, by: str) -> str:
    """Make a key in somebody's name and return it. Raises Refused."""
    return ApiKeyOrders(engine, by).make_api_key(name, scopes, expires_at)


def digest_of(token: str) -> str:
    """Return the SHA-256 by which a key is known, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def granted(scopes: Sequence[str]) -> list[str]:
    """Return each scope that is meant: `invoices:*` is both of invoices, and `*` is all. Raises Refused."""
    if not scopes:
        raise Refused("a key needs a scope, such as invoices:read; * is all")
    chosen: set[str] = set()
    for scope in scopes:
        resource, colon, may = scope.partition(":")
        if scope == "*":
            chosen.update(SCOPES)
        elif colon and may == "*" and resource in RESOURCES:
            chosen.update((f"{resource}:read", f"{resource}:write"))
        elif scope in SCOPES:
            chosen.add(scope)
        else:
            raise Refused(
                "{scope!r} is no scope; there is {scopes}, with * for either part, or * for all",
                scope=scope,
                scopes=", ".join(SCOPES),
            )
    return [scope for scope in SCOPES if scope in chosen]
