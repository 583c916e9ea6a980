"""Actions by what they are worth: exact, page by page, and never more looked at than a list may look at."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from benchmarks.actions import FIRST_DAY
from db.engine import Engine, transaction
from db.queries import worklist
from db.queries.coming import ComingPlace, coming_page
from db.queries.todos import ActionFilter
from db.queries.worklist import (
    Count,
    WorkLine,
    WorkOrder,
    WorkPlace,
    Worth,
    count_work,
    value_of,
    work_ids,
    work_page,
)
from tests.db.book import Book, on
from tests.db.conftest import template
from tests.db.test_action_lists import many

__all__ = ["many", "template"]

TODAY = FIRST_DAY + timedelta(days=1000)
OPEN = ActionFilter(states=("open",), owners=("Cash Collectors",))
WORTH = Worth(outstanding_min=Decimal(400), outstanding_max=Decimal(700), overdue_days_min=31, overdue_days_max=60)
ORDERS: dict[WorkOrder, Callable[[WorkLine], Any]] = {
    "value": lambda line: (-value_of(line), line.listed_on, line.id),
    "due": lambda line: (line.listed_on, line.id),
    "newest": lambda line: (-line.listed_on.toordinal(), -line.id),
}


@pytest.fixture(scope="module")
def priced(many: Engine) -> Engine:
    """The same ledger, with a different amount on most invoices, some of them in yen."""
    with many.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE invoices SET total = 1 + mod(id * 7919, 1000),"
            " currency = CASE mod(id, 9) WHEN 0 THEN 'JPY' ELSE 'EUR' END"
        )
    return many


def walk(engine: Engine, worth: Worth, order: WorkOrder, limit: int) -> tuple[list[WorkLine], int]:
    """Return the lines of all pages, and how many pages that were."""
    lines: list[WorkLine] = []
    after: WorkPlace | None = None
    for pages in range(1, 500):
        with transaction(engine) as session:
            page = work_page(session, OPEN, worth, TODAY, limit, order, after)
        lines += page.lines
        after = page.ends_at
        if after is None:
            return lines, pages
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("order", ORDERS)
def test_the_pages_together_are_all_that_match_in_order(priced: Engine, order: WorkOrder) -> None:
    everything, _ = walk(priced, Worth(), order, 1000)
    expected = [
        line
        for line in everything
        if 400 <= line.outstanding <= 700
        and line.invoice_due_on is not None
        and 31 <= (TODAY - line.invoice_due_on).days <= 60
    ]

    found, _ = walk(priced, WORTH, order, 7)

    assert len(expected) > 14
    assert found == expected
    assert everything == sorted(everything, key=ORDERS[order])
    with transaction(priced) as session:
        assert count_work(session, OPEN, WORTH, TODAY) == Count(len(expected), True)
        assert count_work(session, OPEN, Worth(), TODAY) == Count(len(everything), True)


@pytest.mark.parametrize("worth", [Worth(), WORTH], ids=["everything", "worth"])
def test_the_ids_of_a_list_are_those_of_all_its_pages(
    priced: Engine, worth: Worth, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, _ = walk(priced, worth, "due", 100)
    monkeypatch.setattr(worklist, "SCANNED_MAX", 40)

    with transaction(priced) as session:
        ids = work_ids(session, OPEN, worth, TODAY, 1_000_000)
        some = work_ids(session, OPEN, worth, TODAY, 9)

    assert ids == sorted(line.id for line in lines)
    assert (len(some), some) == (9, sorted(some))
    assert set(some) < set(ids)


def test_where_there_are_very_many_a_list_looks_further_only_when_asked(
    priced: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = walk(priced, WORTH, "due", 50)
    monkeypatch.setattr(worklist, "SCANNED_MAX", 40)
    monkeypatch.setattr(worklist, "COUNTED_MAX", 60)

    found, pages = walk(priced, WORTH, "due", 50)

    assert found == whole
    assert pages > 5
    with transaction(priced) as session:
        by_value = work_page(session, OPEN, Worth(), TODAY, 5)
        assert by_value.is_partly_sorted
        assert not count_work(session, OPEN, WORTH, TODAY).is_exact
        assert count_work(session, OPEN, Worth(), TODAY) == Count(60, False)


def test_what_is_not_due_is_not_overdue(book: Book) -> None:
    book.invoice("INV-1")
    book.invoice("INV-2", moment="2026-05-04 09:00", due_on=None, customer_id="C-2", email="b@helios.example")
    today = on("2026-05-04")

    def coming(worth: Worth, after: ComingPlace | None = None, limit: int = 10) -> list[str]:
        page = book.do(lambda session: coming_page(session, ActionFilter(), worth, today, limit, after))
        more = coming(worth, page.ends_at, limit) if page.ends_at is not None else []
        return [line.invoice for line in page.lines] + more

    assert "INV-1" in coming(Worth(overdue_days_max=0))
    assert coming(Worth(overdue_days_min=1)) == []
    assert coming(Worth(outstanding_min=Decimal(5000))) == []
    assert sorted(coming(Worth(), limit=1)) == sorted(coming(Worth()))
