"""Rounds of deliveries in the ledger: what is due, whose turn it is, and what is kept."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from activities.webhook_pauses import Pauses
from db.engine import Session
from db.operations.holds import pause
from db.operations.record_locks import lock_webhook_delivery, lock_webhook_record
from db.operations.refusal import Refused
from db.operations.webhook_deliveries import (
    Due,
    begin_round,
    due_deliveries,
    end_round,
    endpoints_to_tell,
    forget_deliveries,
    forget_removed,
    let_rest,
    record_delivered,
    record_failed,
)
from db.operations.webhooks import (
    ENDPOINTS_MAX,
    redeliver,
    redeliver_given_up,
    remove_endpoint,
    rotate_secret,
    start_endpoint,
    stop_endpoint,
)
from db.queries.webhooks import delivery_lines, endpoint_lines
from tests.db.book import Book, a_change
from tests.db.test_queries_are_bounded import nodes_of, plans_of
from tests.db.test_webhook_events import listen

NOW = datetime.now(UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def due(book: Book, endpoint: int, now: datetime = NOW) -> list[Due]:
    """Return what is due to the endpoint."""
    found: list[Due] = book.do(lambda session: due_deliveries(session, endpoint, now, 100))
    return found


def told(book: Book, now: datetime) -> list[int]:
    """Return the endpoints whose process is told now."""
    found: list[int] = book.do(lambda session: list(endpoints_to_tell(session, now, 100)))
    return found


def fail(book: Book, one: Due, due_at: datetime, *, given_up: bool = False) -> None:
    """Let the delivery fail."""
    ended_at = NOW if given_up else None
    book.do(lambda session: record_failed(session, one, 500, "500 Oops", due_at, ended_at=ended_at))


def test_a_later_event_of_an_invoice_waits_for_an_earlier_one_and_no_other_does(book: Book) -> None:
    endpoint = listen(book, "invoice.created", "payment.received")
    ids = [book.invoice(number) for number in ("INV-1", "INV-2")]
    for invoice_id in ids:
        book.pay(invoice_id, "100", "2026-06-02 09:00")
    first = due(book, endpoint)[0]

    fail(book, first, NOW + MINUTE)

    assert [one.invoice_id for one in due(book, endpoint)] == [ids[1], ids[1]]
    after = due(book, endpoint, NOW + MINUTE)
    assert [one.invoice_id for one in after] == [ids[0], ids[1], ids[0], ids[1]]
    assert (after[0].id, after[0].attempts) == (first.id, 1)
    fail(book, after[0], NOW, given_up=True)
    assert len(due(book, endpoint)) == 3


def test_what_was_never_tried_is_due_by_any_clock(book: Book) -> None:
    endpoint = listen(book, "invoice.created")
    book.invoice()

    assert len(due(book, endpoint, NOW - 10 * DAY)) == len(due(book, endpoint, NOW + 10 * DAY)) == 1


def test_a_round_says_when_the_next_one_is(book: Book) -> None:
    endpoint = listen(book, "invoice.created")
    assert book.do(lambda session: end_round(session, endpoint, NOW)).next_at is None
    for number in ("INV-1", "INV-2"):
        book.invoice(number)
    assert book.do(lambda session: end_round(session, endpoint, NOW)).next_at == NOW

    first, second = due(book, endpoint)
    fail(book, first, NOW + 3 * MINUTE)
    book.do(lambda session: record_delivered(session, second, 204, NOW))
    assert book.do(lambda session: end_round(session, endpoint, NOW)).next_at == NOW + 3 * MINUTE

    book.do(lambda session: let_rest(session, endpoint, "500 Oops", NOW, NOW + 5 * MINUTE))
    assert book.do(lambda session: end_round(session, endpoint, NOW)).next_at == NOW + 5 * MINUTE

    book.do(lambda session: stop_endpoint(session, endpoint, "they asked"))
    assert book.do(lambda session: end_round(session, endpoint, NOW)) is None
    assert book.do(lambda session: begin_round(session, endpoint, NOW)) is None


def test_a_process_is_told_once_for_what_is_owed(book: Book) -> None:
    endpoint, other = listen(book, "invoice.created"), listen(book, "payment.received")
    assert told(book, NOW) == []
    book.invoice()
    assert told(book, NOW) == [endpoint]
    assert told(book, NOW) == []

    # Whoever was told died.
    assert told(book, NOW + MINUTE) == [endpoint]
    book.do(lambda session: begin_round(session, endpoint, NOW + MINUTE))
    assert told(book, NOW + MINUTE + timedelta(seconds=30)) == []
    (one,) = due(book, endpoint)
    book.do(lambda session: record_delivered(session, one, 204, NOW))
    book.do(lambda session: end_round(session, endpoint, NOW + MINUTE))
    # From the end of a round on, news is told at once.
    book.invoice("INV-2")
    assert told(book, NOW + MINUTE) == [endpoint]
    assert other not in told(book, NOW + DAY)


def test_nobody_is_told_of_what_rests_or_waits_for_its_own_timer(book: Book) -> None:
    endpoint = listen(book, "invoice.created")
    book.invoice()
    (one,) = due(book, endpoint)
    fail(book, one, NOW + 2 * MINUTE)
    book.do(lambda session: let_rest(session, endpoint, "500 Oops", NOW, NOW + 2 * MINUTE))

    assert told(book, NOW + 2 * MINUTE) == []
    # Its process is not there any more.
    assert told(book, NOW + 4 * MINUTE) == [endpoint]

    book.do(lambda session: start_endpoint(session, endpoint))
    assert told(book, NOW) == [endpoint]


def test_two_secrets_sign_for_a_day(book: Book) -> None:
    endpoint = listen(book)
    until = book.do(lambda session: rotate_secret(session, endpoint, "whsec_BBBB", NOW))

    during = book.do(lambda session: begin_round(session, endpoint, NOW + DAY - MINUTE))
    after = book.do(lambda session: begin_round(session, endpoint, NOW + DAY))

    assert until == NOW + DAY
    assert (during.secrets, after.secrets) == (("whsec_BBBB", "whsec_AAAA"), ("whsec_BBBB",))


def test_what_is_over_is_forgotten_after_its_time_page_by_page(book: Book) -> None:
    endpoint, stopped = listen(book, "invoice.created"), listen(book, "invoice.created")
    for number in range(4):
        book.invoice(f"INV-{number}")
    delivered, given_up, *_ = due(book, endpoint)
    book.do(lambda session: record_delivered(session, delivered, 204, NOW))
    fail(book, given_up, NOW, given_up=True)
    book.do(lambda session: stop_endpoint(session, stopped, "they asked"))

    before = book.do(lambda session: forget_deliveries(session, NOW - DAY, 100))
    pages = [book.do(lambda session: forget_deliveries(session, NOW + DAY, 4)) for _ in range(3)]

    assert (before, pages) == (0, [4, 2, 0])
    assert book.rows("SELECT DISTINCT endpoint_id FROM webhook_deliveries") == [endpoint]
    assert book.one("SELECT count(*) FROM webhook_deliveries") == 2


def test_an_endpoint_that_is_removed_is_gone_at_once_and_what_it_was_owed_page_by_page(book: Book) -> None:
    removed, other = listen(book, "invoice.created"), listen(book, "invoice.created")
    for number in range(5):
        book.invoice(f"INV-{number}")
    (first, *_) = due(book, removed)
    fail(book, first, NOW)

    book.do(lambda session: remove_endpoint(session, removed))
    book.invoice("INV-5")

    assert told(book, NOW) == [other]
    assert (due(book, removed), book.do(lambda session: begin_round(session, removed, NOW))) == ([], None)
    assert [line.id for line in book.do(lambda session: endpoint_lines(session, NOW))] == [other]
    for chosen in (None, removed):
        for failed in (False, True):
            lines = book.do(partial(delivery_lines, limit=50, endpoint_id=chosen, failed=failed))
            assert {line.webhook for line in lines} <= {other}
    for order in (remove_endpoint, start_endpoint):
        with pytest.raises(Refused, match="there is no webhook"):
            book.do(partial(order, endpoint_id=removed))
    assert not book.do(lambda session: lock_webhook_record(session, removed))
    assert not book.do(lambda session: lock_webhook_delivery(session, removed, first.id))
    assert book.one("SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :id", id=removed) == 5

    pages = [book.do(lambda session: forget_removed(session, 2)) for _ in range(4)]

    assert pages == [2, 2, 1, 0]
    assert book.rows("SELECT id FROM webhook_endpoints") == [other]
    assert book.one("SELECT count(*) FROM webhook_deliveries") == 6


def test_a_removal_undoes_nothing_that_happens_at_the_same_moment(book: Book) -> None:
    endpoint, other = listen(book), listen(book)
    invoice_id = book.invoice()

    with book.engine.connect() as connection, Session(connection) as session:
        pause(session, invoice_id, None, None, a_change())
        # It takes no notice of the other transaction, and leaves to that what it owes.
        book.do(lambda session: remove_endpoint(session, endpoint))
        assert book.do(lambda session: forget_removed(session, 100)) == 0
        session.commit()

    assert book.do(lambda session: forget_removed(session, 100)) > 0
    assert set(book.rows("SELECT endpoint_id FROM webhook_deliveries")) == {other}
    assert book.rows("SELECT id FROM webhook_endpoints") == [other]


def test_what_happens_while_the_last_of_an_endpoint_goes_is_undone_by_nothing(book: Book) -> None:
    endpoint, other = listen(book, "invoice.created"), listen(book, "invoice.created")
    paying = threading.Thread(target=book.invoice)

    with book.engine.connect() as connection, Session(connection) as session:
        remove_endpoint(session, endpoint)
        session.flush()
        assert forget_removed(session, 100) == 0
        paying.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        for _ in range(500):
            if book.one(waiting):
                break
        session.commit()
    paying.join(10)

    assert book.rows("SELECT endpoint_id FROM webhook_deliveries") == [other]


def test_there_are_only_so_many_endpoints(book: Book) -> None:
    for _ in range(ENDPOINTS_MAX):
        listen(book)

    with pytest.raises(Refused, match="remove one"):
        listen(book)


def test_pauses_double_to_the_longest_and_are_the_same_each_time() -> None:
    pauses = Pauses()
    all_of_one = [pauses.after(failures, "delivery 1") for failures in range(1, pauses.attempts_max)]

    for number, one in enumerate(all_of_one):
        exact = min(2**number * MINUTE, timedelta(hours=6))
        assert 0.9 * exact <= one <= 1.1 * exact
    assert all_of_one == [pauses.after(failures, "delivery 1") for failures in range(1, pauses.attempts_max)]
    assert len({pauses.after(1, f"delivery {number}") for number in range(100)}) == 100
    assert 3.4 * DAY < sum(all_of_one, timedelta()) < 4.2 * DAY
    assert pauses.after(10_000, "delivery 1") <= timedelta(hours=6.6)


_FILL = """
INSERT INTO webhook_deliveries
       (endpoint_id, event_id, kind, invoice_id, payload, state, attempts, due_at, ended_at, created_at)
