"""What comes of a message for every answer that a real SMTP server may give, at every place it may give it."""

import socket
from contextlib import AbstractContextManager
from email import message_from_bytes
from email.policy import SMTP
from time import monotonic
from urllib.parse import quote

import pytest

import mailer.smtp
from mailer.choice import transport_of
from mailer.compose import compose
from mailer.render import Rendered
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.transport import Deferred, Overtaken, Rejected, Uncertain, Unreachable
from tests.mailer.builders import AT, a_letter, an_envelope, rendered_text
from tests.mailer.smtp_servers import (
    CERTIFICATE,
    GONE,
    HANGS,
    PASSWORD,
    USERNAME,
    Behaviour,
    Server,
    a_script,
    a_server,
)

SENDER = "ar@duewell.example"
ANA, BEA, CEM = "ana@helios.example", "bea@helios.example", "cem@helios.example"
LOGIN = f"{USERNAME}:{quote(PASSWORD, safe='')}@"
MESSAGE = compose(rendered_text("reminder", a_letter()), an_envelope(), AT)


def send(
    server: Server | str, *recipients: str, message: bytes = MESSAGE, sender: str = SENDER, login: str = ""
) -> str:
    """Hand a message to the server, to Ana unless said otherwise."""
    url = server if isinstance(server, str) else server.url(credentials=login)
    transport = SmtpTransport(SmtpServer.from_url(url))
    return transport.send(sender, recipients or (ANA,), "<1234.1.1@duewell.example>", message).answer


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the test servers' certificate, as an installation trusts that of its own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer only a moment."""
    monkeypatch.setattr(mailer.smtp, "TIMEOUT_SECONDS", 0.5)


def test_an_accepted_message_arrives_to_the_byte_and_brings_the_servers_answer() -> None:
    with a_server() as server:
        answer = send(server, ANA, BEA)

    (taken,) = server.taken
    assert answer == "250 2.0.0 OK"
    assert (taken.sender, taken.recipients, taken.content) == (SENDER, [ANA, BEA], MESSAGE)


def test_bounces_go_where_the_installation_reads_them() -> None:
    with a_server() as server:
        transport = transport_of(server.url(), None, "", bounces_to="bounces@duewell.example")
        transport.send(SENDER, (ANA,), "<1234.1.1@duewell.example>", MESSAGE)

    (taken,) = server.taken
    assert taken.sender == "bounces@duewell.example"
    assert message_from_bytes(taken.content, policy=SMTP)["From"].addresses[0].addr_spec == SENDER


def test_an_address_for_bounces_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="BOUNCES_TO"):
        transport_of("smtp://localhost", None, "", bounces_to="bounces")


REFUSALS = [
    (Behaviour(mail="451 4.7.1 greylisted"), Deferred),
    (Behaviour(mail="421 4.3.2 closing"), Deferred),
    (Behaviour(mail="550 5.7.1 sender denied"), Rejected),
    (Behaviour(recipients={ANA: "450 4.2.1 mailbox busy"}), Deferred),
    (Behaviour(recipients={ANA: "452 4.2.2 mailbox full"}), Deferred),
    (Behaviour(recipients={ANA: "550 5.1.1 no such user"}), Unreachable),
    (Behaviour(recipients={ANA: "553 5.1.3 bad address"}), Unreachable),
    (Behaviour(data="451 4.3.0 no room"), Deferred),
    (Behaviour(data="554 5.5.1 no valid recipients"), Rejected),
    (Behaviour(after_dot="451 4.3.0 try later"), Deferred),
    (Behaviour(after_dot="421 4.3.2 shutting down"), Deferred),
    (Behaviour(after_dot="554 5.6.0 looks like spam"), Rejected),
    (Behaviour(after_dot="552 5.3.4 too big"), Rejected),
]


