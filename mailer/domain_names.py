"""Asks the domain name system what a domain has published, within a bounded time."""

import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

QUERY_SECONDS: Final = 3.0
# All queries about one domain together: somebody waits in front of a page.
PATIENCE_SECONDS: Final = 10.0


class Unanswered(Exception):
    """The name servers did not answer, or not in time."""


class Names(Protocol):
    """What is published under a name; nothing is an empty answer. Each may raise Unanswered."""

    def texts(self, name: str) -> Sequence[str]:
        """Return the TXT records."""
        ...

    def addresses(self, name: str) -> Sequence[str]:
        """Return the IP addresses."""
        ...

    def mail_hosts(self, name: str) -> Sequence[str]:
        """Return the hosts that take mail for the name."""
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is anything at the name or below it."""
        ...


class DnsNames:
    """Names as the name servers of this machine know them; each instance has ten seconds for all it is asked."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None, seconds: float = PATIENCE_SECONDS) -> None:
        try:
            self._resolver = resolver or dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise Unanswered("this machine names no name servers") from error
        self._ends_at = time.monotonic() + seconds

    def texts(self, name: str) -> Sequence[str]:
        """Return the TXT records, each put together from its parts."""
        return [b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT") or ()]

    def addresses(self, name: str) -> Sequence[str]:
        """Return the IP addresses, those of version 4 first."""
        return [str(one.address) for kind in ("A", "AAAA") for one in self._ask(name, kind) or ()]

    def mail_hosts(self, name: str) -> Sequence[str]:
        """Return the hosts that take mail for the name, the preferred ones first."""
        hosts = sorted(self._ask(name, "MX") or (), key=lambda one: one.preference)
        return [str(one.exchange).rstrip(".") for one in hosts]

    def exists(self, name: str) -> bool:
        """Say whether there is anything at the name or below it (RFC 8020)."""
        return self._ask(name, "TXT") is not None

    def _ask(self, name: str, kind: str) -> Sequence[Any] | None:
        """Return the records, None where the name is not there. Raises Unanswered."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Unanswered("the name servers took too long")
        try:
            asked = dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_Practical)
        except (dns.exception.DNSException, UnicodeError):
            # No such name can be published.
            return None
        try:
            answer = self._resolver.resolve(
                asked, kind, raise_on_no_answer=False, lifetime=min(left, QUERY_SECONDS), search=False
            )
        except dns.resolver.NXDOMAIN:
            return None
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered("the name servers did not answer") from error
        return list(answer.rrset or ())
