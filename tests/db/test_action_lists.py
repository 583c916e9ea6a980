"""The lists All and To-do: what they show, in pages that stay right while others work, and what a page reads."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks.actions import FIRST_DAY, PAGE_LINES, Asked, choices, fill, pages
from db.engine import Engine, Session, make_engine, transaction
from db.queries.todos import ActionFilter, ActionLine, Order, Place, action_page, owners_of
from tests.db.book import Book, on
from tests.db.databases import a_copy_of
from tests.db.test_queries_are_bounded import nodes_of, plans_of
from tests.dunning.seeds import NAIVE_SEED

ACTIONS = 10_000
ANALYZED = "ANALYZE, FORMAT JSON"
# How many values the filters that every list has can take together, and how many owners are asked for at most.
RANGES_MAX = 6 * 5 * 4 * 3


@pytest.fixture(scope="module")
def many(template: str) -> Iterator[Engine]:
    """A ledger with many actions, as the benchmark lays them down."""
    with a_copy_of(template) as url:
        engine = make_engine(url, 2)
        fill(engine, ACTIONS)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def everything(many: Engine) -> list[tuple[ActionLine, int, int, int]]:
    """All actions with the ids of their customers, cadences and invoices."""
    with transaction(many) as session:
        lines = {line.id: line for line in action_page(session, ActionFilter(), 10_000).lines}
        rows = session.execute(
            text(
                "SELECT a.id, a.customer_id, a.cadence_id, c.invoice_id FROM actions a"
                " JOIN collections c ON c.id = a.collection_id"
            )
        ).all()
    assert len(lines) == len(rows) == ACTIONS
    return [(lines[row.id], row.customer_id, row.cadence_id, row.invoice_id) for row in rows]


def matches(row: tuple[ActionLine, int, int, int], chosen: ActionFilter) -> bool:
    """Say whether the action is to be listed, as simply as it can be said."""
    line, customer_id, cadence_id, invoice_id = row
    return (
        (not chosen.owners or line.owner in chosen.owners)
        and chosen.cadence_id in (None, cadence_id)
        and chosen.customer_id in (None, customer_id)
        and chosen.invoice_id in (None, invoice_id)
        and (not chosen.channels or line.channel in chosen.channels)
        and (not chosen.states or line.state in chosen.states)
        and (not chosen.kinds or line.kind in chosen.kinds)
        and (chosen.listed_from is None or line.listed_on >= chosen.listed_from)
        and (chosen.listed_to is None or line.listed_on <= chosen.listed_to)
    )


def test_a_page_holds_exactly_what_is_asked_for_in_order(
    many: Engine, everything: list[tuple[ActionLine, int, int, int]]
) -> None:
    random = Random(NAIVE_SEED)
    by_size: dict[bool, int] = {True: 0, False: 0}
    for asked in random.sample(list(pages(ACTIONS)), 200):
        expected = sorted(
            (row[0] for row in everything if matches(row, asked.chosen)),
            key=lambda line: line.place,
            reverse=asked.order == "newest",
        )
        if asked.after is not None:
            expected = [line for line in expected if is_behind(line, asked.after, asked.order)]

        with transaction(many) as session:
            page = action_page(session, asked.chosen, PAGE_LINES, asked.after, asked.order)

        assert page.lines == tuple(expected[:PAGE_LINES]), asked
        assert (page.ends_at is not None) == (len(expected) > PAGE_LINES), asked
        by_size[bool(expected)] += 1
    # About one list in seven matches anything.
    assert min(by_size.values()) > 5, "lists that match and lists that do not"


@pytest.mark.parametrize("order", ["due", "newest"])
def test_the_pages_of_one_day_are_the_actions_of_that_day(
    many: Engine, everything: list[tuple[ActionLine, int, int, int]], order: Order
) -> None:
    day = FIRST_DAY + timedelta(days=400)
    chosen = ActionFilter(listed_from=day, listed_to=day)
    expected = [row[0] for row in everything if matches(row, chosen)]
    seen: list[ActionLine] = []
    after: Place | None = None

    with transaction(many) as session:
        while len(seen) <= len(expected):
            page = action_page(session, chosen, 3, after, order)
            seen += page.lines
            after = page.ends_at
            if after is None:
                break

    assert len(expected) > 3
    assert seen == sorted(expected, key=lambda line: line.place, reverse=order == "newest")


def is_behind(line: ActionLine, place: Place, order: Order) -> bool:
    """Say whether the line comes after the place."""
    return line.place > place if order == "due" else line.place < place


@pytest.mark.parametrize("order", ["due", "newest"])
def test_pages_show_each_action_once_while_others_are_added(book: Book, order: Order) -> None:
    collection = book.invoice()
    number = iter(range(1000))
    random = Random(NAIVE_SEED)

    def add(day: date) -> int:
        book.run(
            "INSERT INTO actions"
            " (collection_id, invoice_id, customer_id, cadence_id, step_id, channel, execution, state, due_on)"
            " SELECT c.id, i.id, i.customer_id, c.cadence_id, :step, 'call', 'manual', 'open', :day"
            "  FROM collections c JOIN invoices i ON i.id = c.invoice_id WHERE i.id = :id",
            step=f"s{next(number)}",
            day=day,
            id=collection,
        )
        return int(book.one("SELECT max(id) FROM actions"))

    before = {add(FIRST_DAY + timedelta(days=random.randrange(10))) for _ in range(60)}
    seen: list[ActionLine] = []
    after: Place | None = None
    while True:
        with transaction(book.engine) as session:
            page = action_page(session, ActionFilter(), 7, after, order)
        seen += page.lines
        if page.ends_at is None:
            break
        after = page.ends_at
        for _ in range(3):
            if len(seen) < 60:
                add(FIRST_DAY + timedelta(days=random.randrange(10)))

    ids = [line.id for line in seen]
    assert len(ids) == len(set(ids))
    assert before <= set(ids)
    assert ids == [line.id for line in sorted(seen, key=lambda line: line.place, reverse=order == "newest")]


def test_a_user_has_their_own_and_those_of_their_groups(book: Book) -> None:
    book.run("INSERT INTO users (email, name) VALUES ('Bea@duewell.example', 'Bea')")
    book.run("INSERT INTO groups (name) VALUES ('Disputes'), ('Cash Collectors'), ('Others')")
    book.run(
        "INSERT INTO group_members SELECT g.id, u.id FROM groups g CROSS JOIN users u WHERE g.name <> 'Others'"
    )

    def owners(name: str) -> Any:
        return book.do(lambda session: owners_of(session, name))

    assert owners("bea@duewell.example") == ("Bea@duewell.example", "Cash Collectors", "Disputes")
    assert owners("Others") == ("Others",)


def test_what_is_put_off_is_listed_by_the_day_on_which_it_comes_back(book: Book) -> None:
    book.invoice(email=None)
    book.settle(1, "2026-05-29 08:30")
    book.run("UPDATE actions SET snoozed_until = '2026-06-10'")

    def listed(until: str) -> int:
        chosen = ActionFilter(states=("open",), listed_to=on(until))
        return len(book.do(lambda session: action_page(session, chosen, 10)).lines)

    assert (listed("2026-06-09"), listed("2026-06-10")) == (0, 1)


def read(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a plan that read the table of actions."""
    return (below for below in nodes_of(node) if below.get("Relation Name") == "actions")


