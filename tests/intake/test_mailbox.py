"""The mailbox is read at least once and taken in once, whatever breaks in between."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from db.engine import Engine, LedgerUnavailable, make_engine
from db.operations.one_at_a_time import READING_THE_MAILBOX, alone
from intake.inbox import take_message
from intake.mailbox import Look, Watcher, watch
from intake.mailbox_connection import KEYWORD, Mailbox, MailboxAddress, MailboxUnavailable
from tests.db.book import Book
from tests.installation import ROOT
from tests.intake.imap_servers import ImapServer, Shelf, free_port, keyword_server, running_pymap
from tests.mailer.returned import POSTFIX, reply

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def pymap() -> Iterator[ImapServer]:
    """A mail server for all tests of the module."""
    with running_pymap() as running:
        yield running


@pytest.fixture
def server(pymap: ImapServer) -> ImapServer:
    """A mailbox without messages."""
    pymap.empty()
    return pymap


@pytest.fixture
def book(engine: Engine) -> Book:
    """The test's ledger."""
    return Book(engine)


def watcher(engine: Engine, server: ImapServer) -> Watcher:
    """Return what reads the server's mailbox."""
    return Watcher(engine, MailboxAddress.from_url(server.url))


def inbox(book: Book) -> list[str]:
    """Return the kinds of what was taken in."""
    return book.rows("SELECT kind FROM incoming_messages ORDER BY id")


def test_what_came_is_taken_in_and_marked(book: Book, server: ImapServer) -> None:
    server.put(reply("We paid."), POSTFIX, b"Subject: \xff\r\n\r\n8 bits: \xe9\r\n")
    reader = watcher(book.engine, server)

    first, second = reader.look(), reader.look()

    assert (first.taken, second.taken) == (3, 0)
    assert inbox(book) == ["reply", "bounce", "other"]
    assert server.unseen() == 0
    assert bytes(book.rows("SELECT content FROM incoming_messages ORDER BY id")[1]) == POSTFIX


def test_a_bounce_in_the_mailbox_reaches_the_ledger(book: Book, server: ImapServer) -> None:
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    invoice_id = book.invoice(email="ana@helios.example")
    claim = book.send(invoice_id, "2026-05-29 08:30")
    # Sent just now, as far as the rule of a day is concerned.
    book.run("UPDATE messages SET sent_at = now()")
    server.put(
        POSTFIX.replace(
            b"<cae2384ec96557c04bf4f40c.7.1@duewell.example>", book.message_of(claim).message_id.encode()
        )
    )

    assert watcher(book.engine, server).look().taken == 1

    assert book.last_contact(invoice_id) is None
    assert book.statuses(invoice_id)["upcoming"] in ("open", "expired")
    assert [signal_ for _, signal_ in book.owed()][-1] == "invoice_changed"


def test_the_same_message_twice_in_the_mailbox_is_one(book: Book, server: ImapServer) -> None:
    server.put(POSTFIX, POSTFIX)

    assert watcher(book.engine, server).look().taken == 2
    assert inbox(book) == ["bounce"]


@pytest.mark.parametrize(("moment", "kept"), [("before the commit", 0), ("before the mark", 1)])
def test_who_is_killed_on_the_way_loses_nothing_and_repeats_nothing(
    book: Book, server: ImapServer, database_url: str, moment: str, kept: int
) -> None:
    server.put(reply("We paid."), POSTFIX)

    argv = [sys.executable, "-m", "tests.intake.mailbox_reader", server.url, database_url, moment]
    died = subprocess.run(argv, cwd=ROOT, check=False, timeout=60)

    assert died.returncode == -signal.SIGKILL
    assert (len(inbox(book)), server.unseen()) == (kept, 2)
    reader = watcher(book.engine, server)
    assert reader.look().taken == 2
    assert (inbox(book), server.unseen()) == (["reply", "bounce"], 0)


def test_one_worker_at_a_time_reads_it(book: Book, server: ImapServer) -> None:
    server.put(POSTFIX)
    with alone(book.engine, READING_THE_MAILBOX) as is_alone:
        assert is_alone
        look = watcher(book.engine, server).look()

        assert (look.is_alone, look.taken) == (False, 0)
        assert book.rows("SELECT state FROM pg_stat_activity WHERE state = 'idle in transaction'") == []

    assert watcher(book.engine, server).look().taken == 1


