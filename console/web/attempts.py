"""How often somebody may try to sign in: from an address, to an account, and in a browser that is known."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from console.api.buckets import Buckets

ADDRESS_TRIES, ADDRESS_SECONDS = 30, 300.0
ACCOUNT_TRIES, ACCOUNT_SECONDS = 10, 600.0
_IPV6_OF_ONE = 64


@dataclass(frozen=True, slots=True)
class Attempts:
    """Counts tries, in the memory of the process; what is used up comes back with time."""

    by_address: Buckets = field(default_factory=lambda: Buckets(ADDRESS_TRIES, ADDRESS_SECONDS))
    by_account: Buckets = field(default_factory=lambda: Buckets(ACCOUNT_TRIES, ACCOUNT_SECONDS))

    def begin(self, address: str, email: str, known_browser: str | None) -> float | None:
        """Count a try; return None if it may be made, else in how many seconds the next one may.

        Whoever guesses uses up what strangers may try. A browser that is known to the account has tries of its
        own, so that its owner gets in.
        """
        waits = []
        account = (email.casefold(), known_browser)
        for buckets, name in ((self.by_address, network_of(address)), (self.by_account, account)):
            taken = buckets.take(name)
            if not taken.had:
                waits.append(taken.wait_seconds)
        return max(waits) if waits else None

    def succeeded(self, address: str, email: str, known_browser: str | None) -> None:
        """Take a try back that was right: an office behind one address signs in every morning."""
        self.by_address.give_back(network_of(address))
        self.by_account.give_back((email.casefold(), known_browser))


def network_of(address: str) -> str:
    """Return who an address is counted as: a household or server has a whole network of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_OF_ONE), strict=False))
    return address
