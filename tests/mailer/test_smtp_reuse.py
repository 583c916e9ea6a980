"""Connections that are used again: what one that died costs, and what is said on them, with real SMTP servers."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, process_time, sleep

import pytest

from mailer.compose import compose
from mailer.render import Rendered
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.smtp_pool import Upkeep
from mailer.transport import Deferred, Rejected, Uncertain, Unreachable
from tests.mailer.builders import AT, an_envelope
from tests.mailer.smtp_servers import CERTIFICATE, Behaviour, Server, a_server

SENDER, ANA, BEA = "ar@duewell.example", "ana@helios.example", "bea@helios.example"
MESSAGE = compose(Rendered("x", "Please pay.\n"), an_envelope(), AT)
# Every rest is long enough to ask whether the connection is still there.
ALWAYS_ASKS = Upkeep(trusted_seconds=0)
NEVER_ASKS = Upkeep(trusted_seconds=60)
CLOSES, RESETS = "closes", "resets"


@dataclass
class Talk:
    """A server that keeps what it was told on each connection, and answers as `answers` says.

    `answers` is asked with the number of the connection, from 0, and the line; None is as a server does.
    """

    answers: Callable[[int, str], str | None] = lambda _connection, _line: None
    told: list[list[str]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator["Talk"]:
        """Listen until the block ends."""
        with socket.create_server(("localhost", 0), family=socket.AF_INET) as listening:
            self.port = listening.getsockname()[1]
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield self
            listening.shutdown(socket.SHUT_RDWR)
            for connection in self.sockets:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def transport(self, upkeep: Upkeep | None = None) -> SmtpTransport:
        """Return a transport to it."""
        return SmtpTransport(SmtpServer.from_url(f"smtp://localhost:{self.port}"), upkeep)

    @property
    def is_open(self) -> list[bool]:
        """Say of each connection whether the client has not closed it."""
        return ["QUIT" not in lines and "(end)" not in lines for lines in self.told]

    def cut(self, number: int) -> None:
        """Close a connection from this side, and wait until that is done."""
        self.sockets[number].shutdown(socket.SHUT_RDWR)
        until(lambda: not self.is_open[number])

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.told.append([])
                self.sockets.append(connection)
                number = len(self.sockets) - 1
                threading.Thread(target=self._converse, args=(number, connection), daemon=True).start()

    def _converse(self, number: int, connection: socket.socket) -> None:
        lines = self.told[number]
        with suppress(OSError), connection.makefile("rb") as told:
            connection.sendall(b"220 talk.test\r\n")
            while line := told.readline().decode().strip():
                lines.append(line)
                answer = self.answers(number, line)
                if answer in (CLOSES, RESETS):
                    break
                if line == "DATA" and answer is None:
                    connection.sendall(b"354 go on\r\n")
                    if self._read_message(number, told, connection):
                        continue
                    break
                connection.sendall((answer or "250 ok").encode() + b"\r\n")
                if line == "QUIT":
                    break
        lines.append("(end)")
        connection.close()

    def _read_message(self, number: int, told: "socket.SocketIO | object", connection: socket.socket) -> bool:
        content = b""
        while (line := told.readline()) != b".\r\n":  # type: ignore[union-attr]
            if not line:
                return False
            content += line
        self.taken.append(content)
        answer = self.answers(number, "(dot)")
        if answer in (CLOSES, RESETS):
            return False
        connection.sendall((answer or "250 taken").encode() + b"\r\n")
        return True


def until(claim: Callable[[], bool], patience_seconds: float = 10) -> None:
    """Wait until `claim` is true."""
    end = monotonic() + patience_seconds
    while not claim():
        assert monotonic() < end, "it did not happen"
        sleep(0.01)


@pytest.fixture
def talk() -> Iterator[Talk]:
    """A server that is well."""
    with Talk().running() as running:
        yield running


def send(transport: SmtpTransport, recipient: str = ANA, message: bytes = MESSAGE) -> str:
    """Hand a message over."""
    return transport.send(SENDER, (recipient,), "<1@duewell.example>", message).answer


def test_messages_follow_each_other_on_one_connection(talk: Talk) -> None:
    transport = talk.transport()

    assert [send(transport) for _ in range(5)] == ["250 taken"] * 5

    (lines,) = talk.told
    assert len(talk.taken) == 5
    assert [line.split(":")[0].split()[0] for line in lines] == ["ehlo", *["mail", "rcpt", "DATA"] * 5]


def test_threads_open_no_more_connections_than_there_are_threads(talk: Talk) -> None:
    transport = talk.transport()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: send(transport), range(100)))

    assert len(talk.taken) == 100
    assert len(talk.told) <= 4


def test_a_connection_carries_the_next_message_only_of_the_thread_that_recorded_the_one_before(talk: Talk) -> None:
    """Or a worker that is killed might leave several messages of one connection without a record."""
    transport = talk.transport()
    with ThreadPoolExecutor(1) as other:
        other.submit(send, transport).result()
        # The other thread is still busy with the record.
        send(transport, BEA)
        other.submit(send, transport).result()

    assert [[line.upper() for line in lines].count("DATA") for lines in talk.told] == [2, 1]


@pytest.mark.parametrize("upkeep", [ALWAYS_ASKS, NEVER_ASKS], ids=["asked", "trusted"])
@pytest.mark.parametrize("farewell", ["", "421 4.4.2 idle for too long"])
def test_a_connection_that_died_while_it_rested_is_replaced_and_costs_no_attempt(
    talk: Talk, upkeep: Upkeep, farewell: str
) -> None:
    transport = talk.transport(upkeep)
    send(transport)
    if farewell:
        talk.sockets[0].sendall(farewell.encode() + b"\r\n")
    talk.cut(0)

    assert send(transport) == "250 taken"

    assert len(talk.told) == 2
    assert len(talk.taken) == 2


def test_a_resting_connection_is_asked_before_it_is_used(talk: Talk) -> None:
    transport = talk.transport(ALWAYS_ASKS)
    send(transport)
    send(transport)

    assert [line.upper() for line in talk.told[0]].count("NOOP") == 1
    talk.answers = lambda connection, line: "421 4.3.2 closing" if (connection, line) == (0, "noop") else None

    send(transport)

    assert len(talk.told) == 2
    assert len(talk.taken) == 3


def test_a_resting_connection_that_stays_silent_is_replaced(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.smtp_pool.CHECK_SECONDS", 0.2)
    transport = talk.transport(ALWAYS_ASKS)
    send(transport)
    release = threading.Event()

    def answers(connection: int, line: str) -> str | None:
        if (connection, line) == (0, "noop"):
            release.wait(10)
        return None

    talk.answers = answers
    assert send(transport) == "250 taken"
    release.set()

    assert len(talk.taken) == 2


@pytest.mark.parametrize(
    ("line", "answer", "outcome", "taken"),
    [
        ("mail", CLOSES, None, 2),
        ("mail", "421 4.7.0 too many messages", None, 2),
        ("mail", "451 4.7.1 greylisted", Deferred, 1),
        ("mail", "550 5.7.1 denied", Rejected, 1),
        ("rcpt", CLOSES, Deferred, 1),
        ("rcpt", "421 4.3.2 closing", Deferred, 1),
        ("rcpt", "550 5.1.1 no such user", Unreachable, 1),
        ("DATA", CLOSES, Deferred, 1),
        ("DATA", "250 what?", Deferred, 1),
        ("DATA", "421 4.3.2 closing", Deferred, 1),
        ("(dot)", CLOSES, Uncertain, 2),
        ("(dot)", "421 4.3.2 closing", Deferred, 2),
        ("(dot)", "554 5.6.0 spam", Rejected, 2),
    ],
)
def test_on_a_used_connection_every_answer_means_what_it_means_on_a_new_one(
    talk: Talk, line: str, answer: str, outcome: type[Exception] | None, taken: int
) -> None:
    """And nothing that followed the first recipient is ever said again: no message is handed over twice."""
    transport = talk.transport(NEVER_ASKS)
    send(transport)
    talk.answers = lambda connection, told: answer if connection == 0 and told.startswith(line) else None

    if outcome is None:
        assert send(transport, BEA) == "250 taken"
    else:
        with pytest.raises(outcome):
            send(transport, BEA)

    assert len(talk.taken) == taken
    said = [told for lines in talk.told for told in lines if BEA in told]
    assert len(said) == (0 if line == "mail" and outcome is not None else 1)
    talk.answers = lambda _connection, _line: None
    assert send(transport) == "250 taken", "what went wrong is not inherited"
    assert len(talk.told) == 2


def test_a_first_connection_that_breaks_is_not_tried_again(talk: Talk) -> None:
    talk.answers = lambda _connection, line: CLOSES if line.startswith("mail") else None

    with pytest.raises(Deferred):
        send(talk.transport())

    assert len(talk.told) == 1


def test_a_connection_that_breaks_within_the_message_certainly_delivered_nothing(talk: Talk) -> None:
    """A server that has not seen the final dot must not deliver (RFC 5321, 4.1.1.4)."""
    transport = talk.transport(NEVER_ASKS)
    send(transport)

    def answers(connection: int, line: str) -> str | None:
        if line == "DATA" and connection == 0:
            talk.sockets[0].sendall(b"354 go on\r\n")
            # Nothing is read any more: the message is larger than what the sockets hold.
            return RESETS
        return None

    talk.answers = answers
    with pytest.raises(Deferred):
        send(transport, message=MESSAGE + b"x" * 70 * 1024 * 1024)

    assert len(talk.taken) == 1


def test_a_connection_ends_after_its_messages_and_after_its_rest(talk: Talk) -> None:
    transport = talk.transport(Upkeep(messages_max=3, idle_seconds_max=0.2))
    for _ in range(4):
        send(transport)

    assert [sum(line == "DATA" for line in lines) for lines in talk.told] == [3, 1]
    until(lambda: talk.is_open == [False, False])
    assert [line.upper() for line in talk.told[1]][-2:] == ["QUIT", "(END)"]
    send(transport)
    until(lambda: talk.is_open == [False, False, False])


def test_closing_takes_leave_of_what_rests_and_keeps_nothing_after_it(talk: Talk) -> None:
    transport = talk.transport()
    send(transport)
    transport.close()
    until(lambda: talk.is_open == [False])

    send(transport)

    until(lambda: talk.is_open == [False, False])


INTERNATIONAL = "jösé@helios.example"


@pytest.mark.parametrize("sender", [SENDER, "büro@duewell.example"])
def test_an_address_beyond_ascii_goes_to_a_server_that_takes_it(sender: str) -> None:
    message = f"From: {sender}\r\nTo: {INTERNATIONAL}\r\nSubject: x\r\n\r\nHello\r\n".encode()
    with a_server(Behaviour(smtputf8=True)) as server:
        transport = SmtpTransport(SmtpServer.from_url(server.url()))
        transport.send(sender, (INTERNATIONAL, BEA), "<1@duewell.example>", message)
        transport.send(SENDER, (BEA,), "<2@duewell.example>", MESSAGE)

    first, second = server.taken
    assert (first.sender, first.recipients, first.content) == (sender, [INTERNATIONAL, BEA], message)
    assert (first.options, second.options) == (["SMTPUTF8", "BODY=8BITMIME"], [])


def test_an_address_beyond_ascii_is_unreachable_by_a_server_that_takes_none() -> None:
    message = f"From: {SENDER}\r\nTo: {INTERNATIONAL}\r\nSubject: x\r\n\r\nHello\r\n".encode()
    with a_server() as server:
        transport = SmtpTransport(SmtpServer.from_url(server.url()))
        with pytest.raises(Unreachable, match="SMTPUTF8"):
            transport.send(SENDER, (INTERNATIONAL,), "<1@duewell.example>", message)
        with pytest.raises(Rejected, match="SMTPUTF8"):
            transport.send(SENDER, (INTERNATIONAL, BEA), "<1@duewell.example>", message)

    assert server.taken == []


@pytest.mark.parametrize(
    "address", ["a\r\nDATA@helios.example", "a> SIZE=1@helios.example", "a b@helios.example", ""]
)
def test_an_address_that_would_say_something_else_to_the_server_is_refused(talk: Talk, address: str) -> None:
    transport = talk.transport()
    with pytest.raises(Rejected, match="no address"):
        transport.send(address, (ANA,), "<1@duewell.example>", MESSAGE)
    with pytest.raises(Unreachable, match="no address"):
        send(transport, address)

    assert talk.taken == []


def test_connections_that_are_kept_save_most_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """With TLS, as relays have it: processor time of both ends. benchmarks/smtp_connections.py says how much."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    count = 40
    with a_server(Behaviour(tls=True)) as server:
        cpu_seconds = {
            name: _cpu_seconds_for(server, upkeep, count)
            for name, upkeep in (("a connection each", Upkeep(messages_max=1)), ("kept", Upkeep()))
        }

    assert cpu_seconds["kept"] * 2 < cpu_seconds["a connection each"]


def _cpu_seconds_for(server: Server, upkeep: Upkeep, count: int) -> float:
    transport = SmtpTransport(SmtpServer.from_url(server.url()), upkeep)
    # The first one reads the authorities.
    send(transport)
    began = process_time()
    for _ in range(count):
        send(transport)
    spent = process_time() - began
    transport.close()
    return spent
