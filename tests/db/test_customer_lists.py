"""Customers by name with what they owe, and the messages to a customer whichever invoices they are about."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import text

from benchmarks.console_book import TODAY, fill
from db.engine import Engine, Session, make_engine, transaction
from db.operations.customer_holds import pause_customer
from db.queries.lists import customers
from db.queries.lists.customer_messages import CustomerMessage, message_page
from db.queries.lists.customers import CustomerChoice, CustomerLine, CustomerPlace, customer_page
from db.tables.actions import ACTION_STATES
from tests.db.book import Book, a_change, on
from tests.db.databases import a_copy_of
from tests.db.group import SEND_TIME, a_group
from tests.db.lists import Row, rows_of
from tests.dunning.seeds import NAIVE_SEED


@pytest.fixture(scope="module")
def big(template: str) -> Iterator[Engine]:
    """A ledger with 800 invoices of 40 customers, as the benchmark lays them down."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, 400)
        with engine.begin() as connection:
            connection.execute(text("UPDATE customers SET name = 'Twins' WHERE id IN (3, 30, 31)"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def rows(big: Engine) -> list[Row]:
    """Its invoices."""
    return rows_of(big)


def all_lines(engine: Engine, chosen: CustomerChoice, limit: int) -> list[CustomerLine]:
    """Return the customers of all pages."""
    lines: list[CustomerLine] = []
    after: CustomerPlace | None = None
    with transaction(engine) as session:
        while not lines or after is not None:
            page = customer_page(session, chosen, TODAY, limit, after)
            lines += page.lines
            if after == page.ends_at:
                break
            after = page.ends_at
    return lines


@pytest.mark.parametrize("looked", [10_000, 4])
@pytest.mark.parametrize(
    "chosen",
    [
        CustomerChoice(),
        CustomerChoice("TWIN"),
        CustomerChoice("os"),
        CustomerChoice("C-7"),
        CustomerChoice(None, True),
    ],
)
def test_pages_of_customers_are_by_name_with_what_each_owes(
    big: Engine, rows: list[Row], chosen: CustomerChoice, looked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "NAMES_MAX", looked)
    monkeypatch.setattr(customers, "OWING_MAX", looked)
    by_customer = defaultdict(list)
    for row in rows:
        by_customer[row.customer_id].append(row)
    with big.connect() as connection:
        everybody = connection.execute(text("SELECT id, name, external_id FROM customers")).all()
    expected = sorted(
        (one.name, one.id)
        for one in everybody
        if (not chosen.words or chosen.words.lower() in one.name.lower() or one.external_id == chosen.words)
        and (not chosen.is_owing or any(row.is_unsettled for row in by_customer[one.id]))
    )

    lines = all_lines(big, chosen, 3)

    assert [(line.name, line.id) for line in lines] == expected
    for line in lines:
        unsettled = [row for row in by_customer[line.id] if row.is_unsettled]
        assert [one.currency for one in line.owed] == sorted({row.currency for row in unsettled})
        for one in line.owed:
            own = [row for row in unsettled if row.currency == one.currency]
            late = [row for row in own if row.days_overdue > 0]
            assert (one.count, one.overdue_count) == (len(own), len(late))
            assert one.outstanding == sum(row.outstanding for row in own)
            assert one.overdue == sum((row.outstanding for row in late), Decimal(0))
        days = [row.derived_due_on for row in unsettled if row.derived_due_on]
        assert line.oldest_due_on == min(days, default=None)


def test_a_customer_that_is_paused_is_shown_so(book: Book) -> None:
    book.invoice()
    customer_id = book.one("SELECT id FROM customers")
    change = a_change()
    book.do(lambda session: pause_customer(session, customer_id, None, None, change))

    (line,) = book.do(lambda session: customer_page(session, CustomerChoice(), on("2026-06-01"), 10)).lines

    assert line.is_paused


def messages_to(book: Book) -> tuple[CustomerMessage, ...]:
    """Return the messages to C-1."""
    customer_id = book.one("SELECT id FROM customers WHERE external_id = 'C-1'")
    lines: tuple[CustomerMessage, ...] = book.do(lambda session: message_page(session, customer_id, 10)).lines
    return lines


def test_the_messages_of_a_customer_are_those_about_all_its_invoices_the_newest_first(book: Book) -> None:
    first, second = book.invoice("INV-1"), book.invoice("INV-2")
    book.send(book.invoice("INV-3", customer_id="C-2"), "2026-06-04 09:00")
    book.send(first, "2026-06-04 09:00")
    book.send(second, "2026-06-05 09:00")
    book.hand_over(first, "2026-06-11 09:00")

    found = messages_to(book)

    assert [(one.invoices, one.step, one.state) for one in found] == [
        (("INV-1",), "second-reminder", "sending"),
        (("INV-2",), "reminder", "sent"),
        (("INV-1",), "reminder", "sent"),
    ]
    assert found[0].recipients == ("ana@helios.example",)
    assert found[0].subject


def test_one_message_about_several_invoices_is_there_once_and_names_them(book: Book) -> None:
    ids = a_group(book)
    book.accepted(book.hand_over(ids[1], SEND_TIME), SEND_TIME)

    (message,) = messages_to(book)

    # That of its step comes first.
    assert message.invoices == ("INV-2", "INV-1", "INV-3")


def test_pages_of_messages_go_on_where_they_end(big: Engine) -> None:
    with transaction(big) as session:
        whole = message_page(session, 1, 500)
        page = message_page(session, 1, 3)
        seen = page.lines
        while page.ends_at is not None:
            page = message_page(session, 1, 3, page.ends_at)
            seen += page.lines
        expected = session.scalar(
            text("SELECT count(*) FROM messages m JOIN actions a ON a.id = m.action_id WHERE a.customer_id = 1")
        )

    assert whole.ends_at is None
    assert len(whole.lines) == expected
    assert seen == whole.lines


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_messages_of_what_is_not_done_stand_where_they_belong(big: Engine, limit: int) -> None:
    # An action may end otherwise after its message was written; the days of the customer's actions are few.
    random = Random(NAIVE_SEED)
    with big.connect() as connection, Session(connection) as session:
        ids = session.scalars(text("SELECT id FROM actions WHERE customer_id = 1 ORDER BY id")).all()
        for state in ACTION_STATES:
            some = random.sample(ids, len(ids) // 12)
            session.execute(
                text("UPDATE actions SET state = :state WHERE id = ANY(:ids)"), {"state": state, "ids": some}
            )
        expected = session.scalars(
            text("""
            SELECT a.id FROM actions a JOIN messages m ON m.action_id = a.id
             WHERE a.customer_id = 1 ORDER BY a.listed_on DESC, a.id DESC""")
        ).all()
        page = message_page(session, 1, limit)
        seen = page.lines
        while page.ends_at is not None:
            page = message_page(session, 1, limit, page.ends_at)
            seen += page.lines
        states = session.scalars(
            text("SELECT DISTINCT a.state FROM actions a WHERE id = ANY(:ids)"), {"ids": list(expected)}
        ).all()
        session.rollback()

    assert [line.action_id for line in seen] == expected
    assert set(states) == set(ACTION_STATES)
