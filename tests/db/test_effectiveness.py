"""What cadences achieve and how late customers pay, by hand and against loops over every action and invoice."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from benchmarks.console_book import TODAY, fill
from db.engine import Engine, make_engine, transaction
from db.queries.figures.effectiveness import WITHIN_DAYS, StepEffect, effectiveness
from db.queries.figures.payment_delay import PaymentDelay, payment_delay
from tests.db.book import Book, an_invoice, on
from tests.db.databases import a_copy_of
from tests.db.lists import rows_of

# The reminder of INV-1 goes out on Thu 06-04, the second one on Thu 06-11.
REMINDER, SECOND = "2026-06-04 09:00", "2026-06-11 09:00"
LATER = on("2026-08-01")


@pytest.fixture(scope="module")
def big(template: str) -> Iterator[Engine]:
    """A ledger with 600 invoices, as the benchmark lays them down; steps are a little out of step with days."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, 300)
        with engine.begin() as connection:
            connection.execute(text("UPDATE actions SET ended_on = ended_on + (id % 5)::int WHERE state = 'done'"))
            connection.execute(text("UPDATE payments SET reversed_on = received_on WHERE id % 50 = 1"))
        yield engine
        engine.dispose()


def paid_within(book: Book, day: date = LATER) -> dict[str, list[tuple[int, int]]]:
    """Return for each step how often it was carried out and paid after, for 7, 14 and 30 days."""
    effects: tuple[StepEffect, ...] = book.do(lambda session: effectiveness(session, day))
    return {one.step: [(within.executed, within.paid) for within in one.within] for one in effects}


@pytest.mark.parametrize(
    ("paid_on", "reminder", "second"),
    [
        ("2026-06-04", [0, 0, 0], None),
        ("2026-06-05", [1, 1, 1], None),
        ("2026-06-11", [1, 1, 1], [0, 0, 0]),
        ("2026-06-12", [0, 0, 0], [1, 1, 1]),
        ("2026-06-18", [0, 0, 0], [1, 1, 1]),
        ("2026-06-19", [0, 0, 0], [0, 1, 1]),
        ("2026-06-25", [0, 0, 0], [0, 1, 1]),
        ("2026-06-26", [0, 0, 0], [0, 0, 1]),
        ("2026-07-11", [0, 0, 0], [0, 0, 1]),
        ("2026-07-12", [0, 0, 0], [0, 0, 0]),
    ],
)
def test_a_payment_counts_for_the_step_before_it_until_the_day_of_the_next(
    book: Book, paid_on: str, reminder: list[int], second: list[int] | None
) -> None:
    invoice_id = book.invoice()
    book.send(invoice_id, REMINDER)
    if second is not None:
        book.send(invoice_id, SECOND)
    book.pay(invoice_id, "1000", f"{paid_on} 18:00")

    found = paid_within(book)

    assert [paid for _, paid in found["reminder"]] == reminder
    assert [paid for _, paid in found.get("second-reminder", [])] == (second or [])


def test_only_what_was_paid_in_full_counts_and_on_the_day_of_its_last_money(book: Book) -> None:
    first, second = book.invoice("INV-1"), book.invoice("INV-2", customer_id="C-2")
    for invoice_id in (first, second):
        book.send(invoice_id, REMINDER)
        book.pay(invoice_id, "600", "2026-06-05 10:00")
    book.pay(first, "400", "2026-06-13 10:00")

    assert paid_within(book)["reminder"] == [(2, 0), (2, 1), (2, 1)]


def test_what_was_done_lately_counts_for_no_longer_time_than_it_is_ago(book: Book) -> None:
    book.send(book.invoice(), REMINDER)

    found = {
        days: paid_within(book, on("2026-06-04") + timedelta(days=days))["reminder"] for days in (6, 7, 14, 30)
    }

    assert [[times for times, _ in found[days]] for days in (6, 7, 14, 30)] == [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
    ]


def test_an_ignored_step_was_not_carried_out(book: Book) -> None:
    invoice_id = book.invoice(email=None)
    book.settle(invoice_id, REMINDER)
    book.complete(invoice_id, None, "ignored", "2026-06-05 10:00")

    assert paid_within(book) == {}


