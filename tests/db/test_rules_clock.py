"""Tests of the clock of smart rules: what time makes of an invoice is raised once, on its local day."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from db.engine import Session
from db.operations.change import Change
from db.operations.rules.clock import ages_asked_for, turn_page
from db.operations.rules.smart_rules import add_rule
from intake.rules_clock import turn_clock_some
from rules.read_rule import read_rule
from rules.rule import Definition
from tests.db.book import Book, a_change, at
from tests.dunning.builders import reminders
from tests.rules.random_rules import CATALOGUE
from tests.rules.test_outcomes import rules

OVERDUE = 'status is overdue then notify "Cash Collectors" by email "{{ invoice.number }}"'
_RAISED = (
    "SELECT i.number, l.on_date::text, l.event, l.slot, l.became FROM rule_log l JOIN invoices i"
    " ON i.id = l.invoice_id ORDER BY l.id"
)
# Turns the clock by pages of one, and says so after each.
_TURN = """
import sys
import intake.rules_clock as clock
from datetime import datetime
from db.engine import make_engine
clock.PAGE = 1
while clock.turn_clock_some(make_engine(sys.argv[1]), datetime.fromisoformat(sys.argv[2])):
    print("turned", flush=True)
"""


def add(book: Book, *texts: str) -> None:
    """Add active rules, from the top."""

    def work(session: Session) -> None:
        for text in texts:
            definition = read_rule(text, CATALOGUE)
            assert isinstance(definition, Definition), definition
            add_rule(session, text[:50], definition, a_change("2026-05-04 09:00"), is_active=True)

    book.run("INSERT INTO groups (name) VALUES ('Cash Collectors')")
    book.do(work)


def turn(book: Book, moment: str) -> None:
    """Turn the clock to the end."""
    while turn_clock_some(book.engine, at(moment)):
        pass


def test_an_invoice_is_raised_once_when_it_becomes_overdue_whatever_was_missed(book: Book) -> None:
    book.publish(reminders(1, name="W-KEY"))
    add(book, "status is overdue then assign W-KEY", "aging is any of 31-60 then hide", OVERDUE)
    book.set(payment_term_days=30)
    turn(book, "2026-05-30 09:00")
    book.invoice("DUE")
    book.invoice("TERM", due_on=None)
    book.invoice("LATER", due_on=at("2026-06-04 09:00").date())
    book.pay(book.invoice("PAID"), "1000.00", "2026-05-05 09:00")
    before = len(book.owed())

    turn(book, "2026-06-01 23:59")
    assert book.rows(_RAISED) == []
    turn(book, "2026-06-04 09:00")
    turn(book, "2026-06-04 09:20")
    once = [
        (number, "2026-06-04", "updated", slot, became)
        for number in ("DUE", "TERM")
        for slot, became in (("cadence", "applied"), ("notification", "notified"))
    ]
    assert sorted(book.rows(_RAISED)) == sorted(once)
    assert len(book.owed()) - before == 2
    turn(book, "2026-06-05 00:00")
    assert book.rows(_RAISED)[4:] == [
        ("LATER", "2026-06-05", "updated", "cadence", "applied"),
        ("LATER", "2026-06-05", "updated", "notification", "notified"),
    ]
    turn(book, "2026-07-02 00:01")
    raised = [("DUE", "2026-07-02", "updated", "visibility", "applied")]
    assert book.rows(_RAISED)[6:] == [*raised, ("TERM", *raised[0][1:])]
    assert book.rows("SELECT count(*) FROM organization WHERE rules_clock_on = '2026-07-02'") == [1]


def test_a_new_ledger_begins_today_and_raises_nothing(book: Book) -> None:
    add(book, OVERDUE)
    book.invoice()
    turn(book, "2026-07-01 09:00")

    assert book.rows("SELECT rules_clock_on::text FROM organization") == ["2026-07-01"]
    assert book.rows(_RAISED) == []


def test_days_are_those_of_the_organization_whatever_its_midnight_is_like(book: Book) -> None:
    """In Cairo the clocks went from 23:59 to 01:00 on 24 April 2026; a move to the west repeats a day."""
    book.set(time_zone="Africa/Cairo")
    add(book, OVERDUE)
    turn(book, "2026-04-20 09:00")
    issued_on, due_on = at("2026-04-01 09:00").date(), at("2026-04-23 09:00").date()
    book.invoice(moment="2026-04-20 10:00", issued_on=issued_on, due_on=due_on)

    turn_clock_some(book.engine, datetime(2026, 4, 23, 21, 59, tzinfo=UTC))
    assert book.rows(_RAISED) == []
    turn_clock_some(book.engine, datetime(2026, 4, 23, 22, 0, tzinfo=UTC))
    assert [row[1] for row in book.rows(_RAISED)] == ["2026-04-24"]
    book.set(time_zone="Pacific/Honolulu")
    for hour in range(0, 48, 6):
        turn_clock_some(book.engine, datetime(2026, 4, 24 + hour // 24, hour % 24, tzinfo=UTC))
    assert len(book.rows(_RAISED)) == 1


def test_one_invoice_that_cannot_be_decided_holds_up_no_other(book: Book) -> None:
    book.publish(reminders(1, name="W-KEY"))
    add(book, "status is overdue then assign W-KEY")
    turn(book, "2026-05-30 09:00")
    ids = [book.invoice(f"INV-{number}") for number in range(3)]
    # No decision knows that day.
    book.pause(ids[1], "2026-05-30 10:00")
    book.run("UPDATE holds SET until_on = 'infinity'")

    change = Change(at("2026-06-02 00:00"), at("2026-06-02 00:00").date(), event_id="day")
    turned = book.do(lambda session: turn_page(session, change, 10))

    assert list(turned.failed) == [ids[1]]
    assert [row[0] for row in book.rows(_RAISED)] == ["INV-0", "INV-2"]


def test_a_clock_that_is_killed_between_pages_raises_each_invoice_once(book: Book) -> None:
    add(book, OVERDUE)
    turn(book, "2026-05-30 09:00")
    numbers = [f"INV-{number}" for number in range(30)]
    for number in numbers:
        book.invoice(number)
    url = book.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _TURN, url, at("2026-06-02 00:00").isoformat()]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        lines = iter(killed.stdout.readline, "")
        assert [next(line for line in lines if line == "turned\n") for _ in range(5)]
        killed.kill()
    assert 5 <= len(book.rows(_RAISED)) < len(numbers)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda _: turn(book, "2026-06-02 00:10"), range(3)))
    turn(book, "2026-06-02 00:20")

    assert sorted(row[0] for row in book.rows(_RAISED)) == sorted(numbers)
    assert book.one("SELECT count(*) FROM rule_notifications") == len(numbers)


def test_ages_are_raised_that_rules_ask_for_by_days_from_today() -> None:
    asked = rules("due date in next 7 days then hide", "due date in last 45 days and total > 1 then show")

    assert ages_asked_for(asked) == {-7, 1, 0, 46}
