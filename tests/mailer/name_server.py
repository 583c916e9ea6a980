"""A name server of a few domains, which answers over UDP as real ones do."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from mailer.domain_names import DnsNames

Zone = Mapping[str, Sequence[tuple[str, str]]]


@contextmanager
def a_name_server(zone: Zone, *, is_silent: bool = False) -> Iterator[dns.resolver.Resolver]:
    """Serve the zone, names with kinds and values of records, and give what asks this server alone."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    server = threading.Thread(target=_serve, args=(listening, zone, is_silent))
    server.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = listening.getsockname()[1]
    try:
        yield resolver
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as leaving:
            leaving.sendto(b"", listening.getsockname())
        server.join(20)
        listening.close()


@contextmanager
def names_of(zone: Zone) -> Iterator[DnsNames]:
    """Give names as a server of the zone knows them."""
    with a_name_server(zone) as resolver:
        yield DnsNames(resolver)


def _serve(listening: socket.socket, zone: Zone, is_silent: bool) -> None:
    while True:
        asked, client = listening.recvfrom(4096)
        if not asked:
            return
        if not is_silent:
            listening.sendto(_answer(dns.message.from_wire(asked), zone).to_wire(max_size=4096), client)


def _answer(asked: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(asked)
    answer.flags |= dns.flags.AA | dns.flags.RA
    (question,) = asked.question
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    if not any(known == name or known.endswith(f".{name}") for known in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    values = [value for one, value in zone.get(name, ()) if one == kind]
    if values:
        answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, values))
    return answer
