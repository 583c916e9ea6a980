"""Promises that hold after any sequence of payments, statements of the accounts and reassignments."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.operations.refusal import Refused
from dunning.facts import InvoiceState
from tests.db.book import Book, an_invoice, fresh_number

MOMENT = "2026-05-04 09:00"


@dataclass(frozen=True)
class Pay:
    """A person books a payment."""

    cents: int


@dataclass(frozen=True)
class State:
    """The accounts state the invoice again."""

    total: int
    paid: int
    state: InvoiceState


@dataclass(frozen=True)
class Assign:
    """A person puts the invoice under a cadence or none."""

    cadence: str | None


@dataclass
class NaiveLedger:
    """What anybody would expect, in cents."""

    total: int
    stated: int
    booked: int = 0
    state: InvoiceState = InvoiceState.OPEN
    is_assigned: bool = True
    ever_open: bool = False

    @property
    def settled(self) -> int:
        """What is paid in all."""
        return self.stated + self.booked

    @property
    def outstanding(self) -> int:
        """What is left to pay."""
        return self.total - self.settled

    def apply(self, step: Pay | State | Assign) -> bool:
        """Take the step, or say that it makes no sense."""
        match step:
            case Pay(cents):
                if self.state is not InvoiceState.OPEN or not 0 < cents <= self.outstanding:
                    return False
                self.booked += cents
            case State(total, paid, state):
                if paid < self.stated or paid + self.booked > total:
                    return False
                self.total, self.stated, self.state = total, paid, state
            case Assign(cadence):
                if self.state is not InvoiceState.OPEN or self.outstanding <= 0:
                    return False
                self.is_assigned = cadence is not None
        return True

    @property
    def is_open(self) -> bool:
        """Say whether somebody follows the invoice up."""
        return self.is_assigned and self.state is InvoiceState.OPEN and self.outstanding > 0


CENTS = st.integers(0, 12) | st.integers(-1, 1_500)
STEPS = st.lists(
    st.one_of(
        st.builds(Pay, CENTS),
        st.builds(State, CENTS.filter(lambda cents: cents > 0), CENTS.map(abs), st.just(InvoiceState.OPEN)),
        st.builds(
            State,
            st.integers(1, 1_500),
            CENTS.map(abs),
            st.sampled_from([InvoiceState.OPEN, InvoiceState.VOID, InvoiceState.WRITTEN_OFF]),
        ),
        st.builds(Assign, st.sampled_from([None, "Standard"])),
    ),
    max_size=8,
)


def money(cents: int) -> Decimal:
    """Return cents as an amount."""
    return Decimal(cents).scaleb(-2)


def carry_out(book: Book, number: str, invoice_id: int, step: Pay | State | Assign) -> bool:
    """Take the step in the real ledger, and say whether it was accepted."""
    try:
        match step:
            case Pay(cents):
                book.pay(invoice_id, str(money(cents)), MOMENT)
            case State(total, paid, state):
                book.take(an_invoice(number, total=money(total), paid=money(paid), state=state), MOMENT)
            case Assign(cadence):
                book.reassign(invoice_id, cadence, MOMENT)
    except Refused:
        return False
    return True


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(total=st.integers(1, 1_000), paid=st.integers(0, 1_000), steps=STEPS)
def test_the_ledger_agrees_with_a_naive_one_after_any_history(
    book: Book, total: int, paid: int, steps: list[Pay | State | Assign]
) -> None:
    number, naive = fresh_number(), NaiveLedger(total, min(paid, total))
    invoice_id = book.invoice(number, total=money(total), paid=money(naive.stated))

    for step in [None, *steps]:
        if step is not None:
            expected = naive.apply(step)
            assert carry_out(book, number, invoice_id, step) == expected

        assert book.amounts(invoice_id) == (
            money(naive.total),
            money(naive.settled),
            money(naive.outstanding),
        )
        assert naive.outstanding >= 0
        allocated = "SELECT coalesce(sum(amount), 0) FROM payment_allocations WHERE invoice_id = :id"
        assert book.one(allocated, id=invoice_id) == money(naive.settled)
        is_open = "active" in [state for _, state in book.collections(invoice_id)]
        assert is_open == naive.is_open, (step, naive, book.happened(invoice_id))
        assert book.one("SELECT count(*) FROM collections WHERE invoice_id = :id", id=invoice_id) <= 1
        # Lists leave out what has no next action.
        assert (book.stage(invoice_id) is not None) == is_open


@pytest.mark.parametrize("parts", [3, 7, 30])
def test_any_split_of_an_amount_settles_it(book: Book, parts: int) -> None:
    invoice_id = book.invoice(total=Decimal("100.00"))
    part = (Decimal(100) / parts).quantize(Decimal("0.01"))
    for _ in range(parts - 1):
        book.pay(invoice_id, str(part), MOMENT)

    assert book.pay(invoice_id, str(Decimal(100) - part * (parts - 1)), MOMENT) == 0
    assert book.collections(invoice_id) == [("Standard", "paid")]
