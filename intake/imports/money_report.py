"""Reports what became of a payment or a credit note of a file."""

from db.operations.refusal import Refused
from db.operations.settlement.stated import Taken
from dunning.money import Money
from intake.jobs.kind import Row
from phrase import Phrase


def reported(line: int, subject: str, currency: str, taken: Taken | Refused) -> Row:
    """Return the row of the report; it says what is unallocated, and which invoices are not there yet."""
    if isinstance(taken, Refused):
        return Row(line, subject, "refused", taken.said)
    said = [Phrase("there is no invoice {number} yet", number=name) for name in taken.unknown]
    if taken.unallocated > 0:
        said.append(Phrase("{amount} unallocated", amount=Money(taken.unallocated, currency)))
    return Row(line, subject, taken.outcome, "; ".join(said) or None)
