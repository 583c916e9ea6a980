"""Parts: a payment or a credit note may take several rows, one for each invoice that its money goes to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from intake.files.column_values import Found
from intake.files.rows import Allocation
from intake.problems import Wrong

# What is said of the whole on each of its rows, by column.
Head = tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class Whole:
    """The rows so far of one payment or credit note, in the order of their lines."""

    external_id: str
    line: int
    head: Head
    amount: Decimal = Decimal(0)
    parts: list[tuple[int, Decimal, tuple[str, ...]]] = field(default_factory=list)
    wrong_line: int | None = None

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """Return where the money goes. Of several rows each says how much goes to its invoice."""
        is_split = len(self.parts) > 1
        return tuple(
            Allocation(number, amount if is_split and len(numbers) == 1 else None)
            for _, amount, numbers in self.parts
            for number in numbers
        )


def said(head: Head) -> tuple[Any, ...]:
    """Return the values of the columns, in their order."""
    return tuple(value for _, value in head)


class Parts:
    """Puts rows of the same external id together."""

    def __init__(self, found: Found, id_column: str, named: str) -> None:
        self._found = found
        self._id_column = id_column
        self._named = named
        self._wholes: dict[str, Whole] = {}

    def add(self, external_id: str, head: Head, amount: Decimal, numbers: tuple[str, ...]) -> None:
        """Take the part on this line, or report why it is none."""
        line = self._found.line
        whole = self._wholes.setdefault(external_id, Whole(external_id, line, head))
        whole.head = whole.head or head
        if whole.line != line:
            for (column, known), (_, value) in zip(whole.head, head, strict=True):
                if known != value:
                    wrong = Wrong(
                        f"not what line {whole.line} says of the same {self._named}", f"{known or 'nothing'}"
                    )
                    self._found.report(column, str(value or ""), wrong)
                    whole.wrong_line = line
            taken = {number for _, _, earlier in whole.parts for number in (earlier or ("",))}
            if taken & set(numbers or ("",)):
                wrong = Wrong(f"a repetition of line {whole.line}", f"one row for each invoice of a {self._named}")
                self._found.report(self._id_column, external_id, wrong)
                whole.wrong_line = line
        whole.amount += amount
        whole.parts.append((line, amount, numbers))

    def spoil(self, external_id: str | None) -> None:
        """Remember that a row on this line was to be a part and could not be read."""
        if external_id is not None:
            whole = self._wholes.setdefault(external_id, Whole(external_id, self._found.line, ()))
            whole.wrong_line = self._found.line

    def finish(self) -> Iterator[Whole]:
        """Yield what is whole, and report the sound parts of the others: half a payment is none."""
        told = {problem.line for problem in self._found.problems}
        for whole in self._wholes.values():
            if whole.wrong_line is None:
                yield whole
                continue
            for line, _, _ in whole.parts:
                if line not in told:
                    wrong = Wrong(
                        f"a part of what is wrong on line {whole.wrong_line}", f"the whole {self._named}"
                    )
                    self._found.problems.append(wrong.at(line, self._id_column, whole.external_id))
