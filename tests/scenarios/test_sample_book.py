"""The sample book, worked as in the demo: who gets mail, who does not, and that nothing happens twice."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from db.engine import transaction
from db.queries.collections import NO_RECIPIENT
from db.queries.round import RoundCounts, open_todos, round_counts
from intake.import_invoices import import_invoices
from intake.sample_book import sample_book
from starter import Summary, start_all
from tests.installation import Installation
from workflows.client import workflow_id

INVOICES = 80


@dataclass(frozen=True)
class Line:
    """An invoice as the file says it."""

    number: str
    email: str
    status: str
    overdue_days: int

    @property
    def is_triggered(self) -> bool:
        """Say whether a message of the standard cadence is due: 3 days before the due date, or 3 after it."""
        return -3 <= self.overdue_days <= 0 or self.overdue_days >= 3


@dataclass(frozen=True)
class Book:
    """The sample book, and what is expected of it by reading the file and the cadence's page only."""

    content: bytes
    lines: list[Line]

    @classmethod
    def of(cls, today: date) -> "Book":
        """Return the book of that day."""
        content = sample_book(today, invoices=INVOICES, customers=15)
        lines = [
            Line(
                number=row["invoice_number"],
                email=row["email"],
                status=row["status"],
                overdue_days=(today - date.fromisoformat(row["due_date"])).days,
            )
            for row in csv.DictReader(io.StringIO(content))
        ]
        return cls(content.encode(), lines)

    def numbers(self, chosen: Callable[[Line], bool]) -> list[str]:
        """Return the numbers of the chosen invoices."""
        return sorted(line.number for line in self.lines if chosen(line))

    @property
    def open(self) -> list[str]:
        """Return what is to be followed up."""
        return self.numbers(lambda line: line.status != "paid")

    @property
    def mailed(self) -> list[str]:
        """Return what gets a message at once."""
        return self.numbers(lambda line: line.status == "open" and line.is_triggered and bool(line.email))

    @property
    def handed_over(self) -> list[str]:
        """Return what would get a message if there were an address."""
        return self.numbers(lambda line: line.status == "open" and line.is_triggered and not line.email)

    @property
    def disputed(self) -> list[str]:
        """Return what is held."""
        return self.numbers(lambda line: line.status == "disputed")


def _counts(installation: Installation) -> RoundCounts:
    with transaction(installation.engine) as session:
        return round_counts(session, datetime.now(UTC))


def _numbers(installation: Installation) -> dict[str, str]:
    """Return the number of the invoice that each Message-ID is about, as the ledger knows it."""
    return dict(
        installation.rows(
            "SELECT m.message_id, i.number FROM messages m JOIN actions a ON a.id = m.action_id"
            " JOIN collections c ON c.id = a.collection_id JOIN invoices i ON i.id = c.invoice_id"
        )
    )


@pytest.fixture
def book(installation: Installation) -> Book:
    """The sample book, imported; messages may go out at any hour."""
    installation.send_at_any_hour()
    book = Book.of(installation.today)
    assert import_invoices(installation.engine, book.content).created == INVOICES
    return book


async def test_a_round_over_the_sample_book_writes_to_exactly_those_it_should(
    installation: Installation, book: Book
) -> None:
    started = await start_all(installation.engine, installation.client)
    async with installation.working():
        await installation.until(lambda: _counts(installation).due == 0)

        mails = installation.mails()
        counts = _counts(installation)
        running = await _running(installation, len(book.open))

    assert started == Summary(started=len(book.open))
    numbers = _numbers(installation)
    written_to = {numbers[mail.message_id]: mail.recipients for mail in mails}
    assert written_to == {line.number: (line.email,) for line in book.lines if line.number in book.mailed}
    assert len(mails) == len(book.mailed)
    with transaction(installation.engine) as session:
        todos = open_todos(session, INVOICES)
    assert sorted(todo.invoice for todo in todos) == book.handed_over
    assert {todo.obstacle for todo in todos} == {NO_RECIPIENT}
    assert sorted(line.invoice for line in installation.lines(stage="held")) == book.disputed
    assert counts.collections == len(book.open) == sum(counts.by_stage.values())
    assert counts.by_stage == {
        "held": len(book.disputed),
        "todo": len(book.handed_over),
        "waiting": len(book.open) - len(book.disputed) - len(book.handed_over),
    }
    assert (counts.sent, counts.todos, counts.owed) == (len(book.mailed), len(book.handed_over), 0)
    ids = installation.rows("SELECT invoice_id FROM collections WHERE state IN ('active', 'exhausted')")
    assert Counter(running) == Counter(workflow_id(invoice_id) for (invoice_id,) in ids)


async def test_a_second_start_and_a_second_import_change_nothing_and_send_nothing(
    installation: Installation, book: Book
) -> None:
    await start_all(installation.engine, installation.client)
    async with installation.working():
        await installation.until(lambda: _counts(installation).due == 0)
        mails, counts = installation.mails(), _counts(installation)
        happened = installation.rows("SELECT max(id) FROM timeline")

        started = await start_all(installation.engine, installation.client)
        imported = import_invoices(installation.engine, book.content)
        owed = _counts(installation).owed

    assert started == Summary(already_running=len(book.open))
    assert (imported.created, imported.changed, imported.unchanged) == (0, 0, INVOICES)
    assert owed == 0
    assert installation.mails() == mails
    assert _counts(installation) == counts
    assert installation.rows("SELECT max(id) FROM timeline") == happened


async def _running(installation: Installation, count: int) -> list[str]:
    """Return the running processes as soon as that many are listed."""
    running: list[str] = []

    async def listed() -> bool:
        running[:] = await installation.processes()
        return len(running) >= count

    await installation.until_true(listed)
    return running
