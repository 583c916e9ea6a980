"""How a sender's limits are kept by several workers at once: a real ledger, a real mail server, real threads."""

import heapq
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from threading import Condition

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.collection import CollectionActivities
from activities.interface import Plan, SendRequest
from db.engine import Engine
from db.operations.messages.senders import NewSender, add_sender
from mailer.smtp import SmtpServer, SmtpTransport
from tests.db.book import Book, at
from tests.scenarios.mail_server import MailServer

OWN = "ar@duewell.example"
MINUTE = timedelta(minutes=1)
# A Thursday on which the reminder is due.
START = at("2026-06-04 10:00")


class Workers:
    """Activities on a ledger and a mail server; each attempt begins at a moment that the test says."""

    def __init__(self, book: Book, server: MailServer) -> None:
        self.book, self.server = book, server
        self._activities = CollectionActivities(book.engine, SmtpTransport(SmtpServer.from_url(server.url)))

    def limit(self, minute_max: int | None = None, day_max: int | None = None) -> None:
        """Limit the organization's own address."""
        new = NewSender(OWN, "Duewell Test", minute_max=minute_max, day_max=day_max)
        self.book.do(lambda session: add_sender(session, new, START))

    def invoices(self, count: int) -> list[int]:
        """Take in so many invoices of as many customers."""
        return [
            self.book.invoice(f"INV-{number}", customer_id=f"C-{number}", email=f"c{number}@helios.example")
            for number in range(1, count + 1)
        ]

    def attempt(self, invoice_id: int, now: datetime) -> Plan | timedelta:
        """Let an attempt begin, and return its plan, or after how long it is made again."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=now)
        try:
            plan: Plan = environment.run(self._activities.send_message, SendRequest(invoice_id=invoice_id))
        except ApplicationError as again:
            if again.next_retry_delay is None:
                raise
            return again.next_retry_delay
        return plan


@pytest.fixture
def workers(engine: Engine) -> Iterator[Workers]:
    """Workers with an hour of sending that never ends."""
    book = Book(engine)
    book.set(time_zone="Europe/Paris", send_time=time(0), send_until=time(23, 59, 59), jitter_minutes=0)
    with MailServer().running() as server:
        yield Workers(book, server)


class Day:
    """Attempts by several threads, in the order of their moments.

    They begin up to three seconds late, and one in ten so late that its turn is over.
    """

    def __init__(self, workers: Workers, invoice_ids: list[int], seed: int) -> None:
        self._workers = workers
        self._chance = random.Random(seed)
        self._turn = Condition()
        self._waiting = [(START, invoice_id) for invoice_id in invoice_ids]
        heapq.heapify(self._waiting)
        self._busy = 0
        self.attempts = 0
        self.sent: list[datetime] = []

    def live_through(self, threads: int) -> None:
        """Let so many threads make attempts until nothing waits any more."""
        with ThreadPoolExecutor(threads) as pool:
            for one in [pool.submit(self._work) for _ in range(threads)]:
                one.result()
        self.sent.sort()

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting or not self._busy)
                if not self._waiting:
                    return
                moment, invoice_id = heapq.heappop(self._waiting)
                is_late = self._chance.random() < 0.1
                now = moment + timedelta(seconds=self._chance.uniform(*((5, 20) if is_late else (0, 3))))
                self._busy += 1
                self.attempts += 1
            ended = None
            try:
                ended = self._workers.attempt(invoice_id, now)
            finally:
                with self._turn:
                    self._busy -= 1
                    if isinstance(ended, timedelta):
                        heapq.heappush(self._waiting, (now + ended, invoice_id))
                    elif ended is not None:
                        self.sent.append(now)
                    self._turn.notify_all()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_minute_has_more_than_it_may_and_nothing_is_lost(workers: Workers, seed: int) -> None:
    """Rule 8.4."""
    workers.limit(minute_max=5)
    invoice_ids = workers.invoices(20)

    day = Day(workers, invoice_ids, seed)
    day.live_through(threads=4)

    assert len(day.sent) == 20
    assert len(workers.server.message_ids) == len(workers.server.accepted) == 20
    for place, moment in enumerate(day.sent):
        assert sum(other < moment + MINUTE for other in day.sent[place:]) <= 5
    # One attempt that asks for a turn, one in it, and few that came too late for theirs.
    assert day.attempts <= 2 * 20 + 10
    assert workers.book.rows("SELECT DISTINCT state FROM actions") == ["done"]


def test_what_the_day_has_no_room_for_goes_out_on_the_next_business_day(workers: Workers) -> None:
    workers.limit(day_max=2)
    *_, first, second, third = workers.invoices(3)
    for invoice_id in (first, second):
        workers.attempt(invoice_id, START)

    plan = workers.attempt(third, START)

    assert isinstance(plan, Plan)
    assert (plan.stage, plan.step, plan.wake_at) == ("waiting", "reminder", at("2026-06-05 00:00"))
    assert "the sender has reached its limit" in plan.sentence
    assert workers.book.messages(third) == [("reminder", "deferred")]
    assert isinstance(workers.attempt(third, at("2026-06-05 00:00")), Plan)
    assert workers.book.messages(third) == [("reminder", "sent")]


def test_a_message_that_waits_for_its_turn_is_not_sent_once_it_is_paid(workers: Workers) -> None:
    workers.limit(minute_max=1)
    first, second = workers.invoices(2)
    workers.attempt(first, START)
    wait = workers.attempt(second, START)
    assert isinstance(wait, timedelta)

    workers.book.pay(second, "1000.00", "2026-06-04 10:00")
    plan = workers.attempt(second, START + wait)

    assert isinstance(plan, Plan)
    assert plan.ends
    assert len(workers.server.accepted) == 1
    assert workers.book.messages(second) == [("reminder", "withdrawn")]


def test_a_turn_stays_the_same_for_who_comes_too_early(workers: Workers) -> None:
    workers.limit(minute_max=1)
    first, second = workers.invoices(2)
    workers.attempt(first, START)

    wait = workers.attempt(second, START)
    again = workers.attempt(second, START + timedelta(seconds=10))

    assert isinstance(wait, timedelta)
    assert again == wait - timedelta(seconds=10)


def test_senders_without_limits_wait_for_nobody(workers: Workers) -> None:
    invoice_ids = workers.invoices(3)

    assert all(isinstance(workers.attempt(invoice_id, START), Plan) for invoice_id in invoice_ids)
    assert workers.book.rows("SELECT slot_at FROM actions WHERE slot_at IS NOT NULL") == []
