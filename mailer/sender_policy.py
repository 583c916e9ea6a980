"""Whether a domain lets an address send in its name: SPF (RFC 7208), as far as it can be seen from outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from mailer.domain_names import Names

LOOKUPS_MAX: Final = 10
_MARK: Final = "v=spf1"
_HOSTS_MAX: Final = 10
Verdict = Literal["pass", "no", "unseen"]


class BadPolicy(Exception):
    """Receivers take the domain for one without SPF. The text says why."""


@dataclass(slots=True)
class _Looking:
    """One evaluation: how many names were asked for, and whether something only receivers know was met."""

    lookups: int = 0
    is_partly_unseen: bool = False
    within: list[str] = field(default_factory=list)

    def count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS_MAX:
            raise BadPolicy(f"it asks for more than {LOOKUPS_MAX} other names")


def policies(texts: Sequence[str]) -> list[str]:
    """Return the SPF records among TXT records."""
    return [one for one in texts if one.lower() == _MARK or one.lower().startswith(f"{_MARK} ")]


def terms(policy: str) -> list[str]:
    """Return the parts of a policy behind its mark."""
    return policy.split()[1:]


def lets_send(names: Names, domain: str, policy: str, address: str) -> Verdict:
    """Return whether the domain's policy lets the address send. Raises BadPolicy and Unanswered."""
    looking = _Looking()
    if _passes(names, domain, policy, address, looking):
        return "pass"
    return "unseen" if looking.is_partly_unseen else "no"


def with_term(policy: str, term: str) -> str:
    """Return the policy with one more term, before what it says of all others."""
    found = policy.split()
    ends = [
        at for at, one in enumerate(found) if one.lstrip("+-~?").lower() == "all" or one.startswith("redirect=")
    ]
    at = ends[0] if ends else len(found)
    return " ".join([*found[:at], term, *found[at:]])


def _passes(names: Names, domain: str, policy: str, address: str, looking: _Looking) -> bool:
    if domain.lower() in looking.within:
        raise BadPolicy("it includes itself")
    looking.within.append(domain.lower())
    try:
        redirect = None
        for term in terms(policy):
            if term.lower().startswith("redirect="):
                redirect = term.partition("=")[2]
                continue
            if "=" in term.partition(":")[0]:
                continue
            sign, plain = (term[0], term[1:]) if term[0] in "+-~?" else ("+", term)
            if _matches(names, domain, plain, address, looking):
                return sign == "+"
        return redirect is not None and _passes_there(names, redirect, address, looking)
    finally:
        looking.within.pop()


def _passes_there(names: Names, domain: str, address: str, looking: _Looking) -> bool:
    """Say whether the policy at another domain lets the address send, as `include` and `redirect` ask."""
    if "%" in domain:
        looking.is_partly_unseen = True
        return False
    looking.count()
    found = policies(names.texts(domain))
    if len(found) != 1:
        raise BadPolicy(f"it refers to {domain}, which has {'no' if not found else 'more than one'} SPF record")
    return _passes(names, domain, found[0], address, looking)


def _matches(names: Names, domain: str, term: str, address: str, looking: _Looking) -> bool:
    """Say whether a mechanism, without its sign, speaks of the address."""
    name, _, given = term.partition(":")
    if not given:
        name, _, size = name.partition("/")
        target = domain
    else:
        target, _, size = given.partition("/")
    kind = name.lower()
    if kind == "all":
        return True
    if kind in ("ip4", "ip6"):
        return _is_within(address, given)
    if kind not in ("include", "a", "mx", "exists", "ptr"):
        raise BadPolicy(f"nobody knows {term!r}")
    if kind == "include":
        return _passes_there(names, target, address, looking)
    looking.count()
    if "%" in target or kind in ("exists", "ptr"):
        # It depends on the message, or on what the receiver finds out about the address.
        looking.is_partly_unseen = True
        return False
    hosts = [target] if kind == "a" else names.mail_hosts(target)[:_HOSTS_MAX]
    return any(_is_in_network_of(address, one, size) for host in hosts for one in names.addresses(host))


def _is_within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError as error:
        raise BadPolicy(f"{network!r} is no address") from error


def _is_in_network_of(address: str, other: str, sizes: str) -> bool:
    """Say whether two addresses are of one network; sizes are written as 24, /64 or 24//64."""
    four, _, six = sizes.partition("//")
    if sizes.startswith("/"):
        four, six = "", sizes.lstrip("/")
    size = six if ":" in other else four
    return _is_within(address, f"{other}/{size}" if size else other)
