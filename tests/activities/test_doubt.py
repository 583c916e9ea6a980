"""A message that may have been delivered: repeated, repeated under its key, or shown to a person."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from temporalio.exceptions import ApplicationError

from activities.doubt import UNANSWERED_MAX
from activities.review import review
from db.engine import Engine
from db.operations.change import Change
from db.operations.messages.drafts import approve
from mailer.resend import REMEMBERS_FOR, ResendAccount, ResendTransport
from mailer.smtp import SmtpServer, SmtpTransport
from tests.activities.test_sending import Dying, Interrupted, Office
from tests.mailer.resend_server import API_KEY, Breaks, ResendServer, Says
from tests.scenarios.mail_server import ACCEPTED, HANG_UP, MailServer

MINUTES = REMEMBERS_FOR.total_seconds() / 60


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    """An office that shows to a person what may have been delivered."""
    with MailServer().running() as server:
        office = Office(engine, server)
        office.book.set(when_uncertain="ask")
        yield office


@pytest.fixture
def resend() -> Iterator[ResendServer]:
    """Resend, running."""
    with ResendServer().running() as server:
        yield server


def transport_to(server: ResendServer) -> ResendTransport:
    """Return a transport to Resend."""
    return ResendTransport(ResendAccount(API_KEY, server.url))


def obstacles(office: Office) -> list[str]:
    """Return why people were asked, oldest first."""
    return office.book.rows("SELECT obstacle FROM actions WHERE state = 'open' ORDER BY id")


def messages(office: Office) -> list[tuple[str, int]]:
    """Return the states of messages and how many attempts had no answer."""
    return office.book.rows("SELECT state, unanswered FROM messages ORDER BY id")


@pytest.mark.parametrize("hands_over", [True, False])
def test_asked_for_a_message_that_its_worker_died_with_is_shown_to_a_person_and_not_repeated(
    office: Office, hands_over: bool
) -> None:
    with pytest.raises(Interrupted):
        office.send("INV-1", Dying(office.server, hands_over=hands_over))

    plan = office.send("INV-1")
    again = office.send("INV-1", minutes_later=1)

    assert (plan.stage, again.stage) == ("todo", "todo")
    assert len(office.server.handed) == hands_over
    assert obstacles(office) == ["an attempt ended without an answer; it may have been delivered"]
    assert messages(office) == [("failed", 1)]


def test_asked_for_a_message_without_an_answer_is_shown_to_a_person_at_once(office: Office) -> None:
    office.server.to_message = lambda _recipient: HANG_UP

    plan = office.send("INV-1")

    (obstacle,) = obstacles(office)
    assert plan.stage == "todo"
    assert obstacle.endswith("; it may have been delivered")
    assert "Connection unexpectedly closed" in obstacle
    assert len(office.server.handed) == 1
    assert messages(office) == [("failed", 1)]


def test_asked_for_a_message_about_several_invoices_is_a_todo_of_each(office: Office) -> None:
    office.book.set(merges_same_day=True)
    with pytest.raises(Interrupted):
        office.send("INV-1", Dying(office.server, hands_over=True))

    office.send("INV-1")

    assert len(obstacles(office)) == 3
    assert len(office.server.handed) == 1


def test_what_was_certainly_not_delivered_is_repeated_also_where_people_are_asked(office: Office) -> None:
    office.server.to_message = lambda _recipient: "451 later"
    with pytest.raises(ApplicationError, match="451"):
        office.send("INV-1")
    office.server.to_message = lambda _recipient: ACCEPTED

    plan = office.send("INV-1", minutes_later=1)

    assert plan.stage == "waiting"
    assert messages(office) == [("sent", 0)]


def test_a_provider_that_knows_its_keys_is_asked_again_for_as_long_as_it_remembers(
    office: Office, resend: ResendServer
) -> None:
    """Also where people are asked: nothing can be delivered twice, so that there is nothing to ask."""
    transport = transport_to(resend)
    resend.behaves = lambda _key: Breaks(accepts=True)
    for attempt in range(UNANSWERED_MAX + 1):
        with pytest.raises(ApplicationError, match="Resend"):
            office.send("INV-1", transport, minutes_later=attempt)
    resend.behaves = lambda _key: None

    plan = office.send("INV-1", transport, minutes_later=int(MINUTES) - 1)

    (email,) = resend.emails
    assert plan.stage == "waiting"
    assert office.book.rows("SELECT state, provider_id FROM messages") == [("sent", email.id)]
    assert len(set(resend.asked)) == 1


def test_a_message_that_the_provider_has_forgotten_is_shown_to_a_person(
    office: Office, resend: ResendServer
) -> None:
    transport = transport_to(resend)
    resend.behaves = lambda _key: Breaks(accepts=True)
    with pytest.raises(ApplicationError):
        office.send("INV-1", transport)
    resend.behaves = lambda _key: None

    plan = office.send("INV-1", transport, minutes_later=int(MINUTES))

    assert plan.stage == "todo"
    assert obstacles(office) == ["no answer came in 23 hours; it may have been delivered"]
    assert len(resend.emails) == 1


def test_another_text_under_a_used_key_is_shown_to_a_person(office: Office, resend: ResendServer) -> None:
    """Called off in between and due again, today's text meets yesterday's key."""
    transport = transport_to(resend)
    resend.behaves = lambda _key: Breaks(accepts=True)
    with pytest.raises(ApplicationError):
        office.send("INV-1", transport)
    resend.behaves = lambda _key: None
    office.book.run("UPDATE messages SET state = 'withdrawn', unanswered = 1")
    office.book.set(name="Duewell Berlin")

    plan = office.send("INV-1", transport, minutes_later=1)

    (obstacle,) = obstacles(office)
    assert plan.stage == "todo"
    assert "invalid_idempotent_request" in obstacle
    assert "may have been delivered" in obstacle
    assert len(resend.emails) == 1


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5.0), (2, 10.0), (5, 80.0), (8, 600.0), (90, 600.0)])
def test_a_failed_attempt_says_how_long_to_wait_and_longer_each_time(
    office: Office, attempt: int, seconds: float
) -> None:
    office.server.to_message = lambda _recipient: "451 later"
    with pytest.raises(ApplicationError) as failure:
        office.send("INV-1", attempt=attempt)

    assert failure.value.next_retry_delay is not None
    assert failure.value.next_retry_delay.total_seconds() == seconds


def test_a_failed_attempt_waits_for_as_long_as_the_provider_wishes(office: Office, resend: ResendServer) -> None:
    resend.behaves = lambda _key: Says.error(429, "rate_limit_exceeded", retry_after="77")
    with pytest.raises(ApplicationError) as failure:
        office.send("INV-1", transport_to(resend), attempt=4)

    assert failure.value.next_retry_delay is not None
    assert failure.value.next_retry_delay.total_seconds() == 77
    assert messages(office) == [("deferred", 0)]


def test_what_a_person_looked_at_and_approved_goes_out_and_is_asked_about_again_if_its_worker_dies(
    office: Office,
) -> None:
    with pytest.raises(Interrupted):
        office.send("INV-1", Dying(office.server, hands_over=False))
    office.send("INV-1")
    _approve(office)
    with pytest.raises(Interrupted):
        office.send("INV-1", Dying(office.server, hands_over=False), minutes_later=1)
    office.send("INV-1", minutes_later=2)
    assert len(obstacles(office)) == 1
    assert office.server.handed == []
    _approve(office)
    office.server.to_message = lambda _recipient: "451 later"
    with pytest.raises(ApplicationError, match="451"):
        office.send("INV-1", minutes_later=3)
    office.server.to_message = lambda _recipient: ACCEPTED

    plan = office.send("INV-1", minutes_later=4)

    assert plan.stage == "waiting"
    assert len(office.server.accepted) == 1
    assert [state for state, _ in messages(office)] == ["sent"]


def _approve(office: Office) -> None:
    (action_id,) = office.book.rows("SELECT id FROM actions WHERE state = 'open'")
    change = Change(office.now, office.now.date(), by="ana")
    office.book.do(lambda session: approve(session, action_id, change))


def _began_seconds_ago(office: Office, seconds: int) -> None:
    office.book.run(f"UPDATE messages SET handed_at = now() - interval '{seconds} seconds'")


def test_a_message_without_a_result_is_shown_to_a_person_beside_the_queue(office: Office) -> None:
    """The repeated attempt of a killed worker may wait behind thousands of messages."""
    transport = Dying(office.server, hands_over=True)
    with pytest.raises(Interrupted):
        office.send("INV-1", transport)
    office.book.run("DELETE FROM outbox")
    review(office.book.engine, transport, office.now)
    assert obstacles(office) == [], "its attempt may still be under way"
    _began_seconds_ago(office, 31)

    review(office.book.engine, transport, office.now)
    review(office.book.engine, transport, office.now)

    assert obstacles(office) == ["an attempt ended without an answer; it may have been delivered"]
    assert messages(office) == [("failed", 1)]
    assert office.book.owed() == [(office.ids[0], "invoice_changed")]
    assert office.send("INV-1", minutes_later=1).stage == "todo"
    assert len(office.server.handed) == 1


def test_beside_the_queue_nothing_is_done_with_what_has_a_result_or_is_repeated(
    office: Office, resend: ResendServer
) -> None:
    office.send("INV-1")
    office.server.to_message = lambda _recipient: "451 later"
    with pytest.raises(ApplicationError):
        office.send("INV-2")
    resend.behaves = lambda _key: Breaks(accepts=True)
    with pytest.raises(ApplicationError):
        office.send("INV-3", transport_to(resend))
    _began_seconds_ago(office, 3600)

    review(office.book.engine, transport_to(resend), office.now)
    office.book.set(when_uncertain="repeat")
    review(office.book.engine, SmtpTransport(SmtpServer.from_url(office.server.url)), office.now)

    assert messages(office) == [("sent", 0), ("deferred", 0), ("sending", 0)]
    assert obstacles(office) == []


@pytest.mark.parametrize(
    ("answer", "recorded"), [(ACCEPTED, "sent"), ("451 later", "failed"), ("554 no", "failed")]
)
def test_an_attempt_that_ends_after_a_person_was_asked_still_says_how(
    office: Office, answer: str, recorded: str
) -> None:
    slow = SmtpTransport(SmtpServer.from_url(office.server.url))

    def late(_recipient: str) -> str:
        _began_seconds_ago(office, 31)
        review(office.book.engine, slow, office.now)
        assert len(obstacles(office)) == 1
        return answer

    office.server.to_message = late
    with suppress(ApplicationError):
        office.send("INV-1", slow)

    assert [state for state, _ in messages(office)] == [recorded]
    assert len(obstacles(office)) == (recorded == "failed")
    assert office.book.statuses(office.ids[0])["reminder"] == ("done" if recorded == "sent" else "open")
