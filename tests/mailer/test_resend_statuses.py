"""What became of messages is read from Resend's list, whatever comes back instead of it."""

import socket
from collections.abc import Iterator

import pytest

from mailer.resend_api import ResendAccount
from mailer.resend_statuses import ResendStatuses, Status, StatusesUnavailable, TooManyRequests
from tests.mailer.resend_server import API_KEY, SENDING_KEY, ResendServer, Says


@pytest.fixture
def server() -> Iterator[ResendServer]:
    """Resend, running."""
    with ResendServer().running() as running:
        yield running


def statuses_of(url: str, api_key: str = API_KEY) -> ResendStatuses:
    """Return what asks the server."""
    return ResendStatuses(ResendAccount(api_key, url))


def test_the_list_is_read_page_by_page_the_newest_first(server: ResendServer) -> None:
    emails = [server.accept(str(number), {"to": ["ana@helios.example"]}) for number in range(230)]
    ids = [email.id for email in reversed(emails) if not isinstance(email, Says)]
    server.events[ids[150]] = "bounced"

    statuses: list[Status] = []
    after = None
    for _ in range(3):
        page = statuses_of(server.url).page(after)
        statuses += page.statuses
        after = page.after

    assert [status.provider_id for status in statuses] == ids
    assert after is None
    assert {status.provider_id: status.event for status in statuses if status.event != "sent"} == {
        ids[150]: "bounced"
    }
    assert statuses[0].taken_at == server.emails[-1].accepted_at


ANSWERS = [
    (Says.error(429, "rate_limit_exceeded", retry_after="7"), TooManyRequests, 7.0),
    (Says.error(429, "rate_limit_exceeded"), TooManyRequests, None),
    (Says.error(500, "internal_server_error"), StatusesUnavailable, None),
    (Says.error(403, "invalid_api_key"), StatusesUnavailable, None),
    (Says(200, b"<html>"), StatusesUnavailable, None),
    (Says(200, b'{"data": 7}'), StatusesUnavailable, None),
    (Says(200, b'{"data": [{"i'), StatusesUnavailable, None),
    (Says(302, b"", {"Location": "http://127.0.0.1:2/"}), StatusesUnavailable, None),
]


@pytest.mark.parametrize(("answer", "raised", "retry_after"), ANSWERS)
def test_whatever_is_no_list_is_said(
    server: ResendServer, answer: Says, raised: type[StatusesUnavailable], retry_after: float | None
) -> None:
    server.listing = [answer]

    with pytest.raises(raised) as unavailable:
        statuses_of(server.url).page()

    assert type(unavailable.value) is raised
    assert unavailable.value.retry_after == retry_after
    assert API_KEY not in str(unavailable.value)


def test_lines_that_are_none_are_left_out(server: ResendServer) -> None:
    lines = b'{"data": [7, {"id": 7}, {"id": "a", "last_event": null, "created_at": "then"}], "has_more": true}'
    server.listing = [Says(200, lines)]

    page = statuses_of(server.url).page()

    assert [(one.provider_id, one.event, one.taken_at) for one in page.statuses] == [("a", "None", None)]
    assert page.after == "a"


def test_a_key_that_may_only_send_is_said_with_what_mends_it(server: ResendServer) -> None:
    with pytest.raises(StatusesUnavailable, match="it needs full access"):
        statuses_of(server.url, SENDING_KEY).page()


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(StatusesUnavailable, match="NewConnectionError"):
        statuses_of(f"http://127.0.0.1:{port}").page()
