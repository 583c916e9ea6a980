"""Addresses as they travel: domains in ASCII, and the part before the @ as RFC 5322 lets it stand bare."""

import re
from functools import lru_cache

import idna

LOCAL_BYTES_MAX = 64
ADDRESS_BYTES_MAX = 254
# RFC 5322's dot-atom, with the characters beyond ASCII that RFC 6532 adds to it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class BadAddress(ValueError):
    """An address that cannot be written into a message; the text says why."""


@lru_cache(maxsize=4096)
def wire_address(email: str) -> str:
    """Return the address with its domain in ASCII (RFC 5891), as headers and mail servers take it.

    A local part beyond ASCII stays: only a server that offers SMTPUTF8 takes it. Raises BadAddress.
    """
    local, at, domain = email.rpartition("@")
    # What is refused is shown escaped: the text becomes the reason of a to-do.
    is_written = email.isprintable() and _LOCAL.fullmatch(local) is not None
    if not at or not is_written or len(local.encode()) > LOCAL_BYTES_MAX:
        raise BadAddress(f"{email!r} is no address that can be written to")
    address = f"{local}@{wire_domain(domain)}"
    if len(address.encode()) > ADDRESS_BYTES_MAX:
        raise BadAddress(f"{email!r} is longer than an address can be")
    return address


def wire_domain(domain: str) -> str:
    """Return the domain in ASCII. Raises BadAddress."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress(f"{domain!r} is no domain: {error}") from error
    if not _DOMAIN.fullmatch(domain):
        raise BadAddress(f"{domain!r} is no domain")
    return domain


def with_token(email: str, token: str) -> str:
    """Return the address with the token behind its local part, where there is room for it (RFC 5233)."""
    local, _, domain = email.rpartition("@")
    tagged = f"{local}+{token}"
    return f"{tagged}@{domain}" if len(tagged.encode(errors="replace")) <= LOCAL_BYTES_MAX else email