def test_a_message_that_cannot_be_taken_in_does_not_hold_up_the_others(
    book: Book, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_one(engine: Engine, raw: bytes, received_at: datetime) -> object:
        if b"strange" in raw:
            raise ZeroDivisionError
        return take_message(engine, raw, received_at)

    monkeypatch.setattr("intake.mailbox.take_message", refuse_one)
    server.put(b"Subject: strange\r\n\r\nx\r\n", POSTFIX)
    reader = watcher(book.engine, server)

    with capture_logs() as logs:
        looks = [reader.look(), reader.look()]

    assert [(look.taken, look.waiting) for look in looks] == [(1, 1), (0, 1)]
    assert inbox(book) == ["bounce"]
    assert [entry["event"] for entry in logs] == ["a message cannot be taken in, it stays in the mailbox"]
    assert server.unseen() == 1


def test_a_report_that_is_too_early_stays_in_the_mailbox(book: Book, server: ImapServer) -> None:
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    claim = book.hand_over(book.invoice(email="ana@helios.example"), "2026-05-29 08:30")
    ours = book.message_of(claim).message_id.encode()
    server.put(POSTFIX.replace(b"<cae2384ec96557c04bf4f40c.7.1@duewell.example>", ours))
    reader = watcher(book.engine, server)

    look = reader.look()
    assert (look.taken, look.waiting, server.unseen()) == (0, 1, 1)

    book.accepted(claim, "2026-05-29 08:31")
    assert reader.look().taken == 1


# Servers of another kind.


def test_a_server_that_takes_keywords_leaves_messages_unread_for_people(book: Book) -> None:
    shelf = Shelf()
    uid = shelf.put(POSTFIX)
    with keyword_server(shelf) as server:
        assert watcher(book.engine, server).look().taken == 1
        assert watcher(book.engine, server).look().taken == 0

    assert shelf.flags[uid] == {KEYWORD}
    (received_at,) = book.rows("SELECT received_at FROM incoming_messages")
    assert received_at == datetime(2026, 6, 4, 6, 31, tzinfo=UTC)


@pytest.mark.parametrize("at", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_connection_that_breaks_off_anywhere_loses_nothing(book: Book, at: str) -> None:
    shelf = Shelf(breaks_off_at=at)
    uid = shelf.put(POSTFIX)
    with keyword_server(shelf) as server:
        reader = watcher(book.engine, server)
        with pytest.raises(MailboxUnavailable):
            reader.look()
        shelf.breaks_off_at = None
        assert reader.look().taken == 1

    assert (inbox(book), shelf.flags[uid]) == (["bounce"], {KEYWORD})


def test_a_wrong_password_is_no_crash_and_is_not_repeated(server: ImapServer) -> None:
    address = MailboxAddress.from_url(f"imap://someone:geheim@127.0.0.1:{server.port}")

    with pytest.raises(MailboxUnavailable) as unavailable, Mailbox(address):
        pass

    assert "geheim" not in str(unavailable.value)
    assert "geheim" not in address.place


async def test_while_it_is_away_that_is_said_once_and_it_is_read_once_it_is_back(book: Book) -> None:
    port, looked = free_port(), asyncio.Event()
    looks: list[Look] = []

    def saw(look: Look) -> None:
        looks.append(look)
        looked.set()

    address = MailboxAddress.from_url(f"imap://{'x'}:y@127.0.0.1:{port}")
    with capture_logs() as logs:
        away = asyncio.create_task(watch(book.engine, address, 0.02, saw))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not logs:
                await asyncio.sleep(0.01)
            # Several looks go by in this time, and none of them says so again.
            await asyncio.sleep(0.3)
        away.cancel()
        assert [entry["event"] for entry in logs] == ["the mailbox is not read"]
        assert looks == []

        with running_pymap(port) as server:
            server.put(POSTFIX)
            reading = asyncio.create_task(watch(book.engine, MailboxAddress.from_url(server.url), 0.02, saw))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await looked.wait()
            reading.cancel()
            await asyncio.gather(reading, away, return_exceptions=True)
    assert looks[0].taken == 1


def test_a_ledger_that_is_away_leaves_the_mailbox_as_it_is(server: ImapServer) -> None:
    server.put(POSTFIX)
    engine = make_engine("postgresql://clerk:geheim@127.0.0.1:2/duewell")

    with pytest.raises(LedgerUnavailable):
        watcher(engine, server).look()

    assert server.unseen() == 1


# Addresses.


def test_an_address_is_read_with_special_characters() -> None:
    address = MailboxAddress.from_url("imaps://inbox%40duewell.example:p%40%3A%2F@mail.example:1993/Replies%2FNew")

    assert (address.username, address.password, address.port) == ("inbox@duewell.example", "p@:/", 1993)
    assert address.folder == "Replies/New"
    assert MailboxAddress.from_url("imaps://a:b@mail.example").folder == "INBOX"
    assert MailboxAddress.from_url("imaps://a:b@mail.example").port == 993


@pytest.mark.parametrize(
    "url",
    [
        "pop3://a:geheim@b",
        "imaps://b/INBOX",
        "imaps://a:geheim@",
        "imaps://a:geheim@b:port",
        "imaps://a:geheim@b/%C3%A9",
    ],
)
def test_an_address_that_is_none_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="INBOX_URL") as refused:
        MailboxAddress.from_url(url)

    assert "geheim" not in str(refused.value)


def test_a_password_is_not_sent_in_the_clear_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    with keyword_server(shelf) as server:
        monkeypatch.setattr(
            "intake.mailbox_connection.ip_address", lambda _: type("Far", (), {"is_loopback": False})
        )
        with (
            pytest.raises(MailboxUnavailable, match="not sent in the clear"),
            Mailbox(MailboxAddress.from_url(server.url)),
        ):
            pass

    assert not any("LOGIN" in command for command in shelf.asked)
