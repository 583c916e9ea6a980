"""Takes pages of credit notes in: whose they are, and what they settle."""

from collections.abc import Sequence

from db.engine import Session
from db.operations.change import Change
from db.operations.settlement.settlements import take_credit_notes
from db.operations.settlement.stated import Allocation, StatedCreditNote
from intake.files.rows import CreditNoteRow
from intake.imports.money_report import reported
from intake.jobs.kind import Row


def write_page(session: Session, rows: Sequence[CreditNoteRow], change: Change) -> list[Row]:
    """Bring the ledger to what the rows state of credit notes; see `intake.imports.writer`."""
    taken = take_credit_notes(session, [_stated(row) for row in rows], change)
    return [reported(row.line, row.number, row.currency, one) for row, one in zip(rows, taken, strict=True)]


def _stated(row: CreditNoteRow) -> StatedCreditNote:
    return StatedCreditNote(
        external_id=row.external_id,
        number=row.number,
        customer_id=row.customer_id,
        currency=row.currency,
        total=row.total,
        issued_on=row.issued_on,
        allocations=tuple(Allocation(one.invoice_number, one.amount) for one in row.allocations),
    )
