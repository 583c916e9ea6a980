"""What takes a page of rows in: one function for each kind of file, all of one shape.

`write_page(session, rows, change)` brings the ledger to what the rows state, in the caller's transaction, and
returns a `Row` of the report for each row, in their order: `position` is its line, `subject` what people know the
object by, `outcome` what became of it, and `said` why it was refused, or what changed. Rows that the ledger
contradicts are refused, leave nothing behind and hold up no other row; the same rows a second time change nothing.
A writer may take only the first rows of a page, where many of them change something: the others come with the next
page. The caller holds the lock that lets one import run at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from db.engine import Session
from db.operations.arrival.incoming_invoice import Chosen
from db.operations.change import Change
from intake.files.columns import FileKind
from intake.imports import credit_notes, customers, invoices, payments
from intake.jobs.kind import Row

Write = Callable[[Session, Sequence[Any], Change], list[Row]]
WRITERS: Mapping[FileKind, Write] = {
    "customers": customers.write_page,
    "payments": payments.write_page,
    "credit notes": credit_notes.write_page,
}


def write_page(
    session: Session, kind: FileKind, rows: Sequence[Any], change: Change, chosen: Chosen | None, is_strict: bool
) -> list[Row]:
    """Take in rows of a kind; `chosen` is for new invoices. A strict import does all rows in one page."""
    if kind == "invoices":
        differing_max = None if is_strict else invoices.DIFFERING_MAX
        return invoices.write_page(session, rows, change, chosen, differing_max)
    return WRITERS[kind](session, rows, change)
