"""What publishing would change is known before it is published, and is what happens then."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from db.engine import Engine, transaction
from db.queries.catalogue import version_of
from db.queries.under import outdated_versions
from dunning.cadence import Cadence
from intake.impact import Impact, weigh
from tests.db.book import Book, at, on
from tests.db.statements import heard
from tests.db.versions import NAME, a_version, call, mail

FIRST = mail("first", 3)
BEFORE = a_version(FIRST, call("call", 8), mail("last", 20))
# Fri 2026-06-12: the next business day is Mon 06-15.
NOW = "2026-06-12 10:00"


@pytest.fixture
def book(engine: Engine) -> Book:
    """A ledger in Paris with eight invoices under the cadence: four have an open call, four are paused."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", jitter_minutes=0)
    book.publish(BEFORE)
    for number in range(8):
        invoice_id = book.invoice(f"INV-{number}", customer_id=f"C-{number}", email=f"c{number}@helios.example")
        book.reassign(invoice_id, NAME, "2026-05-05 09:00")
        if number < 4:
            book.send(invoice_id, "2026-06-04 08:30")
            book.settle(invoice_id, "2026-06-09 08:30")
        else:
            book.pause(invoice_id, "2026-06-03 09:00", until="2026-07-01")
    book.run("DELETE FROM outbox")
    return book


def weighed(book: Book, then: Cadence, now: str = NOW) -> Impact:
    """Work out what the version would change."""
    with transaction(book.engine) as session:
        in_force = version_of(session, NAME, "published")
    return weigh(book.engine, in_force, then, at(now))


def test_a_removed_step_cancels_to_dos_and_sets_messages_free(book: Book) -> None:
    then = a_version(FIRST, mail("soon", 12), mail("last", 20))

    assert weighed(book, then) == Impact(
        collections=8,
        next_actions_changed=4,
        todos_canceled=4,
        todos_opened=0,
        messages_added=4,
        messages_until=on("2026-06-15"),
    )


def test_messages_after_the_next_business_day_are_not_counted(book: Book) -> None:
    then = a_version(FIRST, mail("soon", 15), mail("last", 20))

    impact = weighed(book, then)

    assert (impact.todos_canceled, impact.messages_added) == (4, 0)


def test_to_dos_that_open_are_counted(book: Book) -> None:
    for number in range(4):
        book.complete(book.id_of(f"INV-{number}"), "call", "reached", "2026-06-10 10:00")

    impact = weighed(
        book, a_version(FIRST, call("call", 8), call("again", 10), mail("last", 20)), "2026-06-16 10:00"
    )

    assert (impact.todos_opened, impact.todos_canceled, impact.next_actions_changed) == (4, 0, 4)


def test_what_would_go_out_anyway_is_not_added(book: Book) -> None:
    for number in range(4):
        book.complete(book.id_of(f"INV-{number}"), "call", "reached", "2026-06-10 10:00")
    as_before = "2026-06-19 10:00"

    impact = weighed(book, a_version(FIRST, call("call", 8), mail("last", 19)), as_before)

    # The last step is due on Sun 06-21 or Sat 06-20, and goes out on Mon 06-22 both times.
    assert (impact.next_actions_changed, impact.messages_added) == (0, 0)


def test_the_same_changes_nothing(book: Book) -> None:
    assert weighed(book, BEFORE) == Impact(collections=8, messages_until=on("2026-06-15"))


def test_a_new_cadence_concerns_nobody(book: Book) -> None:
    assert weigh(book.engine, None, BEFORE, at(NOW)) == Impact()


def test_collections_that_have_not_adopted_the_last_version_are_reckoned_as_if_they_had(book: Book) -> None:
    other = a_version(FIRST, mail("soon", 12), mail("last", 20))
    book.publish(other)

    assert book.do(outdated_versions) != []
    assert weighed(book, other).next_actions_changed == 0
    assert weighed(book, BEFORE).todos_opened == 4


def test_it_is_what_happens(book: Book) -> None:
    then = a_version(FIRST, mail("soon", 12), mail("last", 20))
    impact = weighed(book, then)
    ids = [book.id_of(f"INV-{number}") for number in range(8)]
    before = [book.next_step(invoice_id) for invoice_id in ids]

    book.publish(then)
    for invoice_id in ids:
        book.settle(invoice_id, NOW)

    after = [book.next_step(invoice_id) for invoice_id in ids]
    canceled = book.one("SELECT count(*) FROM actions WHERE state = 'canceled'")
    assert sum(one != other for one, other in zip(before, after, strict=True)) == impact.next_actions_changed
    assert canceled == impact.todos_canceled


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is asked of the ledger."""
    said: list[str] = []

    with heard(engine, lambda _connection, statement, _values: said.append(statement)):
        yield said


def test_working_it_out_locks_and_writes_nothing(book: Book, statements: list[str]) -> None:
    ids = [book.id_of(f"INV-{number}") for number in range(8)]
    statements.clear()

    with transaction(book.engine) as session:
        # Everything is held by somebody else: who only looks must not wait.
        session.execute(text("SELECT id FROM invoices FOR UPDATE"))
        session.execute(text("SELECT id FROM collections FOR UPDATE"))
        session.execute(text("SELECT id FROM cadence_versions FOR UPDATE"))
        own = len(statements)
        impact = weighed(book, a_version(FIRST))

    assert impact.collections == len(ids)
    asked = [statement.split(None, 1)[0].upper() for statement in statements[own:]]
    assert set(asked) == {"SELECT"}
    assert not any("FOR " in statement.upper().split("FROM")[-1] for statement in statements[own:])
