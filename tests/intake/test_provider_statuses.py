"""What Resend says became of messages does to the ledger what a report in the mailbox does, once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

import pytest
from structlog.testing import capture_logs

from db.engine import Engine
from db.operations.messages.incoming import Incoming, Taken
from db.operations.one_at_a_time import ASKING_THE_PROVIDER, alone
from intake.inbox import take
from intake.provider_statuses import Asker, Look
from mailer.resend import ResendTransport
from mailer.resend_api import ResendAccount
from mailer.resend_statuses import ResendStatuses, StatusesUnavailable
from tests.db.book import Book
from tests.db.inbox import ANA
from tests.mailer.resend_server import API_KEY, ResendServer, Says

ARCHIVE = "archive@duewell.example"
IDLE_IN_TRANSACTION = "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'"


@dataclass
class Resend(ResendServer):
    """Resend; `transactions` are those that were open on the ledger while it was asked, `at` when that was."""

    engine: Engine | None = None
    transactions: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def page(self, after: str | None, limit: int) -> Says:
        """List messages."""
        assert self.engine is not None
        self.transactions += Book(self.engine).rows(IDLE_IN_TRANSACTION)
        self.at.append(monotonic())
        return super().page(after, limit)


@pytest.fixture
def server(engine: Engine) -> Iterator[Resend]:
    """Resend, running."""
    with Resend(engine=engine).running() as running:
        assert isinstance(running, Resend)
        yield running


@pytest.fixture
def book(engine: Engine) -> Book:
    """The test's ledger."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    return book


def account(server: Resend) -> ResendAccount:
    """Return the account that messages are sent under."""
    return ResendAccount(API_KEY, server.url)


def asker(book: Book, server: Resend, request_seconds: float = 0.0) -> Asker:
    """Return what a worker asks with that has just started."""
    return Asker(book.engine, ResendStatuses(account(server)), request_seconds)


def handed(
    book: Book, server: Resend, number: str, event: str, to: str = ANA, copies: list[str] | None = None
) -> int:
    """Hand an invoice's first message to Resend just now, and return the invoice's id; `event` is the last one."""
    invoice_id = book.invoice(number, customer_id=f"C-{number}", email=to)
    message = book.message_of(book.send(invoice_id, "2026-05-29 08:30"))
    accepted = ResendTransport(account(server)).send(message.sender, (to,), message.message_id, message.mime)
    assert accepted.provider_id is not None
    server.events[accepted.provider_id] = event
    book.run(
        "UPDATE messages SET provider_id = :id, sent_at = now(), copies = to_jsonb(CAST(:copies AS text[]))"
        " WHERE message_id = :message_id",
        id=accepted.provider_id,
        message_id=message.message_id,
        copies=copies or [],
    )
    return invoice_id


def fared(book: Book) -> list[tuple[str, str, str | None]]:
    """Return of each message the invoice's number, its state, and the reason."""
    found: list[tuple[str, str, str | None]] = book.rows(
        "SELECT i.number, m.state, m.returned_because FROM messages m JOIN actions a ON a.id = m.action_id"
        " JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id ORDER BY i.id"
    )
    return found


def open_todos(book: Book) -> list[tuple[str, str]]:
    """Return the open to-dos as step and reason."""
    found: list[tuple[str, str]] = book.rows(
        "SELECT step_id, obstacle FROM actions WHERE state = 'open' ORDER BY id"
    )
    return found


def dead(book: Book) -> list[str]:
    """Return the addresses that are not written to any more."""
    return book.rows("SELECT email FROM contacts WHERE unreachable_because IS NOT NULL ORDER BY id")


def test_each_event_does_what_a_report_by_mail_does(book: Book, server: Resend) -> None:
    """Rule 2.16."""
    bad, good = (
        ["bounced", "suppressed", "failed", "complained", "delivery_delayed"],
        ["delivered", "opened", "new"],
    )
    for event in bad + good:
        handed(book, server, event, event, to=f"{event}@helios.example")
    book.run("DELETE FROM outbox")

    look = asker(book, server).look()

    assert (look.listed, look.taken) == (8, 5)
    bounced, failed = "Resend says that it bounced", "Resend says that it could not be sent"
    suppressed = "Resend keeps the address on its suppression list, after an earlier bounce or complaint"
    assert fared(book) == [
        ("bounced", "bounced", f"bounced@helios.example: {bounced}"),
        ("suppressed", "bounced", f"suppressed@helios.example: {suppressed}"),
        ("failed", "bounced", f"failed@helios.example: {failed}"),
        ("complained", "complained", "asked not to be written to"),
        ("delivery_delayed", "sent", "Resend still tries to deliver it"),
        ("delivered", "sent", None),
        ("opened", "sent", None),
        ("new", "sent", None),
    ]
    assert dead(book) == ["bounced@helios.example", "suppressed@helios.example", "complained@helios.example"]
    assert [invoice_id for invoice_id, _ in book.owed()] == [book.id_of(number) for number in bad[:4]]
    kinds = book.rows("SELECT kind || ' from ' || sender FROM incoming_messages ORDER BY id")
    assert kinds == [f"{kind} from Resend" for kind in ("bounce", "bounce", "bounce", "complaint", "delay")]


