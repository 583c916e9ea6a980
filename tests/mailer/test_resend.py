"""What comes of a message for every answer of Resend's API, and that a repeat is delivered once."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from time import sleep
from typing import Any

import pytest

import mailer.resend_api
from mailer.resend import QUOTA_PAUSE_SECONDS, REMEMBERS_FOR, ResendAccount, ResendTransport
from mailer.transport import Accepted, Deferred, ProbeFailed, Rejected, Uncertain, Unreachable
from tests.mailer.resend_server import (
    API_KEY,
    KEY_HOLDS_FOR,
    SENDING_KEY,
    Behaviour,
    Breaks,
    Mangles,
    ResendServer,
    Says,
    Waits,
)

SENDER, ANA = "ar@duewell.example", "ana@helios.example"
ID = "<1234.1.1@duewell.example>"


def a_message(text: str = "Please pay.", to: str = ANA) -> bytes:
    """Return a message to Ana."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, to, "Reminder"
    message["Message-ID"] = ID
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture
def server() -> Iterator[ResendServer]:
    """Resend, running."""
    with ResendServer().running() as running:
        yield running


def transport_to(server: ResendServer, api_key: str = API_KEY) -> ResendTransport:
    """Return a transport that hands over to the server."""
    return ResendTransport(ResendAccount(api_key, server.url))


def send(server: ResendServer, message: bytes | None = None, **changed: Any) -> Accepted:
    """Hand a message over, to Ana under the ID unless said otherwise."""
    return transport_to(server, **changed).send(SENDER, (ANA,), ID, message or a_message())


def once(behaviour: Behaviour, server: ResendServer) -> None:
    """Let the server behave so for the next message only."""
    behaviours = [behaviour]
    server.behaves = lambda _key: behaviours.pop() if behaviours else None


def test_an_accepted_message_brings_the_providers_id(server: ResendServer) -> None:
    accepted = send(server)

    (email,) = server.emails
    assert accepted.provider_id == email.id
    assert email.key == "1234.1.1@duewell.example"
    assert (email.fields["from"], email.fields["to"]) == (SENDER, [ANA])


@pytest.mark.parametrize(
    "behaviour",
    [
        Breaks(accepts=True),
        Breaks(accepts=False),
        Mangles(b"<html>gateway</html>"),
        Mangles(b'{"id": 7}'),
        Mangles(b""),
        Says.error(500, "application_error"),
        Says(502, b"<html>bad gateway</html>"),
        Says.error(503, "service_unavailable"),
        Says.error(409, "concurrent_idempotent_requests"),
    ],
    ids=str,
)
def test_without_a_certain_answer_it_is_uncertain_and_a_repeat_is_delivered_once(
    server: ResendServer, behaviour: Behaviour
) -> None:
    once(behaviour, server)
    with pytest.raises(Uncertain):
        send(server)

    first, second = send(server), send(server)

    assert len(server.emails) == 1
    assert first.provider_id == second.provider_id == server.emails[0].id


def test_a_repeat_that_meets_the_first_attempt_is_delivered_once(
    server: ResendServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer.resend_api, "ANSWER_SECONDS", 0.2)
    once(Waits(1.5), server)
    with pytest.raises(Uncertain, match="Read timed out"):
        send(server)
    with pytest.raises(Uncertain, match="still in progress"):
        send(server)
    while server.is_busy:
        sleep(0.02)

    assert send(server).provider_id == server.emails[0].id
    assert len(server.emails) == 1


DEFERRALS = [
    (Says.error(429, "rate_limit_exceeded", retry_after="7"), 7.0),
    (Says.error(429, "rate_limit_exceeded"), None),
    (Says.error(429, "rate_limit_exceeded", ratelimit_reset="3"), 3.0),
    (Says.error(429, "rate_limit_exceeded", retry_after="soon"), None),
    (Says.error(429, "rate_limit_exceeded", retry_after="nan"), None),
    (Says.error(429, "rate_limit_exceeded", retry_after="99999999"), 86_400.0),
    (Says.error(429, "daily_quota_exceeded"), QUOTA_PAUSE_SECONDS),
    (Says.error(429, "monthly_quota_exceeded"), QUOTA_PAUSE_SECONDS),
    (Says.error(401, "missing_api_key"), None),
    (Says.error(404, "not_found"), None),
    (Says(301, b"", {"Location": "https://elsewhere.example/"}), None),
    (Says(403, b"<html>the proxy says no</html>"), None),
]


@pytest.mark.parametrize(("answer", "retry_after"), DEFERRALS, ids=lambda value: str(value)[:60])
def test_what_was_certainly_not_accepted_is_deferred_for_as_long_as_the_provider_wishes(
    server: ResendServer, answer: Says, retry_after: float | None
) -> None:
    server.behaves = lambda _key: answer
    with pytest.raises(Deferred) as deferred:
        send(server)

    assert deferred.value.retry_after == retry_after
    assert server.emails == []


