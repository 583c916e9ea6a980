"""The figures of the overview, over small books reckoned by hand and over a big one reckoned naively."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks.console_book import TODAY, fill
from db.engine import Engine, Session, make_engine, transaction
from db.operations.disputes import dispute
from db.operations.promises import promise
from db.operations.settlement.settlements import take_credit_note
from db.operations.settlement.stated import StatedCreditNote
from db.queries.figures.aging import AgingBalance, aging_balances
from db.queries.figures.at_risk import AtRisk, at_risk
from db.queries.figures.coming_days import ComingDays, coming_days
from db.queries.figures.days_outstanding import DaysOutstanding, days_outstanding
from db.queries.figures.promises import PromiseChoice, promise_page, promises_due
from db.queries.lists.choice import InvoiceChoice, Risk
from db.queries.lists.invoices import invoice_count, invoice_page
from db.queries.todos import ActionFilter, action_page
from dunning.facts import InvoiceState
from rules.fields import Aging
from tests.db.book import Book, a_change, on
from tests.db.databases import a_copy_of
from tests.db.lists import Row, rows_of

DAY = on("2026-06-15")


@pytest.fixture(scope="module")
def big(template: str) -> Iterator[Engine]:
    """A ledger with 600 invoices, as the benchmark lays them down."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, 300)
        with engine.begin() as connection:
            connection.execute(text("UPDATE organization SET payment_term_days = 20, tolerance = 50"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def rows(big: Engine) -> list[Row]:
    """Its invoices."""
    return rows_of(big)


def an_old(book: Book, number: str, days: int, total: str, **changed: Any) -> int:
    """Take in an invoice that is overdue by so many days, and return its id."""
    due_on = DAY - timedelta(days=days)
    issued_on = due_on - timedelta(days=30)
    return book.invoice(number, issued_on=issued_on, due_on=due_on, total=Decimal(total), **changed)


def the_aging(book: Book) -> tuple[AgingBalance, ...]:
    """Return the aging balances."""
    found: tuple[AgingBalance, ...] = book.do(lambda session: aging_balances(session, DAY))
    return found


def test_the_aging_balance_sums_what_is_outstanding_by_how_long_it_is_overdue(book: Book) -> None:
    for number, days in enumerate((-5, 0, 1, 30, 31, 60, 61, 90, 91, 400)):
        an_old(book, f"INV-{number}", days, f"{2**number}")
    book.pay(book.id_of("INV-9"), "100", "2026-06-14 09:00")

    (balance,) = the_aging(book)

    amounts = {one.bucket: (one.count, int(one.outstanding)) for one in balance.amounts}
    assert amounts == {
        Aging.NOT_DUE: (2, 1 + 2),
        Aging.TO_30: (2, 4 + 8),
        Aging.TO_60: (2, 16 + 32),
        Aging.TO_90: (2, 64 + 128),
        Aging.ABOVE_90: (2, 256 + 412),
    }
    assert (balance.currency, balance.count) == ("EUR", 10)
    assert (int(balance.outstanding), int(balance.overdue)) == (923, 920)


def test_only_what_is_to_be_collected_is_in_the_aging_balance(book: Book) -> None:
    book.set(tolerance=Decimal(5))
    an_old(book, "INV-1", 10, "100", currency="USD")
    an_old(book, "INV-2", 10, "5")
    an_old(book, "INV-3", 10, "100", state=InvoiceState.DRAFT)
    book.end(an_old(book, "INV-4", 10, "100"), InvoiceState.VOID, "2026-06-14 09:00")
    book.end(an_old(book, "INV-5", 10, "100"), InvoiceState.WRITTEN_OFF, "2026-06-14 09:00")
    book.pay(an_old(book, "INV-6", 10, "100"), "100", "2026-06-14 09:00")
    book.run("UPDATE invoices SET is_hidden = true WHERE number = 'INV-1'")

    (balance,) = the_aging(book)

    assert (balance.currency, int(balance.outstanding)) == ("USD", 100)


def test_an_invoice_without_a_due_date_ages_by_its_term_and_is_not_due_without_one(book: Book) -> None:
    book.invoice("INV-1", issued_on=on("2026-05-01"), due_on=None)

    (before,) = the_aging(book)
    book.set(payment_term_days=20)
    (after,) = the_aging(book)

    assert before.not_due == 1000
    assert after.amounts[1].outstanding == 1000


def test_the_buckets_of_a_book_are_those_of_its_invoices_one_by_one_and_of_their_lists(
    big: Engine, rows: list[Row]
) -> None:
    with transaction(big) as session:
        balances = aging_balances(session, TODAY)

        for balance in balances:
            for amount in balance.amounts:
                there = [row for row in rows if (row.currency, row.aging) == (balance.currency, amount.bucket)]
                assert amount.count == len(there)
                assert amount.outstanding == sum(row.outstanding for row in there)
                assert listed(session, amount.listed) == (amount.count, amount.outstanding)
            assert listed(session, balance.listed) == (balance.count, balance.outstanding)
    assert {one.currency for one in balances} == {row.currency for row in rows if row.aging}


def listed(session: Session, chosen: InvoiceChoice) -> tuple[int, Decimal]:
    """Return how many invoices the list behind a figure has, and what is outstanding on them."""
    page = invoice_page(session, chosen, TODAY, 500)
    assert page.ends_at is None
    return len(page.lines), sum((line.outstanding for line in page.lines), Decimal(0))


def the_days(book: Book) -> dict[str, DaysOutstanding]:
    """Return the days outstanding by currency."""

    def work(session: Session) -> dict[str, DaysOutstanding]:
        return {one.currency: one for one in days_outstanding(session, aging_balances(session, DAY), DAY)}

    found: dict[str, DaysOutstanding] = book.do(work)
    return found


def test_days_outstanding_are_receivables_by_sales_of_ninety_days(book: Book) -> None:
    # Sold within 90 days: 1,000 and 2,000 not due, and 3,000 paid; before them 1,500, overdue.
    book.invoice("INV-1", issued_on=DAY, due_on=on("2026-07-15"), total=Decimal(1000))
    book.invoice("INV-2", issued_on=DAY - timedelta(days=89), due_on=on("2026-06-15"), total=Decimal(2000))
    paid = book.invoice("INV-3", issued_on=on("2026-05-01"), due_on=on("2026-06-01"), total=Decimal(3000))
    book.pay(paid, "3000", "2026-06-02 09:00")
    book.invoice("INV-4", issued_on=DAY - timedelta(days=90), due_on=on("2026-04-01"), total=Decimal(1500))

    days = the_days(book)["EUR"]

    assert [int(days.receivables), int(days.not_due), int(days.sales)] == [4500, 3000, 6000]
    assert days.days_outstanding == Decimal("67.5")
    assert days.best_days_outstanding == Decimal("45.0")
    assert days.days_delinquent == Decimal("22.5")


def test_drafts_and_void_invoices_are_no_sales_and_credit_notes_take_off_from_them(book: Book) -> None:
    book.invoice("INV-1", issued_on=on("2026-06-01"), due_on=on("2026-06-20"), total=Decimal(1000))
    book.invoice("INV-2", issued_on=on("2026-06-01"), state=InvoiceState.DRAFT)
    book.invoice("INV-3", issued_on=on("2026-06-01"), state=InvoiceState.VOID)
    book.invoice("INV-4", issued_on=on("2026-06-01"), state=InvoiceState.WRITTEN_OFF, total=Decimal(500))
    note = StatedCreditNote(
        external_id="CN-1",
        number="CN-1",
        customer_id="C-1",
        currency="EUR",
        issued_on=on("2026-06-08"),
        total=Decimal(600),
        allocations=(),
    )
    book.do(lambda session: take_credit_note(session, note, a_change("2026-06-08 10:00")))

    assert the_days(book)["EUR"].sales == 1000 + 500 - 600


def test_without_sales_there_are_no_days(book: Book) -> None:
    an_old(book, "INV-1", 200, "1000")

    days = the_days(book)["EUR"]

    assert days.sales == 0
    assert (days.days_outstanding, days.best_days_outstanding, days.days_delinquent) == (None, None, None)


def the_risk(book: Book) -> AtRisk:
    """Return what is at risk in the only currency."""
    (found,) = book.do(lambda session: at_risk(session, DAY))
    assert isinstance(found, AtRisk)
    return found


def test_at_risk_is_what_is_old_disputed_broken_or_blocked_each_invoice_once(book: Book) -> None:
    an_old(book, "INV-1", 60, "1")
    an_old(book, "INV-2", 61, "2")
    disputed = an_old(book, "INV-3", 1, "4")
    book.do(lambda session: dispute(session, disputed, "wrong", a_change("2026-06-14 09:00")))
    broken = an_old(book, "INV-4", 5, "8")
    book.do(lambda session: promise(session, broken, on("2026-06-10"), None, a_change("2026-06-09 09:00")))
    book.settle(broken, "2026-06-15 09:00")
    blocked = an_old(book, "INV-5", 5, "16")
    book.run("UPDATE next_actions SET stage = 'blocked' WHERE collection_id = :id", id=collection(book, blocked))
    both = an_old(book, "INV-6", 300, "32")
    book.do(lambda session: dispute(session, both, "wrong", a_change("2026-06-14 09:00")))

    risk = the_risk(book)

    assert (risk.count, int(risk.outstanding)) == (5, 2 + 4 + 8 + 16 + 32)
    assert {one.risk: (one.count, int(one.outstanding)) for one in risk.amounts} == {
        Risk.OLD: (2, 2 + 32),
        Risk.DISPUTED: (2, 4 + 32),
        Risk.BROKEN_PROMISE: (1, 8),
        Risk.BLOCKED: (1, 16),
    }


def collection(book: Book, invoice_id: int) -> int:
    """Return the open collection of the invoice."""
    return int(book.one("SELECT id FROM collections WHERE invoice_id = :id AND closed_at IS NULL", id=invoice_id))


def test_a_new_promise_after_a_broken_one_is_a_second_chance(book: Book) -> None:
    invoice_id = an_old(book, "INV-1", 5, "8")
    book.do(lambda session: promise(session, invoice_id, on("2026-06-10"), None, a_change("2026-06-09 09:00")))
    book.settle(invoice_id, "2026-06-15 09:00")
    assert the_risk(book).count == 1

    book.do(lambda session: promise(session, invoice_id, on("2026-06-20"), None, a_change("2026-06-15 10:00")))

    assert book.do(lambda session: at_risk(session, DAY)) == ()


def test_what_is_at_risk_in_a_book_is_what_its_invoices_say_and_its_lists(big: Engine, rows: list[Row]) -> None:
    with transaction(big) as session:
        risks = at_risk(session, TODAY)

        for risk in risks:
            there = [row for row in rows if row.currency == risk.currency and row.risks]
            assert (risk.count, risk.outstanding) == (len(there), sum(row.outstanding for row in there))
            assert listed(session, risk.listed) == (risk.count, risk.outstanding)
            for amount in risk.amounts:
                some = [row for row in there if amount.risk in row.risks]
                assert (amount.count, amount.outstanding) == (len(some), sum(row.outstanding for row in some))
                assert listed(session, amount.listed) == (amount.count, amount.outstanding)
    assert {one.currency for one in risks} == {row.currency for row in rows if row.risks}


def test_promises_due_are_those_of_the_next_days_for_what_may_still_come(book: Book) -> None:
    for number, day in enumerate(("2026-06-13", "2026-06-15", "2026-06-22", "2026-06-23")):
        promised(book, book.invoice(f"INV-{number}"), day, "300" if number == 1 else None)
    book.pay(book.id_of("INV-1"), "200", "2026-06-14 09:00")

    (due,) = book.do(lambda session: promises_due(session, DAY))

    # Of the 300 that were promised, 100 have not come yet.
    assert (due.count, due.amount) == (2, 100 + 1000)
    assert (due.late_count, due.late_amount) == (1, 1000)
    assert numbers_in(book, due.listed) == ["INV-1", "INV-2"]
    assert numbers_in(book, due.late_listed) == ["INV-0"]
    assert numbers_in(book, PromiseChoice(currency="USD")) == []


def promised(book: Book, invoice_id: int, day: str, amount: str | None) -> None:
    """Promise on 12 June."""
    how_much = None if amount is None else Decimal(amount)
    book.do(lambda session: promise(session, invoice_id, on(day), how_much, a_change("2026-06-12 09:00")))


def numbers_in(book: Book, chosen: PromiseChoice) -> list[str]:
    """Return the invoices that the listed promises are about."""
    lines, _ = book.do(lambda session: promise_page(session, chosen, 10))
    return [line.invoice for line in lines]


def test_pages_of_promises_go_on_where_they_end(big: Engine) -> None:
    with transaction(big) as session:
        whole, _ = promise_page(session, PromiseChoice(), 500)
        seen, after = promise_page(session, PromiseChoice(), 2)
        while after is not None:
            lines, after = promise_page(session, PromiseChoice(), 2, after)
            seen += lines

    assert len(whole) > 3
    assert seen == whole == tuple(sorted(whole, key=lambda line: line.place))


def the_ahead(book: Book, day: date = DAY) -> ComingDays:
    """Return the days ahead."""
    found: ComingDays = book.do(lambda session: coming_days(session, day))
    return found


def test_the_next_step_is_a_message_on_its_day(book: Book) -> None:
    book.invoice()

    ahead = the_ahead(book, on("2026-05-20"))

    assert (ahead.first, ahead.last, len(ahead.days)) == (on("2026-05-20"), on("2026-06-18"), 30)
    assert {day.on: day.messages for day in ahead.days if day.messages} == {on("2026-05-29"): {"email": 1}}
    assert (ahead.todos_late, ahead.steps_late) == (0, 0)


def test_an_open_todo_is_there_on_the_day_for_which_it_is_listed(book: Book) -> None:
    invoice_id = book.invoice(email=None)
    book.settle(invoice_id, "2026-05-29 08:30")
    assert the_ahead(book, on("2026-05-29")).days[0].open == {"email": 1}

    assert the_ahead(book, on("2026-05-30")).todos_late == 1
    book.run("UPDATE actions SET snoozed_until = '2026-06-03'")

    ahead = the_ahead(book, on("2026-05-30"))

    assert {day.on: day.open for day in ahead.days if day.open} == {on("2026-06-03"): {"email": 1}}
    assert all(not day.messages and not day.open_then for day in ahead.days)


def test_a_manual_step_that_comes_next_is_a_todo_to_come(book: Book) -> None:
    invoice_id = book.invoice(moment="2026-06-16 09:00")
    for moment in ("2026-06-16 09:00", "2026-06-22 09:00"):
        book.send(invoice_id, moment)

    ahead = the_ahead(book, on("2026-06-22"))

    (day,) = [day for day in ahead.days if day.todos]
    assert day.open_then == {"call": 1}
    assert day.on == book.next_step(invoice_id)[1]


def test_the_days_of_a_book_are_those_of_its_lists(big: Engine) -> None:
    with transaction(big) as session:
        ahead = coming_days(session, TODAY)

        for day in ahead.days:
            for channel, count in day.messages.items():
                assert invoice_count(session, day.messages_listed(channel), TODAY) == (count, False)
            for channel, count in day.open_then.items():
                assert invoice_count(session, day.open_then_listed(channel), TODAY) == (count, False)
            for channel, count in day.open.items():
                assert todos_in(session, day.open_listed(channel)) == count
        assert todos_in(session, ahead.todos_late_listed) == ahead.todos_late
        assert invoice_count(session, ahead.steps_late_listed, TODAY) == (ahead.steps_late, False)
    assert sum(sum(day.messages.values()) for day in ahead.days) > 50
    assert ahead.todos_late


def todos_in(session: Session, chosen: ActionFilter) -> int:
    """Return how many to-dos are listed."""
    return len(action_page(session, chosen, 1000).lines)
