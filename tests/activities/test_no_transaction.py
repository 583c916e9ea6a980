"""While a mail server or a provider is asked, no transaction is open: nobody waits for a lock meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from temporalio.exceptions import ApplicationError

from db.engine import Engine, Session
from mailer.resend import ResendAccount, ResendTransport
from tests.activities.test_sending import Office
from tests.db.book import Book
from tests.mailer.resend_server import API_KEY, Behaviour, Breaks, ResendServer, Says
from tests.scenarios.mail_server import ACCEPTED, HANG_UP, MailServer

# Of clients: the server itself vacuums when it likes.
OPEN = """
SELECT state, query FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
   AND backend_type = 'client backend'
"""


@dataclass
class Watch:
    """Looks into the ledger's server whenever it is told to, and keeps the transactions that it found open."""

    book: Book
    looks: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)

    def look(self) -> None:
        """Look."""
        self.looks += 1
        self.found += self.book.rows(OPEN)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    """An office with its mail server running."""
    with MailServer().running() as server:
        yield Office(engine, server)


@pytest.fixture
def watch(office: Office) -> Watch:
    """A watch over the office's ledger."""
    return Watch(office.book)


def _try(send: Callable[[], object]) -> None:
    # What the ledger says afterwards is what a test asserts.
    with suppress(ApplicationError):
        send()


def test_the_watch_sees_a_transaction_that_is_open(office: Office, watch: Watch) -> None:
    def work(session: Session) -> None:
        office.book.prepare(session, office.ids[0], f"{office.now:%Y-%m-%d %H:%M}")
        watch.look()

    office.book.do(work)

    assert [state for state, _ in watch.found] == ["idle in transaction"]


@pytest.mark.parametrize(
    ("to_recipient", "to_message", "recorded"),
    [
        ("250 ok", ACCEPTED, "sent"),
        ("250 ok", "451 later", "deferred"),
        ("450 later", ACCEPTED, "deferred"),
        ("250 ok", "554 spam", "failed"),
        ("550 no such user", ACCEPTED, "failed"),
        ("250 ok", HANG_UP, "sending"),
    ],
)
@pytest.mark.parametrize("merges", [False, True], ids=["alone", "merged"])
def test_no_transaction_is_open_while_a_mail_server_is_asked(
    office: Office, watch: Watch, to_recipient: str, to_message: str, recorded: str, merges: bool
) -> None:
    office.book.set(merges_same_day=merges)

    def at_recipient(_address: str) -> str:
        watch.look()
        return to_recipient

    def at_message(_recipient: str) -> str:
        watch.look()
        return to_message

    office.server.to_recipient, office.server.to_message = at_recipient, at_message
    # The second finds what the first left: a contact, a message to repeat, a to-do.
    for minutes_later in (0, 1):
        _try(lambda minutes=minutes_later: office.send("INV-1", minutes_later=minutes))  # type: ignore[misc]

    assert watch.looks >= (1 if recorded == "failed" else 2)
    assert watch.found == []
    assert office.book.rows("SELECT DISTINCT state FROM messages") == [recorded]


@pytest.mark.parametrize(
    ("behaviour", "recorded"),
    [
        (None, "sent"),
        (Says.error(429, "rate_limit_exceeded"), "deferred"),
        (Says.error(422, "validation_error"), "failed"),
        (Says.error(422, "validation_error", "Invalid `to` field."), "failed"),
        (Says.error(500, "application_error"), "sending"),
        (Breaks(accepts=True), "sending"),
    ],
    ids=str,
)
def test_no_transaction_is_open_while_a_provider_is_asked(
    office: Office, watch: Watch, behaviour: Behaviour, recorded: str
) -> None:
    def behaves(_key: str) -> Behaviour:
        watch.look()
        return behaviour

    with ResendServer(behaves=behaves).running() as server:
        transport = ResendTransport(ResendAccount(API_KEY, server.url))
        _try(lambda: office.send("INV-1", transport))

    assert watch.looks == 1
    assert watch.found == []
    assert office.book.rows("SELECT DISTINCT state FROM messages") == [recorded]
