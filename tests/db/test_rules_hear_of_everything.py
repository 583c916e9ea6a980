"""Whatever changes a fact that rules can ask about asks them: asked once more, they have nothing new to say."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.operations.arrival.invoices import take_invoice
from db.operations.assignment import reassign, release_to_rules, restart
from db.operations.change import Change
from db.operations.disputes import dispute, resolve
from db.operations.due_dates import change_due_date
from db.operations.holds import pause, resume
from db.operations.invoice_states import end_invoice, reinstate, set_hidden
from db.operations.promises import promise
from db.operations.refusal import Refused
from db.operations.rules.asked import ask_rules
from db.operations.settle import settle
from db.operations.settlement.payments import pay
from db.operations.settlement.reversals import reverse
from db.operations.settlement.settlements import take_credit_note, take_payment
from db.operations.settlement.stated import Allocation, StatedCreditNote, StatedPayment
from db.operations.todos import Ending, complete_action
from db.queries.rule_standings import read_standings
from dunning.cadence import Channel
from dunning.events import Resolution
from dunning.facts import InvoiceState
from rules.index import Event
from tests.db.book import Book, an_invoice, at, on
from tests.db.rules import add_rule, log_of
from tests.dunning.builders import a_step, reminders
from tests.dunning.seeds import NAIVE_SEED

STEPS = int(os.environ.get("RULE_STEPS", "80"))
_IDS = text("SELECT id FROM invoices ORDER BY id FOR UPDATE")
TODAY = "2026-06-25"
# A rule for each field, on both sides of which an invoice gets.
ASKED = (
    *(f'status is "{one}"' for one in ("not due", "due", "overdue", "disputed", "paid", "draft", "void")),
    *('status is "written off"', "aging is not due", "aging is 1-30", "aging is 31-60", "aging is empty"),
    *("due date on or before 2026-06-10", "issue date before 2026-05-02", "payment date is empty"),
    *("outstanding < 600", "paid > 300", "total > 1000", "cadence is W-EU", "cadence is empty"),
    *("visibility is hidden", 'number contains "B"', "PO number is empty", "customer.custom.plan is VIP"),
    'invoice.custom.note is "x"',
)
DECIDING = (
    "outstanding < 400 then assign W-KEY",
    "PO number is PO-1 then assign W-EU",
    'invoice.custom.note is "x" then assign none',
    "customer.custom.plan is VIP then hide",
    "status is disputed then show",
    "cadence is W-EU then hide",
)


@pytest.fixture
def asked(book: Book) -> Book:
    """A ledger with all these rules and two invoices of one customer."""
    book.set(tolerance=Decimal(5))
    book.publish(reminders(3, name="W-EU"))
    # With a to-do that is open on the day, so that its outcome can be a dispute.
    book.publish(replace(reminders(1, name="W-KEY"), steps=(a_step("S0", 1, Channel.CALL),)))
    book.run("INSERT INTO groups (name) VALUES ('Team')")
    for entity, key in (("customer", "plan"), ("invoice", "note")):
        book.run(
            "INSERT INTO custom_fields (entity, key, type, label) VALUES (:entity, :key, 'text', :key)",
            entity=entity,
            key=key,
        )
    for deciding in DECIDING:
        add_rule(book, deciding)
    for number, condition in enumerate(ASKED):
        add_rule(book, f'{condition} then notify Team by email "{{{{ invoice.number }}}}"', f"asks {number}")
    book.invoice("INV-1", moment=f"{TODAY} 06:00")
    book.invoice("INV-2", moment=f"{TODAY} 06:00", due_on=None)
    return book


Work = Callable[[Session, int, Change], object]


def amount(random: Random) -> Decimal:
    return random.choice([Decimal(100), Decimal(350), Decimal(500), Decimal(998), Decimal(1000)])


def stated(random: Random) -> Work:
    """Return an import: anything may be stated otherwise than before."""
    incoming = replace(
        an_invoice(random.choice(["INV-1", "INV-2", "INV-3"])),
        number=random.choice([None, None, "B-1"]),
        po_number=random.choice([None, "PO-1"]),
        due_on=random.choice([None, on("2026-06-01"), on("2026-06-25"), on("2026-07-10")]),
        issued_on=random.choice([on("2026-05-02"), on("2026-04-20")]),
        state=random.choice([InvoiceState.OPEN, InvoiceState.OPEN, InvoiceState.DRAFT, InvoiceState.VOID]),
        is_disputed=random.random() < 0.2,
        total=random.choice([Decimal(1000), Decimal(1500)]),
        paid=random.choice([Decimal(0), Decimal(0), Decimal(350), Decimal(998)]),
        payment_term_days=random.choice([None, None, 10, 60]),
        custom=random.choice([(), (("note", "x"),), (("note", None),)]),
        customer_custom=random.choice([(), (("plan", "VIP"),), (("plan", None),)]),
    )
    return lambda session, _, change: take_invoice(session, incoming, change)


def money(random: Random) -> Work:
    """Return a payment or a credit note over some invoices, stated anew or taken back."""
    on_day, ended = on(TODAY), random.random() < 0.4
    invoices = random.sample(["INV-1", "INV-2", "INV-3"], random.choice([1, 2]))
    allocations = tuple(Allocation(one, None) for one in invoices)
    if random.random() < 0.5:
        paid = StatedPayment(
            random.choice(["P-1", "P-2"]),
            "C-1",
            "EUR",
            amount(random),
            random.choice([on_day, on("2026-06-20")]),
            reversed_on=on_day if ended else None,
            allocations=allocations,
        )
        return lambda session, _, change: take_payment(session, paid, change)
    note = StatedCreditNote(
        "CN-1", "CN-1", "C-1", "EUR", amount(random), on_day, on_day if ended else None, allocations
    )
    return lambda session, _, change: take_credit_note(session, note, change)


OPERATIONS: tuple[Callable[[Random], Work], ...] = (
    stated,
    stated,
    money,
    money,
    lambda random: lambda session, id_, change: pay(session, id_, amount(random), change),
    lambda random: lambda session, id_, change: reverse(session, id_, amount(random), change),
    lambda random: (
        lambda session, id_, change: change_due_date(
            session, id_, change.on + timedelta(days=random.choice([-40, -1, 0, 20])), change
        )
    ),
    lambda random: (
        lambda session, id_, change: end_invoice(
            session, id_, random.choice([InvoiceState.VOID, InvoiceState.WRITTEN_OFF]), change
        )
    ),
    lambda _: reinstate,
    lambda random: lambda session, id_, change: set_hidden(session, id_, random.random() < 0.5, change),
    lambda _: lambda session, id_, change: dispute(session, id_, None, change),
    lambda random: lambda session, id_, change: resolve(session, id_, random.choice(list(Resolution)), change),
    lambda random: (
        lambda session, id_, change: reassign(
            session, id_, random.choice(["W-EU", "W-KEY", "Standard", None]), change
        )
    ),
    lambda _: release_to_rules,
    lambda _: restart,
    lambda random: (
        lambda session, id_, change: complete_action(
            session, id_, None, Ending(random.choice(["disputed", "reached", "ignored"])), change
        )
    ),
    lambda _: lambda session, id_, change: promise(session, id_, on("2026-07-01"), None, change),
    lambda _: lambda session, id_, change: pause(session, id_, None, None, change),
    lambda _: resume,
    lambda _: settle,
)


def moments() -> Iterator[Change]:
    """Yield the minutes of one day: what time changes is told to rules by their clock."""
    now = at(f"{TODAY} 07:00")
    while True:
        now += timedelta(minutes=1)
        yield Change(now, now.date(), "ana", event_id=f"e-{now:%H%M}")


def test_asked_again_rules_have_nothing_new_to_say_whatever_happened(asked: Book) -> None:
    random = Random(NAIVE_SEED)
    done = 0
    for change, _ in zip(moments(), range(STEPS), strict=False):
        operation = random.choice(OPERATIONS)
        work, invoice_id = operation(random), random.choice(asked.rows("SELECT id FROM invoices ORDER BY id"))

        def carry_out(session: Session) -> None:
            work(session, invoice_id, change)  # noqa: B023

        try:
            asked.do(carry_out)
        except Refused:
            continue
        done += 1
        place = f"NAIVE_SEED={NAIVE_SEED}, step {done}, operation {OPERATIONS.index(operation)}"
        asked.do(lambda session: _ask_again(session, change, place))  # noqa: B023

    assert done > STEPS / 3
    became = {entry[2] for id_ in asked.rows("SELECT id FROM invoices") for entry in log_of(asked, id_)}
    assert {"applied", "notified"} <= became, "rules that never act would prove nothing"


def _ask_again(session: Session, change: Change, place: str) -> None:
    ids = list(session.scalars(_IDS))
    before = read_standings(session, ids)
    for id_, outcome in ask_rules(session, ids, Event.UPDATED, change).items():
        assert (outcome.applied, outcome.notifies) == ((), ()), f"{place}: invoice {id_}, {outcome}"
        assert outcome.recorded == before[id_].recorded, f"{place}: invoice {id_}, {outcome}"
