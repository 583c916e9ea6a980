"""Reports what became of a payment or a credit note of a file."""

from db.operations.refusal import Refused
from db.operations.settlement.stated import Taken
from dunning.money import Money
from intake.jobs.kind import Row


def reported(line: int, subject: str, currency: str, taken: Taken | Refused) -> Row:
    """Return the row of the report; it says what is unallocated, and which invoices are not there yet."""
    if isinstance(taken, Refused):
        return Row(line, subject, "refused", taken.said)
    said = [f"there is no invoice {name} yet" for name in taken.unknown]
    if taken.unallocated > 0:
        said.append(f"{Money(taken.unallocated, currency)} unallocated")
    return Row(line, subject, taken.outcome, "; ".join(said) or None)
