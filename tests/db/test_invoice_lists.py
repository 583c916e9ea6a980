"""Pages of invoices hold exactly what is asked for, in order, each invoice once, whichever way they are found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import text

from benchmarks.console_book import TODAY, fill
from benchmarks.console_questions import any_choice
from db.engine import Engine, make_engine, transaction
from db.queries.lists import invoices, narrow
from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.invoices import InvoiceLine, InvoicePage, Total, invoice_count, invoice_page
from db.queries.lists.orders import Order, Place
from tests.db.book import Book, an_invoice, on
from tests.db.databases import a_copy_of
from tests.db.lists import Row, in_order, is_chosen, rows_of
from tests.dunning.seeds import NAIVE_SEED

OPEN_INVOICES = 400
LISTS = 50


@pytest.fixture(scope="module")
def many(template: str) -> Iterator[Engine]:
    """A ledger with some hundred invoices, as the benchmark lays them down, in all states."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, OPEN_INVOICES)
        with engine.begin() as connection:
            connection.execute(text("UPDATE invoices SET state = 'draft' WHERE id % 29 = 1"))
            connection.execute(text("UPDATE invoices SET state = 'void' WHERE id % 31 = 1"))
            connection.execute(text("UPDATE invoices SET state = 'written_off' WHERE id % 37 = 1"))
            connection.execute(text("UPDATE organization SET payment_term_days = 20, tolerance = 50"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def everything(many: Engine) -> list[Row]:
    """All invoices."""
    return rows_of(many)


@pytest.fixture(params=[1000, 20, 0], ids=["few", "some", "many"])
def found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Few are so many that any list is asked of them, or so few that every list walks along its order."""
    few: int = request.param
    monkeypatch.setattr(narrow, "FEW_MAX", few)
    monkeypatch.setattr(invoices, "FEW_MAX", few)
    monkeypatch.setattr(invoices, "WINDOWS", (10, 40))
    return few


def pages_of(engine: Engine, chosen: InvoiceChoice, order: Order, limit: int) -> list[InvoicePage]:
    """Return all pages of a list."""
    pages: list[InvoicePage] = []
    after: Place | None = None
    with transaction(engine) as session:
        while not pages or after is not None:
            pages.append(invoice_page(session, chosen, TODAY, limit, order, after))
            after = pages[-1].ends_at
            assert len(pages) <= 2 * OPEN_INVOICES, "the walk goes on for ever"
    return pages


def test_the_pages_of_a_list_are_what_is_asked_for_in_order(
    many: Engine, everything: list[Row], found: int
) -> None:
    random = Random(NAIVE_SEED)
    not_empty = 0
    for _ in range(LISTS):
        chosen, order = any_choice(random, OPEN_INVOICES // 10), random.choice(list(Order))
        sorted_by = order if chosen.state == "unsettled" else Order.NEWEST
        expected = in_order((row for row in everything if is_chosen(row, chosen)), sorted_by)

        pages = pages_of(many, chosen, order, random.choice((7, 60)))

        listed = [line.id for page in pages for line in page.lines]
        assert listed == [row.id for row in expected], (chosen, order)
        not_empty += bool(expected)
        for page in pages:
            assert page.at_least or page.count == len(expected), (chosen, order)
            assert page.count <= len(expected), (chosen, order)
            assert page.totals in ((), totals_of(expected)), (chosen, order)
        with transaction(many) as session:
            assert invoice_count(session, chosen, TODAY) == (len(expected), False), (chosen, order)
            assert invoice_count(session, chosen, TODAY, 3) == (min(3, len(expected)), len(expected) > 3)
    assert not_empty > LISTS / 3


def totals_of(rows: list[Row]) -> tuple[Total, ...]:
    """Return what is outstanding on the rows, by currency."""
    by_currency: dict[str, list[Decimal]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row.outstanding)
    return tuple(
        Total(one, len(amounts), sum(amounts, Decimal(0))) for one, amounts in sorted(by_currency.items())
    )


def test_a_list_of_everything_says_that_there_is_more(many: Engine, everything: list[Row], found: int) -> None:
    page = pages_of(many, InvoiceChoice(), Order.DUE, 50)[0]
    unsettled = sum(row.is_unsettled for row in everything)

    assert (page.count, page.at_least) == (min(found + 1, unsettled), True)
    assert len(page.lines) == 50


def the_line(book: Book, number: str, day: str, **asked: object) -> InvoiceLine:
    """Return the line of an invoice in the list of all of any state."""
    chosen = replace(InvoiceChoice(state="any", words=number), **asked)  # type: ignore[arg-type]
    (line,) = book.do(lambda session: invoice_page(session, chosen, on(day), 10)).lines
    assert isinstance(line, InvoiceLine)
    return line


def test_a_line_says_what_is_owed_since_when_and_what_is_next_and_why(book: Book) -> None:
    book.invoice("INV-1", po_number="7")
    book.settle(book.id_of("INV-1"), "2026-06-05 09:00")

    line = the_line(book, "inv-1", "2026-06-05")

    assert (line.number, line.customer, line.customer_name) == ("INV-1", "C-1", "Société Hélios")
    assert (line.due_on, line.days_overdue, line.outstanding) == (on("2026-06-01"), 4, Decimal(1000))
    assert (line.cadence, line.stage, line.step, line.channel) == ("Standard", "due", "reminder", "email")
    assert line.next_on == on("2026-06-05")
    assert line.because
    assert line.sentence


def test_the_due_date_of_a_line_is_the_derived_one(book: Book) -> None:
    book.set(payment_term_days=10)
    book.take(an_invoice("INV-1", due_on=None))

    line = the_line(book, "INV-1", "2026-06-05")

    assert line.due_on == on("2026-05-02") + timedelta(days=10)
    assert line.days_overdue == 24


def test_an_invoice_without_any_due_date_is_not_late(book: Book) -> None:
    book.take(an_invoice("INV-1", due_on=None))

    line = the_line(book, "INV-1", "2026-06-05")

    assert (line.due_on, line.days_overdue) == (None, None)


@pytest.mark.parametrize("words", ["inv-2026-017", "INV-2", "017", "2026-017", "hélios", "SOCIÉTÉ H", "  017 "])
def test_words_find_numbers_by_their_beginning_and_end_and_customers_by_any_part(book: Book, words: str) -> None:
    book.invoice("INV-2026-017")
    book.invoice("X-1", customer_id="C-2", customer_name="Other")

    page = book.do(lambda session: invoice_page(session, InvoiceChoice(words=words), on("2026-06-01"), 10))

    assert [line.number for line in page.lines] == ["INV-2026-017"]


@pytest.mark.parametrize("words", ["2026", "%", "_", "\\", "'"])
def test_words_are_taken_at_their_word(book: Book, words: str) -> None:
    book.invoice("INV-2026-017")

    page = book.do(lambda session: invoice_page(session, InvoiceChoice(words=words), on("2026-06-01"), 10))

    assert page.lines == ()


def test_pages_show_each_invoice_once_while_others_come(many: Engine) -> None:
    seen: list[int] = []
    after: Place | None = None
    with transaction(many) as session:
        for number in range(30):
            page = invoice_page(session, InvoiceChoice(), TODAY, 20, Order.OUTSTANDING, after)
            seen += [line.id for line in page.lines]
            after = page.ends_at
            if after is None:
                break
            session.execute(
                text(
                    "INSERT INTO invoices (external_id, number, customer_id, issued_on, currency, total)"
                    " VALUES (:name, :name, 1, :day, 'EUR', :total)"
                ),
                {"name": f"LATE-{number}", "day": TODAY, "total": 100_000 - number},
            )
        session.rollback()

    assert len(seen) == len(set(seen)) > OPEN_INVOICES * 0.8
