"""Notifications of rules: a real ledger and a real mail server, whatever happens on the way."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from functools import partial

import pytest

from activities.rule_notices import notify_next
from db.engine import Engine
from db.operations.people import add_group, add_user, deactivate_user, set_members
from db.operations.rules.notifications import ATTEMPTS_MAX, LEASE, take_notice
from db.operations.rules.smart_rules import add_rule, deactivate_rule
from mailer.smtp import SmtpServer, SmtpTransport
from rules.rule import Definition, Notify
from tests.db.book import Book, a_change, at
from tests.scenarios.mail_server import ACCEPTED, HANG_UP, MailServer

TEXT = "{{ invoice.number }} of {{ customer.name }} is {{ invoice.days_overdue }} days late: "
TEXT += "{{ invoice.outstanding }}"
MORNING = at("2026-06-04 09:00")
_TOLD = "SELECT kind, payload -> 'data' FROM webhook_deliveries WHERE kind = 'rule.notified'"
_LOOK = "SELECT state, attempts, last_error, sent_to FROM rule_notifications ORDER BY id"


class Team:
    """A ledger with an overdue invoice, Ana and Bo in the group Key, and their mail server."""

    def __init__(self, engine: Engine, server: MailServer) -> None:
        self.book, self.server = Book(engine), server
        self.book.set(time_zone="Europe/Paris", todo_owner="owner@duewell.example")
        for name in ("ana", "bo", "owner"):
            self.book.do(partial(add_user, email=f"{name}@duewell.example", name=name.title()))
        self.book.do(lambda session: add_group(session, "Key"))
        members = ["ana@duewell.example", "bo@duewell.example"]
        self.book.do(lambda session: set_members(session, "Key", members, []))
        self.transport = SmtpTransport(SmtpServer.from_url(server.url))

    def fires(
        self, recipient: str = "Key", text: str = TEXT, channel: str = "email", number: str = "INV-1"
    ) -> int:
        """Let a rule notify about a new invoice, which has no contact; return the invoice's id."""
        action = Notify(recipient=recipient, channel=channel, text=text)
        self.book.do(
            lambda session: add_rule(session, "late", Definition(action=action), a_change(), is_active=True)
        )
        return self.book.invoice("INV-1", "2026-06-04 08:59", email=None)

    def attempt(self, minutes_later: float = 0) -> bool:
        """Make the next attempt, so much later."""
        return notify_next(self.book.engine, self.transport, MORNING + timedelta(minutes=minutes_later))

    def look(self) -> list[tuple[str, int, str | None, list[str]]]:
        """Return what the log says of each notification."""
        return self.book.rows(_LOOK)


@pytest.fixture
def team(engine: Engine) -> Iterator[Team]:
    """A team with its mail server running."""
    with MailServer().running() as server:
        yield Team(engine, server)


def test_each_of_a_group_is_told_once_in_the_words_of_the_first_attempt(team: Team) -> None:
    invoice_id = team.fires()
    team.server.to_message = lambda recipient: HANG_UP if recipient.startswith("bo") else ACCEPTED

    assert team.attempt()
    ((state, attempts, error, sent_to),) = team.look()
    assert (state, attempts, sent_to) == ("owed", 1, ["ana@duewell.example"])
    assert error is not None
    assert not team.attempt()
    team.book.pay(invoice_id, "400.00", "2026-06-04 09:01")
    team.server.to_message = lambda _: ACCEPTED
    assert team.attempt(minutes_later=2)

    ana, lost, bo = team.server.handed
    recipients = [one.recipient.partition("@")[0] for one in (ana, lost, bo)]
    assert recipients == ["ana", "bo", "bo"]
    assert (lost.message_id, lost.content) == (bo.message_id, bo.content)
    assert ana.message_id != bo.message_id
    message = message_from_bytes(bo.content, policy=SMTP)
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "INV-1 of Société Hélios is 3 days late: €1,000.00"
    assert message["Subject"] == "late: INV-1"
    assert team.look() == [("sent", 2, None, ["ana@duewell.example", "bo@duewell.example"])]
    assert not team.attempt(minutes_later=500)


