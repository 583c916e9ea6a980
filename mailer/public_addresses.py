"""Where on the internet a name really is, and what must not be reached on behalf of somebody else.

Whoever may say where webhooks go could else make this machine speak to its own network: to a cloud's metadata, a
database, a printer. So every address of a name is looked at, and the connection is made to one that was.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Resolver = Callable[[str, int], Sequence[str]]

# What is not of this is never public: unique local, link-local, site-local, mapped, and what is not given out.
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# Later than some Python's tables: documentation (RFC 9637). The relays of 6to4 are no more (RFC 7526), and of
# 192.0.0.0/24 nothing is a web server (RFC 6890).
_NEVER = (IPv6Network("3fff::/20"), IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))


class NotPublic(Exception):
    """The name leads to an address that is not on the public internet."""


class NotFound(Exception):
    """The name has no address, or nobody could be asked for it."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as this machine finds them. Raises NotFound."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFound(f"{host} has no address: {error}") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def require_public(host: str, addresses: Iterable[str]) -> None:
    """Raise NotPublic if one of the addresses is not on the public internet."""
    for address in addresses:
        if not is_public(address):
            raise NotPublic(f"{host} leads to {address}, which is not on the public internet")


def is_public(address: str) -> bool:
    """Say whether the IP address is on the public internet; what it wraps must be, too."""
    one = ip_address(address)
    if isinstance(one, IPv6Address):
        inside = _wrapped(one)
        if inside is not None:
            return _is_global(inside)
        if one not in _UNICAST:
            return False
    return _is_global(one)


def _wrapped(one: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that this one stands for: mapped, of 6to4, or of NAT64 (RFC 6052)."""
    if one in _NAT64:
        return IPv4Address(int(one) & 0xFFFF_FFFF)
    return one.ipv4_mapped or one.sixtofour


def _is_global(one: IPv4Address | IPv6Address) -> bool:
    # Python takes multicast for global.
    return one.is_global and not one.is_multicast and not any(one in network for network in _NEVER)