def test_a_date_to_retry_after_is_a_number_of_seconds(server: ResendServer) -> None:
    in_a_minute = datetime.now(UTC) + timedelta(seconds=60)
    answer = Says.error(429, "rate_limit_exceeded", retry_after=f"{in_a_minute:%a, %d %b %Y %H:%M:%S} GMT")
    server.behaves = lambda _key: answer
    with pytest.raises(Deferred) as deferred:
        send(server)

    assert deferred.value.retry_after == pytest.approx(60, abs=5)


def test_a_wrong_key_defers_the_message_and_is_not_shown(server: ResendServer) -> None:
    with pytest.raises(Deferred, match="invalid_api_key") as refusal:
        send(server, api_key="re_hunter2")

    assert "hunter2" not in str(refusal.value)


REFUSALS = [
    (Says.error(403, "validation_error", "The duewell.example domain is not verified."), Rejected),
    (Says.error(400, "validation_error", "We found an error."), Rejected),
    (Says.error(413, "too_large"), Rejected),
    (Says(413, b"<html>too large</html>"), Rejected),
    (Says.error(422, "invalid_attachment"), Rejected),
    (Says.error(451, "security_error"), Rejected),
    (Says.error(422, "validation_error", "Invalid `to` field. It needs an address."), Unreachable),
]


@pytest.mark.parametrize(("answer", "outcome"), REFUSALS, ids=lambda value: str(value)[:60])
def test_a_refusal_for_good_is_what_the_provider_says_it_is(
    server: ResendServer, answer: Says, outcome: type[Exception]
) -> None:
    server.behaves = lambda _key: answer
    with pytest.raises(outcome, match=str(answer.status)):
        send(server)

    assert server.emails == []


def test_another_payload_under_the_same_key_is_rejected_and_says_that_the_first_may_have_been_delivered(
    server: ResendServer,
) -> None:
    send(server)
    with pytest.raises(Rejected, match="may have been delivered"):
        send(server, a_message("Please pay another amount."))

    assert [email.fields["text"] for email in server.emails] == ["Please pay.\n"]


def test_nobody_listening_defers_the_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(Deferred, match="Resend: "):
        ResendTransport(ResendAccount(API_KEY, f"http://127.0.0.1:{port}")).send(SENDER, (ANA,), ID, a_message())


def test_the_key_is_remembered_for_less_time_than_the_provider_keeps_it(server: ResendServer) -> None:
    began = datetime.now(UTC)
    server.clock = lambda: began
    send(server)
    server.clock = lambda: began + REMEMBERS_FOR
    send(server)
    assert len(server.emails) == 1

    server.clock = lambda: began + KEY_HOLDS_FOR
    send(server)

    assert len(server.emails) == 2, "after that, nobody but us knows of it"
    assert transport_to(server).remembers_for == REMEMBERS_FOR


def test_threads_share_connections_and_keep_them(server: ResendServer) -> None:
    transport = transport_to(server)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: transport.send(SENDER, (ANA,), f"<{n}@a.example>", a_message()), range(60)))
    transport.close()

    assert len({email.key for email in server.emails}) == 60
    assert server.connections <= 4


def test_a_connection_that_was_closed_while_it_rested_costs_no_attempt(server: ResendServer) -> None:
    transport = transport_to(server)
    server.behaves = lambda _key: Says.error(429, "rate_limit_exceeded", connection="close")
    with pytest.raises(Deferred):
        transport.send(SENDER, (ANA,), ID, a_message())
    server.behaves = lambda _key: None

    transport.send(SENDER, (ANA,), ID, a_message())

    assert len(server.emails) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.resend.example",
        "api.resend.com",
        "ftp://127.0.0.1",
        "",
        "https://",
        "https://a:b@api.resend.com",
    ],
)
def test_a_url_that_would_show_the_key_is_refused_without_it(url: str) -> None:
    with pytest.raises(ValueError, match="RESEND_URL looks like") as refusal:
        ResendAccount("re_hunter2", url)

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("key", ["re\r\nX: y", "re_é", "re 1"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="RESEND_API_KEY"):
        ResendAccount(key)


def test_a_probe_says_what_the_provider_thinks_of_the_key(server: ResendServer) -> None:
    assert transport_to(server).probe() == "takes the key"
    assert transport_to(server, api_key=SENDING_KEY).probe() == "takes the key, which may send and nothing else"
    with pytest.raises(ProbeFailed, match="refuses the key") as wrong:
        transport_to(server, api_key="re_hunter2").probe()
    server.listing = [Says(200, b"<html>")]
    with pytest.raises(ProbeFailed, match="not Resend's API"):
        transport_to(server).probe()

    assert wrong.value.mend == "set RESEND_API_KEY"
    assert "hunter2" not in str(wrong.value)