@pytest.mark.parametrize(
    ("behaviour", "outcome"), REFUSALS, ids=[f"{o.__name__}-{number}" for number, (_, o) in enumerate(REFUSALS)]
)
def test_a_refusal_is_what_the_server_says_it_is(behaviour: Behaviour, outcome: type[Exception]) -> None:
    said = behaviour.mail or behaviour.recipients.get(ANA) or behaviour.data or behaviour.after_dot
    assert said is not None
    with a_server(behaviour) as server, pytest.raises(outcome) as refusal:
        send(server)

    assert said in str(refusal.value)
    assert server.taken == []


def test_recipients_refused_for_good_are_left_out_while_one_is_accepted() -> None:
    message = MESSAGE.replace(b"<ana@helios.example>", b"<ana@helios.example>, bea@helios.example", 1)
    with a_server(Behaviour(recipients={ANA: "550 5.1.1 no such user"})) as server:
        send(server, ANA, BEA, message=message)

    assert [taken.recipients for taken in server.taken] == [[BEA]]


def test_nothing_is_sent_while_one_recipient_has_to_wait() -> None:
    """Sent to some now, a retry would reach those twice."""
    with (
        a_server(Behaviour(recipients={BEA: "450 4.2.1 busy"})) as server,
        pytest.raises(Deferred, match=f"{BEA}: 450"),
    ):
        send(server, ANA, BEA)

    assert server.taken == []


def test_every_refused_recipient_is_named() -> None:
    answers = {ANA: "550 5.1.1 no such user", BEA: "554 5.7.1 blocked"}
    with a_server(Behaviour(recipients=answers)) as server, pytest.raises(Unreachable) as refusal:
        send(server, ANA, BEA)

    assert str(refusal.value) == f"{ANA}: 550 5.1.1 no such user; {BEA}: 554 5.7.1 blocked"


@pytest.mark.parametrize("address", ["jösé@helios.example", "ana@hélios.example"])
def test_an_address_that_smtp_cannot_carry_is_unreachable(address: str) -> None:
    with a_server() as server:
        with pytest.raises(Unreachable, match="ASCII"):
            send(server, address)
        with pytest.raises(Rejected, match="ASCII"):
            send(server, sender=address)
        send(server, address, BEA)

    assert [taken.recipients for taken in server.taken] == [[BEA]]


@pytest.mark.parametrize(
    "behaviour", [Behaviour(mail=GONE), Behaviour(recipients={ANA: GONE}), Behaviour(data=GONE)]
)
def test_a_connection_that_breaks_before_the_message_defers_it(behaviour: Behaviour) -> None:
    with a_server(behaviour) as server, pytest.raises(Deferred):
        send(server)

    assert server.taken == []


def test_a_connection_that_breaks_after_the_dot_leaves_it_uncertain() -> None:
    with a_server(Behaviour(after_dot=GONE)) as server, pytest.raises(Uncertain):
        send(server)

    assert len(server.taken) == 1


@pytest.mark.parametrize("farewell", [GONE, "421 4.3.2 closing", "500 what?"])
def test_a_bad_farewell_takes_nothing_back(farewell: str) -> None:
    with a_server(Behaviour(quit=farewell)) as server:
        assert send(server).startswith("250")

    assert len(server.taken) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour(mail=HANGS), Deferred),
        (Behaviour(recipients={ANA: HANGS}), Deferred),
        (Behaviour(data=HANGS), Deferred),
        (Behaviour(after_dot=HANGS), Uncertain),
    ],
)
def test_a_server_that_stays_silent_is_given_up(behaviour: Behaviour, outcome: type[Exception]) -> None:
    with a_server(behaviour) as server:
        began = monotonic()
        with pytest.raises(outcome, match="timed out"):
            send(server)
        assert monotonic() - began < 3


@pytest.mark.usefixtures("impatient")
def test_a_silent_farewell_takes_nothing_back() -> None:
    with a_server(Behaviour(quit=HANGS)) as server:
        assert send(server).startswith("250")


def test_an_attempt_that_was_overtaken_leaves_at_once_and_without_the_final_dot() -> None:
    with a_server() as server:
        transport = SmtpTransport(SmtpServer.from_url(server.url()))
        began = monotonic()
        with pytest.raises(Overtaken):
            transport.send(SENDER, (ANA,), "<1234.1.1@duewell.example>", MESSAGE, lambda: False)
        assert monotonic() - began < 3

    assert server.taken == []


