"""Webhooks on the wire: signed, to the address that was looked at, and with an end to all patience."""

import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mailer.webhook_post import Answer, Line, NoAnswer
from mailer.webhook_signature import new_secret, signed_headers
from tests.mailer.webhook_receiver import (
    CERTIFICATE,
    HOST,
    Drips,
    Receiver,
    Resets,
    Says,
    Waits,
    verify_of_the_docs,
)

BODY = b'{"kind":"webhook.ping"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes everything."""
    with Receiver().running() as running:
        yield running


def line_to(receiver: Receiver, post_seconds: float = 10.0) -> Line:
    """Return a line to the receiver, which is in a private network."""
    return Line(receiver.url, allows_private=True, post_seconds=post_seconds)


def test_the_signature_is_that_of_the_standard() -> None:
    # The example that the libraries at https://github.com/standard-webhooks are tested with.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_lines_of_the_docs_verify_what_arrives_and_nothing_else(receiver: Receiver) -> None:
    verify, old, new, now = verify_of_the_docs(), new_secret(), new_secret(), datetime.now(UTC)
    line_to(receiver).post(BODY, signed_headers([new, old], "evt_1", now, BODY))
    (arrived,) = receiver.arrived

    verify(new, arrived.headers, arrived.body)
    verify(old, arrived.headers, arrived.body)

    for secret, headers, body in (
        (new_secret(), arrived.headers, BODY),
        (new, arrived.headers, BODY + b" "),
        (new, {**arrived.headers, "webhook-id": "evt_2"}, BODY),
        (new, signed_headers([new], "evt_1", now - timedelta(minutes=6), BODY), BODY),
    ):
        with pytest.raises(ValueError, match=r"not signed with this secret|too old"):
            verify(secret, headers, body)


def test_a_line_is_kept_for_several_events(receiver: Receiver) -> None:
    line = line_to(receiver)

    answers = [line.post(BODY, {"webhook-id": str(number)}) for number in range(5)]

    assert [answer.status for answer in answers] == [204] * 5
    assert [one.id for one in receiver.arrived] == ["0", "1", "2", "3", "4"]
    assert receiver.connections == 1
    first = receiver.arrived[0]
    assert first.path == "/hook"
    assert first.headers["host"] == receiver.url.split("/")[2]
    assert (first.headers["content-type"], first.headers["user-agent"]) == ("application/json", "duewell")


def test_a_line_that_was_closed_meanwhile_is_opened_again(receiver: Receiver) -> None:
    line = line_to(receiver)
    receiver.behaves = lambda _event: Says(200, b"ok", {"Connection": "close"})
    line.post(BODY, {})
    receiver.behaves = lambda _event: Says()
    line.post(BODY, {})
    receiver.behaves = lambda _event: Resets() if len(receiver.arrived) == 2 else Says()

    # The line is there from the last event, and ends with a reset.
    assert line.post(BODY, {}).status == 204
    assert len(receiver.arrived) == 4


def test_a_server_that_says_more_than_it_may_spoils_one_line_only(receiver: Receiver) -> None:
    receiver.behaves = lambda _event: Says(204, b"and nothing else")
    line = line_to(receiver)

    assert [line.post(BODY, {}).status for _ in range(3)] == [204] * 3


def test_an_answer_says_no_more_than_anybody_wants_to_read(receiver: Receiver) -> None:
    receiver.behaves = lambda _event: Says(500, b"line\n" * 100_000, {"Retry-After": "120"})
    line = line_to(receiver)

    answer = line.post(BODY, {})

    assert (answer.status, answer.is_taken, answer.retry_after) == (500, False, 120.0)
    assert len(answer.said) <= 200
    assert "\n" not in answer.said
    receiver.behaves = lambda _event: Says()
    assert line.post(BODY, {}).is_taken


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.behaves = lambda _event: Says(307, b"", {"Location": "http://169.254.169.254/latest/meta-data/"})

    answer = line_to(receiver).post(BODY, {})

    assert answer == Answer(307, "", None)
    assert len(receiver.arrived) == 1


@pytest.mark.parametrize("behaviour", [Drips(), Waits(30)])
def test_patience_ends_however_slowly_the_answer_comes(receiver: Receiver, behaviour: Drips | Waits) -> None:
    receiver.behaves = lambda _event: behaviour
    began = time.monotonic()

    with pytest.raises(NoAnswer, match=r"does not answer within 0\.4 seconds"):
        line_to(receiver, post_seconds=0.4).post(BODY, {})

    assert time.monotonic() - began < 3


def test_a_reset_is_no_answer(receiver: Receiver) -> None:
    receiver.behaves = lambda _event: Resets()

    with pytest.raises(NoAnswer):
        line_to(receiver).post(BODY, {})

    assert len(receiver.arrived) == 1


def test_nobody_listening_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="Connection refused"):
        Line("http://127.0.0.1:9/", allows_private=True).post(BODY, {})


def test_a_private_receiver_is_spoken_to_only_if_that_is_allowed(receiver: Receiver) -> None:
    url = receiver.url.replace("http://127.0.0.1", "https://localhost")

    with pytest.raises(NoAnswer, match=r"localhost leads to .*, which is not on the public internet"):
        Line(url, allows_private=False).post(BODY, {})

    assert (receiver.connections, receiver.arrived) == (0, [])


def test_the_connection_is_made_to_the_very_address_that_was_looked_at(receiver: Receiver) -> None:
    """A name that is public when it is looked at and private a moment later is never looked up again."""
    asked: list[str] = []

    def resolver(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return [HOST]

    # No resolver of this machine knows the name: only the address that was looked at leads anywhere.
    url = receiver.url.replace(HOST, "hooks.invalid")
    line = Line(url, allows_private=True, resolver=resolver)
    assert line.post(BODY, {}).is_taken
    assert line.post(BODY, {}).is_taken

    assert asked == ["hooks.invalid"]
    assert receiver.arrived[0].headers["host"] == url.split("/")[2]
    with pytest.raises(NoAnswer, match=r"hooks\.invalid leads to 127\.0\.0\.1, which"):
        Line("https://hooks.invalid/", allows_private=False, resolver=resolver).post(BODY, {})


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """Trust in the authority of the tests' certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def test_tls_names_and_verifies_the_host_though_the_address_is_chosen_beforehand(trusting: ssl.SSLContext) -> None:
    with Receiver().running(tls=True) as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        line = Line(receiver.url, allows_private=True, resolver=lambda _host, _port: [HOST], tls=trusting)

        assert line.post(BODY, {}).is_taken
        assert (receiver.names, receiver.arrived[0].headers["host"]) == (["localhost"], f"localhost:{port}")

        other = receiver.url.replace("localhost", "hooks.example")
        with pytest.raises(NoAnswer, match="its certificate is not valid: Hostname mismatch"):
            Line(other, allows_private=True, resolver=lambda _host, _port: [HOST], tls=trusting).post(BODY, {})
        assert len(receiver.arrived) == 1


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with Receiver().running(tls=True) as receiver:
        with pytest.raises(NoAnswer, match="its certificate is not valid"):
            Line(receiver.url, allows_private=True, resolver=lambda _host, _port: [HOST]).post(BODY, {})

        assert receiver.arrived == []


def test_another_address_of_the_host_is_tried_if_the_first_does_not_answer(receiver: Receiver) -> None:
    def resolver(_host: str, _port: int) -> Sequence[str]:
        # Nobody listens at the first.
        return ["127.0.0.2", HOST]

    assert Line(receiver.url, allows_private=True, resolver=resolver).post(BODY, {}).is_taken
