"""Contradictions: what the rows of one file must not say differently, about one invoice or one customer."""

from dataclasses import replace

from intake.invoice_row import CustomerFacts, InvoiceRow, ParsedRow
from intake.problems import Problem, Wrong, visible


class Contradictions:
    """Remembers what the rows said so far.

    Faulty rows count: mending one must not bring up a contradiction that could have been told before. A
    customer's fact is compared where it is given; a row that leaves it empty says nothing about it.
    """

    def __init__(self) -> None:
        self._invoices: dict[str, tuple[int, InvoiceRow | None]] = {}
        self._facts: dict[tuple[str, str], tuple[int, str | int]] = {}
        # What a row said in full agreement; rows that say the same, nearly all, need no second look.
        self._agreed: dict[str, CustomerFacts] = {}

    def add(self, parsed: ParsedRow) -> list[Problem]:
        """Remember the row and return where it contradicts or repeats an earlier one."""
        problems = []
        if parsed.invoice_number is not None:
            earlier = self._invoices.setdefault(parsed.invoice_number, (parsed.line, parsed.row))
            if earlier[0] != parsed.line:
                wrong = Wrong(_repetition(earlier, parsed), "every invoice once")
                problems.append(wrong.at(parsed.line, "invoice_number", parsed.invoice_number))
        customer = parsed.customer_id
        if customer is not None and self._agreed.get(customer) != parsed.customer_facts:
            contradicted = self._contradicted(customer, parsed)
            problems += contradicted
            if not contradicted:
                self._agreed[customer] = parsed.customer_facts
        return problems

    def _contradicted(self, customer: str, parsed: ParsedRow) -> list[Problem]:
        """Remember what is new about the customer and return what differs."""
        problems = []
        for column, value in parsed.customer_facts:
            if value is None:
                continue
            line, known = self._facts.setdefault((customer, column), (parsed.line, value))
            if known != value:
                wrong = Wrong(
                    f"not what line {line} says of the same customer", f"{visible(str(known))} on all its rows"
                )
                # The facts of a contact bear its role in front of their column.
                problems.append(wrong.at(parsed.line, column.rpartition(" ")[2], str(value)))
        return problems


def _repetition(earlier: tuple[int, InvoiceRow | None], parsed: ParsedRow) -> str:
    line, row = earlier
    if row is not None and parsed.row is not None and replace(parsed.row, line=line) == row:
        return f"a duplicate of line {line}"
    return f"the number of line {line}, with other contents"