def test_what_was_taken_in_is_not_taken_in_again_by_whoever_asks_next(book: Book, server: Resend) -> None:
    invoice_id = handed(book, server, "INV-1", "bounced")
    first, second = asker(book, server), asker(book, server)

    assert [first.look().taken, first.look().taken, second.look().taken] == [1, 0, 0]

    assert book.happened(invoice_id).count("message came back") == 1


def test_a_message_whose_events_follow_each_other_ends_as_the_last_one_says(book: Book, server: Resend) -> None:
    handed(book, server, "INV-1", "delivery_delayed")
    asking = asker(book, server)
    asking.look()
    server.events[server.emails[0].id] = "bounced"

    assert asking.look().taken == 1

    assert [state for _, state, _ in fared(book)] == ["bounced"]


def test_where_nobody_says_who_was_not_reached_a_person_is_asked_to_look(book: Book, server: Resend) -> None:
    invoice_id = handed(book, server, "INV-1", "bounced", copies=[ARCHIVE])

    asker(book, server).look()

    because = f"Resend says that it bounced, and not for which of {ANA}, {ARCHIVE}"
    assert fared(book) == [("INV-1", "sent", because)]
    assert ("(bounce)", because) in open_todos(book)
    assert dead(book) == []
    assert book.happened(invoice_id)[-2:] == ["message came back", "to-do opened"]
    assert book.last_contact(invoice_id) is not None


def test_messages_of_others_in_the_account_are_left_alone(book: Book, server: Resend) -> None:
    email = server.accept("newsletter", {"to": [ANA], "subject": "News"})
    assert not isinstance(email, Says)
    server.events[email.id] = "bounced"

    assert asker(book, server).look() == Look(taken=0, listed=1)


def test_it_looks_back_some_days_once_and_then_an_hour(book: Book, server: Resend) -> None:
    now = datetime.now(UTC)

    def before(age: timedelta) -> datetime:
        return now - age

    ages = (
        [timedelta(days=30)] * 100 + [timedelta(days=3)] * 100 + [timedelta(hours=2)] * 100 + [timedelta()] * 100
    )
    for number, age in enumerate(ages):
        server.clock = partial(before, age)
        server.accept(str(number), {"to": [ANA]})
    asking = asker(book, server)

    assert [asking.look().listed, asking.look().listed] == [400, 200]

    assert asking.asked_all_at is not None
    asking.asked_all_at -= timedelta(hours=1)
    assert asking.look().listed == 400


def test_it_asks_calmly_and_waits_as_long_as_it_is_told_with_no_transaction_open(
    book: Book, server: Resend
) -> None:
    for number in range(150):
        server.accept(str(number), {"to": [ANA]})
    handed(book, server, "INV-1", "bounced")
    server.listing = [Says.error(429, "rate_limit_exceeded", retry_after="1")]

    assert asker(book, server, request_seconds=0.2).look().taken == 1

    refused, first, second = server.at
    assert first - refused >= 1.0
    assert second - first >= 0.2
    assert server.transactions == []


def test_who_is_refused_again_and_again_gives_up_until_later(book: Book, server: Resend) -> None:
    server.listing = [Says.error(429, "rate_limit_exceeded") for _ in range(6)]

    with pytest.raises(StatusesUnavailable):
        asker(book, server).look()

    assert server.listing == []


def test_a_long_pause_is_made_between_looks(book: Book, server: Resend) -> None:
    server.listing = [Says.error(429, "rate_limit_exceeded", retry_after="3600")]

    with pytest.raises(StatusesUnavailable) as unavailable:
        asker(book, server).look()

    assert unavailable.value.retry_after == 3600


def test_one_worker_at_a_time_asks(book: Book, server: Resend) -> None:
    with alone(book.engine, ASKING_THE_PROVIDER):
        assert asker(book, server).look() == Look(is_alone=False)

    assert server.at == []


def test_an_event_that_cannot_be_taken_in_does_not_hold_up_the_others(
    book: Book, server: Resend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_one(engine: Engine, incoming: Incoming, now: datetime) -> Taken:
        if incoming.kind == "complaint":
            raise ZeroDivisionError
        return take(engine, incoming, now)

    monkeypatch.setattr("intake.provider_statuses.take", refuse_one)
    handed(book, server, "INV-1", "bounced")
    handed(book, server, "INV-2", "complained", to="bea@helios.example")
    asking = asker(book, server)

    with capture_logs() as logs:
        assert [asking.look().taken, asking.look().taken] == [1, 0]

    assert [entry["event"] for entry in logs] == ["what the provider says cannot be taken in"]