@pytest.mark.usefixtures("impatient")
def test_a_server_that_never_greets_is_given_up() -> None:
    with a_script(b"", b"") as server, pytest.raises(Deferred, match=f"localhost:{server.port}: .*timed out"):
        send(server)


def test_nobody_listening_defers_the_message_and_names_the_server() -> None:
    with socket.create_server(("localhost", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(Deferred, match=f"SMTP server localhost:{port}: ConnectionRefusedError"):
        send(f"smtp://localhost:{port}")


def test_a_name_that_does_not_resolve_defers_the_message() -> None:
    with pytest.raises(Deferred, match=r"SMTP server mail\.invalid:25: "):
        send("smtp://mail.invalid")


@pytest.mark.parametrize("greeting", [b"554 5.3.2 no service\r\n", b"421 busy\r\n", b"HTTP/1.1 400\r\n", b""])
def test_a_server_that_does_not_greet_defers_the_message(greeting: bytes) -> None:
    with a_script(greeting) as server, pytest.raises(Deferred):
        send(server)


HELLO = (b"220 mail.test\r\n", b"250 mail.test\r\n")
OK, GARBAGE = b"250 ok\r\n", b"\x00\xff what is this?\r\n"


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((GARBAGE,), Deferred),
        ((OK, GARBAGE), Deferred),
        ((OK, OK, GARBAGE), Deferred),
        ((OK, OK, b"354 go on\r\n", GARBAGE), Uncertain),
        ((OK, OK, b"354 go on\r\n", b"2"), Uncertain),
    ],
)
def test_what_is_no_smtp_answer_refuses_nothing_for_good(
    answers: tuple[bytes, ...], outcome: type[Exception]
) -> None:
    with a_script(*HELLO, *answers) as server, pytest.raises(outcome):
        send(server)


@pytest.mark.parametrize("recipients", [(ANA,), (ANA, BEA), (ANA, BEA, CEM)])
def test_a_line_that_begins_with_a_dot_arrives_with_it(recipients: tuple[str, ...]) -> None:
    rendered = Rendered("x", ".\n..\n.hidden\nend .\n.")
    message = compose(rendered, an_envelope(), AT)
    with a_server() as server:
        send(server, *recipients, message=message)

    (taken,) = server.taken
    assert taken.content == message
    text = message_from_bytes(taken.content, policy=SMTP).get_content()
    assert text.splitlines() == [".", "..", ".hidden", "end .", "."]


def test_starttls_with_a_certificate_that_nobody_vouches_for_fails_closed() -> None:
    with (
        a_server(Behaviour(tls=True)) as server,
        pytest.raises(Deferred, match=rf"SMTP server localhost:{server.port}: .*certificate verify failed") as why,
    ):
        send(server)

    assert "self-signed certificate" in str(why.value).replace("self signed", "self-signed")
    assert server.taken == []


@pytest.mark.usefixtures("trusted")
def test_starttls_is_used_whenever_it_is_offered() -> None:
    with a_server(Behaviour(tls=True)) as server:
        send(server)

    assert [taken.encrypted for taken in server.taken] == [True]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_fails_closed() -> None:
    with a_server(Behaviour(tls=True)) as server, pytest.raises(Deferred, match=r"127\.0\.0\.1"):
        send(server.url().replace("localhost", "127.0.0.1"))

    assert server.taken == []


@pytest.mark.usefixtures("trusted")
def test_smtps_speaks_tls_from_the_first_byte() -> None:
    with a_server(wrapped=True) as server:
        assert send(server.url("smtps")).startswith("250")

    assert len(server.taken) == 1


def test_smtps_with_a_certificate_that_nobody_vouches_for_fails_closed() -> None:
    with a_server(wrapped=True) as server, pytest.raises(Deferred, match="certificate verify failed"):
        send(server.url("smtps"))

    assert server.taken == []


