"""Whatever is asked of a list, its page reads a bounded part of a big book, and every part of it by an index."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks.console_book import TODAY, fill
from benchmarks.console_questions import any_choice, questions
from db.engine import Engine, Session, make_engine
from db.queries.lists import customers, invoices, narrow
from db.queries.lists.choice import InvoiceChoice
from db.queries.lists.invoices import invoice_page
from db.queries.lists.orders import Order
from db.queries.lists.plans import by_indexes
from tests.db.databases import a_copy_of
from tests.db.test_queries_are_bounded import nodes_of, plans_of
from tests.dunning.seeds import NAIVE_SEED

OPEN_INVOICES = 8_000
ANALYZED = "ANALYZE, FORMAT JSON"
BIG = {"invoices", "collections", "next_actions", "actions", "messages", "payments", "payment_allocations"}
# Small for a book of this size, as the real bounds are for one of 100,000 open invoices.
FEW, WINDOWS, OWING = 200, (50, 150), 200
# A list may walk along the index of each of the four currencies there are, what is looked at is joined to the few
# actions that each invoice has, and a page of customers has all that they owe.
ROWS_MAX = 10 * (FEW + 1)


@pytest.fixture(autouse=True)
def _bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that the book is big for."""
    monkeypatch.setattr(narrow, "FEW_MAX", FEW)
    monkeypatch.setattr(invoices, "FEW_MAX", FEW)
    monkeypatch.setattr(invoices, "WINDOWS", WINDOWS)
    monkeypatch.setattr(customers, "OWING_MAX", OWING)


@pytest.fixture(scope="module")
def big(template: str) -> Iterator[Engine]:
    """A ledger with 16,000 invoices and 80,000 actions."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, OPEN_INVOICES)
        yield engine
        engine.dispose()


def rows_read(node: dict[str, Any]) -> int:
    """Return how many rows the node really looked at."""
    return int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def too_much(engine: Engine, work: Callable[[Session], Any]) -> list[tuple[str, str, int]]:
    """Return where a page reads a big table from end to end, or too many of its rows."""
    return [
        (node["Relation Name"], node["Node Type"], rows_read(node))
        for _, plan in plans_of(engine, work, ANALYZED)
        for node in nodes_of(plan)
        if node.get("Relation Name") in BIG and (node["Node Type"] == "Seq Scan" or rows_read(node) > ROWS_MAX)
    ]


def test_a_page_of_invoices_is_bounded_whatever_is_asked_for(big: Engine) -> None:
    random = Random(NAIVE_SEED)
    for _ in range(80):
        chosen, order = any_choice(random, OPEN_INVOICES // 10), random.choice(list(Order))

        def list_them(session: Session, chosen: InvoiceChoice = chosen, order: Order = order) -> None:
            invoice_page(session, chosen, TODAY, 50, order)

        assert too_much(big, list_them) == [], (chosen, order)


@pytest.mark.parametrize(
    "name",
    ["invoices", "customers", "messages of a customer", "payment delay of a customer", "promises", "to-dos"],
)
def test_every_other_page_is_bounded_too(big: Engine, name: str) -> None:
    ask = questions(Random(NAIVE_SEED), OPEN_INVOICES // 10)[name]
    for _ in range(10):
        assert too_much(big, ask()) == []


def test_a_list_that_no_index_serves_would_be_noticed(big: Engine) -> None:
    def search(session: Session) -> None:
        by_indexes(session)
        session.execute(text("SELECT id FROM invoices WHERE po_number = 'PO-1'"))

    assert [table for table, *_ in too_much(big, search)] == ["invoices"]
