"""After any history of payments, credit notes and statements, the ledger agrees with a naive one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from db.engine import Session
from db.operations.arrival.invoices import take_invoice
from db.operations.refusal import Refused
from db.operations.settlement import settlements
from db.operations.settlement.payments import pay
from db.operations.settlement.reversals import reverse
from db.operations.settlement.stated import Allocation, Automatic, StatedCreditNote, StatedPayment
from db.queries.balances import balances_of
from db.queries.settled import mistaken_page
from db.queries.settlements import credit_note_id_of, credit_note_view, payment_id_of, payment_view
from tests.db.book import Book, a_change, an_invoice, on
from tests.db.naive_ledger import NaiveInvoice, NaiveLedger, Named, Nonsense, Purse

MOMENT = "2026-06-08 10:00"
TODAY = date(2026, 6, 8)
# Three of one customer in one currency, one in another, and one of somebody else; each due after the one before.
INVOICES = (("C-1", "EUR"), ("C-1", "EUR"), ("C-1", "EUR"), ("C-1", "USD"), ("C-2", "EUR"))
CREDIT_NOTE = "CN-1"

CENTS = st.integers(1, 12) | st.integers(0, 1_500)
NUMBER = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4])
NAMES = st.sampled_from(["P-1", "P-2", CREDIT_NOTE])
WHOSE = st.sampled_from([("C-1", "EUR")] * 6 + [("C-1", "USD"), ("C-2", "EUR")])
_books = count()


def money(cents: int) -> Decimal:
    """Return cents as an amount."""
    return Decimal(cents).scaleb(-2)


class Settlements(RuleBasedStateMachine):
    """The two ledgers side by side."""

    book: Book

    @initialize(
        totals=st.lists(st.integers(100, 1_000), min_size=len(INVOICES), max_size=len(INVOICES)),
        paid=st.integers(0, 100),
        payment=st.integers(1, 1_500),
        credit=st.integers(1, 300),
    )
    def begin(self, totals: list[int], paid: int, payment: int, credit: int) -> None:
        """Write the invoices, one of them paid in part, and let a payment and a credit note settle some."""
        self.number = next(_books)
        invoices = [NaiveInvoice(*of, total) for of, total in zip(INVOICES, totals, strict=True)]
        self.naive = NaiveLedger(invoices)
        for number in range(len(INVOICES)):
            self.book.take(self.incoming(number))
        self.ids = [self.book.id_of(self.called(number)) for number in range(len(INVOICES))]
        self.states_what_is_paid(0, None, paid)
        self.state(CREDIT_NOTE, INVOICES[0], credit, {0: None, 1: None})
        self.state("P-1", INVOICES[0], payment, {0: None, 1: None})

    def called(self, number: int) -> str:
        """Return what an invoice is called."""
        return f"INV-{self.number}-{number}"

    def incoming(self, number: int, **changed: Any) -> Any:
        """Return an invoice as the accounts state it."""
        one = self.naive.invoices[number]
        stated = {"total": money(one.total), "paid": money(one.column)} | changed
        return an_invoice(
            self.called(number), customer_id=f"{one.customer}-{self.number}", currency=one.currency,
            due_on=on(f"2026-06-{number + 1:02}"), email=f"{one.customer}-{self.number}@a.example", **stated,
        )  # fmt: skip

    def both(self, naively: Callable[[], None], really: Callable[[Session], Any]) -> None:
        """Do it in both ledgers: they take it both, or refuse it both."""
        try:
            naively()
            is_sound = True
        except Nonsense:
            is_sound = False
        try:
            self.book.do(really)
            is_taken = True
        except Refused:
            is_taken = False
        assert is_taken == is_sound

    def state(self, name: str, whose: tuple[str, str], cents: int, named: Named, oldest: bool = False) -> None:
        """State a payment or a credit note."""
        customer, currency = whose
        allocations = tuple(
            Allocation(self.called(number), None if one is None else money(one)) for number, one in named.items()
        )
        automatic = Automatic.OLDEST if oldest else Automatic.NONE
        common: dict[str, Any] = {
            "external_id": f"{name}-{self.number}",
            "customer_id": f"{customer}-{self.number}",
        }
        common |= {"currency": currency, "allocations": allocations, "automatic": automatic}
        change = a_change(MOMENT)

        def really(session: Session) -> Any:
            if name == CREDIT_NOTE:
                note = StatedCreditNote(**common, number=name, total=money(cents), issued_on=TODAY)
                return settlements.take_credit_note(session, note, change)
            payment = StatedPayment(**common, amount=money(cents), received_on=TODAY)
            return settlements.take_payment(session, payment, change, "import")

        purse = Purse(name != CREDIT_NOTE, customer, currency, cents, 0, (cents, named))
        order = list(range(len(INVOICES))) if oldest else None
        self.both(lambda: self.naive.state(name, purse, named, oldest=order), really)

    @rule(name=NAMES, whose=WHOSE, cents=CENTS, named=st.dictionaries(NUMBER, CENTS, max_size=3))
    def states(self, name: str, whose: tuple[str, str], cents: int, named: Named) -> None:
        """State a payment or a credit note, new or not, with amounts for its invoices."""
        self.state(name, whose, cents, named)

    @rule(name=NAMES, cents=CENTS, named=st.lists(NUMBER, max_size=3, unique=True), oldest=st.booleans())
    def states_without_amounts(self, name: str, cents: int, named: list[int], oldest: bool) -> None:
        """State a payment or a credit note that takes what it finds."""
        oldest = oldest and name not in self.naive.purses
        self.state(name, ("C-1", "EUR"), cents, dict.fromkeys(named), oldest)

    def existing(self, name: str) -> str:
        """Return one that is there: nothing is learned from what is not."""
        return name if name in self.naive.purses else "P-1"

    @rule(name=NAMES, more=st.integers(-300, 300))
    def states_another_amount(self, name: str, more: int) -> None:
        """State the same with another amount, or just the same."""
        name = self.existing(name)
        purse = self.naive.purses[name]
        amount, named = purse.stated
        self.state(name, (purse.customer, purse.currency), amount + more, named)

    def of_ledger(self, name: str, what: str) -> tuple[Callable[..., Any], int]:
        """Return the operation on it, and its id."""
        called, kind = f"{name}-{self.number}", "credit_note" if name == CREDIT_NOTE else "payment"
        find = credit_note_id_of if name == CREDIT_NOTE else payment_id_of
        found: int | None = self.book.do(lambda session: find(session, called))
        return getattr(settlements, f"{what}_{kind}"), found or 0

    @rule(name=NAMES, number=NUMBER, cents=st.none() | CENTS)
    def allocates(self, name: str, number: int, cents: int | None) -> None:
        """Let more of it settle an invoice."""
        name = self.existing(name)
        allocate, id_ = self.of_ledger(name, "allocate")
        to = [Allocation(self.called(number), None if cents is None else money(cents))]
        self.both(
            lambda: self.naive.allocate(name, number, cents),
            lambda session: allocate(session, id_, to, a_change(MOMENT)),
        )

    @rule(name=NAMES, number=NUMBER)
    def unallocates(self, name: str, number: int) -> None:
        """Take it off an invoice."""
        name = self.existing(name)
        number = next(iter(self.naive.purses[name].on), number)
        unallocate, id_ = self.of_ledger(name, "unallocate")
        self.both(
            lambda: self.naive.unallocate(name, number),
            lambda session: unallocate(session, id_, [self.called(number)], a_change(MOMENT)),
        )

    @rule(name=NAMES)
    def ends(self, name: str) -> None:
        """Reverse the payment, or make the credit note void."""
        name = self.existing(name)
        end, id_ = self.of_ledger(name, "void" if name == CREDIT_NOTE else "reverse")
        self.both(lambda: self.naive.end(name), lambda session: end(session, id_, TODAY, a_change(MOMENT)))

    @rule(number=NUMBER, cents=CENTS)
    def pays(self, number: int, cents: int) -> None:
        """Book a payment on one invoice by hand."""
        change, id_ = a_change(MOMENT), self.ids[number]
        self.both(lambda: self.naive.pay(number, cents), lambda session: pay(session, id_, money(cents), change))

    @rule(number=NUMBER, cents=CENTS)
    def reverses(self, number: int, cents: int) -> None:
        """Take some of what was paid on one invoice back."""
        change, id_ = a_change(MOMENT), self.ids[number]
        self.both(
            lambda: self.naive.reverse(number, cents), lambda session: reverse(session, id_, money(cents), change)
        )

    @rule(number=NUMBER, total=st.none() | st.integers(1, 1_200), paid=CENTS)
    def states_what_is_paid(self, number: int, total: int | None, paid: int) -> None:
        """State an invoice again, with another total or what is paid of it."""
        total = total or self.naive.invoices[number].total
        stated = self.incoming(number, total=money(total), paid=money(paid))
        change = replace(a_change(MOMENT), by="import")
        self.both(
            lambda: self.naive.column(number, total, paid), lambda session: take_invoice(session, stated, change)
        )

    @invariant()
    def agrees(self) -> None:
        """Compare everything that is derived."""
        if hasattr(self, "ids"):
            self.book.do(self._compare)

    def _compare(self, session: Session) -> None:
        assert mistaken_page(session, self.ids[0] - 1, 100)[0] == []
        owed: dict[tuple[str, str], list[int]] = {}
        for number, invoice in enumerate(self.naive.invoices):
            outstanding = self.naive.outstanding(number)
            assert outstanding >= 0
            owed.setdefault((invoice.customer, invoice.currency), []).append(outstanding)
        rows = session.execute(
            text("SELECT i.outstanding, c.state FROM invoices i LEFT JOIN collections c ON c.invoice_id = i.id"
                 " WHERE i.id = ANY(:ids) ORDER BY i.id"), {"ids": self.ids},
        ).all()  # fmt: skip
        expected = [self.naive.outstanding(number) for number in range(len(INVOICES))]
        assert [row.outstanding for row in rows] == [money(cents) for cents in expected]
        assert [row.state for row in rows] == ["active" if cents else "paid" for cents in expected]
        left: dict[tuple[str, str], int] = {}
        for name, purse in self.naive.purses.items():
            _, id_ = self.of_ledger(name, "allocate")
            view = (credit_note_view if name == CREDIT_NOTE else payment_view)(session, id_)
            assert view is not None
            assert view.unallocated == money(purse.left)
            whose = purse.customer, purse.currency
            left[whose] = left.get(whose, 0) + purse.left
        for customer in ("C-1", "C-2"):
            id_ = session.scalars(
                text("SELECT id FROM customers WHERE external_id = :name"), {"name": f"{customer}-{self.number}"}
            ).one()
            for balance in balances_of(session, id_, TODAY):
                whose = customer, balance.currency
                assert balance.outstanding == money(sum(owed.get(whose, [])))
                assert balance.unallocated_payments + balance.unallocated_credits == money(left.get(whose, 0))


def explore(book: Book, examples: int) -> None:
    """Live through so many histories."""
    book.set(partial_payment_hold_days=3)
    machine = type("Machine", (Settlements,), {"book": book})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=14, deadline=None)
    )


def test_the_ledger_agrees_with_a_naive_one_after_any_history_of_money(book: Book) -> None:
    explore(book, 10)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_it_agrees_after_a_thousand_histories(book: Book) -> None:
    explore(book, 1_000)