SELECT 1 + n % 2, 'evt_' || n, 'invoice.created', 1, '{}', CASE WHEN n % 10 < 5 THEN 'delivered' ELSE 'owed' END,
       CASE WHEN n % 10 < 5 OR n % 100 = 99 THEN 1 ELSE 0 END, now() + n * interval '1 second',
       CASE WHEN n % 10 < 5 THEN now() END, now() - n * interval '1 minute'
  FROM generate_series(1, 20000) n
"""


_WORK: list[Callable[[Session], Any]] = [
    lambda session: begin_round(session, 1, NOW),
    lambda session: due_deliveries(session, 1, NOW, 20),
    lambda session: due_deliveries(session, 1, NOW, 1, untried=True),
    lambda session: end_round(session, 1, NOW),
    lambda session: endpoints_to_tell(session, NOW, 100),
    lambda session: forget_deliveries(session, NOW - 10 * DAY, 100),
    lambda session: redeliver(session, 4711),
    lambda session: redeliver_given_up(session, 1, 100),
    lambda session: remove_endpoint(session, 2),
    lambda session: forget_removed(session, 100),
    lambda session: start_endpoint(session, 1),
    lambda session: endpoint_lines(session, NOW),
    lambda session: delivery_lines(session, 50, 1, failed=False),
    lambda session: delivery_lines(session, 50, None, failed=False),
    lambda session: delivery_lines(session, 50, 1, failed=True),
]


def test_no_statement_reads_all_deliveries(book: Book) -> None:
    book.invoice()
    for _ in range(2):
        listen(book)
    book.run(_FILL)
    book.run("ANALYZE webhook_deliveries")

    for work in _WORK:
        for statement, plan in plans_of(book.engine, work):
            for node in nodes_of(plan):
                is_whole = node["Node Type"] == "Seq Scan" and node["Relation Name"] == "webhook_deliveries"
                is_all_in_order = node.get("Index Name") == "pk_webhook_deliveries" and "Index Cond" not in node
                asks_for_all = "ORDER BY d.id DESC" in statement and "WHERE d." not in statement
                assert not is_whole, statement
                assert not is_all_in_order or asks_for_all, statement