def test_the_effects_of_a_book_are_those_of_its_actions_one_by_one(big: Engine) -> None:
    rows = {row.id: row for row in rows_of(big)}
    with big.connect() as connection:
        done = connection.execute(
            text(
                "SELECT a.id, c.invoice_id, a.cadence_id, a.step_id, a.ended_on FROM actions a"
                " JOIN collections c ON c.id = a.collection_id"
                " WHERE a.state = 'done' AND a.kind = 'step' AND a.due_on >= :first"
            ),
            {"first": TODAY - timedelta(days=365)},
        ).all()
    by_invoice = defaultdict(list)
    for action in sorted(done, key=lambda one: (one.ended_on, one.id)):
        by_invoice[action.invoice_id].append(action)
    times: Counter[tuple[int, str]] = Counter()
    executed: Counter[tuple[int, str, int]] = Counter()
    paid: Counter[tuple[int, str, int]] = Counter()
    for invoice_id, actions in by_invoice.items():
        row = rows[invoice_id]
        is_paid = row.state == "open" and row.settled == row.total and row.money_on
        paid_on = max(row.money_on) if is_paid else None
        for action, following in zip(actions, [*actions[1:], None], strict=True):
            key = action.cadence_id, action.step_id
            times[key] += 1
            for days in WITHIN_DAYS:
                until = action.ended_on + timedelta(days=days)
                if until > TODAY:
                    continue
                executed[*key, days] += 1
                last = until if following is None else min(until, following.ended_on)
                paid[*key, days] += paid_on is not None and action.ended_on < paid_on <= last

    with transaction(big) as session:
        effects = effectiveness(session, TODAY)

    assert {(one.cadence_id, one.step): one.executed for one in effects} == times
    for one in effects:
        for within in one.within:
            whole = one.cadence_id, one.step, within.days
            assert (within.executed, within.paid) == (executed[whole], paid[whole]), whole
    assert sum(paid.values()) > 50


def the_delay(book: Book, day: date = LATER) -> PaymentDelay:
    """Return the delay of C-1."""
    customer_id = book.one("SELECT id FROM customers WHERE external_id = 'C-1'")
    found: PaymentDelay = book.do(lambda session: payment_delay(session, customer_id, day))
    return found


def test_the_delay_of_a_customer_is_the_mean_of_days_from_due_date_to_full_payment(book: Book) -> None:
    late = book.invoice("INV-1", total=Decimal(3000))
    book.pay(late, "1000", "2026-06-02 10:00")
    book.pay(late, "2000", "2026-06-11 10:00")
    book.pay(book.invoice("INV-2"), "1000", "2026-05-28 10:00")
    book.pay(book.invoice("INV-3"), "500", "2026-06-20 10:00")
    book.pay(book.invoice("INV-4", customer_id="C-2"), "1000", "2026-06-20 10:00")

    delay = the_delay(book)

    assert (delay.count, delay.late_count) == (2, 1)
    assert delay.mean_days == Decimal("3.0")
    assert delay.weighted_days == Decimal("6.5")


def test_of_a_customer_that_pays_very_often_the_newest_payments_count(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, day in enumerate(("2026-06-02", "2026-06-04", "2026-06-06"), 1):
        book.pay(book.invoice(f"INV-{number}"), "1000", f"{day} 10:00")
    assert (the_delay(book).mean_days, the_delay(book).whole) == (Decimal(3), True)

    monkeypatch.setattr("db.queries.figures.payment_delay.PAYMENTS_MAX", 2)

    assert (the_delay(book).mean_days, the_delay(book).whole) == (Decimal(4), False)


def test_a_payment_that_was_taken_back_paid_nothing(book: Book) -> None:
    invoice_id = book.invoice()
    book.pay(invoice_id, "1000", "2026-06-05 10:00")
    book.reverse(invoice_id, "1000", "2026-06-08 10:00")
    assert the_delay(book).mean_days is None

    book.pay(invoice_id, "1000", "2026-06-09 10:00")

    assert (the_delay(book).count, the_delay(book).mean_days) == (1, Decimal(8))


def test_what_was_paid_more_than_a_year_ago_is_forgotten(book: Book) -> None:
    book.pay(book.invoice(), "1000", "2026-06-05 10:00")

    assert the_delay(book, on("2027-06-04")).count == 1
    assert the_delay(book, on("2027-06-05")).count == 0


def test_an_invoice_without_a_due_date_is_neither_late_nor_early(book: Book) -> None:
    book.take(an_invoice("INV-1", due_on=None))
    book.pay(book.id_of("INV-1"), "1000", "2026-06-05 10:00")

    assert (the_delay(book).count, the_delay(book).mean_days, the_delay(book).weighted_days) == (0, None, None)


def test_the_delays_of_a_book_are_those_of_its_invoices_one_by_one(big: Engine) -> None:
    rows = rows_of(big)
    for customer_id in range(1, 31):
        days = [
            (max(row.money_on) - row.derived_due_on).days
            for row in rows
            if row.customer_id == customer_id
            and row.state == "open"
            and row.settled == row.total
            and row.money_on
            and row.derived_due_on is not None
            and max(row.money_on) > TODAY - timedelta(days=365)
        ]

        with transaction(big) as session:
            delay = payment_delay(session, customer_id, TODAY)

        assert (delay.count, delay.late_count) == (len(days), sum(one > 0 for one in days))
        if days:
            assert delay.mean_days is not None
            assert abs(delay.mean_days - Decimal(sum(days)) / len(days)) <= Decimal("0.05")