def asking_for_a_password(scheme: str) -> AbstractContextManager[Server]:
    """Run a server that wants to know who sends, and speaks TLS by STARTTLS or from the first byte on."""
    is_wrapped = scheme == "smtps"
    return a_server(Behaviour(tls=not is_wrapped, asks_for_password=True), wrapped=is_wrapped)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_asks_for_a_password_gets_it_over_tls(scheme: str) -> None:
    with asking_for_a_password(scheme) as server:
        send(server.url(scheme, LOGIN))

    assert (len(server.taken), server.passwords) == (1, [True])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_is_not_who_it_should_be_gets_no_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asking_for_a_password(scheme) as server:
        url = server.url(scheme, LOGIN)
        with pytest.raises(Deferred, match="certificate verify failed"):
            send(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with pytest.raises(Deferred, match="IP address mismatch"):
            send(url.replace("localhost", "127.0.0.1"))

    assert (server.taken, server.passwords) == ([], [])


def test_where_tls_was_asked_for_nothing_is_said_in_the_clear() -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))

    with a_script(listen) as server, pytest.raises(Deferred, match="SSL"):
        send(server.url("smtps", LOGIN))

    assert heard[0].startswith(b"\x16\x03"), "what was said is the beginning of a TLS handshake"
    assert USERNAME.encode() not in heard[0]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_defers_the_message_and_is_not_shown() -> None:
    with (
        a_server(Behaviour(tls=True, asks_for_password=True)) as server,
        pytest.raises(Deferred, match="SMTPAuthenticationError") as refusal,
    ):
        send(server, login=f"{USERNAME}:hunter2@")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.usefixtures("trusted")
def test_a_password_that_cannot_be_written_defers_the_message_and_is_not_shown() -> None:
    with (
        a_server(Behaviour(tls=True, asks_for_password=True)) as server,
        pytest.raises(Deferred, match="UnicodeEncodeError") as refusal,
    ):
        send(server, login=f"{USERNAME}:{quote('hünter2')}@")

    assert "hünter2" not in str(refusal.value)


def test_a_server_that_wants_no_password_defers_the_message_for_one_who_has_one() -> None:
    with a_server() as server, pytest.raises(Deferred, match="SMTPNotSupportedError"):
        send(server, login=LOGIN)


def test_a_password_is_not_sent_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every server here is on this machine: what tells the others from it is the one thing that is not real.
    monkeypatch.setattr("mailer.smtp._is_this_machine", lambda _connection: False)

    with a_server(Behaviour(asks_for_password=True)) as server, pytest.raises(Deferred, match="in the clear"):
        send(server, login=LOGIN)

    assert server.taken == []


def test_the_message_needs_nothing_that_the_server_did_not_offer() -> None:
    """A server without 8BITMIME may strip the eighth bit (RFC 6152)."""
    message = compose(rendered_text("reminder", a_letter(contact_first_name="Zoë")), an_envelope(), AT)
    with a_script(*HELLO, OK, OK, b"354 go on\r\n", OK) as server:
        assert send(server, message=message) == "250 ok"

    assert message.isascii()


def test_a_probe_tells_how_the_server_greets() -> None:
    with a_server() as server:
        assert SmtpTransport(SmtpServer.from_url(server.url())).probe() == "greets as mail.test"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25, None, None)),
        ("smtps://mail.example", SmtpServer("smtps", "mail.example", 465, None, None)),
        ("smtp://a%40b:p%2Fw@mail.example:587", SmtpServer("smtp", "mail.example", 587, "a@b", "p/w")),
    ],
)
def test_an_smtp_url_names_the_server_and_the_login(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:25",
        "http://a:hunter2@mail.example",
        "smtp://",
        "",
        "smtp://a:hunter2/@mail.example",
        "smtp://a:hunter2[@mail.example",
        "smtp://a:hunter2@mail.example:99999",
    ],
)
def test_a_url_that_names_no_smtp_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL looks like") as refusal:
        SmtpServer.from_url(url)

    assert "hunter2" not in str(refusal.value)
