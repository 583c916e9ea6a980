"""Takes pages of payments in: whose they are, what they settle, and what was taken back."""

from collections.abc import Sequence

from db.engine import Session
from db.operations.change import Change
from db.operations.settlement.settlements import take_payments
from db.operations.settlement.stated import Allocation, Automatic, StatedPayment
from dunning.money import Money
from intake.files.rows import PaymentRow
from intake.imports.money_report import reported
from intake.jobs.kind import Row


def write_page(session: Session, rows: Sequence[PaymentRow], change: Change) -> list[Row]:
    """Bring the ledger to what the rows state of payments; see `intake.imports.writer`.

    A payment that names no invoice settles those whose numbers stand in its reference; nothing else is guessed.
    """
    taken = take_payments(session, [_stated(row) for row in rows], change)
    return [reported(row.line, _subject(row), row.currency, one) for row, one in zip(rows, taken, strict=True)]


def _stated(row: PaymentRow) -> StatedPayment:
    return StatedPayment(
        external_id=row.external_id,
        customer_id=row.customer_id,
        currency=row.currency,
        amount=row.amount,
        received_on=row.received_on,
        reference=row.reference,
        reversed_on=row.reversed_on,
        allocations=tuple(Allocation(one.invoice_number, one.amount) for one in row.allocations),
        automatic=Automatic.REFERENCE,
    )


def _subject(row: PaymentRow) -> str:
    """Return what people know the payment by; where the file has no ids, by what it says."""
    if not row.is_derived:
        return row.external_id
    return f"{Money(row.amount, row.currency)} of {row.received_on}"