def rows_read(node: dict[str, Any]) -> int:
    """Return how many rows the node really looked at."""
    return int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def test_a_page_reads_no_more_than_its_ranges_whatever_is_asked(many: Engine) -> None:
    lists = Random(7).sample(list(pages(ACTIONS)), 100)
    with many.connect() as connection:
        of_big_customer = connection.execute(
            text("SELECT count(*) FROM actions WHERE customer_id = 1")
        ).scalar_one()
    alone = [Asked(chosen, order, None) for chosen in choices(ACTIONS)[:40] for order in ("due", "newest")]
    for asked in [*alone, *lists]:

        def list_them(session: Session, asked: Asked = asked) -> None:
            action_page(session, asked.chosen, PAGE_LINES, asked.after, asked.order)

        ((_, plan),) = plans_of(many, list_them, ANALYZED)

        for node in read(plan):
            assert node["Node Type"] != "Seq Scan", asked
            # Of one customer, and of one invoice, the actions are picked by owner and cadence one by one.
            is_narrow = asked.chosen.customer_id is not None or asked.chosen.invoice_id is not None
            bound = of_big_customer if is_narrow else 0
            assert rows_read(node) <= max(RANGES_MAX * (PAGE_LINES + 1), bound), asked
            removed = node.get("Rows Removed by Filter", 0)
            assert removed == 0 or is_narrow, asked


def test_a_list_that_no_index_serves_would_be_noticed(many: Engine) -> None:
    def search(session: Session) -> None:
        session.execute(text("SELECT id FROM actions WHERE obstacle = 'x' ORDER BY id LIMIT 50"))

    ((_, plan),) = plans_of(many, search, ANALYZED)

    assert max(rows_read(node) for node in read(plan)) == ACTIONS