def test_a_worker_that_died_only_delays_a_notification(team: Team) -> None:
    team.fires(recipient="ana@duewell.example")
    team.book.do(lambda session: take_notice(session, MORNING))

    assert not team.attempt(minutes_later=1)
    assert team.attempt(minutes_later=LEASE / timedelta(minutes=1))
    assert [row[:2] for row in team.look()] == [("sent", 2)]


def test_whoever_left_is_not_told_and_somebody_is(team: Team) -> None:
    team.fires(recipient="ana@duewell.example")
    team.book.do(lambda session: deactivate_rule(session, "late", a_change()))
    team.book.do(lambda session: deactivate_user(session, "ana@duewell.example"))
    team.attempt()
    because = "ana@duewell.example is no active user and no group with members"

    assert team.look() == [("sent", 1, f"{because}; sent to owner@duewell.example", ["owner@duewell.example"])]
    assert [one.recipient for one in team.server.handed] == ["owner@duewell.example"]
    team.book.do(lambda session: deactivate_user(session, "owner@duewell.example"))
    team.book.run("UPDATE rule_notifications SET state = 'owed', sent_to = '[]', sent_at = NULL, due_at = now()")
    team.attempt(minutes_later=10**7)
    assert [row[0] for row in team.look()] == ["failed"]


def test_what_cannot_be_said_or_delivered_fails_with_the_reason(team: Team) -> None:
    team.fires(text="{{ invoice.po_number }}")
    team.attempt()
    ((state, _, error, _),) = team.look()

    assert (state, team.server.handed) == ("failed", [])
    assert "po_number" in str(error)
    team.book.run("UPDATE rule_notifications SET state = 'owed', text = 'Look', due_at = '2026-06-04 09:00+02'")
    team.server.to_recipient = lambda _: "550 5.1.1 unknown"
    team.attempt()
    assert [row[0] for row in team.look()] == ["failed"]
    team.book.run(f"UPDATE rule_notifications SET state = 'owed', attempts = {ATTEMPTS_MAX - 1}")
    team.book.run("UPDATE rule_notifications SET due_at = '2026-06-04 09:00+02'")
    team.server.to_recipient = lambda _: "451 4.3.0 later"
    team.attempt()
    assert str(team.look()[0][2]).startswith(f"given up after {ATTEMPTS_MAX} attempts")


def test_a_webhook_is_owed_the_event_as_the_notification_is_sent(team: Team) -> None:
    team.fires(channel="webhook")
    team.attempt()
    assert [row[0] for row in team.look()] == ["failed"]
    team.book.run(
        "INSERT INTO webhook_endpoints (url, secret, created_by) VALUES ('https://hooks.example', 's', 'ana')"
    )
    team.book.run("UPDATE rule_notifications SET state = 'owed', due_at = '2026-06-04 09:00+02'")
    team.attempt()

    assert [row[0] for row in team.look()] == ["sent"]
    kind, data = team.book.one(
        "SELECT kind, payload -> 'data' FROM webhook_deliveries WHERE kind = 'rule.notified'"
    )
    text = "INV-1 of Société Hélios is 3 days late: €1,000.00"
    assert (kind, data) == ("rule.notified", {"rule": "late", "recipient": "Key", "text": text})


def test_an_event_names_no_person_and_bears_an_id_that_no_restored_ledger_gives_again(team: Team) -> None:
    team.fires(channel="webhook", recipient="ana@duewell.example")
    team.book.run(
        "INSERT INTO webhook_endpoints (url, secret, created_by) VALUES ('https://hooks.example', 's', 'ana')"
    )
    told = (
        "SELECT event_id, payload -> 'data' ->> 'recipient' FROM webhook_deliveries WHERE kind = 'rule.notified'"
    )
    team.attempt()
    first, recipient = team.book.one(told)
    # Two workers may have the same notification: the event is one.
    team.book.run("UPDATE rule_notifications SET state = 'owed', due_at = '2026-06-04 09:00+02'")
    team.attempt()
    assert team.book.one(told) == (first, None)
    # Another notification that got the same number, as after a restore.
    team.book.run(
        "UPDATE rule_notifications SET state = 'owed', due_at = '2026-06-04 09:00+02', causation_id = 'another'"
    )
    team.attempt()

    assert recipient is None
    assert len({event for event, _ in team.book.rows(told)}) == 2
