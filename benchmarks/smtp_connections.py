"""What a kept SMTP connection saves: messages over connections of their own against messages over kept ones.

    python -m benchmarks.smtp_connections

Both ways go to the same server on this machine, in turns, without and with STARTTLS and a login. On a real network
every connection costs some round trips more than here.
"""

import os
from statistics import median
from time import perf_counter
from urllib.parse import quote

from mailer.compose import compose
from mailer.render import Rendered
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.smtp_pool import Upkeep
from tests.mailer.builders import AT, an_envelope
from tests.mailer.smtp_servers import CERTIFICATE, PASSWORD, USERNAME, Behaviour, a_server

MESSAGES = 50
ROUNDS = 7
WAYS = {"a connection each": Upkeep(messages_max=1), "kept": Upkeep()}
SERVERS = {
    "in the clear": (Behaviour(), ""),
    "STARTTLS and login": (
        Behaviour(tls=True, asks_for_password=True),
        f"{USERNAME}:{quote(PASSWORD, safe='')}@",
    ),
}


def main() -> None:
    """Print the median milliseconds of a message for each server and way."""
    os.environ["SSL_CERT_FILE"] = str(CERTIFICATE)
    message = compose(Rendered("Reminder", "Please pay.\n" * 40), an_envelope(), AT)
    for name, (behaviour, login) in SERVERS.items():
        with a_server(behaviour) as server:
            url = server.url(credentials=login)
            transports = {way: SmtpTransport(SmtpServer.from_url(url), upkeep) for way, upkeep in WAYS.items()}
            spent: dict[str, list[float]] = {way: [] for way in WAYS}
            for _ in range(ROUNDS):
                for way, transport in transports.items():
                    spent[way].append(_milliseconds_each(transport, message))
            for transport in transports.values():
                transport.close()
        # The first round reads the authorities of the machine.
        shown = ", ".join(f"{way} {median(rounds[1:]):.2f} ms" for way, rounds in spent.items())
        print(f"{name}: {shown} a message")


def _milliseconds_each(transport: SmtpTransport, message: bytes) -> float:
    began = perf_counter()
    for number in range(MESSAGES):
        transport.send("ar@duewell.example", ("ana@helios.example",), f"<{number}@duewell.example>", message)
    return (perf_counter() - began) / MESSAGES * 1000


if __name__ == "__main__":
    main()
